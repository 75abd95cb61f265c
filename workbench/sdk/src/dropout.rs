//! Dropout.

use std::panic::Location;

use crate::Tensor;

impl<'g> Tensor<'g> {
    /// While training, each element is 0 with probability `p` and else divided by 1 − p, so that the mean
    /// stays; in evaluation (the input `train` is 0) the identity (Srivastava et al. 2014, "Dropout: a
    /// simple way to prevent neural networks from overfitting", in its inverted form).
    /// `build` fails with this call's line where `p` is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn dropout(self, p: f64) -> Tensor<'g> {
        let (graph, here) = (self.graph, Location::caller());
        if !(0.0..1.0).contains(&p) {
            let why = format!("dropout: p is {p}, and must be at least 0 and below 1");
            return graph.refuse(why, here);
        }
        let _here = graph.builder.located(here);
        graph.composite("dropout", "", || {
            let kept = graph.uniform_like(self).lt(1.0 - p);
            graph.input("train").select(self * kept * (1.0 / (1.0 - p)), self)
        })
    }
}
