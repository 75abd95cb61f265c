use std::path::Path;

use crate::document::{Document, Value};
use crate::source::Source;
use crate::{Error, overrides};

/// A file may extend one that extends another, this many times.
const LONGEST_CHAIN: usize = 8;

/// Parses a source, the files it extends (relative to `path`, each to the file that names it), and the arguments, and lays them
/// over each other: the arguments over the file over what it extends. Without a path, `extends` is an error.
pub(crate) fn resolve(
    source: Source,
    path: Option<&Path>,
    arguments: &[String],
) -> Result<Document, Error> {
    let mut document = Document::default();
    let mut layers = Vec::new();
    let mut next = Some((source, path.map(Path::to_path_buf)));
    let mut visited = Vec::new();
    while let Some((source, path)) = next.take() {
        let index = document.add(source);
        let mut table = document.parse(index)?;
        let extends = table.remove("extends");
        layers.push(table);
        // The real path, so that a circle is seen whatever the files call each other; where there is none, reading has failed.
        visited.extend(path.as_deref().and_then(|path| path.canonicalize().ok()));
        let Some(extends) = extends else { break };
        let error = |message: String, help: Option<&str>| {
            document.error(Some(&extends.at), message, help.map(str::to_owned))
        };
        let Value::String(base) = &extends.value else {
            return Err(error(
                format!("`extends` must be the path of a file, not {}", extends.value.describe()),
                None,
            ));
        };
        let Some(path) = path else {
            return Err(error(
                "`extends` needs an experiment that is a file: its path is relative to it".into(),
                None,
            ));
        };
        let base_path = path.parent().unwrap_or(Path::new("")).join(base);
        if base_path.canonicalize().is_ok_and(|real| visited.contains(&real)) {
            let mut chain: Vec<String> = document.sources.iter().map(Source::label).collect();
            chain.push(base_path.display().to_string());
            return Err(error(format!("`extends` goes in a circle: {}", chain.join(" → ")), None));
        }
        if layers.len() > LONGEST_CHAIN {
            return Err(error(
                format!("more than {LONGEST_CHAIN} files extend each other"),
                Some("merge some of them"),
            ));
        }
        let read = Source::read(&base_path).map_err(|failed| {
            error(failed.message().to_owned(), Some("the path is relative to this file"))
        })?;
        next = Some((read, Some(base_path)));
    }
    for table in layers.into_iter().rev() {
        document.lay_over(table);
    }
    overrides::lay_over(&mut document, arguments)?;
    Ok(document)
}
