//! A convolutional VAE: strided convolutions down, transposed ones up, a hidden layer between.
//!
//! Kingma & Welling (arXiv:1312.6114) with the strided encoder and decoder of DCGAN
//! (Radford et al., arXiv:1511.06434) without batch norm.

use workbench_sdk::prelude::*;

struct ConvVae;

/// Kernel, stride and padding: each convolution halves the picture, each transposed one doubles it.
const KERNEL: usize = 4;

impl Architecture for ConvVae {
    const NAME: &str = "conv-vae";
    const ABOUT: &str = "Convolutional VAE: each layer halves the picture, the decoder mirrors it.";
    const PARAMS: &[Param] = &[
        param::int("latent", "Dimensions of the latent space.", 20).range(1, 4096),
        param::ints("channels", "Output channels of the encoder's convolutions.", &[32, 64])
            .range(1, 4096),
        param::int("hidden", "Units of the fully connected layers.", 256).range(1, 65536),
        param::text("init", "How the weights start: Kaiming normal, or PyTorch's default.", "he")
            .choices(&[param::choice("he"), param::choice("pytorch")]),
    ];
    const KNOBS: &[Knob] = &[knob::new("beta", "Weight of the KL term.", 1.0).between(0.0, 1e6)];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent = config.get("latent")?;
        let hidden = config.get("hidden")?;
        let channels: Vec<usize> = config.get("channels")?;
        ensure!(!channels.is_empty(), "`channels` is empty; [32, 64] are two convolutions");
        g.initialise(config.get("init")?);

        let x = g.image();
        let mut sizes = vec![[x.size(2), x.size(3)]];
        let (mean, log_variance, top, units) = g.scope("encoder", || {
            let mut h = x;
            for (i, &n) in channels.iter().enumerate() {
                h = h.conv2d(&format!("down{}", i + 1), n, KERNEL).stride(2).pad(1).relu();
                sizes.push([h.size(2), h.size(3)]);
            }
            let flat = h.flatten();
            let hidden = flat.linear("hidden", hidden).relu();
            let mean = *hidden.linear("mean", latent).head();
            let log_variance = *hidden.linear("log_variance", latent).head();
            (mean, log_variance, h, flat.size(1))
        });
        g.posterior(mean, log_variance);

        let z = g.port("z", reparameterise(mean, log_variance));
        let logits = g.scope("decoder", || {
            let h = z.linear("hidden", hidden).relu();
            let mut h = h.linear("spread", units).relu().reshape_like(top);
            for i in (0..channels.len()).rev() {
                let n = if i == 0 { x.size(1) } else { channels[i - 1] };
                // A size that halving rounded down is one short after doubling.
                let [rows, columns] = sizes[i].map(|size| size % 2);
                let up = h.conv_transpose2d(&format!("up{}", i + 1), n, KERNEL).stride(2).pad(1);
                let up = up.out_pad(rows, columns);
                h = if i == 0 { *up.output() } else { up.relu() };
            }
            h
        });
        g.logits(logits);

        let recon = g.metric("recon", bce_with_logits(logits, x));
        let kl = g.metric("kl", gaussian_kl(mean, log_variance));
        g.loss("loss", recon + g.knob("beta") * kl);
        Ok(())
    }
}

export_plugin! { architectures: [ConvVae] }
