//! Values that no parameter should be set to, and those at the edge of what it allows.

use std::path::Path;

use workbench_host::{ParamInfo, ParamType};

/// A value to try, and whether the workbench itself must refuse it: then the plugin never sees it.
pub struct Trial {
    pub key: String,
    pub value: toml::Value,
    pub refused: bool,
}

/// What to try for each parameter. `largest`: also the largest value that is allowed, which may cost memory.
pub fn trials(parameters: &[ParamInfo], nowhere: &Path, largest: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    for param in parameters {
        let mut add = |value: toml::Value, refused: bool| {
            trials.push(Trial { key: param.name.clone(), value, refused });
        };
        add(wrong_type(param.kind), true);
        let list = |n: i64| toml::Value::Array(vec![toml::Value::Integer(n)]);
        let whole = |n: i64| match param.kind {
            ParamType::Ints => list(n),
            _ => toml::Value::Integer(n),
        };
        match (param.kind, param.range) {
            (ParamType::Int | ParamType::Ints, Some([min, max])) => {
                // Bounds are kept as f64: beyond its whole numbers there is nothing to try.
                let exact = |x: f64| x.abs() < (1u64 << 53) as f64;
                if exact(min) {
                    add(whole(min as i64 - 1), true);
                    add(whole(min as i64), false);
                }
                if exact(max) {
                    add(whole(max as i64 + 1), true);
                    if largest {
                        add(whole(max as i64), false);
                    }
                }
                if param.kind == ParamType::Ints {
                    add(toml::Value::Array(Vec::new()), false);
                }
            }
            (ParamType::Int | ParamType::Ints, None) => {
                for n in [-1, 0, i64::MIN, i64::MAX] {
                    add(whole(n), false);
                }
                if param.kind == ParamType::Ints {
                    add(toml::Value::Array(Vec::new()), false);
                }
            }
            (ParamType::Float, Some([min, max])) => {
                add(toml::Value::Float(f64::NAN), true);
                if min.is_finite() {
                    add(toml::Value::Float(min - min.abs().max(1.0)), true);
                    add(toml::Value::Float(min), false);
                }
                if max.is_finite() {
                    add(toml::Value::Float(max + max.abs().max(1.0)), true);
                    add(toml::Value::Float(max), false);
                }
            }
            (ParamType::Float, None) => {
                for x in [-1.0, 0.0, 1e300, f64::INFINITY] {
                    add(toml::Value::Float(x), false);
                }
            }
            (ParamType::Text, _) if !param.choices.is_empty() => {
                add(toml::Value::String("no such choice".to_owned()), true);
                for choice in &param.choices {
                    add(toml::Value::String(choice.clone()), false);
                }
            }
            (ParamType::Text, _) => {
                for text in ["", "no such thing"] {
                    add(toml::Value::String(text.to_owned()), false);
                }
            }
            (ParamType::Path, _) => {
                for path in [nowhere.join("there is no such file"), nowhere.to_owned()] {
                    add(toml::Value::String(path.to_string_lossy().into_owned()), false);
                }
            }
            (ParamType::Texts, _) => {
                let one = |text: &str| vec![toml::Value::String(text.to_owned())];
                for texts in [Vec::new(), one(""), one("no such thing")] {
                    add(toml::Value::Array(texts), false);
                }
            }
            (ParamType::Bool, _) => {
                for choice in [false, true] {
                    add(toml::Value::Boolean(choice), false);
                }
            }
        }
    }
    trials
}

fn wrong_type(kind: ParamType) -> toml::Value {
    match kind {
        ParamType::Bool | ParamType::Int | ParamType::Float | ParamType::Ints => {
            toml::Value::String("no number".to_owned())
        }
        ParamType::Text | ParamType::Path | ParamType::Texts => toml::Value::Integer(7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbench_host::Value;

    #[test]
    fn what_must_be_refused_is_refused_by_the_workbench() {
        let param = |name: &str, kind, range| ParamInfo {
            name: name.to_owned(),
            kind,
            default: Some(Value::Int(1)),
            range,
            choices: Vec::new(),
            about: String::new(),
        };
        let mut text = param("t", ParamType::Text, None);
        text.choices = vec!["a".to_owned()];
        let declared = [
            param("i", ParamType::Int, Some([1.0, 8.0])),
            param("n", ParamType::Ints, Some([0.0, i64::MAX as f64])),
            param("f", ParamType::Float, Some([0.0, f64::INFINITY])),
            param("u", ParamType::Int, None),
            param("p", ParamType::Path, None),
            param("b", ParamType::Bool, None),
            text,
        ];
        let base = Path::new("/nowhere");
        let trials = trials(&declared, base, true);
        for trial in &trials {
            let table = toml::Table::from_iter([(trial.key.clone(), trial.value.clone())]);
            let checked = workbench_host::Plugins::check(&declared, &table, base);
            assert_eq!(checked.is_err(), trial.refused, "{} = {}", trial.key, trial.value);
        }
        let of = |key: &str| trials.iter().filter(|trial| trial.key == key).count();
        assert_eq!((of("i"), of("n"), of("t")), (5, 4, 3));
    }
}
