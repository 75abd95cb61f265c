//! From an image to features.

use workbench_sdk::prelude::*;

/// Strided convolutions, residual blocks at the smallest size, a fully connected layer.
pub struct Network {
    channels: Vec<usize>,
    blocks: usize,
    hidden: usize,
    norm: bool,
    dropout: f64,
}

/// Groups of a group norm, where the channels can be divided so; the most that divide them otherwise.
const GROUPS: usize = 8;
/// Places along all axes together up to which blocks are worth their time: 16x16, or 8x8x8.
const SMALL: usize = 512;

impl Network {
    pub const CHANNELS: Param = param::ints(
        "channels",
        "Output channels of the strided convolutions; each halves the image.",
        &[32, 64, 96],
    )
    .range(1, 4096);
    pub const BLOCKS: Param =
        param::int("blocks", "Residual blocks at each small size (up to 512 places).", 1)
            .range(0, 64);
    pub const HIDDEN: Param =
        param::int("hidden", "Features: units of the layer before the predictions.", 128)
            .range(2, 65536);
    pub const NORM: Param = param::bool("norm", "Group norm in the residual blocks.", true);
    pub const DROPOUT: Param =
        param::float("dropout", "Share of the features left out at each step of training.", 0.0)
            .between(0.0, 0.95);

    pub fn from_config(config: &Config) -> Result<Network> {
        let channels: Vec<usize> = config.get("channels")?;
        ensure!(!channels.is_empty(), "`channels` is empty; [32, 64, 96] are three convolutions");
        let (blocks, hidden) = (config.get("blocks")?, config.get("hidden")?);
        Ok(Network {
            channels,
            blocks,
            hidden,
            norm: config.get("norm")?,
            dropout: config.get("dropout")?,
        })
    }

    /// `[B, C, H, W]` or `[B, C, D, H, W]` → `[B, hidden]`.
    ///
    /// # Errors
    /// An axis is too short to be halved as often as there are channels.
    pub fn features<'g>(&self, x: Tensor<'g>) -> Result<Tensor<'g>> {
        let mut h = x;
        for (i, &n) in self.channels.iter().enumerate() {
            let shortest = (2..h.shape().len()).map(|axis| h.size(axis)).min().unwrap_or(1);
            ensure!(
                shortest >= 2,
                "`channels` has {} numbers, and an axis of the image is down to 1 after {i}: give {i} numbers at most",
                self.channels.len()
            );
            h = *h.conv(&format!("down{}", i + 1), n, 4).stride(2).pad(1);
            let places: usize = (2..h.shape().len()).map(|axis| h.size(axis)).product();
            if places <= SMALL || i + 1 == self.channels.len() {
                for block in 1..=self.blocks {
                    h = self.block(&format!("block{}_{block}", i + 1), h);
                }
            }
            h = self.normalised(&format!("norm{}", i + 1), h).relu();
        }
        // Means and maxima over places show what a thing is wherever it stands; only the whole map shows where.
        let spatial: Vec<usize> = (2..h.shape().len()).collect();
        let what = h.mean(&spatial).concat(1, &[h.reduce_max(&spatial)]);
        let half = self.hidden / 2;
        let at = h.flatten().linear("where", self.hidden - half).relu();
        Ok(what.linear("what", half).relu().concat(1, &[at]))
    }

    /// The features with some left out while training.
    pub fn dropped<'g>(&self, features: Tensor<'g>) -> Tensor<'g> {
        if self.dropout > 0.0 { features.dropout(self.dropout) } else { features }
    }

    fn block<'g>(&self, name: &str, x: Tensor<'g>) -> Tensor<'g> {
        let n = x.size(1);
        x.graph().scope(name, || {
            let h = self.normalised("norm1", x).relu();
            let h = *h.conv("conv1", n, 3).pad(1);
            let h = self.normalised("norm2", h).relu();
            // Small at the start, so that each block begins near the identity.
            x + *h.conv("conv2", n, 3).pad(1).head()
        })
    }

    fn normalised<'g>(&self, name: &str, x: Tensor<'g>) -> Tensor<'g> {
        let channels = x.size(1);
        let groups = (1..=GROUPS).rev().find(|groups| channels.is_multiple_of(*groups));
        if self.norm { x.group_norm(name, groups.unwrap_or(1)) } else { x }
    }
}
