//! A convolutional VAE.
//!
//! Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114), with strided convolutions.

use workbench_sdk::prelude::*;

struct ConvVae;

impl Architecture for ConvVae {
    const NAME: &str = "conv-vae";
    const ABOUT: &str = "Convolutional VAE: each layer halves the picture, the decoder mirrors it.";
    const PARAMS: &[Param] =
        params![&[param::LATENT], Stack::PARAMS, Likelihood::PARAMS, &[param::INIT,],];
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let stack = Stack::from_config(config)?;
        g.initialise(config.get("init")?);

        let x = g.image();
        let likelihood = Likelihood::from_config(config, x)?;
        let (mean, log_variance) = g.scope("encoder", || {
            let h = stack.encode(x);
            (*h.linear("mean", latent).head(), *h.linear("log_variance", latent).head())
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let decoded = g.scope("decoder", || stack.decode(z, x, likelihood.outputs(x)));

        let recon = g.metric("recon", likelihood.recon(g, decoded, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        likelihood.bits_per_dim(g, recon + kl, x);
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

export_plugin! { architectures: [ConvVae] }
