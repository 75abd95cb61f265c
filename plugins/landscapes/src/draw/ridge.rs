//! Lines that go up and down, over the width of the picture.

use workbench_sdk::Random;

/// A sum of three waves.
pub struct Ridge {
    /// Frequency, phase and share of each.
    waves: [[f32; 3]; 3],
    sharp: bool,
}

impl Ridge {
    /// With peaks, of about so many in the picture.
    pub fn sharp(random: &mut Random, peaks: f32) -> Ridge {
        Ridge { sharp: true, ..Ridge::round(random, peaks) }
    }

    /// Without.
    pub fn round(random: &mut Random, peaks: f32) -> Ridge {
        let mut wave = |times: f32, share: f32| {
            [peaks * times * random.between(0.85, 1.15), random.unit(), share]
        };
        Ridge { waves: [wave(1.0, 0.66), wave(2.2, 0.26), wave(4.7, 0.08)], sharp: false }
    }

    /// How high it is, 0 to 1.
    pub fn height(&self, x: f32) -> f32 {
        let shape = |up: f32| if self.sharp { up } else { up * up * (3.0 - 2.0 * up) };
        let waves = self.waves.iter().zip(self.parts(x));
        waves.map(|([.., share], part)| share * shape(1.0 - (2.0 * part - 1.0).abs())).sum()
    }

    /// Which way it goes: 1 up to the right, -1 down, and between these about where that changes.
    pub fn slope(&self, x: f32) -> f32 {
        let [large, small, _] = self.parts(x);
        let way = |part: f32| {
            let part = if part > 0.75 { part - 1.0 } else { part };
            (16.0 * (0.25 - (part - 0.25).abs())).clamp(-1.0, 1.0)
        };
        0.65 * way(large) + 0.35 * way(small)
    }

    /// How far each wave is from one of its feet to the next, 0 to 1.
    fn parts(&self, x: f32) -> [f32; 3] {
        self.waves.map(|[frequency, phase, _]| {
            // A cast cuts off, and 8 more make every place in or near the picture positive.
            let place = frequency * x + phase + 8.0;
            place - (place as i32) as f32
        })
    }
}
