//! A conditional VAE: told the class, the latent space is free to hold everything else, and pictures are drawn by class.
//!
//! Sohn, Lee & Yan, "Learning Structured Output Representation using Deep Conditional Generative Models", NeurIPS 2015;
//! Kingma et al., "Semi-supervised Learning with Deep Generative Models" (arXiv:1406.5298), model M2 with given labels.

use workbench_sdk::prelude::*;

struct ConditionalVae;

impl Architecture for ConditionalVae {
    const NAME: &str = "conditional-vae";
    const ABOUT: &str = "Convolutional VAE whose encoder and decoder are told the class.";
    const PARAMS: &[Param] = &[param::LATENT, ConvStack::CHANNELS, ConvStack::HIDDEN, param::INIT];
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let hidden = config.get("hidden")?;
        let stack = ConvStack::from_config(config)?;
        g.initialise(config.get("init")?);
        let classes = g.classes();
        ensure!(
            classes > 0,
            "the data have no labels to be conditioned on; take conv-vae, or data with labels"
        );

        let x = g.image();
        let class = g.input("label").one_hot(classes);
        let (mean, log_variance) = g.scope("encoder", || {
            // A layer of its own after the class, so that what the class tells can be taken out of the posterior.
            let h = stack.encode(x).concat(1, &[class]).linear("given_class", hidden).relu();
            (*h.linear("mean", latent).head(), *h.linear("log_variance", latent).head())
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let logits = g.scope("decoder", || stack.decode(z.concat(1, &[class]), x));
        g.logits(logits);

        let recon = g.metric("recon", bce_with_logits(logits, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

export_plugin! { architectures: [ConditionalVae] }
