//! The convolutional encoder and decoder that several architectures share.

use crate::{Config, Param, Result, Tensor, ensure, param};

/// Strided convolutions that halve the picture, a fully connected layer, and the mirror image of both:
/// the shape of DCGAN (Radford et al. 2016, arXiv:1511.06434) without batch norm.
pub struct ConvStack {
    channels: Vec<usize>,
    hidden: usize,
}

/// Kernel, stride and padding that halve a size, or double it where transposed.
const KERNEL: usize = 4;
const STRIDE: usize = 2;
const PAD: usize = 1;

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

    /// `[B, C, H, W]` → `[B, hidden]`.
    #[track_caller]
    pub fn encode<'g>(&self, x: Tensor<'g>) -> Tensor<'g> {
        let mut h = x;
        for (i, &n) in self.channels.iter().enumerate() {
            let down = h.conv2d(&format!("down{}", i + 1), n, KERNEL);
            h = down.stride(STRIDE).pad(PAD).relu();
        }
        h.flatten().linear("hidden", self.hidden).relu()
    }

    /// `[B, N]` → logits of the shape of `like`, `[B, C, H, W]`.
    #[track_caller]
    pub fn decode<'g>(&self, z: Tensor<'g>, like: Tensor<'g>) -> Tensor<'g> {
        // Each size on the way down: halved, rounded down.
        let mut sizes = vec![[like.size(2), like.size(3)]];
        for i in 0..self.channels.len() {
            sizes.push(sizes[i].map(|size| size / STRIDE));
        }
        let (top, [height, width]) =
            (self.channels[self.channels.len() - 1], sizes[self.channels.len()]);
        let h = z.linear("hidden", self.hidden).relu();
        let mut h =
            h.linear("spread", top * height * width).relu().unflatten(&[top, height, width]);
        for i in (0..self.channels.len()).rev() {
            let n = if i == 0 { like.size(1) } else { self.channels[i - 1] };
            // A size that was rounded down is one short after doubling.
            let [rows, columns] = sizes[i].map(|size| size % STRIDE);
            let up = h.conv_transpose2d(&format!("up{}", i + 1), n, KERNEL).stride(STRIDE).pad(PAD);
            let up = up.out_pad(rows, columns);
            h = if i == 0 { *up.output() } else { up.relu() };
        }
        h
    }
}
