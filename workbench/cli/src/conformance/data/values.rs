//! What stands in the items: numbers in their range, labels that have a class.

use std::collections::BTreeSet;

use workbench_graph::DType;
use workbench_host::{Dataset, Field, Role};

use super::{Data, judged, reading};
use crate::conformance::outcome::Outcome;

/// What was seen so far.
pub struct Values {
    fields: Vec<Seen>,
    /// The first thing that is wrong.
    wrong: Option<Outcome>,
}

/// Of one field.
struct Seen {
    field: Field,
    /// How many classes there are.
    classes: usize,
    least: f64,
    most: f64,
    numbers: BTreeSet<i64>,
}

/// What an attribute is where it is not known of an item.
const UNKNOWN: i64 = -1;
/// Classes beyond so many are not counted.
const COUNTED: usize = 10_000;

pub fn values(data: &mut Data) -> Outcome {
    judged(|| {
        let values = &reading::sweep(data)?.values;
        if let Some(wrong) = &values.wrong {
            return Err(wrong.clone());
        }
        let words: Vec<String> = values.fields.iter().filter_map(Seen::in_words).collect();
        let words = words.join("; ");
        let flat =
            values.fields.iter().any(|seen| seen.field.is_image() && seen.least == seen.most);
        match flat {
            true => Ok(Outcome::warning(words, "every pixel of every image is the same")),
            false => Ok(Outcome::passed(words)),
        }
    })
}

impl Values {
    pub fn of(dataset: &Dataset, named_by_card: Option<Vec<String>>) -> Values {
        let seen = |field: &Field| {
            let named = named_by_card.as_ref().filter(|_| field.role == Role::Label);
            Seen {
                field: field.clone(),
                classes: named.unwrap_or(&field.classes).len(),
                least: f64::INFINITY,
                most: f64::NEG_INFINITY,
                numbers: BTreeSet::new(),
            }
        };
        Values { fields: dataset.fields().iter().map(seen).collect(), wrong: None }
    }

    /// Looks at items that were read, one column a field.
    pub fn look_at(&mut self, split: &str, items: &[u64], columns: &[Vec<u8>]) {
        for (seen, column) in self.fields.iter_mut().zip(columns) {
            for (item, bytes) in items.iter().zip(column.chunks_exact(seen.field.bytes().max(1))) {
                if let Err((why, help)) = seen.look_at(bytes)
                    && self.wrong.is_none()
                {
                    let message =
                        format!("item {item} of `{split}`, field `{}`: {why}", seen.field.name);
                    self.wrong = Some(Outcome::failed(message, help));
                }
            }
        }
    }
}

impl Seen {
    /// Of one item.
    fn look_at(&mut self, bytes: &[u8]) -> Result<(), (String, &'static str)> {
        match self.field.dtype {
            _ if self.field.role == Role::Caption => caption(bytes),
            DType::U8 => {
                for &byte in bytes {
                    self.count(f64::from(byte));
                }
                Ok(())
            }
            DType::F32 => {
                let numbers = bytes.chunks_exact(4);
                let numbers = numbers.map(|b| f32::from_ne_bytes(b.try_into().unwrap_or_default()));
                for (at, x) in numbers.enumerate() {
                    self.number(at, x)?;
                }
                Ok(())
            }
            DType::I64 => {
                let numbers = bytes.chunks_exact(8);
                let numbers = numbers.map(|b| i64::from_ne_bytes(b.try_into().unwrap_or_default()));
                numbers.into_iter().try_for_each(|n| self.index(n))
            }
        }
    }

    fn number(&mut self, at: usize, x: f32) -> Result<(), (String, &'static str)> {
        let place = match self.field.dims[..] {
            [_, h, w] => {
                format!(" (channel {}, row {}, column {})", at / (h * w), at / w % h, at % w)
            }
            [_, d, h, w] => {
                let (channel, plane) = (at / (d * h * w), at / (h * w) % d);
                format!(
                    " (channel {channel}, plane {plane}, row {}, column {})",
                    at / w % h,
                    at % w
                )
            }
            _ => String::new(),
        };
        if self.field.role == Role::Attribute && x.is_nan() {
            // Not known of this item.
            return Ok(());
        }
        if !x.is_finite() {
            return Err((format!("{x}{place}"), "every number must be finite"));
        }
        if self.field.is_image() && !(0.0..=1.0).contains(&x) {
            return Err((
                format!("{x}{place}, which is not in 0 to 1"),
                "f32 images are from 0 to 1: divide by 255, or declare bytes",
            ));
        }
        self.count(f64::from(x));
        Ok(())
    }

    fn index(&mut self, n: i64) -> Result<(), (String, &'static str)> {
        if self.field.role == Role::Attribute && n == UNKNOWN {
            return Ok(());
        }
        if !(0..self.classes as i64).contains(&n) {
            let message = format!("{n}, and there are {} classes, numbered from 0", self.classes);
            return Err((message, "declare all classes, and number them from 0"));
        }
        if self.numbers.len() < COUNTED {
            self.numbers.insert(n);
        }
        Ok(())
    }

    fn count(&mut self, x: f64) {
        self.least = self.least.min(x);
        self.most = self.most.max(x);
    }

    fn in_words(&self) -> Option<String> {
        let name = &self.field.name;
        match self.field.dtype {
            _ if self.field.role == Role::Caption => None,
            DType::I64 => Some(match self.numbers.len() {
                COUNTED.. => format!("{name} of {COUNTED} classes or more"),
                n => format!("{name} of {n} of {} classes", self.classes),
            }),
            _ => {
                let [least, most] = [self.least, self.most].map(crate::console::number);
                Some(format!("{name} from {least} to {most}"))
            }
        }
    }
}

/// UTF-8, then zeros.
fn caption(bytes: &[u8]) -> Result<(), (String, &'static str)> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let help = "a caption is UTF-8, and the rest of its buffer is zeros";
    if std::str::from_utf8(&bytes[..end]).is_err() {
        return Err(("a text that is not UTF-8".to_owned(), help));
    }
    match bytes[end..].iter().all(|&byte| byte == 0) {
        true => Ok(()),
        false => Err(("a text with something behind its first zero".to_owned(), help)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbench_host::{Kind, Medium};

    fn seen(role: Role, dtype: DType, dims: &[usize], classes: usize) -> Seen {
        let field = Field {
            name: "f".into(),
            role,
            kind: Kind::Categorical,
            dtype,
            dims: dims.to_vec(),
            classes: Vec::new(),
            range: None,
        };
        Seen { field, classes, least: 1.0, most: 0.0, numbers: BTreeSet::new() }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let mut image = seen(Role::Image(Medium::Picture), DType::F32, &[1, 2, 2], 0);
        let bytes =
            |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<_>>();
        assert!(image.look_at(&bytes(&[0.0, 1.0, 0.5, 0.0])).is_ok());
        let nan = image.look_at(&bytes(&[0.0, 0.0, f32::NAN, 0.0])).unwrap_err();
        assert_eq!(nan.0, "NaN (channel 0, row 1, column 0)");
        assert!(image.look_at(&bytes(&[0.0, 255.0, 0.0, 0.0])).unwrap_err().0.contains("0 to 1"));
        let mut label = seen(Role::Label, DType::I64, &[], 3);
        assert!(label.look_at(&2i64.to_ne_bytes()).is_ok());
        for bad in [-1i64, 3] {
            assert!(label.look_at(&bad.to_ne_bytes()).unwrap_err().0.contains("3 classes"));
        }
        // What is not known of an item is known to be so of attributes alone.
        let mut kind = seen(Role::Attribute, DType::I64, &[], 3);
        assert!(kind.look_at(&(-1i64).to_ne_bytes()).is_ok());
        assert!(kind.look_at(&3i64.to_ne_bytes()).is_err());
        let mut age = seen(Role::Attribute, DType::F32, &[], 0);
        assert!(age.look_at(&bytes(&[f32::NAN])).is_ok() && age.most == 0.0);
        assert!(age.look_at(&bytes(&[f32::INFINITY])).is_err());
        let mut text = seen(Role::Caption, DType::U8, &[4], 0);
        assert!(text.look_at(b"ab\0\0").is_ok());
        assert!(text.look_at(b"a\0b\0").is_err() && text.look_at(b"\xff\0\0\0").is_err());
    }
}
