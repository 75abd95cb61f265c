//! What a landscape is made from.

use workbench_sdk::Random;

/// The factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// One of [`SEASONS`].
    pub season: usize,
    /// 0 on the horizon, 1 high.
    pub sun_height: f32,
    /// 0 at the left, 1 at the right.
    pub sun_place: f32,
    /// One of [`CLOUDS`].
    pub clouds: usize,
    /// 0 a plain, 1 high peaks.
    pub mountains: f32,
    pub sea: bool,
    pub river: bool,
    pub town: bool,
}

pub const SEASONS: [&str; 4] = ["spring", "summer", "autumn", "winter"];
pub const SPRING: usize = 0;
pub const AUTUMN: usize = 2;
pub const WINTER: usize = 3;
pub const CLOUDS: [&str; 3] = ["none", "some", "many"];

impl Scene {
    /// Every factor by itself, all its values equally likely.
    pub fn any(random: &mut Random) -> Scene {
        Scene {
            season: random.below(SEASONS.len() as u64) as usize,
            sun_height: random.unit(),
            sun_place: random.unit(),
            clouds: random.below(CLOUDS.len() as u64) as usize,
            mountains: random.unit(),
            sea: random.below(2) == 1,
            river: random.below(2) == 1,
            town: random.below(2) == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_do_not_tell_of_each_other() {
        let scenes: Vec<Scene> =
            (0..4000).map(|index| Scene::any(&mut Random::new(0, 0, index))).collect();
        let numbers = |scene: &Scene| {
            let flags = [scene.sea, scene.river, scene.town].map(|flag| f64::from(u8::from(flag)));
            let reals = [scene.sun_height, scene.sun_place, scene.mountains].map(f64::from);
            [flags, reals, [scene.season as f64, scene.clouds as f64, 0.0]].concat()
        };
        let columns: Vec<Vec<f64>> = scenes.iter().map(numbers).collect();
        let mean = |f: &dyn Fn(&[f64]) -> f64| {
            columns.iter().map(|row| f(row)).sum::<f64>() / columns.len() as f64
        };
        for a in 0..8 {
            for b in 0..a {
                let [ma, mb] = [a, b].map(|k| mean(&|row| row[k]));
                let both = mean(&|row| (row[a] - ma) * (row[b] - mb));
                let [va, vb] = [(a, ma), (b, mb)].map(|(k, m)| mean(&|row| (row[k] - m).powi(2)));
                // The standard deviation of a correlation of 4,000 is 0.016.
                let correlation = both / (va * vb).sqrt();
                assert!(correlation.abs() < 0.06, "{a} and {b}: {correlation}");
            }
        }
    }
}
