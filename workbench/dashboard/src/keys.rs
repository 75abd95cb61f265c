//! Tables of keys: each feeds dispatch, the help screen and docs/keys.md.

use crossterm::event::KeyCode;

/// Where a key may mean something of its own: a view, a section.
pub(crate) trait Place: Copy + PartialEq + 'static {
    const ALL: &'static [Self];

    fn name(self) -> &'static str;
}

/// Keys that do the same, and what that is.
pub(crate) struct Binding<A: 'static, P: 'static> {
    pub keys: &'static [Key],
    pub action: A,
    /// Where the keys mean this; empty for everywhere.
    pub places: &'static [P],
    pub help: &'static str,
}

/// A key press. That Shift was held shows in a character, and is told of other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub shift: bool,
}

/// Leaves every screen, whatever is being typed.
pub(crate) const INTERRUPT: Key = ctrl('c');

pub(crate) const fn char(c: char) -> Key {
    named(KeyCode::Char(c))
}

pub(crate) const fn ctrl(c: char) -> Key {
    Key { ctrl: true, ..char(c) }
}

pub(crate) const fn named(code: KeyCode) -> Key {
    Key { code, ctrl: false, shift: false }
}

pub(crate) const fn shifted(code: KeyCode) -> Key {
    Key { shift: true, ..named(code) }
}

pub(crate) const fn everywhere<A, P>(
    keys: &'static [Key],
    action: A,
    help: &'static str,
) -> Binding<A, P> {
    Binding { keys, action, places: &[], help }
}

pub(crate) const fn within<A, P>(
    places: &'static [P],
    keys: &'static [Key],
    action: A,
    help: &'static str,
) -> Binding<A, P> {
    Binding { keys, action, places, help }
}

impl<A: Copy, P: Place> Binding<A, P> {
    pub fn holds_in(&self, place: P) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// The names of its keys, `Left h`.
    pub fn names(&self) -> String {
        self.keys.iter().map(|&key| name(key)).collect::<Vec<_>>().join(" ")
    }

    /// Where it holds: `Loss, Images`, or nothing where it holds everywhere.
    pub fn place(&self) -> String {
        self.places.iter().map(|place| place.name()).collect::<Vec<_>>().join(", ")
    }
}

/// What a key does at a place. The first binding that fits is the one that holds.
pub(crate) fn action<A: Copy, P: Place>(table: &[Binding<A, P>], key: Key, place: P) -> Option<A> {
    let fits = |binding: &&Binding<A, P>| binding.keys.contains(&key) && binding.holds_in(place);
    table.iter().find(fits).map(|binding| binding.action)
}

/// A key's name for people.
pub(crate) fn name(key: Key) -> String {
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if key.ctrl => c.to_ascii_uppercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        code => format!("{code:?}"),
    };
    let name = if key.ctrl { format!("Ctrl-{name}") } else { name };
    if key.shift { format!("Shift-{name}") } else { name }
}

/// A table of keys in Markdown, for docs/keys.md.
pub(crate) fn markdown<A: Copy, P: Place>(table: &[Binding<A, P>]) -> String {
    let mut out = String::from("| key | in | does |\n|---|---|---|\n");
    for binding in table {
        let keys: Vec<String> = binding
            .keys
            .iter()
            .map(|&key| format!("`{}`", name(key).replace('|', "\\|")))
            .collect();
        out += &format!("| {} | {} | {} |\n", keys.join(" "), binding.place(), binding.help);
    }
    out
}

/// Holds of every table.
///
/// # Panics
/// Where a binding is hidden by one before it, and where docs/keys.md does not hold the table.
#[cfg(test)]
pub(crate) fn check<A: Copy + PartialEq + std::fmt::Debug, P: Place>(table: &[Binding<A, P>]) {
    for binding in table {
        let places = if binding.places.is_empty() { P::ALL } else { binding.places };
        for &place in places {
            for &key in binding.keys {
                let found = action(table, key, place);
                assert_eq!(found, Some(binding.action), "{} in {}", name(key), place.name());
            }
        }
    }
    let text = markdown(table);
    assert!(include_str!("../../docs/keys.md").contains(&text), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_called_as_on_the_keyboard() {
        assert_eq!(name(ctrl('l')), "Ctrl-L");
        assert_eq!(name(shifted(KeyCode::Left)), "Shift-Left");
        assert_eq!(name(named(KeyCode::BackTab)), "Shift-Tab");
        assert_eq!(name(char('S')), "S");
    }
}
