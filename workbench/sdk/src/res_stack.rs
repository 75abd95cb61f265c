//! The residual encoder and decoder that several architectures share.

use crate::sizes::{KERNEL, PAD, STRIDE, halvings, odd};
use crate::{Config, Param, Result, Tensor, Weights, attention, ensure, param};

/// Pre-activation residual blocks (He et al. 2016, "Identity mappings in deep residual networks") with group
/// normalisation and SiLU between strided convolutions that halve the picture along each axis, and the mirror image.
/// Volumes and clips are halved along their third axis too.
///
/// A block is GN, SiLU, 3×3 convolution, GN, SiLU, 3×3 convolution, added to its input; the second convolution
/// starts near zero, so that each block starts as the identity.
pub struct ResStack {
    channels: Vec<usize>,
    blocks: Vec<usize>,
    attention: Vec<usize>,
}

/// Channels in a group of a group normalisation, where they divide.
const GROUP: usize = 8;
/// What a block adds at the start is this much smaller than its input.
const START: Weights = Weights::Xavier { gain: 0.1 };

impl ResStack {
    /// Declares `blocks`.
    pub const BLOCKS: Param = param::ints(
        "blocks",
        "Residual blocks at each size, each way, of encoder = \"resnet\"; the last counts for all after it.",
        &[1],
    )
    .range(0, 64);
    /// Declares `attention`.
    pub const ATTENTION: Param = param::ints(
        "attention",
        "Sizes at which pixels attend to one another, such as [8, 16]; of encoder = \"resnet\".",
        &[],
    )
    .range(1, 64);

    /// Reads the two parameters above, and `channels`.
    ///
    /// # Errors
    /// They are not declared, or there are no channels.
    pub fn from_config(config: &Config) -> Result<ResStack> {
        let channels: Vec<usize> = config.get("channels")?;
        ensure!(!channels.is_empty(), "`channels` is empty; [32, 64] are two sizes");
        Ok(ResStack {
            channels,
            blocks: config.get("blocks")?,
            attention: config.get("attention")?,
        })
    }

    /// `[B, C, H, W]` or `[B, C, D, H, W]` → `[B, N]`, N the numbers of the smallest size.
    #[track_caller]
    pub fn encode<'g>(&self, x: Tensor<'g>) -> Tensor<'g> {
        let mut h = x;
        for (i, &n) in self.channels.iter().enumerate() {
            let down = h.conv(&format!("down{}", i + 1), n, KERNEL).stride(STRIDE).pad(PAD);
            h = self.level(*down, i);
        }
        activated(h, "norm").flatten()
    }

    /// `[B, N]` → `[B, outputs, H, W]` or `[B, outputs, D, H, W]` in the size of `like`.
    #[track_caller]
    pub fn decode<'g>(&self, z: Tensor<'g>, like: Tensor<'g>, outputs: usize) -> Tensor<'g> {
        let sizes = halvings(like, self.channels.len());
        let small =
            [&[self.channels[self.channels.len() - 1]], &sizes[self.channels.len()][..]].concat();
        let mut h = *z.linear("spread", small.iter().product());
        h = h.unflatten(&small);
        for i in (0..self.channels.len()).rev() {
            h = self.level(h, i);
            let n = if i == 0 { outputs } else { self.channels[i - 1] };
            let h_active = activated(h, &format!("norm{}", i + 1));
            let up = h_active.conv_transpose(&format!("up{}", i + 1), n, KERNEL);
            let [planes, rows, columns] = odd(&sizes[i]);
            let up = up.stride(STRIDE).pad(PAD).out_pad3d(planes, rows, columns);
            h = *up.output();
        }
        h
    }

    /// The blocks of one size, the largest first, and attention where it is asked for.
    #[track_caller]
    fn level<'g>(&self, x: Tensor<'g>, level: usize) -> Tensor<'g> {
        let blocks = self.blocks.get(level).or(self.blocks.last()).copied().unwrap_or_default();
        x.graph().scope(&format!("level{}", level + 1), || {
            let mut h = x;
            for block in 1..=blocks {
                h = x.graph().scope(&format!("block{block}"), || residual(h));
            }
            let largest = (2..h.shape().len()).map(|axis| h.size(axis)).max();
            match largest {
                Some(size) if self.attention.contains(&size) => {
                    x.graph().scope("attention", || attended(h))
                }
                _ => h,
            }
        })
    }
}

#[track_caller]
fn residual(x: Tensor) -> Tensor {
    let channels = x.size(1);
    let h = *activated(x, "norm1").conv("conv1", channels, 3).pad(1);
    let h = *activated(h, "norm2").conv("conv2", channels, 3).pad(1).weights(START);
    x + h
}

/// Self-attention with one head over all pixels of an item, added to its input.
#[track_caller]
fn attended(x: Tensor) -> Tensor {
    let channels = x.size(1);
    let pixels: usize = (2..x.shape().len()).map(|axis| x.size(axis)).product();
    let h = normed(x, "norm").unflatten(&[channels, pixels]).permute(&[0, 2, 1]);
    let [q, k, v] = ["query", "key", "value"].map(|name| *h.linear(name, channels).output());
    let h = *attention(q, k, v).linear("out", channels).weights(START);
    x + h.permute(&[0, 2, 1]).reshape_like(x)
}

#[track_caller]
fn activated<'g>(x: Tensor<'g>, norm: &str) -> Tensor<'g> {
    normed(x, norm).silu()
}

#[track_caller]
fn normed<'g>(x: Tensor<'g>, name: &str) -> Tensor<'g> {
    let channels = x.size(1);
    let groups = channels / GROUP;
    x.group_norm(name, if groups > 0 && channels.is_multiple_of(groups) { groups } else { 1 })
}
