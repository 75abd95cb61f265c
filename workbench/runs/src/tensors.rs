//! Named tensors in safetensors files, in a fixed order and with one note of metadata at most, so that equal states are
//! equal bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo, View};

use crate::{Error, durable, read};

/// The header describes each tensor in about a hundred bytes; one beyond this is no model of ours.
const MAX_HEADER: u64 = 16 << 20;

/// The elements of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit signed integers.
    I64(Vec<i64>),
}

/// A tensor as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// The extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// As many elements as the product of `shape`.
    pub data: Data,
}

impl Tensor {
    /// A tensor of 32-bit floats.
    pub fn f32(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Tensor {
        Tensor { shape: shape.into(), data: Data::F32(data) }
    }

    /// A tensor of 64-bit integers.
    pub fn i64(shape: impl Into<Vec<usize>>, data: Vec<i64>) -> Tensor {
        Tensor { shape: shape.into(), data: Data::I64(data) }
    }

    /// Whether `shape` and `data` agree.
    fn agrees(&self) -> bool {
        let elements = self.shape.iter().try_fold(1usize, |n, &extent| n.checked_mul(extent));
        let there = match &self.data {
            Data::F32(data) => data.len(),
            Data::I64(data) => data.len(),
        };
        elements == Some(there)
    }
}

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// A text that a file may carry beside its tensors: its name and its content. One at most, since the format does not
/// keep their order.
pub type Note = (&'static str, String);

/// Writes a safetensors file, durably.
///
/// # Errors
/// [`Error::Unwritable`] where a tensor's shape and data disagree, [`Error::Io`].
pub fn write_tensors(path: &Path, tensors: &Tensors) -> Result<(), Error> {
    durable::write(path, &encode(path, tensors)?)
}

/// The same with a note.
///
/// # Errors
/// As [`write_tensors`].
pub fn write_tensors_with(path: &Path, tensors: &Tensors, note: Option<Note>) -> Result<(), Error> {
    durable::write(path, &encode_with(path, tensors, note)?)
}

/// Reads a safetensors file of 32-bit floats and 64-bit integers. Nothing is allocated for a tensor
/// before the file is known to be long enough for it.
///
/// # Errors
/// [`Error::Damaged`] where the file is no such file or not whole, [`Error::Io`].
pub fn read_tensors(path: &Path) -> Result<Tensors, Error> {
    let (file, len) = open(path)?;
    decode(path, BufReader::new(file), len)
}

/// The same, and the note of that name, where there is one.
///
/// # Errors
/// As [`read_tensors`].
pub fn read_tensors_with(path: &Path, note: &str) -> Result<(Tensors, Option<String>), Error> {
    let (file, len) = open(path)?;
    let (tensors, metadata) = decode_with(path, BufReader::new(file), len)?;
    let notes = metadata.metadata().as_ref();
    Ok((tensors, notes.and_then(|notes| notes.get(note).cloned())))
}

pub(crate) fn open(path: &Path) -> Result<(File, u64), Error> {
    read::retrying(|| {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((file, len))
    })
    .map_err(Error::io("read", path))
}

/// The bytes of a safetensors file; `path` is only for the error.
pub(crate) fn encode(path: &Path, tensors: &Tensors) -> Result<Vec<u8>, Error> {
    encode_with(path, tensors, None)
}

fn encode_with(path: &Path, tensors: &Tensors, note: Option<Note>) -> Result<Vec<u8>, Error> {
    if let Some((name, tensor)) = tensors.iter().find(|(_, tensor)| !tensor.agrees()) {
        let why = format!(
            "the tensor `{name}` has a shape {:?} that its data does not fill",
            tensor.shape
        );
        return Err(Error::unwritable(path, why));
    }
    // The format's own key for metadata; a tensor of this name would be lost.
    if tensors.contains_key("__metadata__") {
        return Err(Error::unwritable(path, "no tensor can be named `__metadata__`"));
    }
    safetensors::serialize(
        tensors.iter().map(|(name, tensor)| (name.as_str(), Viewed(tensor))),
        note.map(|(name, text)| [(name.to_owned(), text)].into()),
    )
    .map_err(|e| Error::unwritable(path, e))
}

/// Reads the tensors of a file of `len` bytes, from its start to its end.
pub(crate) fn decode(path: &Path, file: impl Read, len: u64) -> Result<Tensors, Error> {
    Ok(decode_with(path, file, len)?.0)
}

fn decode_with(path: &Path, mut file: impl Read, len: u64) -> Result<(Tensors, Metadata), Error> {
    let mut word = [0; 8];
    file.read_exact(&mut word).map_err(|e| short(path, e))?;
    let header_len = u64::from_le_bytes(word);
    if header_len > MAX_HEADER || header_len > len.saturating_sub(8) {
        return Err(Error::damaged(
            path,
            "its header is longer than the file or than any header should be",
        ));
    }
    let mut header = vec![0; header_len as usize];
    file.read_exact(&mut header).map_err(|e| short(path, e))?;
    // Reading the header checks that every tensor's shape fits its bytes, and that the tensors lie
    // one after the other without a gap or an overlap.
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|e| Error::damaged(path, format!("its header cannot be read: {e}")))?;
    let expected = header_len.saturating_add(8).saturating_add(metadata.data_len() as u64);
    if expected != len {
        return Err(Error::damaged(
            path,
            format!("it is {len} bytes long where its header says {expected}"),
        ));
    }
    let mut tensors = Tensors::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        let data = elements(path, &mut file, &name, info)?;
        tensors.insert(name, Tensor { shape: info.shape.clone(), data });
    }
    Ok((tensors, metadata))
}

fn elements(
    path: &Path,
    file: &mut impl Read,
    name: &str,
    info: &TensorInfo,
) -> Result<Data, Error> {
    let bytes = info.data_offsets.1 - info.data_offsets.0;
    match info.dtype {
        Dtype::F32 => numbers(path, file, bytes / 4, f32::from_le_bytes).map(Data::F32),
        Dtype::I64 => numbers(path, file, bytes / 8, i64::from_le_bytes).map(Data::I64),
        other => Err(Error::damaged(
            path,
            format!("the tensor `{name}` is of type {other:?}; only F32 and I64 are written here"),
        )),
    }
}

fn numbers<T, const N: usize>(
    path: &Path,
    file: &mut impl Read,
    count: usize,
    number: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, Error> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(count).map_err(|e| Error::damaged(path, e))?;
    let mut chunk = [0; 1 << 14];
    while numbers.len() < count {
        let part = &mut chunk[..((count - numbers.len()) * N).min(1 << 14)];
        file.read_exact(part).map_err(|e| short(path, e))?;
        numbers.extend(part.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)));
    }
    Ok(numbers)
}

fn short(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::damaged(path, "it ends too early"),
        _ => Error::io("read", path)(error),
    }
}

struct Viewed<'a>(&'a Tensor);

impl View for Viewed<'_> {
    fn dtype(&self) -> Dtype {
        match self.0.data {
            Data::F32(_) => Dtype::F32,
            Data::I64(_) => Dtype::I64,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(match &self.0.data {
            Data::F32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::I64(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        match &self.0.data {
            Data::F32(data) => data.len() * 4,
            Data::I64(data) => data.len() * 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn some() -> Tensors {
        let bits = [0.0, -0.0, f32::MIN_POSITIVE / 3.0, f32::INFINITY, 1.5, -7.0];
        Tensors::from([
            ("encoder.weight".into(), Tensor::f32([2, 3], bits.to_vec())),
            ("bias".into(), Tensor::f32([0], vec![])),
            ("step".into(), Tensor::i64([], vec![i64::MIN])),
            ("long".into(), Tensor::f32([5000], (0..5000).map(|i| i as f32).collect())),
        ])
    }

    #[test]
    fn tensors_round_trip_bit_for_bit_and_equal_states_are_equal_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write_tensors(&a, &some()).unwrap();
        write_tensors(&b, &some().into_iter().rev().collect()).unwrap();
        assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
        let back = read_tensors(&a).unwrap();
        assert_eq!(back, some());
        write_tensors(&b, &back).unwrap();
        assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
        assert!(!fs::read(&a).unwrap().windows(12).any(|w| w == b"__metadata__"));
    }

    #[test]
    fn a_shape_that_its_data_does_not_fill_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let wrong = Tensors::from([("w".into(), Tensor::f32([2, 2], vec![1.0]))]);
        let error = write_tensors(&dir.path().join("a"), &wrong).unwrap_err();
        assert!(error.to_string().contains("`w`"), "{error}");
        let huge = Tensors::from([("w".into(), Tensor::f32([usize::MAX, 3], vec![]))]);
        assert!(write_tensors(&dir.path().join("a"), &huge).is_err());
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = encode(Path::new("a"), &some()).unwrap();
        for len in 0..whole.len() {
            let cut = decode(Path::new("a"), &whole[..len], len as u64);
            assert!(matches!(cut, Err(Error::Damaged { .. })), "cut at {len}");
        }
    }

    #[test]
    fn no_flipped_bit_panics() {
        let whole = encode(Path::new("a"), &some()).unwrap();
        // All of the header, and the beginning of the data.
        for bit in 0..500 * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Err(error) = decode(Path::new("a"), &bytes[..], bytes.len() as u64) {
                assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn declared_sizes_are_never_trusted() {
        let header =
            br#"{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        let len = bytes.len() as u64;
        assert!(matches!(decode(Path::new("a"), &bytes[..], len), Err(Error::Damaged { .. })));
        let endless = u64::MAX.to_le_bytes();
        assert!(matches!(decode(Path::new("a"), &endless[..], 8), Err(Error::Damaged { .. })));
    }
}
