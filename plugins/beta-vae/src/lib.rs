//! β-VAE: a KL term weighted above 1 presses the posterior towards the prior, and dimensions towards meaning one thing.
//!
//! Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework", ICLR 2017; with
//! the capacity schedule of Burgess et al., "Understanding disentangling in beta-VAE" (arXiv:1804.03599), eq. 8.

use workbench_sdk::prelude::*;

struct BetaVae;

impl Architecture for BetaVae {
    const NAME: &str = "beta-vae";
    const ABOUT: &str =
        "Convolutional VAE with a heavier KL term, or one held at a growing capacity.";
    const PARAMS: &[Param] = params![
        &[param::LATENT],
        Stack::PARAMS,
        Likelihood::PARAMS,
        &[
            param::INIT,
            param::float(
                "capacity",
                "KL in nats that beta holds it at, at the end (Burgess' C); 0: beta weighs the KL.",
                0.0,
            )
            .between(0.0, 1e4),
            param::int("capacity_steps", "Steps in which the capacity grows from 0.", 10_000)
                .range(1, 1 << 40),
        ],
    ];
    const KNOBS: &[Knob] = &[knob::beta(4.0)];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let capacity: f64 = config.get("capacity")?;
        let capacity_steps: u64 = config.get("capacity_steps")?;
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
        let held = if capacity > 0.0 {
            let grown = (g.input("step") / capacity_steps as f64).minimum(1.0);
            let capacity = g.metric("capacity", capacity * grown);
            (kl.mean(&[0]) - capacity).abs()
        } else {
            kl
        };
        g.loss("loss", recon + g.knob("beta") * held);
        Ok(())
    }
}

export_plugin! { architectures: [BetaVae] }
