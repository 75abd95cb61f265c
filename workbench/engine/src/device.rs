//! Where tensors live.

use candle_core::Device;

use crate::Error;

/// What a session computes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    #[default]
    Cpu,
    /// The first CUDA device; needs the cargo feature `cuda`.
    Cuda,
    /// The first Metal device; needs the cargo feature `metal`.
    Metal,
}

/// Opens the device.
///
/// # Errors
/// The kind is not in this build, or the device does not answer.
pub(crate) fn open(kind: DeviceKind) -> Result<Device, Error> {
    let (name, compiled) = match kind {
        DeviceKind::Cpu => return Ok(Device::Cpu),
        DeviceKind::Cuda => ("cuda", cfg!(feature = "cuda")),
        DeviceKind::Metal => ("metal", cfg!(feature = "metal")),
    };
    if !compiled {
        return Err(Error::NotCompiled { kind: name });
    }
    let device = match kind {
        DeviceKind::Metal => Device::new_metal(0),
        _ => Device::new_cuda(0),
    };
    device.map_err(|error| Error::Device { kind: name, message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_kind_that_was_not_compiled_names_its_feature() {
        let error = open(DeviceKind::Cuda).unwrap_err();
        assert_eq!(error, Error::NotCompiled { kind: "cuda" });
        assert!(error.to_string().contains("--features cuda"));
    }
}
