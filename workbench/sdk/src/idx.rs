//! The IDX format: two zero bytes, a type, a rank, the sizes, then the numbers; all big-endian. With the feature `idx`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::{Error, Result, bail, ensure};
use flate2::read::MultiGzDecoder;

/// A file's numbers, as they stand in it.
pub struct Array {
    pub path: PathBuf,
    pub dims: Vec<usize>,
    /// Bytes a number.
    pub width: usize,
    data: Vec<u8>,
}

/// More than this is not read: it is a damaged header rather than a data set.
const MAX_BYTES: u64 = 32 << 30;

/// Reads a whole file, gzip or plain: its first two bytes tell.
///
/// # Errors
/// Each names the file: it is missing, not IDX, shorter or longer than its header says.
pub fn read(path: &Path) -> Result<Array> {
    load(path).map_err(|error| error.context(path.display()))
}

impl Array {
    /// The bytes of item `place`.
    ///
    /// # Panics
    /// There is no such item.
    pub fn item(&self, place: usize) -> &[u8] {
        let size = self.width * self.dims[1..].iter().product::<usize>();
        &self.data[place * size..(place + 1) * size]
    }

    /// Item `place` of a list of whole numbers.
    ///
    /// # Panics
    /// There is no such item.
    pub fn number(&self, place: usize) -> i64 {
        match *self.item(place) {
            [byte] => byte.into(),
            [a, b] => i16::from_be_bytes([a, b]).into(),
            [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
            _ => -1,
        }
    }
}

fn load(path: &Path) -> Result<Array> {
    let mut magic = [0; 2];
    File::open(path)?.read_exact(&mut magic).map_err(|_| Error::new("is empty"))?;
    let file = BufReader::new(File::open(path)?);
    match magic {
        [0x1f, 0x8b] => parse(path, MultiGzDecoder::new(file), 0),
        _ => {
            let length = file.get_ref().metadata()?.len();
            parse(path, file, length)
        }
    }
}

/// `there`: so many bytes are surely there to be read.
fn parse(path: &Path, mut file: impl Read, there: u64) -> Result<Array> {
    let mut header = [0; 4];
    exact(&mut file, &mut header, "header")?;
    let width = match header {
        [0, 0, 0x08, _] => 1,
        [0, 0, 0x0b, _] => 2,
        [0, 0, 0x0c, _] => 4,
        [0, 0, kind @ (0x09 | 0x0d | 0x0e), _] => {
            bail!("holds numbers of type {kind:#04x}; bytes, and labels of 2 or 4 bytes, are read")
        }
        _ => bail!("is not an IDX file: it begins with {header:02x?}"),
    };
    let rank = usize::from(header[3]);
    ensure!((1..=4).contains(&rank), "has {rank} dimensions; 1 to 4 are read");
    let mut dims = Vec::with_capacity(rank);
    for _ in 0..rank {
        let mut size = [0; 4];
        exact(&mut file, &mut size, "header")?;
        dims.push(u32::from_be_bytes(size) as usize);
    }
    ensure!(!dims.contains(&0), "holds nothing: its header says {dims:?}");
    let bytes = dims.iter().try_fold(width as u64, |bytes, &n| bytes.checked_mul(n as u64));
    let Some(bytes) = bytes.filter(|&bytes| bytes <= MAX_BYTES) else {
        bail!("says that it holds {dims:?} numbers, which is too much to be true")
    };
    // Beyond what is surely there the buffer grows with what comes, so that a damaged header can't ask for memory. The
    // byte more is the one that a longer file would give away.
    let mut data = Vec::new();
    data.try_reserve_exact((bytes + 1).min(there) as usize)
        .map_err(|error| Error::new(format!("{bytes} bytes do not fit into memory: {error}")))?;
    let end = file.take(bytes + 1).read_to_end(&mut data);
    let here = data.len() as u64;
    match end {
        Ok(_) if here == bytes => {}
        Ok(_) if here > bytes => {
            bail!("goes on after the {dims:?} numbers that its header announces")
        }
        _ if here < bytes => bail!(
            "is truncated or damaged: {dims:?} numbers make {bytes} bytes, and {here} can be read{}",
            end.err().map(|error| format!(" ({error})")).unwrap_or_default()
        ),
        _ => bail!("is damaged at its end"),
    }
    Ok(Array { path: path.to_owned(), dims, width, data })
}

fn exact(file: &mut impl Read, into: &mut [u8], part: &str) -> Result<()> {
    match file.read_exact(into) {
        Ok(()) => Ok(()),
        Err(error) => bail!("is truncated or damaged in its {part}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn image_file() -> Vec<u8> {
        let mut bytes = vec![0, 0, 0x08, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3];
        bytes.extend([1, 2, 3, 4, 5, 6]);
        bytes
    }

    fn message(bytes: &[u8]) -> String {
        match parse(Path::new("x"), bytes, bytes.len() as u64) {
            Ok(array) => panic!("read as {:?}", array.dims),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn plain_and_gzip_files_read_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        std::fs::write(&plain, image_file()).unwrap();
        let zipped = dir.path().join("zipped");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&image_file()).unwrap();
        std::fs::write(&zipped, encoder.finish().unwrap()).unwrap();
        for path in [plain, zipped] {
            let array = read(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(array.dims, [2, 1, 3]);
            assert_eq!(array.item(1), [4, 5, 6]);
        }
    }

    #[test]
    fn labels_may_be_wider_than_a_byte() {
        let short = [0, 0, 0x0b, 1, 0, 0, 0, 2, 0, 241, 1, 2];
        let array = parse(Path::new("x"), &short[..], 0).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!([array.number(0), array.number(1)], [241, 258]);
    }

    #[test]
    fn every_shorter_or_longer_file_is_refused() {
        let whole = image_file();
        for end in 0..whole.len() {
            message(&whole[..end]);
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(message(&longer).contains("goes on"));
        let mut huge = whole;
        huge[4..16].fill(0xff);
        assert!(message(&huge).contains("too much"));
        assert!(message(b"\x89PNG....").contains("not an IDX file"));
    }

    #[test]
    fn a_file_without_items_is_refused() {
        // The last item of none would be looked for later.
        assert!(message(&[0, 0, 0x0c, 1, 0, 0, 0, 0]).contains("holds nothing"));
        assert!(message(&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]).contains("[2, 0, 3]"));
    }
}
