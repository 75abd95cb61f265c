//! The members of a cargo workspace, in its Cargo.toml as its author wrote it.

use toml_edit::{Array, DocumentMut, Item, Value};

/// What is to be in the Cargo.toml for plugins in Rust, to be shown where it is not.
pub const WANTED: &str = r#"[workspace]
resolver = "3"
members = []

[workspace.dependencies]
workbench-sdk = { path = "…/workbench/sdk" }    # of the workbench's source, which `git clone` gives

[profile.plugin]
inherits = "release"
panic = "unwind""#;

/// The text with one more member beside the others of its folder; `None` where a pattern covers it already.
///
/// # Errors
/// What is wrong with the text, or missing.
pub fn with_member(text: &str, member: &str) -> Result<Option<String>, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    let has = |path: &[&str]| {
        let item = path.iter().try_fold(document.as_item(), |item, key| item.get(key));
        item.is_some_and(|item| !item.is_none())
    };
    for path in [
        &["workspace"][..],
        &["workspace", "dependencies", "workbench-sdk"],
        &["profile", "plugin"],
    ] {
        if !has(path) {
            return Err(format!("has no [{}]", path.join(".")));
        }
    }
    let members = document["workspace"]
        .as_table_like_mut()
        .ok_or("has a `workspace` that is no table")?
        .entry("members")
        .or_insert(Item::Value(Value::Array(Array::new())))
        .as_array_mut()
        .ok_or("has `workspace.members` that are no list")?;
    let folder = at(member);
    let named = |value: &Value| value.as_str().map(|name| name.trim_end_matches('/').to_owned());
    let covered = [member.to_owned(), format!("{folder}/*")];
    if members.iter().filter_map(named).any(|name| covered.contains(&name)) {
        return Ok(None);
    }
    insert(members, member, folder);
    Ok(Some(document.to_string()))
}

/// The folder that a member is in.
fn at(member: &str) -> &str {
    member.split_once('/').map_or("", |(folder, _)| folder)
}

/// After the last that is in the same folder, on a line of its own where that one is.
fn insert(members: &mut Array, member: &str, folder: &str) {
    let is_beside = |value: &Value| value.as_str().is_some_and(|name| at(name) == folder);
    let beside = (0..members.len()).rev().find(|&i| members.get(i).is_some_and(is_beside));
    let place = beside.map_or(members.len(), |i| i + 1);
    let spaces = |value: &Value| {
        let prefix = value.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        match prefix.rfind('\n') {
            Some(line) => prefix[line..].to_owned(),
            None => " ".to_owned(),
        }
    };
    // As the one before it stands; the first of a line has no space that could be taken over.
    let mut prefix = match place.checked_sub(1).and_then(|before| members.get(before)) {
        Some(before) => spaces(before),
        None => String::new(),
    };
    // A comment at the end of the line before belongs to the one before, and is kept by the one after.
    if let Some(after) = members.get_mut(place) {
        let own = after.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        if let Some((comment, rest)) = own.to_owned().split_once('\n')
            && comment.contains('#')
        {
            prefix = format!("{comment}{prefix}");
            after.decor_mut().set_prefix(format!("\n{rest}"));
        }
    } else if let Some((comment, rest)) =
        members.trailing().as_str().unwrap_or_default().to_owned().split_once('\n')
        && comment.contains('#')
    {
        prefix = format!("{comment}{prefix}");
        members.set_trailing(format!("\n{rest}"));
    }
    let mut value = Value::from(member);
    value.decor_mut().set_prefix(prefix);
    members.insert_formatted(place, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "\n[workspace.dependencies]\nworkbench-sdk = { path = \"sdk\" } # here\n\n\
                        [profile.plugin]\ninherits = \"release\"\n";

    fn added(members: &str) -> String {
        let text = format!("# Top.\n[workspace]\n{members}{REST}");
        let changed = with_member(&text, "plugins/new").unwrap().unwrap();
        let members = changed.strip_prefix("# Top.\n[workspace]\n").unwrap();
        members.strip_suffix(REST).unwrap().to_owned()
    }

    #[test]
    fn a_member_stands_beside_the_other_plugins_and_nothing_else_moves() {
        let lines = "members = [\n    \"a\", # first\n    \"plugins/x\",\n    \"plugins/y\", # last plugin\n    \"tests\",\n]\n";
        let wanted = lines.replace("    \"tests\"", "    \"plugins/new\",\n    \"tests\"");
        assert_eq!(added(lines), wanted);
        assert_eq!(
            added("members = [\"plugins/x\", \"tests\"]\n"),
            "members = [\"plugins/x\", \"plugins/new\", \"tests\"]\n"
        );
        assert_eq!(added("members = []\n"), "members = [\"plugins/new\"]\n");
        assert_eq!(added("members = [\"a\"]\n"), "members = [\"a\", \"plugins/new\"]\n");
        assert_eq!(
            added("members = [\n    \"plugins/x\", # only\n]\n"),
            "members = [\n    \"plugins/x\", # only\n    \"plugins/new\",\n]\n"
        );
        assert_eq!(added("resolver = \"3\"\n"), "resolver = \"3\"\nmembers = [\"plugins/new\"]\n");
    }

    #[test]
    fn patterns_cover_new_members() {
        let text = format!("[workspace]\nmembers = [\"plugins/*\"]\n{REST}");
        assert_eq!(with_member(&text, "plugins/new"), Ok(None));
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = |text: &str| with_member(text, "plugins/new").unwrap_err();
        assert_eq!(why("[package]\n"), "has no [workspace]");
        assert_eq!(why("[workspace]\n"), "has no [workspace.dependencies.workbench-sdk]");
        let sdk = "[workspace.dependencies]\nworkbench-sdk = { path = \"sdk\" }\n";
        assert_eq!(why(sdk), "has no [profile.plugin]");
        assert!(why("[workspace").contains("1"));
        let list = format!("[workspace]\nmembers = 1\n{REST}");
        assert_eq!(why(&list), "has `workspace.members` that are no list");
    }
}
