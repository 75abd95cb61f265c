//! A convolutional VAE.
//!
//! Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114), with strided convolutions.

use workbench_sdk::prelude::*;

struct ConvVae;

impl Architecture for ConvVae {
    const NAME: &str = "conv-vae";
    const ABOUT: &str = "Convolutional VAE: each layer halves the picture, the decoder mirrors it.";
    const PARAMS: &[Param] = &[param::LATENT, ConvStack::CHANNELS, ConvStack::HIDDEN, param::INIT];
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let stack = ConvStack::from_config(config)?;
        g.initialise(config.get("init")?);

        let x = g.image();
        let (mean, log_variance) = g.scope("encoder", || {
            let h = stack.encode(x);
            (*h.linear("mean", latent).head(), *h.linear("log_variance", latent).head())
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let logits = g.scope("decoder", || stack.decode(z, x));
        g.logits(logits);

        let recon = g.metric("recon", bce_with_logits(logits, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

export_plugin! { architectures: [ConvVae] }
