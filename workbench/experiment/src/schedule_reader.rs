use std::ops::Bound;

use crate::document::Value;
use crate::reader::{MOST_STEPS, Reader};
use crate::{Error, Length, Milestones, Schedule};

/// Which values a schedule may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Any; what a knob allows is known to its architecture only.
    Any,
    /// None below zero, and not zero throughout: a learning rate.
    Positive,
}

/// Beyond this a value is a mistake; the limit also keeps the differences of two values finite, in single precision too.
const GREATEST: f64 = 1e30;

/// Reads a number, or a table with a `kind`.
pub(crate) fn schedule<'a>(
    table: &mut Reader<'a>,
    key: &'a str,
    values: Values,
) -> Result<Option<Schedule>, Error> {
    let Some(node) = table.take(key) else {
        return Ok(None);
    };
    let lowest = match values {
        Values::Any => Bound::Included(-GREATEST),
        Values::Positive => Bound::Excluded(0.0),
    };
    if !matches!(node.value, Value::Table(_)) {
        let wanted = "a number or a table such as { kind = \"linear\", from = 0.0, to = 1.0 }";
        let range = (lowest, Bound::Included(GREATEST));
        return table
            .as_number(key, node, range, wanted)
            .map(|value| Some(Schedule::Constant(value)));
    }
    let table = &mut table.section(key)?;
    let schedule = of_kind(table, values)?;
    let (least, most) = schedule.range();
    if values == Values::Positive && most <= 0.0 {
        return Err(table.error(
            format!("`{}` is 0 throughout", table.path()),
            Some("give it a value above 0".into()),
        ));
    }
    if !(least.is_finite() && most.is_finite() && least >= -GREATEST && most <= GREATEST) {
        return Err(table.error(format!("`{}` grows beyond {GREATEST:e}", table.path()), None));
    }
    Ok(Some(schedule))
}

fn of_kind(table: &mut Reader, values: Values) -> Result<Schedule, Error> {
    #[derive(Clone, Copy)]
    enum Kind {
        Constant,
        Linear,
        Cosine,
        Cyclic,
        Step,
    }
    let kinds = [
        ("constant", Kind::Constant),
        ("linear", Kind::Linear),
        ("cosine", Kind::Cosine),
        ("cyclic", Kind::Cyclic),
        ("step", Kind::Step),
    ];
    let lowest = if values == Values::Positive { 0.0 } else { -GREATEST };
    let range = lowest..=GREATEST;
    let kind = table.word("kind", &kinds)?;
    let Some(kind) = kind else {
        return table.required("kind", None);
    };
    match kind {
        Kind::Constant => {
            let value = table.number("value", range)?;
            table.finish()?;
            Ok(Schedule::Constant(table.required("value", value)?))
        }
        Kind::Linear => {
            let (from, to) = (table.number("from", range.clone())?, table.number("to", range)?);
            let length = table.length(["epochs", "steps"])?;
            table.finish()?;
            Ok(Schedule::Linear {
                from: table.required("from", from)?,
                to: table.required("to", to)?,
                length,
            })
        }
        Kind::Cosine => {
            let (from, to) = (table.number("from", range.clone())?, table.number("to", range)?);
            let warmup = table.length(["warmup_epochs", "warmup_steps"])?;
            let length = table.length(["epochs", "steps"])?;
            table.finish()?;
            // Where the units differ only the run can tell, and then the schedule goes from the warm-up straight to its end.
            if let (Some(Length::Epochs(warmup)), Some(Length::Epochs(length)))
            | (Some(Length::Steps(warmup)), Some(Length::Steps(length))) = (warmup, length)
                && warmup >= length
            {
                let help = "its length counts the warm-up too".to_owned();
                return Err(
                    table.error(format!("the warm-up fills all of `{}`", table.path()), Some(help))
                );
            }
            Ok(Schedule::Cosine {
                from: table.required("from", from)?,
                to: to.unwrap_or(0.0),
                warmup,
                length,
            })
        }
        Kind::Cyclic => {
            let (from, to) = (table.number("from", range.clone())?, table.number("to", range)?);
            let ratio =
                table.number("ratio", (Bound::Excluded(0.0), Bound::Included(1.0)))?.unwrap_or(0.5);
            let period = table.length(["epochs", "steps"])?;
            table.finish()?;
            Ok(Schedule::Cyclic {
                from: table.required("from", from)?,
                to: table.required("to", to)?,
                period,
                ratio,
            })
        }
        Kind::Step => {
            let from = table.number("from", range)?;
            let factor =
                table.number("factor", (Bound::Excluded(0.0), Bound::Included(GREATEST)))?;
            let when = milestones(table)?;
            table.finish()?;
            let (from, factor) = (table.required("from", from)?, table.required("factor", factor)?);
            let Some(when) = when else {
                let help =
                    "add `at = [steps]`, `at_epochs = [epochs]`, `every_steps` or `every_epochs`"
                        .to_owned();
                return Err(table
                    .error(format!("`{}` doesn't say when it steps", table.path()), Some(help)));
            };
            Ok(Schedule::Step { from, factor, when })
        }
    }
}

fn milestones(table: &mut Reader) -> Result<Option<Milestones>, Error> {
    let Some(given) = table.one_of(&["at", "at_epochs", "every_epochs", "every_steps"])? else {
        return Ok(None);
    };
    if given != "at" && given != "at_epochs" {
        return Ok(table.length(["every_epochs", "every_steps"])?.map(Milestones::Every));
    }
    let at = table.integers(given, 1..=MOST_STEPS)?.unwrap_or_default();
    if at.is_empty() || !at.is_sorted_by(|one, next| one < next) {
        let message = format!(
            "`{}.{given}` must be a list of ascending numbers, with one at least",
            table.path()
        );
        return Err(table.error_at(given, message, None));
    }
    Ok(Some(if given == "at" { Milestones::AtSteps(at) } else { Milestones::AtEpochs(at) }))
}
