//! A mixture of Gaussians with full covariances.

use crate::{Cholesky, log_sum_exp};

/// Σ_k π_k N(μ_k, Σ_k) in D dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    pub dims: usize,
    /// One at least.
    pub components: Vec<Component>,
}

/// One of its Gaussians.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// π; all together are 1.
    pub weight: f64,
    /// μ `[D]`.
    pub mean: Vec<f64>,
    /// Of Σ.
    pub factor: Cholesky,
}

impl Mixture {
    /// ln p(x) in nats.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let mut work = vec![0.0; self.dims];
        let logs: Vec<f64> = self
            .components
            .iter()
            .map(|component| {
                let distance =
                    component.factor.distance(x, &component.mean, f64::INFINITY, &mut work);
                component.log_scale() - 0.5 * distance.unwrap_or(f64::INFINITY)
            })
            .collect();
        log_sum_exp(&logs)
    }

    /// The mean of ln p(x) over points `[N, D]`, in nats a point.
    pub fn mean_log_density(&self, points: &[f64]) -> f64 {
        let logs = crate::em::log_densities(self, points);
        logs.iter().sum::<f64>() / logs.len().max(1) as f64
    }

    /// A draw: `choice` from U[0, 1) says which component, `noise` `[D]` from N(0, I) where in it.
    pub fn draw(&self, choice: f64, noise: &[f64]) -> Vec<f64> {
        let mut rest = choice;
        let mut chosen = self.components.last();
        for component in &self.components {
            if rest < component.weight {
                chosen = Some(component);
                break;
            }
            rest -= component.weight;
        }
        let Some(component) = chosen else { return noise.to_vec() };
        let away = component.factor.times(noise);
        component.mean.iter().zip(away).map(|(mean, away)| mean + away).collect()
    }

    /// The same with every number as 32 bits hold it: what a file keeps, so that a mixture that is read again draws the
    /// same to the bit.
    #[must_use]
    pub fn rounded(&self) -> Mixture {
        let round = |x: &f64| f64::from(*x as f32);
        let component = |component: &Component| Component {
            weight: round(&component.weight),
            mean: component.mean.iter().map(round).collect(),
            factor: Cholesky::from_lower(
                component.factor.lower().iter().map(round).collect(),
                self.dims,
            )
            .unwrap_or_else(|| component.factor.clone()),
        };
        let components = self.components.iter().map(component).collect();
        Mixture { dims: self.dims, components }
    }
}

impl Component {
    /// ln π − ½ (D ln 2π + ln det Σ).
    pub(crate) fn log_scale(&self) -> f64 {
        let constant = self.mean.len() as f64 * std::f64::consts::TAU.ln();
        self.weight.ln() - 0.5 * (constant + self.factor.log_determinant())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Mixture {
        let component = |weight, mean: [f64; 2], covariance: [f64; 4]| Component {
            weight,
            mean: mean.to_vec(),
            factor: Cholesky::of(covariance.to_vec(), 2).unwrap(),
        };
        let components = vec![
            component(0.25, [0.0, 0.0], [1.0, 0.0, 0.0, 1.0]),
            component(0.75, [3.0, 0.0], [2.0, 1.0, 1.0, 2.0]),
        ];
        Mixture { dims: 2, components }
    }

    #[test]
    fn the_log_density_is_that_of_the_formula() {
        // At (1, 1): the first is exp(-1) / 2π. The second is away by (-2, 1), Σ⁻¹ = [[2, -1], [-1, 2]] / 3, so that
        // the squared distance is (2·4 + 2·2 + 2·1) / 3 = 14/3, and its determinant is 3.
        let tau = std::f64::consts::TAU;
        let expected =
            0.25 * (-1f64).exp() / tau + 0.75 * (-7f64 / 3.0).exp() / (tau * 3f64.sqrt());
        let mixture = two();
        assert!((mixture.log_density(&[1.0, 1.0]) - expected.ln()).abs() < 1e-12);
        assert!((mixture.mean_log_density(&[1.0, 1.0, 1.0, 1.0]) - expected.ln()).abs() < 1e-12);
        assert!(mixture.log_density(&[1e3, 0.0]).is_finite());
    }

    #[test]
    fn a_draw_is_of_the_chosen_component() {
        let mixture = two();
        assert_eq!(mixture.draw(0.1, &[0.5, -1.0]), [0.5, -1.0]);
        let drawn = mixture.draw(0.25, &[1.0, 0.0]);
        let expected = [3.0 + 2f64.sqrt(), 0.5f64.sqrt()];
        assert!(drawn.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{drawn:?}");
        assert_eq!(
            mixture.draw(1.0, &[0.0, 0.0]),
            [3.0, 0.0],
            "rounding leaves no draw without one"
        );
    }

    #[test]
    fn rounding_twice_changes_nothing_more() {
        let once = two().rounded();
        assert_ne!(once, two());
        assert_eq!(once.rounded(), once);
    }
}
