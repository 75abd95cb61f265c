use std::fmt::Display;
use std::ops::{Bound, RangeBounds, RangeInclusive};

use crate::document::{Document, EXCLUSIVE, Node, Place, Table, Value, quoted};
use crate::{Error, Length, is_name, nearest};

/// Reads one table with every check, remembering which keys were asked for: the others are unknown.
pub(crate) struct Reader<'a> {
    document: &'a Document,
    /// The dotted path of the table; empty for the root.
    path: String,
    /// Where the table was written; none for the root and for a table that was left out.
    place: Option<&'a Place>,
    table: Option<&'a Table>,
    known: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    pub(crate) fn root(document: &'a Document) -> Reader<'a> {
        Reader {
            document,
            path: String::new(),
            place: None,
            table: Some(&document.root),
            known: Vec::new(),
        }
    }

    /// The table under a key, an empty one where it was left out.
    pub(crate) fn section(&mut self, key: &'a str) -> Result<Reader<'a>, Error> {
        let node = self.take(key);
        let path = self.full(key);
        let table = match node.map(|node| (&node.value, node)) {
            None => None,
            Some((Value::Table(table), _)) => Some(table),
            Some((_, node)) => {
                return Err(self.wrong_type(key, node, &format!("a table, as in `[{path}]`")));
            }
        };
        Ok(Reader {
            document: self.document,
            path,
            place: node.map(|node| &node.at),
            table,
            known: Vec::new(),
        })
    }

    pub(crate) fn take(&mut self, key: &'a str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.and_then(|table| table.get(key))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.into_iter().flat_map(|table| table.keys().map(String::as_str))
    }

    pub(crate) fn integer(
        &mut self,
        key: &'a str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        self.as_integer(key, node, range).map(Some)
    }

    pub(crate) fn integers(
        &mut self,
        key: &'a str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Vec<u64>>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        let Value::Array(elements) = &node.value else {
            return Err(self.wrong_type(key, node, "an array of integers"));
        };
        let one = |(index, node)| self.as_integer(&format!("{key}.{index}"), node, range.clone());
        elements.iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn boolean(&mut self, key: &'a str) -> Result<Option<bool>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        match node.value {
            Value::Boolean(value) => Ok(Some(value)),
            _ => Err(self.wrong_type(key, node, "true or false")),
        }
    }

    pub(crate) fn number(
        &mut self,
        key: &'a str,
        range: impl RangeBounds<f64>,
    ) -> Result<Option<f64>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        self.as_number(key, node, range, "a number").map(Some)
    }

    /// Reads a number where `wanted` says in words all that may stand there.
    pub(crate) fn as_number(
        &self,
        key: &str,
        node: &Node,
        range: impl RangeBounds<f64>,
        wanted: &str,
    ) -> Result<f64, Error> {
        let number = match node.value {
            Value::Float(number) => number,
            Value::Integer(number) => number as f64,
            _ => return Err(self.wrong_type(key, node, wanted)),
        };
        if !number.is_finite() {
            return Err(self.wrong_type(key, node, "finite"));
        }
        self.check_range(key, node, number, range)?;
        Ok(number)
    }

    pub(crate) fn text(&mut self, key: &'a str) -> Result<Option<String>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        self.as_text(key, node).map(|text| Some(text.to_owned()))
    }

    pub(crate) fn texts(&mut self, key: &'a str) -> Result<Option<Vec<String>>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        let Value::Array(elements) = &node.value else {
            return Err(self.wrong_type(key, node, "an array of strings"));
        };
        let one = |(index, node)| self.as_text(&format!("{key}.{index}"), node).map(str::to_owned);
        elements.iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
    }

    /// A name, as [`is_name`] has it.
    pub(crate) fn name(&mut self, key: &'a str) -> Result<Option<String>, Error> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        if is_name(&text) {
            return Ok(Some(text));
        }
        let place = self.table.and_then(|table| table.get(key)).map(|node| &node.at);
        let message = format!("`{}` can't be {}", self.full(key), quoted(&text));
        Err(self.document.error(place, message, Some(NAME_RULE.into())))
    }

    /// One of the given words, as what it stands for.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'a str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        let text = self.as_text(key, node)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        let help = match nearest(text, words.iter().map(|(word, _)| *word)) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!(
                "it is one of {}",
                list(words.iter().map(|(word, _)| format!("\"{word}\"")))
            ),
        };
        let message = format!("`{}` can't be {}", self.full(key), quoted(text));
        Err(self.document.error(Some(&node.at), message, Some(help)))
    }

    /// Which of keys that exclude each other was given; more than one is an error at the last of them.
    pub(crate) fn one_of(&mut self, keys: &[&'a str]) -> Result<Option<&'a str>, Error> {
        let mut given: Vec<(&Place, &str)> =
            keys.iter().filter_map(|key| Some((&self.take(key)?.key, *key))).collect();
        given.sort();
        match given.as_slice() {
            [] => Ok(None),
            [(_, key)] => Ok(Some(key)),
            [.., (_, first), (place, second)] => {
                let message = format!("`{first}` and `{second}` are both given in [{}]", self.path);
                Err(self.document.error(Some(place), message, Some("keep one of them".into())))
            }
        }
    }

    /// A length of training under one of two keys, `[epochs, steps]` or the like.
    pub(crate) fn length(
        &mut self,
        [epochs, steps]: [&'a str; 2],
    ) -> Result<Option<Length>, Error> {
        debug_assert!(
            EXCLUSIVE.iter().any(|group| group.contains(&epochs) && group.contains(&steps))
        );
        self.one_of(&[epochs, steps])?;
        let epochs = self.integer(epochs, 1..=MOST_EPOCHS)?.map(Length::Epochs);
        Ok(epochs.or(self.integer(steps, 1..=MOST_STEPS)?.map(Length::Steps)))
    }

    /// The value, or an error that the key is missing.
    pub(crate) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.missing(&[key]))
    }

    /// An error that one of these keys is missing, with the unknown key that was probably meant for it.
    pub(crate) fn missing(&self, keys: &[&str]) -> Error {
        let meant = keys.iter().find_map(|key| {
            let unknown = self.keys().filter(|written| !self.known.contains(written));
            nearest(key, unknown).map(|written| format!("is `{written}` meant to be `{key}`?"))
        });
        let help = meant.unwrap_or_else(|| {
            let entries =
                keys.iter().map(|key| format!("`{key} = …`")).collect::<Vec<_>>().join(" or ");
            match self.table {
                Some(_) => format!("add {entries}"),
                None => format!("add the table [{}] with {entries}", self.path),
            }
        });
        let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
        self.error(format!("[{}] needs {keys}", self.path), Some(help))
    }

    /// The keys that were not asked for, as plain TOML: a plugin's own.
    pub(crate) fn rest(self) -> Result<toml::Table, Error> {
        let entries = self.table.into_iter().flatten();
        self.document.plain_table(entries.filter(|(key, _)| !self.known.contains(&key.as_str())))
    }

    /// Ends the reading: a key that was not asked for is an error.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        let unknown =
            self.table.into_iter().flatten().filter(|(key, _)| !self.known.contains(&key.as_str()));
        let Some((key, node)) = unknown.min_by_key(|(_, node)| &node.key) else {
            return Ok(());
        };
        let message = match (&node.value, self.path.as_str()) {
            (Value::Table(_), "") => format!("unknown table [{key}]"),
            (_, "") => format!("unknown key `{key}` outside of any table"),
            (_, path) => format!("unknown key `{key}` in [{path}]"),
        };
        let help = match nearest(key, self.known.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => {
                format!("known here: {}", list(self.known.iter().map(|key| format!("`{key}`"))))
            }
        };
        Err(self.document.error(Some(&node.key), message, Some(help)))
    }

    /// An error that points at the table.
    pub(crate) fn error(&self, message: String, help: Option<String>) -> Error {
        self.document.error(self.place, message, help)
    }

    /// An error that points at a value of this table.
    pub(crate) fn error_at(&self, key: &str, message: String, help: Option<String>) -> Error {
        let node = self.table.and_then(|table| table.get(key));
        self.document.error(node.map(|node| &node.at).or(self.place), message, help)
    }

    pub(crate) fn wrong_type(&self, key: &str, node: &Node, wanted: &str) -> Error {
        let found = node.value.describe();
        self.document.error(
            Some(&node.at),
            format!("`{}` must be {wanted}, not {found}", self.full(key)),
            None,
        )
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn as_integer(&self, key: &str, node: &Node, range: RangeInclusive<u64>) -> Result<u64, Error> {
        let Value::Integer(number) = node.value else {
            return Err(self.wrong_type(key, node, "an integer"));
        };
        self.check_range(key, node, number, i128::from(*range.start())..=i128::from(*range.end()))?;
        // A range of u64 was just checked.
        Ok(u64::try_from(number).unwrap_or(u64::MAX))
    }

    fn as_text<'n>(&self, key: &str, node: &'n Node) -> Result<&'n str, Error> {
        match &node.value {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong_type(key, node, "a string")),
        }
    }

    fn check_range<T: PartialOrd + Display>(
        &self,
        key: &str,
        node: &Node,
        number: T,
        range: impl RangeBounds<T>,
    ) -> Result<(), Error> {
        let broken = match (range.start_bound(), range.end_bound()) {
            (Bound::Included(least), _) if number < *least => format!("at least {least}"),
            (Bound::Excluded(below), _) if number <= *below => format!("greater than {below}"),
            (_, Bound::Included(most)) if number > *most => format!("at most {most}"),
            (_, Bound::Excluded(above)) if number >= *above => format!("less than {above}"),
            _ => return Ok(()),
        };
        Err(self.wrong_type(key, node, &broken))
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Limits that no training reaches, and that keep epochs × steps an epoch inside 64 bits.
const MOST_EPOCHS: u64 = 1_000_000_000;
pub(crate) const MOST_STEPS: u64 = 1_000_000_000_000_000;

pub(crate) const NAME_RULE: &str =
    "a name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and starts with neither . nor -";

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
