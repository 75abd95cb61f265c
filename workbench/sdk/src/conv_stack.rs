//! The convolutional encoder and decoder that several architectures share.

use crate::sizes::{KERNEL, PAD, STRIDE, halvings, odd};
use crate::{Config, Param, Result, Tensor, ensure, param};

/// Strided convolutions that halve the picture along each axis, a fully connected layer, and the mirror image of both:
/// the shape of DCGAN (Radford et al. 2016, arXiv:1511.06434) without batch norm. Volumes and clips are halved along
/// their third axis too.
pub struct ConvStack {
    channels: Vec<usize>,
    hidden: usize,
}

impl ConvStack {
    /// Declares `channels`.
    pub const CHANNELS: Param =
        param::ints("channels", "Output channels of the encoder's convolutions.", &[32, 64])
            .range(1, 4096);
    /// Declares `hidden`.
    pub const HIDDEN: Param =
        param::int("hidden", "Units of the fully connected layers.", 256).range(1, 65536);

    /// Reads the two parameters above.
    ///
    /// # Errors
    /// They are not declared, or there are no channels.
    pub fn from_config(config: &Config) -> Result<ConvStack> {
        let channels: Vec<usize> = config.get("channels")?;
        ensure!(!channels.is_empty(), "`channels` is empty; [32, 64] are two convolutions");
        Ok(ConvStack { channels, hidden: config.get("hidden")? })
    }

    /// `[B, C, H, W]` or `[B, C, D, H, W]` → `[B, hidden]`.
    #[track_caller]
    pub fn encode<'g>(&self, x: Tensor<'g>) -> Tensor<'g> {
        let mut h = x;
        for (i, &n) in self.channels.iter().enumerate() {
            let down = h.conv(&format!("down{}", i + 1), n, KERNEL);
            h = down.stride(STRIDE).pad(PAD).relu();
        }
        h.flatten().linear("hidden", self.hidden).relu()
    }

    /// `[B, N]` → logits of the shape of `like`, `[B, C, H, W]` or `[B, C, D, H, W]`.
    #[track_caller]
    pub fn decode<'g>(&self, z: Tensor<'g>, like: Tensor<'g>) -> Tensor<'g> {
        self.decode_to(z, like, like.size(1))
    }

    /// `[B, N]` → `[B, outputs, H, W]` or `[B, outputs, D, H, W]` in the size of `like`.
    #[track_caller]
    pub fn decode_to<'g>(&self, z: Tensor<'g>, like: Tensor<'g>, outputs: usize) -> Tensor<'g> {
        let sizes = halvings(like, self.channels.len());
        let small =
            [&[self.channels[self.channels.len() - 1]], &sizes[self.channels.len()][..]].concat();
        let h = z.linear("hidden", self.hidden).relu();
        let mut h = h.linear("spread", small.iter().product()).relu().unflatten(&small);
        for i in (0..self.channels.len()).rev() {
            let n = if i == 0 { outputs } else { self.channels[i - 1] };
            let up = h.conv_transpose(&format!("up{}", i + 1), n, KERNEL).stride(STRIDE).pad(PAD);
            let [planes, rows, columns] = odd(&sizes[i]);
            let up = up.out_pad3d(planes, rows, columns);
            h = if i == 0 { *up.output() } else { up.relu() };
        }
        h
    }
}
