//! How bright the pixels of a data set are.

use serde_json::{Value, json};
use workbench_trainer::Pixels;

/// Counts of pixels, from which a histogram is made.
#[derive(Clone, Debug)]
pub struct Tone {
    /// By brightness, in 256 parts of 0 to 1: exact for bytes.
    counts: Vec<u64>,
    least: f64,
    most: f64,
    sum: f64,
    squares: f64,
}

const LEVELS: usize = 256;
const BINS: usize = 10;

impl Default for Tone {
    fn default() -> Tone {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        Tone { counts: vec![0; LEVELS], least, most, sum: 0.0, squares: 0.0 }
    }
}

impl Tone {
    pub fn of(pixels: &Pixels) -> Tone {
        let mut tone = Tone::default();
        match pixels {
            Pixels::U8(bytes) => {
                bytes.iter().for_each(|&byte| tone.counts[usize::from(byte)] += 1);
                for (byte, &n) in tone.counts.clone().iter().enumerate().filter(|(_, n)| **n > 0) {
                    tone.note(byte as f64 / 255.0, n as f64);
                }
            }
            Pixels::F32(numbers) => {
                for &x in numbers.iter().filter(|x| x.is_finite()) {
                    tone.counts[(x.clamp(0.0, 1.0) * 255.0).round() as usize] += 1;
                    tone.note(x.into(), 1.0);
                }
            }
        }
        tone
    }

    fn note(&mut self, x: f64, times: f64) {
        self.least = self.least.min(x);
        self.most = self.most.max(x);
        self.sum += times * x;
        self.squares += times * x * x;
    }

    pub fn add(&mut self, more: &Tone) {
        self.counts.iter_mut().zip(&more.counts).for_each(|(n, more)| *n += more);
        self.least = self.least.min(more.least);
        self.most = self.most.max(more.most);
        self.sum += more.sum;
        self.squares += more.squares;
    }

    fn pixels(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Mean and standard deviation.
    fn moments(&self) -> [f64; 2] {
        let n = self.pixels().max(1) as f64;
        let mean = self.sum / n;
        [mean, (self.squares / n - mean * mean).max(0.0).sqrt()]
    }

    /// The share of the pixels in each tenth of 0 to 1.
    fn shares(&self) -> [f64; BINS] {
        let mut shares = [0.0; BINS];
        let n = self.pixels().max(1) as f64;
        for (level, &count) in self.counts.iter().enumerate() {
            shares[(level * BINS / (LEVELS - 1)).min(BINS - 1)] += count as f64 / n;
        }
        shares
    }

    /// "0 to 1, mean 0.131, standard deviation 0.308; in each tenth of 0 to 1: 80.3 1.6 … %"; `None` without pixels.
    pub fn line(&self) -> Option<String> {
        if self.pixels() == 0 {
            return None;
        }
        let [mean, deviation] = self.moments();
        let shares = self.shares().map(|share| format!("{:.1}", 100.0 * share)).join(" ");
        let (least, most) = (short(self.least), short(self.most));
        Some(format!(
            "{least} to {most}, mean {mean:.3}, standard deviation {deviation:.3}; in each tenth of 0 to 1: {shares} %"
        ))
    }

    pub fn json(&self) -> Value {
        if self.pixels() == 0 {
            return Value::Null;
        }
        let [mean, deviation] = self.moments();
        json!({"min": self.least, "max": self.most, "mean": mean, "sd": deviation, "histogram": self.shares()})
    }
}

fn short(x: f64) -> String {
    if x.fract() == 0.0 { format!("{x}") } else { format!("{x:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_numbers_are_counted_alike() {
        let bytes = Tone::of(&Pixels::U8(vec![0, 0, 0, 255]));
        let numbers = Tone::of(&Pixels::F32(vec![0.0, 0.0, 0.0, 1.0]));
        assert_eq!(bytes.line(), numbers.line());
        let line = bytes.line().unwrap();
        assert!(line.starts_with("0 to 1, mean 0.250, standard deviation 0.433;"), "{line}");
        assert!(line.ends_with("75.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0 25.0 %"), "{line}");
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let whole = Tone::of(&Pixels::U8((0..=255).collect()));
        let mut parts = Tone::of(&Pixels::U8((0..100).collect()));
        parts.add(&Tone::of(&Pixels::U8((100..=255).collect())));
        assert_eq!(parts.line(), whole.line());
        assert_eq!((Tone::default().line(), Tone::default().json()), (None, Value::Null));
    }
}
