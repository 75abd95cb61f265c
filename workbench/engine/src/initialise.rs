//! The first values of parameters and buffers.

use workbench_graph::{Init, Param};

use crate::noise::{self, Key};

/// The values of a parameter before training. They depend on the seed and the parameter's name, so
/// that the order in which an architecture declares its parameters does not matter.
pub(crate) fn initialise(param: &Param, seed: u64) -> Vec<f32> {
    let n = param.shape.iter().product();
    let key = Key::new(seed, "initialise", 0, noise::hash(&param.name));
    match param.init {
        Init::Constant(value) => vec![value as f32; n],
        Init::Normal { std } => {
            let mut values = noise::normal(key, n);
            values.iter_mut().for_each(|x| *x *= std as f32);
            values
        }
        Init::Uniform { bound } => {
            let mut values = noise::uniform(key, n);
            let bound = bound as f32;
            values.iter_mut().for_each(|x| *x = bound * (2.0 * *x - 1.0));
            values
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbench_graph::Location;

    fn param(name: &str, init: Init) -> Param {
        Param {
            name: name.to_owned(),
            shape: vec![100, 100],
            init,
            group: String::new(),
            trained: true,
            location: Location::default(),
        }
    }

    #[test]
    fn values_follow_the_initialisation_and_the_name() {
        let normal = initialise(&param("a", Init::Normal { std: 0.1 }), 1);
        let deviation = (normal.iter().map(|x| x * x).sum::<f32>() / 1e4).sqrt();
        assert!((deviation - 0.1).abs() < 0.003);
        let uniform = initialise(&param("a", Init::Uniform { bound: 0.5 }), 1);
        assert!(uniform.iter().all(|x| (-0.5..=0.5).contains(x)));
        assert!(uniform.iter().any(|x| *x < -0.45) && uniform.iter().any(|x| *x > 0.45));
        assert_ne!(normal, initialise(&param("b", Init::Normal { std: 0.1 }), 1));
        assert_ne!(normal, initialise(&param("a", Init::Normal { std: 0.1 }), 2));
        let constant = initialise(&param("a", Init::Constant(0.25)), 1);
        assert!(constant.iter().all(|x| *x == 0.25));
    }
}
