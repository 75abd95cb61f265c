//! What a plugin declares, before any of its functions is called.

use std::collections::BTreeSet;

use workbench_host::{KnobInfo, ParamInfo, ParamType, Plugin, Value};

use super::outcome::Outcome;

/// Keys of `[dataset]` and `[architecture]` that are the workbench's own.
const TAKEN: [&str; 2] = ["name", "plugin"];

/// The plugin's items: there are some, each with a name of its own and a sentence.
pub fn offers(plugin: &Plugin) -> Outcome {
    let datasets = plugin.datasets().map(|info| ("data set", &info.name, &info.about));
    let architectures =
        plugin.architectures().map(|info| ("architecture", &info.name, &info.about));
    let items: Vec<_> = datasets.chain(architectures).collect();
    let fail = |message: String| {
        Outcome::failed(message, "a user sees these words in `workbench plugin list`")
    };
    if items.is_empty() {
        let help = "name them: export_plugin! { datasets: […], architectures: […] }, or the lists of wb_plugin_v1";
        return Outcome::failed("neither a data set nor an architecture", help);
    }
    if plugin.name.trim().is_empty() || plugin.version.trim().is_empty() {
        return fail("the plugin has no name or no version".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (kind, name, about) in &items {
        if name.trim().is_empty() {
            return fail(format!("a {kind} without a name"));
        }
        if about.trim().is_empty() {
            return fail(format!("the {kind} `{name}` does not say in a sentence what it is"));
        }
        if !seen.insert((kind, name)) {
            return fail(format!("there are two of the name `{name}` ({kind})"));
        }
    }
    let words: Vec<String> =
        items.iter().map(|(kind, name, _)| format!("{kind} `{name}`")).collect();
    Outcome::passed(words.join(", "))
}

/// Each parameter has a sentence, and a default that it allows itself.
pub fn declared(parameters: &[ParamInfo]) -> Outcome {
    let mut seen = BTreeSet::new();
    for param in parameters {
        let name = &param.name;
        let fail = |message: String, help: &str| Outcome::failed(message, help);
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(word) {
            let help = "small letters, digits, `_` and `-` need no quotes in an experiment file";
            return fail(format!("a parameter is called \"{name}\""), help);
        }
        if TAKEN.contains(&name.as_str()) {
            return fail(
                format!("the parameter `{name}` can't be set"),
                "`name` and `plugin` are keys of the experiment's own; call it otherwise",
            );
        }
        if !seen.insert(name) {
            return fail(format!("there are two parameters `{name}`"), "call one otherwise");
        }
        if param.about.trim().is_empty() {
            let help = "say in a sentence what it does; `workbench plugin show` prints it";
            return fail(format!("the parameter `{name}` has no help"), help);
        }
        if let Some([min, max]) = param.range
            && (min > max || min.is_nan() || max.is_nan())
        {
            return fail(format!("`{name}` must be from {min} to {max}, which nothing is"), RANGE);
        }
        if let Some(default) = &param.default
            && let Some(why) = outside(param, default)
        {
            return fail(format!("the default of `{name}` {why}"), RANGE);
        }
    }
    let needed = parameters.iter().filter(|param| param.default.is_none()).count();
    Outcome::passed(match (parameters.len(), needed) {
        (0, _) => "none".to_owned(),
        (n, 0) => format!("{n}, each with a sentence and a default that is allowed"),
        (n, needed) => {
            format!(
                "{n}, each with a sentence; {needed} must be given, the others' defaults are allowed"
            )
        }
    })
}

/// Each knob has a sentence, and a default in its range.
pub fn knobs(knobs: &[KnobInfo]) -> Outcome {
    let mut seen = BTreeSet::new();
    for knob in knobs {
        let name = &knob.name;
        if name.trim().is_empty() || !seen.insert(name) {
            return Outcome::failed(
                format!("a knob is called \"{name}\", or two are"),
                "each knob has a name of its own",
            );
        }
        if knob.about.trim().is_empty() {
            let help = "say in a sentence what it does; `workbench plugin show` prints it";
            return Outcome::failed(format!("the knob `{name}` has no help"), help);
        }
        if !(knob.min..=knob.max).contains(&knob.default) {
            let message = format!(
                "the default of the knob `{name}` is {}, and it must be from {} to {}",
                knob.default, knob.min, knob.max
            );
            return Outcome::failed(message, RANGE);
        }
    }
    match knobs.len() {
        0 => Outcome::passed("none"),
        _ => {
            let words: Vec<String> =
                knobs.iter().map(|knob| format!("{} = {}", knob.name, knob.default)).collect();
            Outcome::passed(words.join(", "))
        }
    }
}

const RANGE: &str = "change the default or what is allowed";

/// Why the parameter does not allow its own default.
fn outside(param: &ParamInfo, default: &Value) -> Option<String> {
    let numbers: Vec<f64> = match default {
        Value::Int(n) => vec![*n as f64],
        Value::Float(x) => vec![*x],
        Value::Ints(list) => list.iter().map(|n| *n as f64).collect(),
        Value::Text(text)
            if param.kind == ParamType::Text
                && !param.choices.is_empty()
                && !param.choices.contains(text) =>
        {
            return Some(format!("is \"{text}\", and it must be {}", param.allowed()));
        }
        _ => Vec::new(),
    };
    let [min, max] = param.range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    let bad = numbers.into_iter().find(|number| !(min..=max).contains(number))?;
    Some(format!("is {bad}, and it must be {}", param.allowed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::State;

    fn param(name: &str, default: Value) -> ParamInfo {
        ParamInfo {
            name: name.to_owned(),
            kind: ParamType::Int,
            default: Some(default),
            range: Some([1.0, 8.0]),
            choices: Vec::new(),
            about: "What it is.".to_owned(),
        }
    }

    #[test]
    fn a_parameter_must_allow_its_own_default() {
        let good = param("side", Value::Int(8));
        assert_eq!(declared(std::slice::from_ref(&good)).state, State::Passed);
        let too_large = declared(&[param("side", Value::Int(9))]);
        assert_eq!(too_large.message, "the default of `side` is 9, and it must be from 1 to 8");
        let text = ParamInfo {
            kind: ParamType::Text,
            default: Some(Value::Text("c".into())),
            range: None,
            choices: vec!["a".into(), "b".into()],
            ..good.clone()
        };
        assert!(declared(&[text]).message.contains("\"c\""));
        let silent = ParamInfo { about: " ".into(), ..good.clone() };
        assert_eq!(declared(&[silent]).state, State::Failed);
        for name in ["name", "plugin", "Side", ""] {
            assert_eq!(declared(&[param(name, Value::Int(1))]).state, State::Failed, "{name}");
        }
        assert!(declared(&[good.clone(), good]).message.contains("two"));
    }

    #[test]
    fn a_knob_must_allow_its_own_default() {
        let knob = |default| KnobInfo {
            name: "beta".into(),
            about: "A weight.".into(),
            default,
            min: 0.0,
            max: 2.0,
        };
        assert_eq!(knobs(&[knob(1.0)]).message, "beta = 1");
        assert_eq!(knobs(&[knob(3.0)]).state, State::Failed);
    }
}
