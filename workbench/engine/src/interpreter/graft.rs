//! Values with gradients of our own on candle's tape.

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, Layout, MetalStorage, Result, Shape, Tensor,
};

/// A computed value that is not on the tape.
pub(super) enum Value {
    /// From one of our CPU kernels; moved into the tensor without a copy.
    Host(Vec<f32>, Vec<usize>),
    /// From candle's operations, on any device.
    Tensor(Tensor),
}

impl Value {
    fn into_tensor(self, device: &candle_core::Device) -> Result<Tensor> {
        match self {
            Value::Host(data, dims) => Tensor::from_vec(data, dims, device),
            Value::Tensor(tensor) => Ok(tensor.detach()),
        }
    }
}

/// Puts `value`, computed from `arg`, on the tape. `backward(arg, value, gradient)` gives the
/// gradient of `arg`; it sees tensors off the tape.
pub(super) fn graft1(
    arg: &Tensor,
    value: Value,
    backward: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    if !arg.track_op() {
        return value.into_tensor(arg.device());
    }
    arg.apply_op1(Graft1 { value: Parcel::new(value), backward })
}

/// Puts `value`, computed from `a` and `b`, on the tape. `backward(side, a, b, value, gradient)` is
/// called for the sides (0 and 1) that want a gradient, and for no other: nothing is spent on inputs.
pub(super) fn graft2(
    a: &Tensor,
    b: &Tensor,
    value: Value,
    backward: impl Fn(usize, &Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor>
    + Send
    + Sync
    + 'static,
) -> Result<Tensor> {
    if !a.track_op() && !b.track_op() {
        return value.into_tensor(a.device());
    }
    a.apply_op2(b, Graft2 { value: Parcel::new(value), backward })
}

/// Hands a value to the one forward call that candle makes.
struct Parcel(Mutex<Option<Value>>);

impl Parcel {
    fn new(value: Value) -> Parcel {
        Parcel(Mutex::new(Some(value)))
    }

    fn take(&self) -> Result<Value> {
        let taken = self.0.lock().ok().and_then(|mut value| value.take());
        taken.ok_or_else(|| candle_core::Error::Msg("a grafted value was taken twice".to_owned()))
    }

    fn take_cpu(&self) -> Result<(CpuStorage, Shape)> {
        match self.take()? {
            Value::Host(data, dims) => Ok((CpuStorage::F32(data), Shape::from(dims))),
            Value::Tensor(tensor) => {
                let tensor = tensor.contiguous()?;
                let data = super::host::with_slice(&tensor, <[f32]>::to_vec)?;
                Ok((CpuStorage::F32(data), tensor.shape().clone()))
            }
        }
    }

    fn take_on<S: BackendStorage>(
        &self,
        storage_of: impl Fn(&candle_core::Storage) -> Option<&S>,
    ) -> Result<(S, Shape)> {
        let wrong = || candle_core::Error::Msg("a grafted value is on another device".to_owned());
        let Value::Tensor(tensor) = self.take()? else {
            return Err(wrong());
        };
        let tensor = tensor.force_contiguous()?;
        let (storage, layout) = tensor.storage_and_layout();
        let storage = storage_of(&storage).ok_or_else(wrong)?;
        Ok((storage.try_clone(layout)?, tensor.shape().clone()))
    }

    fn take_cuda(&self) -> Result<(CudaStorage, Shape)> {
        self.take_on(|storage| match storage {
            candle_core::Storage::Cuda(storage) => Some(storage),
            _ => None,
        })
    }

    fn take_metal(&self) -> Result<(MetalStorage, Shape)> {
        self.take_on(|storage| match storage {
            candle_core::Storage::Metal(storage) => Some(storage),
            _ => None,
        })
    }
}

struct Graft1<F> {
    value: Parcel,
    backward: F,
}

impl<F> CustomOp1 for Graft1<F>
where
    F: Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>,
{
    fn name(&self) -> &'static str {
        "graft1"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.value.take_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.value.take_cuda()
    }

    fn metal_fwd(&self, _: &MetalStorage, _: &Layout) -> Result<(MetalStorage, Shape)> {
        self.value.take_metal()
    }

    fn bwd(&self, arg: &Tensor, res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        (self.backward)(&arg.detach(), &res.detach(), &grad.detach()).map(Some)
    }
}

struct Graft2<F> {
    value: Parcel,
    backward: F,
}

impl<F> CustomOp2 for Graft2<F>
where
    F: Fn(usize, &Tensor, &Tensor, &Tensor, &Tensor) -> Result<Tensor>,
{
    fn name(&self) -> &'static str {
        "graft2"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.value.take_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.value.take_cuda()
    }

    fn metal_fwd(
        &self,
        _: &MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
    ) -> Result<(MetalStorage, Shape)> {
        self.value.take_metal()
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let side = |side: usize, tracked: bool| {
            let backward =
                || (self.backward)(side, &a.detach(), &b.detach(), &res.detach(), &grad.detach());
            tracked.then(backward).transpose()
        };
        Ok((side(0, a.track_op())?, side(1, b.track_op())?))
    }
}
