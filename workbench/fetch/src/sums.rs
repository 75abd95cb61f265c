//! Sizes and checksums.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest as _, Sha256};
use workbench_runs::durable;

use crate::Error;

/// What is known of a file's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Exactly(u64),
    AtMost(u64),
}

impl Size {
    pub fn most(self) -> u64 {
        match self {
            Size::Exactly(n) | Size::AtMost(n) => n,
        }
    }

    pub fn allows(self, bytes: u64) -> bool {
        match self {
            Size::Exactly(n) => bytes == n,
            Size::AtMost(n) => bytes <= n,
        }
    }

    pub(crate) fn words(self) -> String {
        match self {
            Size::Exactly(n) => n.to_string(),
            Size::AtMost(n) => format!("at most {n}"),
        }
    }
}

/// The checksums that a file is to have, as lower-case hexadecimal digits; those that are not known are not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub sha256: Option<String>,
    pub md5: Option<String>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub bytes: u64,
    pub sha256: String,
    pub md5: String,
}

impl Digest {
    /// What differs; `None` where nothing does.
    pub fn fault(&self, size: Size, sums: &Sums) -> Option<String> {
        let differs = |sum: &Option<String>, is: &str| sum.as_ref().is_some_and(|sum| sum != is);
        if !size.allows(self.bytes) {
            Some(format!("{} bytes instead of {}", self.bytes, size.words()))
        } else if differs(&sums.sha256, &self.sha256) {
            Some(format!("sha256 is {}", self.sha256))
        } else if differs(&sums.md5, &self.md5) {
            Some(format!("md5 is {}", self.md5))
        } else {
            None
        }
    }
}

/// Reads a file in full.
///
/// # Errors
/// It can't be read.
pub fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut summer = Summer::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(summer.digest()),
            n => summer.update(&buffer[..n]),
        }
    }
}

/// Sums up bytes as they come.
#[derive(Clone, Default)]
pub(crate) struct Summer {
    bytes: u64,
    sha256: Sha256,
    md5: Md5,
}

impl Summer {
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn digest(&self) -> Digest {
        Digest {
            bytes: self.bytes,
            sha256: hex(&self.sha256.clone().finalize()),
            md5: hex(&self.md5.clone().finalize()),
        }
    }
}

/// Keeps a file's sha256 beside it, as `sha256sum` writes and checks it: for a file of which none was published.
///
/// # Errors
/// [`Error::Io`].
pub fn record(path: &Path, sha256: &str) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    durable::write(&beside(path), format!("{sha256}  {name}\n").as_bytes())?;
    Ok(())
}

/// The sha256 that [`record`] kept, if it did.
pub fn recorded(path: &Path) -> Option<String> {
    // A line of 64 digits and a name; what is longer is none of ours.
    let mut text = String::new();
    File::open(beside(path)).ok()?.take(4096).read_to_string(&mut text).ok()?;
    let sum = text.split_whitespace().next()?;
    (sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit())).then(|| sum.to_lowercase())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let found = digest(&path).unwrap();
        assert_eq!(found.bytes, 3);
        assert_eq!(found.md5, "900150983cd24fb0d6963f7d28e17f72");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(found.sha256, sha256);
        let sums = |sha256: &str, md5: &str| Sums {
            sha256: Some(sha256.to_owned()),
            md5: Some(md5.to_owned()),
        };
        assert_eq!(found.fault(Size::Exactly(3), &sums(sha256, &found.md5)), None);
        assert_eq!(found.fault(Size::AtMost(3), &Sums::default()), None);
        assert!(found.fault(Size::AtMost(2), &Sums::default()).is_some());
        assert!(found.fault(Size::Exactly(4), &Sums::default()).is_some());
        assert!(found.fault(Size::Exactly(3), &sums(sha256, "0")).is_some());
        assert!(found.fault(Size::Exactly(3), &sums("0", &found.md5)).is_some());
    }

    #[test]
    fn a_sum_is_kept_as_sha256sum_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc.gz");
        assert_eq!(recorded(&path), None);
        let sum = "a".repeat(64);
        record(&path, &sum).unwrap();
        let text = std::fs::read_to_string(dir.path().join("abc.gz.sha256")).unwrap();
        assert_eq!(text, format!("{sum}  abc.gz\n"));
        assert_eq!(recorded(&path), Some(sum));
        std::fs::write(dir.path().join("abc.gz.sha256"), "nonsense").unwrap();
        assert_eq!(recorded(&path), None);
    }
}
