//! A column of a table, one value an item, read as an attribute.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Declaration, Field, Item, Kind, Result, bail, ensure};

/// An attribute's values, by the place of the item.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    /// Indices into `names`, [`UNKNOWN`] where there is none.
    Coded { kind: Kind, names: Vec<String>, codes: Vec<i32> },
    /// NaN where it is not known.
    Real(Vec<f32>),
}

const UNKNOWN: i32 = -1;
/// Whole numbers of at most so many different values are steps of a scale, if nothing says otherwise.
const MOST_STEPS: usize = 64;
/// Texts of at most so many different values are categories, if nothing says otherwise.
const MOST_CATEGORIES: usize = 256;
/// Nobody declares more values than that on purpose.
const MOST_VALUES: usize = 1 << 16;
/// What tables write where they know nothing.
const NOTHING: [&str; 6] = ["", "na", "n/a", "nan", "null", "?"];
/// Pairs of texts that mean no and yes.
const NO_AND_YES: [[&str; 2]; 6] =
    [["0", "1"], ["-1", "1"], ["no", "yes"], ["false", "true"], ["n", "y"], ["f", "t"]];

impl Column {
    /// Reads texts as the attribute that `declared` says, or as what they look like: `0` and `1` or `no` and `yes` are
    /// binary, a few whole numbers ordinal, other numbers real, a few texts categorical. `None`, unless a kind was
    /// declared, for what tells items apart (a file's name) or tells nothing (the same everywhere).
    ///
    /// # Errors
    /// A value does not fit the declaration; it is named, with its row, counted from 1.
    pub fn read<S: AsRef<str>>(declared: &Declaration, texts: &[S]) -> Result<Option<Column>> {
        let texts: Vec<&str> = texts.iter().map(|text| known(text.as_ref())).collect();
        let values = match (declared.kind, &declared.values[..]) {
            (Some(Kind::Real), _) => Values::Real(numbers(&declared.name, &texts)?),
            (None | Some(Kind::Binary), []) => match looks(declared.kind, &texts) {
                Some(Kind::Real) => Values::Real(numbers(&declared.name, &texts)?),
                Some(Kind::Binary) => binary(&declared.name, &texts)?,
                Some(kind) => coded(declared, kind, in_order(&texts), &texts)?,
                None => return Ok(None),
            },
            (Some(kind), []) => coded(declared, kind, in_order(&texts), &texts)?,
            (kind, values) => {
                let kind = kind.unwrap_or(Kind::Categorical);
                ensure!(
                    kind != Kind::Binary || values.len() == 2,
                    "attribute `{}`: a binary attribute has two values, the first of them \"no\"",
                    declared.name
                );
                coded(declared, kind, values.to_vec(), &texts)?
            }
        };
        Ok(Some(Column { name: declared.name.clone(), values }))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is declared to the host.
    pub fn field(&self) -> Field {
        match &self.values {
            Values::Coded { kind, names, .. } => Field::attribute(&self.name, *kind, names),
            Values::Real(_) => Field::real(&self.name),
        }
    }

    /// Names of its values, in order; none of a real one.
    pub fn names(&self) -> &[String] {
        match &self.values {
            Values::Coded { names, .. } => names,
            Values::Real(_) => &[],
        }
    }

    /// The index of an item's value in [`names`](Column::names), where it is known.
    pub fn code(&self, place: usize) -> Option<i64> {
        match &self.values {
            Values::Coded { codes, .. } => {
                codes.get(place).map(|&c| i64::from(c)).filter(|&c| c >= 0)
            }
            Values::Real(_) => None,
        }
    }

    /// Sets this attribute of an item.
    pub fn fill(&self, place: usize, item: &mut Item) {
        match &self.values {
            Values::Coded { .. } => match self.code(place) {
                Some(code) => item.set(&self.name, code),
                None => item.unknown(&self.name),
            },
            Values::Real(numbers) => {
                item.set_real(&self.name, numbers.get(place).copied().unwrap_or(f32::NAN));
            }
        }
    }
}

/// The text, or nothing where it says that nothing is known.
fn known(text: &str) -> &str {
    let text = text.trim();
    match NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing)) {
        true => "",
        false => text,
    }
}

/// What the texts look like; `None` where they are no attribute.
fn looks(declared: Option<Kind>, texts: &[&str]) -> Option<Kind> {
    if declared.is_some() {
        return declared;
    }
    let there = texts.iter().filter(|text| !text.is_empty()).count();
    let mut different = BTreeSet::new();
    let mut numeric = true;
    let mut whole = true;
    for text in texts.iter().filter(|text| !text.is_empty()) {
        numeric = numeric && number(text).is_some();
        whole = whole && number(text).is_some_and(|x| x.fract() == 0.0);
        if different.len() <= MOST_CATEGORIES.max(MOST_STEPS) {
            different.insert(*text);
        }
    }
    let n = different.len();
    match () {
        () if n < 2 => None,
        () if n == 2 && pair(&different).is_some() => Some(Kind::Binary),
        () if whole && n <= MOST_STEPS => Some(Kind::Ordinal),
        () if numeric => Some(Kind::Real),
        () if n <= MOST_CATEGORIES && 2 * n <= there => Some(Kind::Categorical),
        () => None,
    }
}

/// The no and the yes among two texts, or one.
fn pair<'a>(different: &BTreeSet<&'a str>) -> Option<[Option<&'a str>; 2]> {
    let of = |known: &str| different.iter().copied().find(|text| same(text, known));
    NO_AND_YES.iter().find_map(|[no, yes]| {
        let found = [of(no), of(yes)];
        (found.iter().flatten().count() == different.len()).then_some(found)
    })
}

/// `1`, `1.0` and `1e0` are equal, and `Yes` is `yes`.
fn same(text: &str, known: &str) -> bool {
    match (number(text), number(known)) {
        (Some(a), Some(b)) => a == b,
        _ => text.eq_ignore_ascii_case(known),
    }
}

fn binary(name: &str, texts: &[&str]) -> Result<Values> {
    let different: BTreeSet<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    let Some([no, _]) = pair(&different) else {
        let shown: Vec<_> = different.iter().take(4).collect();
        bail!(
            "attribute `{name}` is binary, and its values are {shown:?}: give the two with it, the one that means no \
             first, as in `{name}: binary absent|present`"
        )
    };
    let code = |text: &&str| match text.is_empty() {
        true => UNKNOWN,
        false => i32::from(Some(*text) != no),
    };
    let names = vec!["no".to_owned(), "yes".to_owned()];
    Ok(Values::Coded { kind: Kind::Binary, names, codes: texts.iter().map(code).collect() })
}

/// The different texts: numbers by size, others by name.
fn in_order(texts: &[&str]) -> Vec<String> {
    let different: BTreeSet<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    let mut names: Vec<String> = different.into_iter().map(str::to_owned).collect();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
    names
}

fn coded(declared: &Declaration, kind: Kind, names: Vec<String>, texts: &[&str]) -> Result<Values> {
    let name = &declared.name;
    ensure!(!names.is_empty(), "attribute `{name}` has no values");
    ensure!(
        names.len() <= MOST_VALUES,
        "attribute `{name}` has {} different values; {MOST_VALUES} are the most",
        names.len()
    );
    let codes: BTreeMap<&str, i32> =
        names.iter().enumerate().map(|(code, name)| (name.as_str(), code as i32)).collect();
    ensure!(codes.len() == names.len(), "attribute `{name}` has a value twice: {names:?}");
    let code = |(row, text): (usize, &&str)| {
        if text.is_empty() {
            return Ok(UNKNOWN);
        }
        // Names may be given for what a table only numbers.
        let numbered =
            || number(text).filter(|x| x.fract() == 0.0 && (0.0..names.len() as f64).contains(x));
        match codes.get(text).copied().or_else(|| numbered().map(|x| x as i32)) {
            Some(code) => Ok(code),
            None => bail!("attribute `{name}`, row {}: {text:?} is none of {names:?}", row + 1),
        }
    };
    let codes = texts.iter().enumerate().map(code).collect::<Result<_>>()?;
    Ok(Values::Coded { kind, names, codes })
}

fn numbers(name: &str, texts: &[&str]) -> Result<Vec<f32>> {
    let number = |(row, text): (usize, &&str)| match (text.is_empty(), number(text)) {
        (true, _) => Ok(f32::NAN),
        (_, Some(x)) => Ok(x as f32),
        _ => bail!("attribute `{name}`, row {}: {text:?} is not a number", row + 1),
    };
    texts.iter().enumerate().map(number).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(declared: &str, texts: &[&str]) -> Result<Option<Column>> {
        let declared = Declaration::list(declared)?;
        Column::read(&declared[0], texts)
    }

    fn column(declared: &str, texts: &[&str]) -> Column {
        read(declared, texts).unwrap_or_else(|error| panic!("{error}")).expect("an attribute")
    }

    fn codes(column: &Column) -> Vec<i32> {
        match &column.values {
            Values::Coded { codes, .. } => codes.clone(),
            Values::Real(_) => panic!("numbers"),
        }
    }

    fn kind(column: &Column) -> Kind {
        match &column.values {
            Values::Coded { kind, .. } => *kind,
            Values::Real(_) => Kind::Real,
        }
    }

    #[test]
    fn columns_are_read_as_what_they_look_like() {
        let glasses = column("glasses", &["-1", "1", "", "1"]);
        assert_eq!((kind(&glasses), codes(&glasses)), (Kind::Binary, vec![0, 1, -1, 1]));
        assert_eq!(glasses.names(), ["no", "yes"]);
        let yes = column("hat", &["Yes", "no", "n/a"]);
        assert_eq!((kind(&yes), codes(&yes)), (Kind::Binary, vec![1, 0, -1]));
        let steps = column("scale", &["10", "2", "3", "2"]);
        assert_eq!((kind(&steps), codes(&steps)), (Kind::Ordinal, vec![2, 0, 1, 0]));
        let real = column("angle", &["0.5", "nan", "1e-3"]);
        assert_eq!(kind(&real), Kind::Real);
        let hair = column("hair", &["red", "fair", "red", "fair"]);
        assert_eq!((kind(&hair), codes(&hair)), (Kind::Categorical, vec![1, 0, 1, 0]));
    }

    #[test]
    fn what_tells_nothing_is_left_out_unless_it_is_declared() {
        assert!(read("mask", &["", "", ""]).is_ok_and(|column| column.is_none()));
        assert!(read("same", &["a", "a", "a"]).is_ok_and(|column| column.is_none()));
        assert!(read("file", &["a.png", "b.png", "c.png"]).is_ok_and(|column| column.is_none()));
        assert_eq!(codes(&column("file: categorical", &["b", "a", "c"])), [1, 0, 2]);
        let declared = column("mask: binary", &["0", "0"]);
        assert_eq!(codes(&declared), [0, 0]);
    }

    #[test]
    fn values_may_be_named_in_order_or_where_a_table_numbers_them() {
        let age = column("age: ordinal child|young|old", &["old", "child", ""]);
        assert_eq!((kind(&age), codes(&age)), (Kind::Ordinal, vec![2, 0, -1]));
        let shape = column("shape: categorical square|ellipse|heart", &["0", "2", "1.0"]);
        assert_eq!(codes(&shape), [0, 2, 1]);
        assert_eq!(codes(&column("beard: binary shaved|bearded", &["bearded", "shaved"])), [1, 0]);
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_with_its_row() {
        let said = |declared: &str, texts: &[&str]| read(declared, texts).unwrap_err().to_string();
        assert!(said("x: real", &["1", "two"]).contains("`x`, row 2: \"two\" is not a number"));
        assert!(
            said("age: ordinal young|old", &["young", "odl"]).contains("row 2: \"odl\" is none of")
        );
        assert!(said("s: ordinal a|b", &["2"]).contains("none of"));
        assert!(said("b: binary", &["red", "green"]).contains("`b: binary absent|present`"));
        assert!(said("b: binary a|b|c", &["a"]).contains("two values"));
        assert!(said("c: categorical a|a", &["a"]).contains("twice"));
    }
}
