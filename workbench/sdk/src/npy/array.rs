//! An array of items: its first dimension counts them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::bits::Bits;
use super::{DType, Header};
use crate::{Error, Result, bail, ensure};

/// An array, in C order.
pub struct Array {
    /// Where it comes from, for messages: `faces.npz: images`.
    pub shown: String,
    pub dtype: DType,
    pub dims: Vec<usize>,
    store: Store,
}

enum Store {
    Memory(Vec<u8>),
    /// Of bytes with two values.
    Bits(Bits),
    /// Read when it is asked for.
    File {
        file: PositionedFile,
        offset: u64,
    },
}

/// More than this is not held in memory.
const MOST_HELD: u64 = 1 << 36;
/// Read at once.
const CHUNK: usize = 1 << 20;

/// Values that take more than this stay in the file.
const MEMORY: u64 = 1 << 30;
/// Bytes that have only two values are held as bits where there are more of them than this.
const PACKED: u64 = 1 << 26;

impl Array {
    /// Opens a .npy file. What is over 1 GiB stays in it and is read item by item.
    ///
    /// # Errors
    /// It is none, or shorter or longer than its header says; the message names it.
    pub fn open(path: &Path) -> Result<Array> {
        let shown = path.display();
        let open = || -> Result<Array> {
            let mut file = BufReader::new(File::open(path)?);
            let header = super::read_header(&mut file)?;
            let length = file.get_ref().metadata()?.len();
            let stays = header.bytes > MEMORY && !header.fortran;
            match stays && length == header.before + header.bytes {
                true => {
                    let (file, path) = (file.into_inner(), path.to_owned());
                    Ok(Array::in_file(shown.to_string(), &header, file, path, header.before))
                }
                false => Array::read(shown.to_string(), &header, file, header.bytes > PACKED),
            }
        };
        open().map_err(|error| error.context(&shown))
    }

    /// Reads the values that follow a header; a file that ends too early or goes on is refused. The memory taken grows with
    /// what comes, so that a header can't ask for it. `packs`: bytes that have only two values are held as bits.
    ///
    /// # Errors
    /// See above, and what the reader says: a zip's checksum does not fit.
    pub fn read(shown: String, header: &Header, from: impl Read, packs: bool) -> Result<Array> {
        ensure!(
            header.bytes <= MOST_HELD,
            "holds {:?} values, too many for memory; store it without compression, in C order, and it is read from the file",
            header.dims
        );
        let turned = header.fortran && header.dims.len() > 1;
        let packs = packs && !turned && header.dtype.size == 1 && !header.dtype.is_text();
        let (store, end) = held(from.take(header.bytes + 1), packs);
        let here = match &store {
            Store::Bits(bits) => bits.len() as u64,
            Store::Memory(bytes) => bytes.len() as u64,
            Store::File { .. } => 0,
        };
        match end {
            Ok(()) if here == header.bytes => {}
            Ok(()) if here > header.bytes => {
                bail!("goes on after the {:?} values that its header announces", header.dims)
            }
            end => bail!(
                "is truncated or damaged: {:?} values make {} bytes, and {} can be read{}",
                header.dims,
                header.bytes,
                here.min(header.bytes),
                end.err().map(|error| format!(" ({error})")).unwrap_or_default()
            ),
        }
        let store = match store {
            Store::Memory(data) if turned => {
                Store::Memory(in_c_order(&data, &header.dims, header.dtype.size)?)
            }
            store => store,
        };
        Ok(Array { shown, dtype: header.dtype, dims: header.dims.clone(), store })
    }

    /// Leaves the values in the file, whose length the caller has checked.
    pub fn in_file(
        shown: String,
        header: &Header,
        file: File,
        path: PathBuf,
        offset: u64,
    ) -> Array {
        let file = PositionedFile::new(file, path);
        Array {
            shown,
            dtype: header.dtype,
            dims: header.dims.clone(),
            store: Store::File { file, offset },
        }
    }

    /// Whether its values are held as bits.
    pub fn is_packed(&self) -> bool {
        matches!(self.store, Store::Bits(_))
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.dims.first().copied().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values an item.
    pub fn width(&self) -> usize {
        self.dims.iter().skip(1).product()
    }

    /// The bytes of an item, handed to `look`.
    ///
    /// # Errors
    /// The file that they are in can't be read.
    pub fn item<T>(&self, place: usize, look: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let size = self.width() * self.dtype.size;
        match &self.store {
            Store::Memory(data) => look(&data[place * size..(place + 1) * size]),
            Store::Bits(bits) => {
                let mut bytes = vec![0; size];
                bits.unpack(place * size, &mut bytes);
                look(&bytes)
            }
            Store::File { file, offset } => {
                let mut bytes = vec![0; size];
                file.read_at(&mut bytes, offset + place as u64 * size as u64)?;
                look(&bytes)
            }
        }
    }

    /// Value number `column` of every item, as texts.
    ///
    /// # Errors
    /// The file that they are in can't be read.
    pub fn texts(&self, column: usize) -> Result<Vec<String>> {
        let at = column * self.dtype.size;
        let text =
            |place| self.item(place, |bytes| Ok(self.dtype.text(&bytes[at..at + self.dtype.size])));
        (0..self.len()).map(text).collect()
    }
}

/// All that comes, and how it ended.
fn held(mut from: impl Read, packs: bool) -> (Store, std::io::Result<()>) {
    let mut bits = Bits::default();
    let mut bytes = Vec::new();
    let mut end = Ok(());
    if packs {
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            chunk.clear();
            end = from.by_ref().take(CHUNK as u64).read_to_end(&mut chunk).map(drop);
            if !bits.push(&chunk) {
                bytes = bits.bytes();
                bytes.append(&mut chunk);
                break;
            }
            if chunk.len() < CHUNK || end.is_err() {
                bits.shrink_to_fit();
                return (Store::Bits(bits), end);
            }
        }
    }
    if end.is_ok() {
        end = from.read_to_end(&mut bytes).map(drop);
    }
    bytes.shrink_to_fit();
    (Store::Memory(bytes), end)
}

/// The same values with the last index varying fastest.
fn in_c_order(data: &[u8], dims: &[usize], size: usize) -> Result<Vec<u8>> {
    let mut ordered = Vec::new();
    ordered.try_reserve_exact(data.len())?;
    let mut strides = vec![size; dims.len()];
    for axis in 1..dims.len() {
        strides[axis] = strides[axis - 1] * dims[axis - 1];
    }
    let (mut index, mut at) = (vec![0; dims.len()], 0);
    for _ in 0..data.len() / size {
        ordered.extend_from_slice(&data[at..at + size]);
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < dims[axis] {
                break;
            }
            at -= strides[axis] * dims[axis];
            index[axis] = 0;
        }
    }
    Ok(ordered)
}

/// A file that many threads read from at once.
struct PositionedFile {
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: std::sync::Mutex<File>,
    path: PathBuf,
}

impl PositionedFile {
    fn new(file: File, path: PathBuf) -> PositionedFile {
        #[cfg(not(unix))]
        let file = std::sync::Mutex::new(file);
        PositionedFile { file, path }
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<()> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_exact_at(&self.file, into, offset);
        #[cfg(not(unix))]
        let read = {
            use std::io::{Seek, SeekFrom};
            let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(into))
        };
        read.map_err(|error| Error::new(format_args!("{}: {error}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_is_turned_round() {
        // [[0, 1, 2], [3, 4, 5]], stored column by column.
        assert_eq!(in_c_order(&[0, 3, 1, 4, 2, 5], &[2, 3], 1).ok().unwrap(), [0, 1, 2, 3, 4, 5]);
        let wide = [0, 0, 2, 2, 1, 1, 3, 3];
        assert_eq!(in_c_order(&wide, &[2, 2], 2).ok().unwrap(), [0, 0, 1, 1, 2, 2, 3, 3]);
    }
}
