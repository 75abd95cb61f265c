//! The numbers of CPU tensors, without a copy.

use candle_core::{CpuStorage, Result, Storage, Tensor};

/// Reads a contiguous f32 tensor on the CPU.
pub(crate) fn with_slice<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(data)), Some((start, end))) => Ok(read(&data[start..end])),
        _ => {
            Err(candle_core::Error::Msg("a contiguous f32 tensor on the CPU is wanted".to_owned()))
        }
    }
}
