//! What a new plugin may be called.

use std::path::Path;

use crate::card::Card;
use crate::context::Context;

/// Words that cargo takes for no package's name.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "all",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];
/// With a prefix and a suffix, file systems take as many.
const LONGEST: usize = 64;

/// Whether `name` can be a folder, a crate, a library and an experiment at once, and nothing is called so or nearly so.
///
/// # Errors
/// The rule that it breaks, or what is there already.
pub fn check(context: &Context, root: &Path, name: &str) -> Result<(), String> {
    well_formed(name)?;
    for (what, taken) in taken(context, root) {
        if taken == name {
            return Err(format!("the {what} `{name}` is there already; take another name"));
        }
        if plain(&taken) == plain(name) {
            return Err(format!(
                "`{name}` is too near to the {what} `{taken}`, which is there already; take another name"
            ));
        }
    }
    // `cargo build -p NAME` could mean either.
    if packages(&root.join("Cargo.lock")).iter().any(|package| package == name) {
        return Err(format!("the workspace uses a crate `{name}` already; take another name"));
    }
    Ok(())
}

fn well_formed(name: &str) -> Result<(), String> {
    let rule = "a name is made of lower-case letters, digits and single hyphens between them, the first a letter";
    let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !letters || !first || name.ends_with('-') || name.contains("--") {
        let meant = meant(name);
        let hint = match well_formed_letters(&meant) {
            true => format!("; `{meant}` would be one"),
            false => String::new(),
        };
        return Err(format!("`{name}` can't be a plugin's name: {rule}{hint}"));
    }
    if name.len() > LONGEST {
        return Err(format!("`{name}` can't be a plugin's name: {LONGEST} letters are the most"));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "`{name}` can't be a plugin's name: it is a word of Rust's, cargo's or the workbench's own"
        ));
    }
    Ok(())
}

fn well_formed_letters(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= LONGEST
}

/// `My Data_2` → `my-data-2`.
fn meant(name: &str) -> String {
    let mut meant = String::new();
    for c in name.trim().chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => meant.push(c),
            '-' | '_' | ' ' | '.' if !meant.ends_with('-') => meant.push('-'),
            _ => {}
        }
    }
    meant.trim_matches('-').to_owned()
}

/// What two names have in common that people, or a library's file name, do not tell apart.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '_'], "")
}

/// Everything that has a name here, each with what it is.
fn taken(context: &Context, root: &Path) -> Vec<(&'static str, String)> {
    let mut taken: Vec<(&str, String)> = Vec::new();
    for source in context.plugins.sources() {
        taken.push(("plugin", source.name));
    }
    for name in names(&root.join("plugins"), false) {
        taken.push(("folder plugins/", name));
    }
    for name in names(&root.join("experiments"), true) {
        taken.push(("experiment", name));
    }
    // An experiment names a data set by its card or its plugin, which are not to be mixed up.
    for name in Card::folders(context).into_keys() {
        taken.push(("data set", name));
    }
    taken
}

fn names(folder: &Path, stems: bool) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let path = entry.path();
        let name = if stems { path.file_stem() } else { path.file_name() };
        Some(name?.to_str()?.to_owned())
    });
    named.collect()
}

fn packages(lock: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let lock: toml::Table = text.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(|packages| packages.as_array());
    let names = packages.into_iter().flatten().filter_map(|package| {
        let name = package.get("name")?.as_str()?;
        // What has no source is a member: a plugin's folder tells whether it is still there.
        let counts = package.get("source").is_some() || name.starts_with("workbench");
        counts.then(|| name.to_owned())
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_crates_folders_and_libraries() {
        for good in ["discs", "beta-vae-2", "x"] {
            assert_eq!(well_formed(good), Ok(()));
        }
        for (bad, words) in [
            ("", "lower-case letters"),
            ("My_Data", "`my-data` would be one"),
            ("2d", "the first a letter"),
            ("a--b", "`a-b` would be one"),
            ("../evil", "`evil` would be one"),
            ("data/x", "lower-case letters"),
            ("größe", "lower-case letters"),
            ("-", "lower-case letters"),
            ("test", "a word of"),
            ("all", "a word of"),
            (&"x".repeat(65), "64 letters"),
        ] {
            let why = well_formed(bad).unwrap_err();
            assert!(why.contains(words), "{bad}: {why}");
        }
    }

    #[test]
    fn hyphens_and_capitals_make_no_other_name() {
        assert_eq!(plain("Conv_Vae"), plain("convvae"));
        assert_ne!(plain("conv-vae-2"), plain("conv-vae"));
    }
}
