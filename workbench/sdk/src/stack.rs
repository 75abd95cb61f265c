//! Which encoder and decoder an architecture has, by its parameters.

use crate::{Config, ConvStack, Param, ResStack, Result, Tensor, param};

/// The encoder and decoder that `encoder` names: `"conv"`, plain convolutions ([`ConvStack`]), or `"resnet"`,
/// residual blocks ([`ResStack`]).
pub enum Stack {
    Conv(ConvStack),
    Res(ResStack),
}

impl Stack {
    /// Declares `encoder`.
    pub const ENCODER: Param = param::text(
        "encoder",
        "Plain convolutions (conv), or residual blocks (resnet): slower, and sharper pictures.",
        "conv",
    )
    .choices(&[param::choice("conv"), param::choice("resnet")]);

    /// All parameters of both.
    pub const PARAMS: &[Param] = &[
        Stack::ENCODER,
        ConvStack::CHANNELS,
        ConvStack::HIDDEN,
        ResStack::BLOCKS,
        ResStack::ATTENTION,
    ];

    /// Reads `encoder` and what the encoder that it names reads: declare [`Stack::PARAMS`].
    ///
    /// # Errors
    /// They are not declared, or there are no channels.
    pub fn from_config(config: &Config) -> Result<Stack> {
        let encoder: String = config.get("encoder")?;
        Ok(match encoder.as_str() {
            "resnet" => Stack::Res(ResStack::from_config(config)?),
            _ => Stack::Conv(ConvStack::from_config(config)?),
        })
    }

    /// `[B, C, H, W]` or `[B, C, D, H, W]` → `[B, N]`.
    #[track_caller]
    pub fn encode<'g>(&self, x: Tensor<'g>) -> Tensor<'g> {
        match self {
            Stack::Conv(stack) => stack.encode(x),
            Stack::Res(stack) => stack.encode(x),
        }
    }

    /// `[B, N]` → `[B, outputs, H, W]` or `[B, outputs, D, H, W]` in the size of `like`.
    #[track_caller]
    pub fn decode<'g>(&self, z: Tensor<'g>, like: Tensor<'g>, outputs: usize) -> Tensor<'g> {
        match self {
            Stack::Conv(stack) => stack.decode_to(z, like, outputs),
            Stack::Res(stack) => stack.decode(z, like, outputs),
        }
    }
}
