//! What a run has logged.

use std::collections::BTreeMap;

use crate::Workbench;

/// (tag, step) → value of everything logged, timings and the machine's load aside.
pub type Records = BTreeMap<(String, u64), String>;

/// All that holds of what a run has logged.
pub fn records(workbench: &Workbench, run: &str) -> Records {
    let mut records = Records::new();
    for line in workbench.command(&["log", run, "--json"]).ok().lines() {
        let step = line["step"].as_u64().unwrap();
        for (tag, value) in line["values"].as_object().unwrap() {
            if !tag.starts_with("time/") && !tag.starts_with("system/") {
                records.insert((tag.clone(), step), value.to_string());
            }
        }
    }
    records
}
