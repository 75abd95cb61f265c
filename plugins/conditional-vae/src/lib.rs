//! A conditional VAE: told what a picture is, by its class or by attributes of choice, the latent space is free to hold
//! everything else, and pictures are drawn to order.
//!
//! Sohn, Lee & Yan, "Learning Structured Output Representation using Deep Conditional Generative Models", NeurIPS 2015;
//! Kingma et al., "Semi-supervised Learning with Deep Generative Models" (arXiv:1406.5298), model M2 with given labels.

use workbench_sdk::prelude::*;

struct ConditionalVae;

const ATTRIBUTES: Param = param::texts(
    "attributes",
    "Attributes of the data that it is told; \"class\" is the class. Left empty: the class.",
    &[],
);

impl Architecture for ConditionalVae {
    const NAME: &str = "conditional-vae";
    const ABOUT: &str =
        "Convolutional VAE whose encoder and decoder are told the class, or attributes of choice.";
    const PARAMS: &[Param] =
        params![&[param::LATENT], Stack::PARAMS, Likelihood::PARAMS, &[param::INIT, ATTRIBUTES],];
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let hidden = config.get("hidden")?;
        let stack = Stack::from_config(config)?;
        g.initialise(config.get("init")?);
        let mut told: Vec<String> = config.get("attributes")?;
        if told.is_empty() {
            ensure!(g.classes() > 0, "{}", nothing_to_tell(g));
            told.push("class".to_owned());
        }

        let x = g.image();
        let likelihood = Likelihood::from_config(config, x)?;
        let each: Vec<Tensor> = told.iter().map(|name| g.condition(name)).collect();
        let (mean, log_variance) = g.scope("encoder", || {
            // A layer of its own after what is told, so that what it tells can be taken out of the posterior.
            let h = stack.encode(x).concat(1, &each).linear("given_class", hidden).relu();
            (*h.linear("mean", latent).head(), *h.linear("log_variance", latent).head())
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let decoded =
            g.scope("decoder", || stack.decode(z.concat(1, &each), x, likelihood.outputs(x)));

        let recon = g.metric("recon", likelihood.recon(g, decoded, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        likelihood.bits_per_dim(g, recon + kl, x);
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

fn nothing_to_tell(g: &Graph) -> String {
    let names: Vec<String> =
        g.attributes().iter().map(|attribute| format!("\"{}\"", attribute.name)).collect();
    match names[..] {
        [] => "the data have no labels to be conditioned on; take conv-vae, or data with labels"
            .to_owned(),
        _ => format!(
            "the data have no labels to be conditioned on; name attributes: attributes = [{}]",
            names.join(", ")
        ),
    }
}

export_plugin! { architectures: [ConditionalVae] }
