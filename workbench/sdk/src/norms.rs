//! Normalisation: layer, group and batch. All with a learned scale (1 at the start) and shift (0).

use std::panic::Location;

use workbench_abi as abi;

use crate::layer::channels_first;
use crate::{Dim, Tensor};

/// Added to variances, as in PyTorch.
const EPS: f64 = 1e-5;
/// What a new batch weighs in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

impl<'g> Tensor<'g> {
    /// Each item's last axes, so many of them, shifted and scaled to mean 0 and variance 1, then by the
    /// learned `weight` and `bias` of their shape (Ba et al. 2016, "Layer normalization"). 1 axis for
    /// `[B, T, D]`, 3 for `[B, C, H, W]`.
    #[track_caller]
    pub fn layer_norm(self, name: &str, axes: usize) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph.composite("layer_norm", name, || {
            let rank = self.shape().len();
            let axes: Vec<usize> = (rank.saturating_sub(axes)..rank).collect();
            let dims: Vec<usize> = axes.iter().map(|&axis| self.size(axis)).collect();
            let [weight, bias] = self.scale_and_shift(&dims);
            self.standardised(&axes) * weight + bias
        })
    }

    /// Channels in so many groups of neighbours, each group of an item normalised over its channels and
    /// pixels, then scaled and shifted a channel (Wu & He 2018, "Group normalization"). `[B, C, …]`, C a
    /// multiple of `groups`; 1 group normalises whole items, C groups are instance normalisation.
    #[track_caller]
    pub fn group_norm(self, name: &str, groups: usize) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph.composite("group_norm", name, || {
            // By channel first and by group then, so that pixels are never laid out anew: between convolutions they
            // lie channels last.
            let (channels, axes) = (self.size(1), self.shape().len().saturating_sub(2));
            let each = channels.checked_div(groups).unwrap_or_default();
            let spatial: Vec<usize> = (2..2 + axes).collect();
            let ones = vec![1; axes];
            // [B, C] → the mean over each group, [B, C, 1, …].
            let by_group = |of_channel: Tensor<'g>| {
                let grouped = of_channel.unflatten(&[groups, each]).reduce("mean", &[2], true);
                let repeated = grouped.broadcast_like(of_channel.unflatten(&[groups, each]));
                repeated.unflatten(&[&[channels], &ones[..]].concat())
            };
            let of_channel = |x: Tensor<'g>| if axes == 0 { x } else { x.mean(&spatial) };
            let centred = self - by_group(of_channel(self));
            let variance = by_group(of_channel(centred * centred));
            let [weight, bias] = self.scale_and_shift(&[channels]);
            let along = channels_first(channels, axes);
            centred * (weight.reshape(&along) / (variance + EPS).sqrt()) + bias.reshape(&along)
        })
    }

    /// Each channel of `[B, C]` or `[B, C, …]` normalised, then scaled and shifted (Ioffe & Szegedy 2015,
    /// "Batch normalization"). While training (the input `train` is 1) by the mean and variance over the
    /// batch and its pixels, which move the buffers `running_mean` and `running_variance` by a tenth; in
    /// evaluation by these. The running variance is that of Bessel (n − 1), as in PyTorch. A layer that
    /// is used twice needs two names.
    #[track_caller]
    pub fn batch_norm(self, name: &str) -> Tensor<'g> {
        let graph = self.graph;
        let _here = graph.builder.located(Location::caller());
        graph.composite("batch_norm", name, || {
            let (shape, channels) = (self.shape(), self.size(1));
            let axes: Vec<usize> = (0..shape.len()).filter(|&axis| axis != 1).collect();
            let along = channels_first(channels, shape.len().saturating_sub(2));
            let mean = self.mean(&axes);
            let centred = self - mean.reshape(&along);
            let variance = (centred * centred).mean(&axes);

            let running_mean = graph.buffer("running_mean", &[channels], 0.0);
            let running_variance = graph.buffer("running_variance", &[channels], 1.0);
            let follow = |running: Tensor<'g>, batch: Tensor<'g>| {
                graph.update(running, (1.0 - MOMENTUM) * running + MOMENTUM * batch);
            };
            let n = self.count(&axes);
            follow(running_mean, mean);
            follow(running_variance, variance * (n / (n - 1.0).maximum(1.0)));

            let train = graph.input("train");
            let mean = train.select(mean, running_mean).reshape(&along);
            let variance = train.select(variance, running_variance).reshape(&along);
            let [weight, bias] = self.scale_and_shift(&[channels]);
            let normal = (self - mean) / (variance + EPS).sqrt();
            normal * weight.reshape(&along) + bias.reshape(&along)
        })
    }

    /// Mean 0 and variance 1 over some axes.
    #[track_caller]
    fn standardised(self, axes: &[usize]) -> Tensor<'g> {
        let centred = self - self.reduce("mean", axes, true);
        let variance = (centred * centred).reduce("mean", axes, true);
        centred / (variance + EPS).sqrt()
    }

    /// How many elements the axes hold together, `[]`; the batch's size is known when it comes.
    #[track_caller]
    fn count(self, axes: &[usize]) -> Tensor<'g> {
        let shape = self.shape();
        let dims: Vec<Dim> = axes.iter().filter_map(|&axis| shape.get(axis).copied()).collect();
        let sizes = dims.iter().map(|dim| match dim {
            Dim::Fixed(n) => *n as f64,
            Dim::Batch(_) => 1.0,
        });
        let fixed: f64 = sizes.product();
        let batches: Vec<Dim> =
            dims.iter().copied().filter(|dim| matches!(dim, Dim::Batch(_))).collect();
        let one = self.graph.constant(1.0);
        match batches.len() {
            0 => one * fixed,
            n => {
                let ones = self.graph.op("broadcast", &[one], &[], Some(&batches));
                ones.sum(&(0..n).collect::<Vec<_>>()) * fixed
            }
        }
    }

    #[track_caller]
    fn scale_and_shift(self, dims: &[usize]) -> [Tensor<'g>; 2] {
        let start = |scale| abi::Init { kind: abi::INIT_CONSTANT, reserved: 0, scale };
        let parameter = |name, value| self.graph.parameter_with(name, dims, start(value));
        [parameter("weight", 1.0), parameter("bias", 0.0)]
    }
}
