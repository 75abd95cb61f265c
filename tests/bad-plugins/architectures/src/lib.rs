//! Architectures with one fault each, one that is sound, and a data set whose `read` panics.
//!
//! A line that a message must name ends with a comment of the fault's name.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use workbench_sdk::prelude::*;

/// A linear VAE, whose parts the faults change.
fn vae<'g>(
    g: &'g Graph,
    latent: usize,
    decode: impl FnOnce(Tensor<'g>, Tensor<'g>) -> Tensor<'g>,
    loss: impl FnOnce(Tensor<'g>, Tensor<'g>) -> Tensor<'g>,
) -> Result<()> {
    let x = g.image();
    let (mean, log_variance) = x.flatten().linear("encoder", 2 * latent).halves();
    g.posterior(mean, log_variance);
    let z = g.port("z", reparameterise(mean, log_variance));
    let logits = decode(z, x);
    g.logits(logits);
    let recon = g.metric("recon", bce_with_logits(sized(logits, x), x));
    let kl = g.metric("kl", gaussian_kl(mean, log_variance));
    g.loss("loss", loss(recon, kl));
    Ok(())
}

/// Of the size of `x`, whatever it was.
fn sized<'g>(logits: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
    match logits.size(3) == x.size(3) {
        true => logits,
        false => logits.upsample(&[2, 2]),
    }
}

fn linear<'g>(z: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
    z.linear("decoder", x.size(1) * x.size(2) * x.size(3)).reshape_like(x)
}

fn halved<'g>(z: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
    let (h, w) = (x.size(2) / 2, x.size(3) / 2);
    z.linear("decoder", x.size(1) * h * w).unflatten(&[x.size(1), h, w])
}

macro_rules! architecture {
    ($type:ident, $name:literal, $about:literal, $build:expr) => {
        struct $type;

        impl Architecture for $type {
            const NAME: &str = $name;
            const ABOUT: &str = $about;

            fn build(g: &Graph, _config: &Config) -> Result<()> {
                let build: fn(&Graph) -> Result<()> = $build;
                build(g)
            }
        }
    };
}

architecture!(Sound, "sound", "Nothing is wrong with it.", |g| vae(g, 4, linear, |r, k| r + k));

architecture!(Stopped, "stopped", "A layer is behind stop_gradient.", |g| {
    let decode = |z, x| linear(z, x) + z.linear("stopped", 1).stop_gradient().unflatten(&[1, 1, 1]); // stopped
    vae(g, 4, decode, |r, k| r + k)
});

architecture!(Around, "around", "It decodes what goes into the port, not what comes out.", |g| {
    let x = g.image();
    let (mean, log_variance) = x.flatten().linear("encoder", 8).halves();
    g.posterior(mean, log_variance);
    g.port("z", reparameterise(mean, log_variance));
    let logits = linear(mean, x);
    g.logits(logits);
    let recon = g.metric("recon", bce_with_logits(logits, x));
    let kl = g.metric("kl", gaussian_kl(mean, log_variance));
    g.loss("loss", recon + kl);
    Ok(())
});

architecture!(Unused, "unused", "A parameter is made and not used.", |g| {
    let decode = |z, x| {
        g.parameter("spare", &[3], 0.1); // unused
        linear(z, x)
    };
    vae(g, 4, decode, |r, k| r + k)
});

architecture!(NotANumber, "not-a-number", "The loss is a root of less than nothing.", |g| {
    vae(g, 4, linear, |r, k| (r + k) + (r * -1.0 - 1.0).sqrt()) // not a number
});

architecture!(WrongShape, "wrong-shape", "Its pictures are half as wide as the data.", |g| {
    vae(g, 4, halved, |r, k| r + k)
});

architecture!(Mismatch, "mismatch", "Shapes do not fit, for pictures of any size.", |g| {
    vae(g, 4, |z, x| linear(z, x) + z, |r, k| r + k) // mismatch
});

architecture!(Random, "random", "Another graph each time.", |g| {
    static TIMES: AtomicU32 = AtomicU32::new(0);
    let times = f64::from(TIMES.fetch_add(1, Relaxed));
    vae(g, 4, linear, |r, k| r + k * (1.0 + times))
});

architecture!(Panics, "panics", "Falls over.", |_| panic!("build fell over")); // panics

architecture!(Aborts, "aborts", "Ends the process.", |_| std::process::abort());

architecture!(Endless, "endless", "Never ends.", |_| loop {
    std::hint::spin_loop();
});

architecture!(Choosy, "choosy", "Takes pictures of one channel alone.", |g| {
    ensure!(g.image().size(1) == 1, "only grey pictures will do");
    vae(g, 4, linear, |r, k| r + k)
});

architecture!(Bare, "bare", "Has a loss and nothing to look at.", |g| {
    let x = g.image();
    g.loss("loss", bce_with_logits(x.flatten().linear("all", x.flatten().size(1)).reshape_like(x), x));
    Ok(())
});

struct Small;

impl Architecture for Small {
    const NAME: &str = "small";
    const ABOUT: &str = "Panics where its parameter is as small as is allowed.";
    const PARAMS: &[Param] = &[param::int("latent", "Dimensions.", 4).range(0, 64)];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let latent: usize = config.get("latent")?;
        assert!(100 / latent > 0, "too many"); // small
        vae(g, latent, linear, |r, k| r + k)
    }
}

struct Falls;

impl Dataset for Falls {
    const NAME: &str = "falls";
    const ABOUT: &str = "Reading one item panics.";

    fn open(_config: &Config) -> Result<Falls> {
        Ok(Falls)
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::image(1, 4, 4)]
    }

    fn len(&self, split: &str) -> Option<u64> {
        ["train", "test"].contains(&split).then_some(100)
    }

    fn read(&self, _split: &str, index: u64, item: &mut Item) -> Result<()> {
        let values = [0u8; 77];
        item.image().fill(values[index as usize]); // falls
        Ok(())
    }
}

export_plugin! {
    datasets: [Falls],
    architectures: [
        Sound, Stopped, Around, Unused, NotANumber, WrongShape, Mismatch, Random, Panics, Aborts, Endless, Choosy, Bare, Small,
    ]
}
