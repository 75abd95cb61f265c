use crate::Error;
use crate::document::{Document, Node, Place, Table, Value};
use crate::nesting::DEEPEST;
use crate::source::Source;

/// Lays `a.b.c=value` arguments over the document, as one layer: of two that set the same key the later wins, while two that
/// exclude each other are found when they are read.
pub(crate) fn lay_over(document: &mut Document, arguments: &[String]) -> Result<(), Error> {
    let mut layer = Table::new();
    for argument in arguments {
        let source = document.add(Source::CommandLine { text: argument.clone() });
        let (path, node) = parse(document, source)?;
        set(&mut layer, &path, node);
    }
    document.lay_over(layer);
    Ok(())
}

/// The parts of the key with their places, and the value.
fn parse(document: &Document, source: usize) -> Result<(Vec<(String, Place)>, Node), Error> {
    let text = document.sources[source].text();
    let whole = Place { source, start: 0, end: text.len() };
    let example =
        Some("write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`".to_owned());
    let Some((key, _)) = text.split_once('=') else {
        return Err(document.error(
            Some(&whole),
            "a setting needs a key, `=` and a value",
            example,
        ));
    };
    let mut path = Vec::new();
    let mut start = 0;
    for part in key.split('.') {
        let name = part.trim();
        let begin = start + (part.len() - part.trim_start().len());
        let place = Place { source, start: begin, end: begin + name.len() };
        if name.is_empty() {
            return Err(document.error(Some(&place), "a part of the key is empty", example));
        }
        path.push((name.to_owned(), place));
        start += part.len() + 1;
    }
    if path.len() > DEEPEST {
        return Err(document.error(
            Some(&whole),
            format!("the key has more than {DEEPEST} parts"),
            None,
        ));
    }
    if path[0].0 == "extends" {
        let message = "`extends` belongs in the experiment file, not on the command line";
        return Err(document.error(Some(&path[0].1), message, None));
    }
    Ok((path, document.parse_value(source, key.len() + 1)?))
}

fn set(table: &mut Table, path: &[(String, Place)], node: Node) {
    let Some(((name, place), rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        table.insert(name.clone(), Node { key: place.clone(), ..node });
        return;
    }
    let empty =
        || Node { key: place.clone(), at: place.clone(), value: Value::Table(Table::new()) };
    let inner = table.entry(name.clone()).or_insert_with(empty);
    if !matches!(inner.value, Value::Table(_)) {
        *inner = empty();
    }
    if let Value::Table(inner) = &mut inner.value {
        set(inner, rest, node);
    }
}
