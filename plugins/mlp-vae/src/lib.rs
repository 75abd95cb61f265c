//! The classic VAE: one hidden layer each way.
//!
//! Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114), with ReLU.

use workbench_sdk::prelude::*;

struct MlpVae;

impl Architecture for MlpVae {
    const NAME: &str = "mlp-vae";
    const ABOUT: &str = "Fully connected VAE: pixels, hidden, latent, hidden, pixels.";
    const PARAMS: &[Param] = &[
        param::LATENT,
        param::int("hidden", "Units of the hidden layer, each way.", 400).range(1, 65536),
        Likelihood::LIKELIHOOD,
        Likelihood::SCALE,
        Likelihood::COMPONENTS,
        param::INIT,
    ];
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let hidden = config.get("hidden")?;
        g.initialise(config.get("init")?);

        let x = g.image();
        let likelihood = Likelihood::from_config(config, x)?;
        let pixels = x.flatten();
        let (mean, log_variance) = g.scope("encoder", || {
            let h = pixels.linear("hidden", hidden).relu();
            let mean = *h.linear("mean", latent).head();
            let log_variance = *h.linear("log_variance", latent).head();
            (mean, log_variance)
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let decoded = g.scope("decoder", || {
            let h = z.linear("hidden", hidden).relu();
            let outputs = likelihood.outputs(x);
            let size = [&[outputs], &spatial(x)[..]].concat();
            h.linear("pixels", size.iter().product()).output().unflatten(&size)
        });

        let recon = g.metric("recon", likelihood.recon(g, decoded, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        likelihood.bits_per_dim(g, recon + kl, x);
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

/// Height and width, or depth, height and width.
fn spatial(x: Tensor) -> Vec<usize> {
    (2..x.shape().len()).map(|axis| x.size(axis)).collect()
}

export_plugin! { architectures: [MlpVae] }
