//! Activations out of several ops, each tagged with its name.

use std::f64::consts::FRAC_1_SQRT_2;
use std::panic::Location;

use crate::Tensor;

impl<'g> Tensor<'g> {
    /// x · sigmoid(x), also called swish (Elfwing et al. 2018, "Sigmoid-weighted linear units for neural
    /// network function approximation in reinforcement learning").
    #[track_caller]
    pub fn silu(self) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph.composite("silu", "", || self * self.sigmoid())
    }

    /// x · Φ(x) with the normal distribution function Φ(x) = ½ (1 + erf(x / √2)), exactly (Hendrycks &
    /// Gimpel 2016, "Gaussian error linear units").
    #[track_caller]
    pub fn gelu(self) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph.composite("gelu", "", || 0.5 * self * (1.0 + (self * FRAC_1_SQRT_2).erf()))
    }

    /// x where positive, else `slope` · x (Maas et al. 2013, "Rectifier nonlinearities improve neural
    /// network acoustic models", with slope 0.01). The gradient at 0 is 0.
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph.composite("leaky_relu", "", || self.relu() - slope * (-self).relu())
    }
}
