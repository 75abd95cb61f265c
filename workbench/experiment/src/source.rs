use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::Error;

/// A text that settings were written in: a file, or one `key=value` argument.
#[derive(Debug)]
pub(crate) enum Source {
    File { label: String, text: String },
    CommandLine { text: String },
}

/// An experiment is a page; what is larger is some other file.
const LARGEST: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Source {
    /// Reads a file of at most 1 MiB. The error names the file and says what the system said.
    pub(crate) fn read(path: &Path) -> Result<Source, Error> {
        let mut bytes = Vec::new();
        File::open(path)
            // One byte more than allowed is enough to see that a file is too large, also where it has no end.
            .and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                Error::plain(format!("cannot read {}: {error}", path.display()), None)
            })?;
        Source::from_bytes(&path.display().to_string(), &bytes)
    }

    /// Takes a file's content: its size and its UTF-8 are checked, a byte order mark is dropped.
    pub(crate) fn from_bytes(label: &str, bytes: &[u8]) -> Result<Source, Error> {
        if bytes.len() > LARGEST {
            let help =
                Some("an experiment file has at most 1 MiB; is this the right file?".to_owned());
            return Err(Error::plain(format!("{label} is too large for an experiment"), help));
        }
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Source::File { label: label.to_owned(), text: text.to_owned() }),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let start = error.valid_up_to();
                let source = Source::File { label: label.to_owned(), text };
                let span = start..start + char::REPLACEMENT_CHARACTER.len_utf8();
                Err(Error::at(
                    &source,
                    Some(span),
                    "not a text file: this byte is not UTF-8",
                    Some("save the file as UTF-8".into()),
                ))
            }
        }
    }

    /// What to call the source: a file's path, or the argument.
    pub(crate) fn label(&self) -> String {
        match self {
            Source::File { label, .. } => label.clone(),
            Source::CommandLine { text } => text.clone(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Source::File { text, .. } | Source::CommandLine { text } => text,
        }
    }
}
