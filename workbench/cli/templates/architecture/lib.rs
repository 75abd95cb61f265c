//! The architecture `my-plugin`: a fully connected VAE whose encoder and decoder have two hidden layers each.
//!
//! `build` runs once and computes nothing: it records what is to be computed, on tensors that know their shapes only. A
//! shape that does not fit is an error at its line in this file. The guide is plugins/README.md.

use workbench_sdk::prelude::*;

struct Model;

impl Architecture for Model {
    const NAME: &str = "my-plugin";
    const ABOUT: &str = "Fully connected VAE with two hidden layers each way.";
    // What an experiment may set under [architecture]. LATENT, INIT and the knob BETA are as in the other architectures,
    // so that one line swaps them.
    const PARAMS: &[Param] = &[
        param::LATENT,
        param::int("hidden", "Units of each hidden layer.", 256).range(1, 65536),
        param::INIT,
    ];
    // Numbers that a schedule under [knobs], or `workbench set RUN beta=2`, changes while it trains.
    const KNOBS: &[Knob] = &[knob::BETA];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let hidden = config.get("hidden")?;
        g.initialise(config.get("init")?);

        // The picture, [B, C, H, W] in 0..1, as one row of pixels. For a convolution:
        // x.conv2d("down1", 32, 4).stride(2).pad(1).relu()
        let x = g.image();
        let pixels = x.flatten();

        // A scope names what is in it: the first weight is called encoder.hidden1.weight.
        let (mean, log_variance) = g.scope("encoder", || {
            let h = pixels.linear("hidden1", hidden).relu();
            let h = h.linear("hidden2", hidden).relu();
            // `head` starts small: no ReLU follows. A layer that ends a scope is handed out as `*layer`.
            let mean = *h.linear("mean", latent).head();
            let log_variance = *h.linear("log_variance", latent).head();
            (mean, log_variance)
        });
        g.posterior(mean, log_variance);

        // The port `z` is where the workbench puts latent vectors of its own, to sample and to traverse. From here on only
        // the tensor that it gives is used.
        let z = g.port("z", reparameterise(mean, log_variance));
        let logits = g.scope("decoder", || {
            let h = z.linear("hidden1", hidden).relu();
            let h = h.linear("hidden2", hidden).relu();
            h.linear("pixels", pixels.size(1)).output().reshape_like(x)
        });
        g.logits(logits);

        // One number an image, in nats. With parts called `recon` and `kl`, the ELBO is logged too.
        let recon = g.metric("recon", bce_with_logits(logits, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

export_plugin! { architectures: [Model] }
