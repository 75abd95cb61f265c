//! What colours the points of the latent scatter: the class, an attribute, or a latent dimension.

use super::Latent;

/// What colours the points of a latent space instead of their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColorBy {
    /// A latent dimension, from 0.
    Dimension(usize),
    /// An attribute of the data, by its name.
    Attribute(String),
}

/// Something known of each point.
pub(crate) enum Shading {
    /// One of a few, by its place among the letters and names; `None` where nothing is known of any.
    Names { of: Option<Vec<usize>>, glyphs: Vec<(char, String)> },
    /// A number, NaN where it is not known.
    Numbers { name: String, of: Vec<f64> },
}

impl Shading {
    /// What is chosen; the class, by the names given, where the snapshot has no such attribute.
    pub fn of(
        latent: &Latent,
        color: Option<&ColorBy>,
        class_names: &[impl AsRef<str>],
    ) -> Shading {
        let column = match color {
            Some(ColorBy::Dimension(dim)) => {
                let (name, of) = (format!("z{}", dim + 1), latent.coordinate(*dim));
                return Shading::Numbers { name, of };
            }
            Some(ColorBy::Attribute(name)) => latent.snapshot.attribute(name),
            None => None,
        };
        match column {
            Some(column) if column.attribute.is_real() => Shading::Numbers {
                name: crate::format::plain(&column.attribute.name),
                of: column.of.iter().map(|&value| f64::from(value)).collect(),
            },
            Some(column) => {
                let values = &column.attribute.values;
                let unknown = values.len();
                let at = |at: i64| usize::try_from(at).unwrap_or(unknown);
                let of: Vec<usize> = column.indices().into_iter().map(at).collect();
                let mut names: Vec<String> =
                    values.iter().map(|name| crate::format::plain(name.as_ref())).collect();
                if of.contains(&unknown) {
                    names.push("? not known".to_owned());
                }
                Shading::Names { of: Some(of), glyphs: lettered(names) }
            }
            None => {
                let labels = latent.snapshot.labels.as_ref();
                let of = labels.map(|all| all.iter().map(|&at| at.max(0) as usize).collect());
                Shading::Names { of, glyphs: classes(latent, class_names) }
            }
        }
    }
}

/// Each class's letter and name: the first letter of its name where no two share it, else a number.
pub(crate) fn classes(latent: &Latent, names: &[impl AsRef<str>]) -> Vec<(char, String)> {
    let Some(labels) = &latent.snapshot.labels else { return Vec::new() };
    let n = labels
        .iter()
        .copied()
        .max()
        .map_or(0, |most| most.clamp(0, 999) as usize + 1)
        .max(names.len());
    let names: Vec<String> = (0..n)
        .map(|class| {
            names
                .get(class)
                .map_or_else(|| class.to_string(), |name| crate::format::plain(name.as_ref()))
        })
        .collect();
    lettered(names)
}

/// Each name with a letter: its first where no two share it, else a number.
fn lettered(names: Vec<String>) -> Vec<(char, String)> {
    let mut firsts: Vec<Option<char>> = names.iter().map(|name| name.chars().next()).collect();
    firsts.sort_unstable();
    let distinct = firsts.windows(2).all(|pair| pair[0] != pair[1])
        && firsts.iter().all(|c| c.is_some_and(|c| c.is_ascii_graphic()));
    let numbers = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    names
        .into_iter()
        .enumerate()
        .map(|(class, name)| {
            let glyph = match name.chars().next() {
                Some(first) if distinct => first,
                _ => numbers.chars().nth(class).unwrap_or('#'),
            };
            (glyph, name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_letters_of_their_own() {
        let letters = |names: &[&str]| -> String {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            lettered(names).into_iter().map(|(letter, _)| letter).collect()
        };
        assert_eq!(letters(&["disc", "square", "? not known"]), "ds?");
        assert_eq!(letters(&["disc", "diamond"]), "01");
    }
}
