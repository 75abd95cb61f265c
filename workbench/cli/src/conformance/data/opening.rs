//! Opening: with what was given, and with what should be refused.

use std::time::{Duration, Instant};

use workbench_host::Error;

use super::{Data, judged};
use crate::conformance::bad_values::trials;
use crate::conformance::outcome::Outcome;

/// So long may trying values take in all.
const BUDGET: Duration = Duration::from_secs(10);

pub fn open(data: &mut Data) -> Outcome {
    judged(|| {
        let values = data.given.values(&data.info.parameters)?;
        let began = Instant::now();
        let took = || format!("{:.0} ms", began.elapsed().as_secs_f64() * 1e3);
        match data.open(values) {
            Ok(dataset) => {
                let message = format!("{}, {}", data.given.in_words(), took());
                data.opened = Some(dataset);
                Ok(Outcome::passed(message))
            }
            // It is open; what is wrong is what the next check is of.
            Err(error) if is_of_fields(&error) => Ok(Outcome::passed(data.given.in_words())),
            Err(error) => Err(Outcome::error(&error)),
        }
    })
}

/// Closed, opened anew and closed again.
pub fn close(data: &mut Data) -> Outcome {
    judged(|| {
        data.opened = None;
        data.dataset()?;
        data.opened = None;
        Ok(Outcome::passed("closed, opened anew and closed again"))
    })
}

fn is_of_fields(error: &Error) -> bool {
    match error {
        Error::Failed { doing, .. } => doing == "describing its fields",
        Error::Contract { message, .. } => !message.starts_with("open "),
        _ => false,
    }
}

/// Values out of range, of the wrong type, or at the edge: refused with words, or taken and read from.
pub fn bad_values(data: &mut Data) -> Outcome {
    judged(|| {
        let nowhere = std::env::temp_dir();
        let declared = &data.info.parameters;
        let began = Instant::now();
        let (mut refused, mut opened, mut left) = (0, 0, 0);
        for trial in trials(declared, &nowhere, false) {
            let shown = format!("{} = {}", trial.key, trial.value);
            let values = match data.given.with(declared, Some((&trial.key, &trial.value))) {
                Ok(_) if trial.refused => {
                    return Err(Outcome::failed(
                        format!("{shown} is allowed, and should not be"),
                        "report this: the workbench itself should refuse it",
                    ));
                }
                Ok(values) => values,
                Err(_) => {
                    refused += 1;
                    continue;
                }
            };
            if began.elapsed() > BUDGET {
                left += 1;
                continue;
            }
            let tried = data.open(values).and_then(|dataset| match dataset.len("train")? {
                Some(n) if n > 0 => dataset.read_guarded("train", &[0], 0).read,
                _ => Ok(()),
            });
            match tried {
                Ok(()) => opened += 1,
                Err(error) => match Outcome::of_refusal(&error) {
                    Some(outcome) => {
                        return Err(Outcome {
                            message: format!("with {shown}: {}", outcome.message),
                            ..outcome
                        });
                    }
                    None => refused += 1,
                },
            }
        }
        let left =
            if left > 0 { format!(", {left} not tried for want of time") } else { String::new() };
        Ok(Outcome::passed(format!(
            "{refused} refused with an error, {opened} at the edge of what is allowed opened{left}"
        )))
    })
}
