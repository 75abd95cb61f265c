//! Losses above the value that no model can reach.
//!
//! Grey pixels as probabilities of a Bernoulli likelihood have an entropy, which is in the reconstruction term of every
//! model: thousands of nats that hide what is learned. Where an architecture logs it as `floor`, what is left is shown.

use crate::log::{Event, Value};
use crate::{History, Series};

/// Ends the tag of what is above the floor: `valid/loss above the floor`.
pub const ABOVE_FLOOR: &str = " above the floor";

/// What the floor is a part of.
const MEASURES: [&str; 2] = ["loss", "recon"];

/// Adds to an event that has `X/floor` what of its `X/loss` and `X/recon` is above it.
pub fn add_above_floor(event: &mut Event) {
    let scalar = |tag: &str| {
        event.values.iter().find_map(|(of, value)| match value {
            Value::Scalar(value) if of == tag => Some(*value),
            _ => None,
        })
    };
    let floors = event.values.iter().filter_map(|(tag, value)| match value {
        Value::Scalar(floor) => Some((tag.strip_suffix("/floor")?, *floor)),
        _ => None,
    });
    let above: Vec<(String, Value)> = floors
        .flat_map(|(split, floor)| MEASURES.map(|measure| (format!("{split}/{measure}"), floor)))
        .filter_map(|(tag, floor)| {
            let value = Value::Scalar(scalar(&tag)? - floor);
            Some((tag + ABOVE_FLOOR, value))
        })
        .collect();
    event.values.extend(above);
}

impl History {
    /// What of `split/measure` is above `split/floor`, at the steps that have both; `None` where no floor was logged, and
    /// of a measure that does not hold it.
    pub fn above_floor(&self, split: &str, measure: &str) -> Option<Series> {
        if !MEASURES.contains(&measure) {
            return None;
        }
        let (of, floor) = (
            self.scalars.get(&format!("{split}/{measure}"))?,
            self.scalars.get(&format!("{split}/floor"))?,
        );
        let mut above = Series::default();
        let mut at = 0;
        for ((&step, &value), &wall_time) in of.steps.iter().zip(&of.values).zip(&of.wall_times) {
            at += floor.steps[at..].partition_point(|&other| other < step);
            if floor.steps.get(at) == Some(&step) {
                above.steps.push(step);
                above.values.push(value - floor.values[at]);
                above.wall_times.push(wall_time);
            }
        }
        (!above.is_empty()).then_some(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(step: u64, values: &[(&str, f32)]) -> Event {
        let scalar = |(tag, value): &(&str, f32)| ((*tag).to_owned(), Value::Scalar(*value));
        Event { step, values: values.iter().map(scalar).collect(), ..Event::default() }
    }

    #[test]
    fn an_event_with_a_floor_tells_what_is_above_it() {
        let mut with =
            event(3, &[("train/loss", 110.0), ("train/floor", 80.0), ("valid/loss", 5.0)]);
        add_above_floor(&mut with);
        let added = ("train/loss above the floor".to_owned(), Value::Scalar(30.0));
        assert_eq!(with.values[3..], [added]);
        let mut without = event(3, &[("train/loss", 110.0), ("floor", 1.0)]);
        add_above_floor(&mut without);
        assert_eq!(without.values.len(), 2);
    }

    #[test]
    fn a_series_above_the_floor_has_the_steps_of_both() {
        let mut history = History::default();
        history.fold(event(1, &[("valid/loss", 9.0)]));
        history.fold(event(2, &[("valid/loss", 8.0), ("valid/floor", 5.0)]));
        history.fold(event(3, &[("valid/floor", 5.0)]));
        history.fold(event(4, &[("valid/loss", 7.5), ("valid/floor", 5.5)]));
        let above = history.above_floor("valid", "loss").unwrap();
        assert_eq!((above.steps, above.values), (vec![2, 4], vec![3.0, 2.0]));
        assert_eq!(history.above_floor("train", "loss"), None);
        assert_eq!(history.above_floor("valid", "recon"), None);
        history.fold(event(4, &[("valid/kl", 2.0)]));
        assert_eq!(history.above_floor("valid", "kl"), None, "the floor is no part of it");
    }
}
