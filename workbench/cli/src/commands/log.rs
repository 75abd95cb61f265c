//! `log`: the event log as lines.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use workbench_runs::{Event, LogReader, Status, Value, looks_dead};

use crate::console::{self, number};
use crate::context::Context;
use crate::failure::Result;

/// How often a growing log is looked at.
const EVERY: Duration = Duration::from_millis(300);

pub fn log(context: &Context, query: &str, follow: bool, json: bool) -> Result<()> {
    let run = context.run(query)?;
    let mut reader = LogReader::open(run.path());
    let mut events = Vec::new();
    while extend(&mut events, &mut reader)? {}
    events.iter().for_each(|event| print(event, json));
    let mut goes_on = follow;
    while goes_on {
        // Asked before reading: what was written before the end is read after it.
        goes_on = Status::read(&run)?
            .is_some_and(|status| status.state.is_live() && !looks_dead(&status));
        loop {
            let events = reader.poll()?;
            if events.is_empty() {
                break;
            }
            events.iter().for_each(|event| print(event, json));
        }
        if goes_on {
            std::thread::sleep(EVERY);
        }
    }
    if reader.damaged() > 0 {
        console::warning("the log is damaged in the middle: records after that place are missing");
    }
    Ok(())
}

/// Adds what is there next, and drops the records that a run which went on from an earlier step has superseded; false
/// where nothing more is there.
fn extend(events: &mut Vec<Event>, reader: &mut LogReader) -> Result<bool> {
    let more = reader.poll()?;
    let any = !more.is_empty();
    for event in more {
        if event.session_start {
            events.retain(|before: &Event| before.step <= event.step);
        }
        events.push(event);
    }
    Ok(any)
}

fn print(event: &Event, json: bool) {
    if json {
        let values: Map<String, Json> =
            event.values.iter().map(|(tag, value)| (tag.clone(), as_json(value))).collect();
        console::json(
            &json!({"step": event.step, "wall_time": event.wall_time, "session_start": event.session_start,
                              "values": values}),
        );
        return;
    }
    if event.session_start {
        console::line(format_args!("step {}  goes on from here", event.step));
    }
    let scalars: Vec<String> = event
        .values
        .iter()
        .filter_map(|(tag, value)| match value {
            Value::Scalar(x) => Some(format!("{tag} {}", number(f64::from(*x)))),
            _ => None,
        })
        .collect();
    if !scalars.is_empty() {
        console::line(format_args!("step {}  {}", event.step, scalars.join("  ")));
    }
    for (tag, value) in &event.values {
        match value {
            Value::Scalar(_) => {}
            Value::Image { width, height, .. } => {
                console::line(format_args!("step {}  {tag} {width}x{height} picture", event.step))
            }
            Value::Histogram(_) => {
                console::line(format_args!("step {}  {tag} histogram", event.step))
            }
            Value::Text(text) if tag == "control" => {
                console::line(format_args!("step {}  {text}", event.step))
            }
            Value::Text(_) => console::line(format_args!("step {}  {tag} text", event.step)),
        }
    }
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Scalar(x) => console::json_number(*x),
        Value::Image { width, height, channels, png } => {
            json!({"image": {"width": width, "height": height, "channels": channels, "bytes": png.len()}})
        }
        Value::Histogram(_) => json!({"histogram": true}),
        Value::Text(text) => json!({"text": text}),
    }
}
