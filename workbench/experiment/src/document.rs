use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::Error;
use crate::nesting::{self, DEEPEST};
use crate::source::Source;

/// Everything that was written about one experiment, merged, each value with the place it was written at.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The experiment file first, then what it extends and the arguments.
    pub(crate) sources: Vec<Source>,
    pub(crate) root: Table,
}

pub(crate) type Table = BTreeMap<String, Node>;

/// A value, its own place and its key's (for an element of an array, the element's).
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) key: Place,
    pub(crate) at: Place,
    pub(crate) value: Value,
}

/// Bytes of a source, by its index in [`Document::sources`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A TOML value. An integer is wider than TOML's, so that any `u64` seed can be written.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    String(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Datetime(Datetime),
    Array(Vec<Node>),
    Table(Table),
}

/// Keys that stand for each other: of each row a table may have one, and one that is laid over another drops it.
pub(crate) const EXCLUSIVE: [&[&str]; 3] = [
    &["epochs", "steps"],
    &["every_epochs", "every_steps", "at", "at_epochs"],
    &["warmup_epochs", "warmup_steps"],
];

/// Likewise, in `[dataset]` alone.
const SOURCES: [&str; 2] = ["name", "plugin"];

impl Document {
    pub(crate) fn add(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }

    /// An error that points at a place, or at the experiment file as a whole.
    pub(crate) fn error(
        &self,
        place: Option<&Place>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Error {
        let source = place.map_or(0, |place| place.source);
        match self.sources.get(source) {
            Some(source) => {
                Error::at(source, place.map(|place| place.start..place.end), message, help)
            }
            None => Error::plain(message, help),
        }
    }

    /// Parses the source of that index as a TOML document.
    pub(crate) fn parse(&self, source: usize) -> Result<Table, Error> {
        let text = self.sources[source].text();
        self.check_nesting(source, 0, text)?;
        match DeTable::parse(text) {
            Ok(table) => self.table(source, 0, table.get_ref()),
            Err(error) => {
                let place = error.span().map(|span| place(source, 0, span));
                let what = match &place {
                    // Where a value is missing, the parser's own words are about strings.
                    Some(place) if lacks_value(text, place) => "a value is missing after `=`",
                    _ => error.message(),
                };
                Err(self.error(place.as_ref(), format!("not valid TOML: {what}"), None))
            }
        }
    }

    /// Parses the rest of an argument, from `offset`, as a TOML value, or takes it as a bare string.
    pub(crate) fn parse_value(&self, source: usize, offset: usize) -> Result<Node, Error> {
        let text = self.sources[source].text();
        let written = text[offset..].trim();
        let offset = offset + (text[offset..].len() - text[offset..].trim_start().len());
        self.check_nesting(source, offset, written)?;
        match DeValue::parse(written) {
            Ok(value) => self.node(source, offset, None, &value),
            Err(_) => {
                let at = place(source, offset, 0..written.len());
                Ok(Node { key: at.clone(), at, value: Value::String(written.to_owned()) })
            }
        }
    }

    /// The node of a dotted path, or else the deepest table on the way to it; and whether it is the node itself.
    pub(crate) fn find(&self, path: &str) -> (Option<&Node>, bool) {
        let mut found: Option<&Node> = None;
        for part in path.split('.') {
            let next = match found.map(|node| &node.value) {
                None => self.root.get(part),
                Some(Value::Table(table)) => table.get(part),
                Some(Value::Array(elements)) => {
                    part.parse().ok().and_then(|index: usize| elements.get(index))
                }
                Some(_) => None,
            };
            match next {
                Some(node) => found = Some(node),
                None => return (found, false),
            }
        }
        (found, true)
    }

    /// Lays a table over what is there: its values win, tables are merged, exclusive keys drop each other.
    pub(crate) fn lay_over(&mut self, upper: Table) {
        merge(&self.sources, &mut self.root, upper, &mut Vec::new());
    }

    fn check_nesting(&self, source: usize, offset: usize, text: &str) -> Result<(), Error> {
        match nesting::too_deep(text) {
            None => Ok(()),
            Some(span) => {
                let place = place(source, offset, span);
                Err(self.error(
                    Some(&place),
                    format!("tables and arrays nest more than {DEEPEST} levels deep here"),
                    None,
                ))
            }
        }
    }

    fn table(&self, source: usize, offset: usize, table: &DeTable) -> Result<Table, Error> {
        let entry = |(key, value): (&Spanned<_>, &_)| -> Result<(String, Node), Error> {
            let name: &std::borrow::Cow<str> = key.get_ref();
            Ok((name.to_string(), self.node(source, offset, Some(key.span()), value)?))
        };
        table.iter().map(entry).collect()
    }

    fn node(
        &self,
        source: usize,
        offset: usize,
        key: Option<Range<usize>>,
        written: &Spanned<DeValue>,
    ) -> Result<Node, Error> {
        let at = place(source, offset, written.span());
        let key = key.map_or_else(|| at.clone(), |key| place(source, offset, key));
        let too_large = || self.error(Some(&at), "this number is too large", None);
        let value = match written.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(digits) => Value::Integer(
                i128::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| too_large())?,
            ),
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(number) if number.is_infinite() && !digits.as_str().contains("inf") => {
                    return Err(too_large());
                }
                Ok(number) => Value::Float(number),
                Err(_) => return Err(self.error(Some(&at), "not a number", None)),
            },
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(date) => Value::Datetime(*date),
            DeValue::Array(elements) => Value::Array(
                elements
                    .iter()
                    .map(|element| self.node(source, offset, None, element))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => Value::Table(self.table(source, offset, table)?),
        };
        Ok(Node { key, at, value })
    }

    /// The value as plain TOML, for a plugin's own keys.
    pub(crate) fn plain(&self, node: &Node) -> Result<toml::Value, Error> {
        Ok(match &node.value {
            Value::String(text) => text.clone().into(),
            Value::Integer(number) => match i64::try_from(*number) {
                Ok(number) => number.into(),
                Err(_) => return Err(self.error(Some(&node.at), "this number is too large", None)),
            },
            Value::Float(number) => (*number).into(),
            Value::Boolean(flag) => (*flag).into(),
            Value::Datetime(date) => (*date).into(),
            Value::Array(elements) => toml::Value::Array(
                elements.iter().map(|node| self.plain(node)).collect::<Result<_, _>>()?,
            ),
            Value::Table(table) => toml::Value::Table(self.plain_table(table.iter())?),
        })
    }

    pub(crate) fn plain_table<'a>(
        &self,
        entries: impl Iterator<Item = (&'a String, &'a Node)>,
    ) -> Result<toml::Table, Error> {
        entries.map(|(key, node)| Ok((key.clone(), self.plain(node)?))).collect()
    }
}

impl Value {
    /// The value in words, for "…, not the string "20"".
    pub(crate) fn describe(&self) -> String {
        match self {
            Value::String(text) => format!("the string {}", quoted(text)),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}").to_lowercase(),
            Value::Boolean(flag) => flag.to_string(),
            Value::Datetime(date) => format!("the date {date}"),
            Value::Array(_) => "an array".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// A text in quotes, its beginning where it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Whether a line ends right after its `=`.
fn lacks_value(text: &str, place: &Place) -> bool {
    let (before, after) = text.split_at(place.start);
    before.trim_end_matches([' ', '\t']).ends_with('=')
        && after.lines().next().is_none_or(|rest| rest.trim().is_empty())
}

fn place(source: usize, offset: usize, span: Range<usize>) -> Place {
    Place { source, start: offset + span.start, end: offset + span.end }
}

fn merge(sources: &[Source], lower: &mut Table, upper: Table, path: &mut Vec<String>) {
    let first = path.first().map(String::as_str);
    // The names in these tables belong to plugins: two of them never stand for each other.
    let plugins_own = matches!(first, Some("dataset" | "architecture"))
        || (first == Some("knobs") && path.len() == 1);
    if !plugins_own {
        for group in
            EXCLUSIVE.iter().filter(|group| group.iter().any(|key| upper.contains_key(*key)))
        {
            lower.retain(|key, _| !group.contains(&key.as_str()) || upper.contains_key(key));
        }
    }
    // A data set is named by its card or by its plugin.
    if path.as_slice() == ["dataset"] && SOURCES.iter().any(|key| upper.contains_key(*key)) {
        lower.retain(|key, _| !SOURCES.contains(&key.as_str()) || upper.contains_key(key));
    }
    for (name, over) in upper {
        let Some(under) = lower.get_mut(&name) else {
            lower.insert(name, over);
            continue;
        };
        match (&mut under.value, over.value) {
            (Value::Table(below), Value::Table(above)) => {
                path.push(name);
                if is_schedule(path) && of_another_kind(below, &above) {
                    *below = above;
                } else {
                    merge(sources, below, above, path);
                }
                path.pop();
                // An argument that sets one key of a table is no place to look for the table.
                if matches!(sources.get(over.at.source), Some(Source::File { .. })) {
                    (under.key, under.at) = (over.key, over.at);
                }
            }
            (_, value) => *under = Node { value, ..over },
        }
    }
}

/// Whether a table at this path is a schedule: of another kind, it replaces the one below rather than mixing with it.
fn is_schedule(path: &[String]) -> bool {
    match path {
        [table, _] => table == "knobs",
        [train, optimizer, lr] => train == "train" && optimizer == "optimizer" && lr == "lr",
        _ => false,
    }
}

fn of_another_kind(below: &Table, above: &Table) -> bool {
    match (below.get("kind").map(|node| &node.value), above.get("kind").map(|node| &node.value)) {
        (Some(Value::String(below)), Some(Value::String(above))) => below != above,
        _ => false,
    }
}
