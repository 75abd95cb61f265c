//! Adam and AdamW, with their state in the open.
//!
//! D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015; I. Loshchilov and
//! F. Hutter, "Decoupled Weight Decay Regularization", 2019.

use std::cell::RefCell;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Tensor, Var};

use crate::Error;
use crate::interpreter::{pool, with_slice};

/// Which update rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Weight decay, where there is any, is an L2 term of the gradient.
    Adam,
    /// Weight decay shrinks the parameters directly, by the learning rate times the decay.
    AdamW,
}

/// How parameters follow their gradients; the learning rate comes with every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerConfig {
    pub kind: OptimizerKind,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub weight_decay: f64,
    /// The decay of an exponential moving average of the weights (Polyak and Juditsky 1992), which is used in their
    /// place by whatever does not train; 0 keeps none.
    pub ema: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerConfig {
            kind: OptimizerKind::Adam,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            ema: 0.0,
        }
    }
}

impl OptimizerConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let unit = |beta: f64| (0.0..1.0).contains(&beta);
        let wrong = if !unit(self.beta1) || !unit(self.beta2) {
            format!(
                "beta1 is {} and beta2 is {}; both must be at least 0 and below 1",
                self.beta1, self.beta2
            )
        } else if !(self.eps > 0.0 && self.eps.is_finite()) {
            format!("eps is {}; it must be above 0", self.eps)
        } else if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            format!("weight_decay is {}; it must be 0 or more", self.weight_decay)
        } else if !unit(self.ema) {
            format!("ema is {}; it must be at least 0 and below 1", self.ema)
        } else {
            return Ok(());
        };
        Err(Error::Optimizer(wrong))
    }
}

/// The optimizer with the first and second moment of every parameter's gradient.
pub(crate) struct Adam {
    config: OptimizerConfig,
    moments: Moments,
}

enum Moments {
    /// Updated in place, in one pass with the parameter.
    Host(Vec<[Vec<f32>; 2]>),
    Device(Vec<[Tensor; 2]>),
}

impl Adam {
    /// Zero moments for every parameter.
    pub fn new(config: OptimizerConfig, params: &[Var], device: &Device) -> Result<Adam, Error> {
        let zeros = params.iter().map(|param| vec![0f32; param.elem_count()]);
        let mut adam = Adam { config, moments: Moments::Host(Vec::new()) };
        adam.set_moments(params, device, zeros.map(|m| [m.clone(), m]).collect())?;
        Ok(adam)
    }

    /// Replaces the moments; one pair a parameter, of its size.
    pub fn set_moments(
        &mut self,
        params: &[Var],
        device: &Device,
        moments: Vec<[Vec<f32>; 2]>,
    ) -> Result<(), Error> {
        self.moments = if device.is_cpu() {
            Moments::Host(moments)
        } else {
            Moments::on_device(params, device, moments)?
        };
        Ok(())
    }

    /// The first and second moments, one pair a parameter.
    pub fn moments(&self) -> Result<Vec<[Vec<f32>; 2]>, Error> {
        match &self.moments {
            Moments::Host(moments) => Ok(moments.clone()),
            Moments::Device(moments) => {
                let read = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
                let pairs = moments.iter().map(|[m, v]| Ok([read(m)?, read(v)?]));
                pairs.collect()
            }
        }
    }

    /// Moves the parameters, and the averages of them where there are any. `step` counts from 1; gradients are
    /// multiplied by `scale` first.
    pub fn step(
        &mut self,
        params: &[Var],
        averages: &[Var],
        grads: &[Tensor],
        step: u64,
        lr: f64,
        scale: f64,
    ) -> Result<(), Error> {
        let rates = Rates::new(&self.config, step, lr, scale);
        match &mut self.moments {
            Moments::Host(moments) => {
                for ((param, grad), [m, v]) in params.iter().zip(grads).zip(moments) {
                    let grad = grad.contiguous()?;
                    with_slice(&grad, |grad| {
                        param.inplace_op1(&Fused { rates, grad, moments: RefCell::new((m, v)) })
                    })??;
                }
            }
            Moments::Device(moments) => {
                for ((param, grad), moments) in params.iter().zip(grads).zip(moments) {
                    plain_step(&rates, param, grad, moments)?;
                }
            }
        }
        for (average, param) in averages.iter().zip(params) {
            let (average_part, rest) = rates.average_parts();
            let old = (average.as_detached_tensor() * f64::from(average_part))?;
            average.set(&(old + (param.as_detached_tensor() * f64::from(rest))?)?)?;
        }
        Ok(())
    }
}

impl Moments {
    fn on_device(
        params: &[Var],
        device: &Device,
        moments: Vec<[Vec<f32>; 2]>,
    ) -> Result<Moments, Error> {
        let pairs = params.iter().zip(moments).map(|(param, [m, v])| {
            let tensor = |data: Vec<f32>| Tensor::from_vec(data, param.dims(), device);
            Ok([tensor(m)?, tensor(v)?])
        });
        Ok(Moments::Device(pairs.collect::<Result<_, Error>>()?))
    }
}

/// One step's factors, each computed in f64.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    beta1: f64,
    beta2: f64,
    eps: f64,
    /// What remains of a parameter under decoupled decay.
    keep: f64,
    /// L2 weight.
    l2: f64,
    lr: f64,
    /// 1 / (1 − βᵗ).
    unbias1: f64,
    unbias2: f64,
    scale: f64,
    /// What remains of the average of the weights.
    average: f64,
}

impl Rates {
    /// `step` counts from 1; gradients are multiplied by `scale` first.
    pub fn new(config: &OptimizerConfig, step: u64, lr: f64, scale: f64) -> Rates {
        let unbias = |beta: f64| 1.0 / (1.0 - beta.powf(step as f64));
        let (keep, l2) = match config.kind {
            OptimizerKind::Adam => (1.0, config.weight_decay),
            OptimizerKind::AdamW => (1.0 - lr * config.weight_decay, 0.0),
        };
        Rates {
            beta1: config.beta1,
            beta2: config.beta2,
            eps: config.eps,
            keep,
            l2,
            lr,
            unbias1: unbias(config.beta1),
            unbias2: unbias(config.beta2),
            scale,
            // Shorter at first, so that the average forgets the initial weights (TensorFlow's ExponentialMovingAverage
            // with `num_updates`, counted from 0).
            average: config.ema.min(step as f64 / (9.0 + step as f64)),
        }
    }

    /// The shares of the old average and of the weights in the new average.
    fn average_parts(&self) -> (f32, f32) {
        (self.average as f32, (1.0 - self.average) as f32)
    }
}

/// Parameter and moments in one pass.
struct Fused<'a> {
    rates: Rates,
    grad: &'a [f32],
    moments: RefCell<(&'a mut Vec<f32>, &'a mut Vec<f32>)>,
}

impl InplaceOp1 for Fused<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        /// Elements a task.
        const CHUNK: usize = 1 << 13;
        let (CpuStorage::F32(data), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            candle_core::bail!("a parameter is not contiguous f32")
        };
        let param = &mut data[start..end];
        let rates = self.rates;
        let mut moments = self.moments.borrow_mut();
        let (m, v) = &mut *moments;
        if param.len() != self.grad.len() || param.len() != m.len() || param.len() != v.len() {
            candle_core::bail!("a parameter, its gradient and its moments differ in size")
        }
        let elements = param.len();
        let chunks = param
            .chunks_mut(CHUNK)
            .zip(self.grad.chunks(CHUNK))
            .zip(m.chunks_mut(CHUNK))
            .zip(v.chunks_mut(CHUNK));
        pool::each(elements, chunks, |_, (((p, g), m), v)| update(&rates, p, g, m, v));
        Ok(())
    }
}

#[inline(always)]
pub(crate) fn update(rates: &Rates, param: &mut [f32], grad: &[f32], m: &mut [f32], v: &mut [f32]) {
    let (beta1, rest1) = (rates.beta1 as f32, (1.0 - rates.beta1) as f32);
    let (beta2, rest2) = (rates.beta2 as f32, (1.0 - rates.beta2) as f32);
    let (unbias1, unbias2) = (rates.unbias1 as f32, rates.unbias2 as f32);
    let (keep, l2, lr) = (rates.keep as f32, rates.l2 as f32, rates.lr as f32);
    let (eps, scale) = (rates.eps as f32, rates.scale as f32);
    for (((p, g), m), v) in param.iter_mut().zip(grad).zip(m).zip(v) {
        let g = g * scale + l2 * *p;
        *m = *m * beta1 + g * rest1;
        *v = *v * beta2 + g * g * rest2;
        *p = *p * keep - lr * ((*m * unbias1) / ((*v * unbias2).sqrt() + eps));
    }
}

/// Moves the average of a parameter towards it: average ← d · average + (1 − d) · parameter.
#[inline(always)]
pub(crate) fn follow(rates: &Rates, average: &mut [f32], param: &[f32]) {
    let (keep, rest) = rates.average_parts();
    average.iter_mut().zip(param).for_each(|(a, p)| *a = *a * keep + *p * rest);
}

fn plain_step(
    rates: &Rates,
    param: &Var,
    grad: &Tensor,
    [m, v]: &mut [Tensor; 2],
) -> Result<(), Error> {
    let mut grad = (grad * rates.scale)?;
    if rates.l2 != 0.0 {
        grad = (grad + (param.as_detached_tensor() * rates.l2)?)?;
    }
    *m = ((&*m * rates.beta1)? + (&grad * (1.0 - rates.beta1))?)?;
    *v = ((&*v * rates.beta2)? + (grad.sqr()? * (1.0 - rates.beta2))?)?;
    let size = ((&*v * rates.unbias2)?.sqrt()? + rates.eps)?;
    let update = ((&*m * rates.unbias1)? / size)?;
    let next = ((param.as_detached_tensor() * rates.keep)? - (update * rates.lr)?)?;
    param.set(&next)?;
    Ok(())
}

/// As [`crate::kernels::adam::norm`], of tensors.
pub(crate) fn global_norm(grads: &[Tensor]) -> Result<Result<f64, usize>, Error> {
    if let Some(norm) = device_norm(grads)? {
        return Ok(Ok(norm));
    }
    let mut total = 0.0;
    for (index, grad) in grads.iter().enumerate() {
        let grad = grad.to_device(&Device::Cpu)?.contiguous()?;
        let squares = with_slice(&grad, sum_of_squares)?;
        // The square of a finite f32 is finite in f64, so that only a fault makes the sum so.
        if !squares.is_finite() {
            return Ok(Err(index));
        }
        total += squares;
    }
    Ok(Ok(total.sqrt()))
}

/// The norm where the gradients are on another device than the CPU, with one value read back; `None`
/// on the CPU, and where f32 does not hold the sum of squares.
fn device_norm(grads: &[Tensor]) -> Result<Option<f64>, Error> {
    if grads.first().is_none_or(|grad| grad.device().is_cpu()) {
        return Ok(None);
    }
    let sums = grads.iter().map(|grad| grad.sqr()?.sum_all()).collect::<Result<Vec<_>, _>>()?;
    let total = Tensor::stack(&sums, 0)?.sum_all()?.to_scalar::<f32>()?;
    Ok(total.is_finite().then(|| f64::from(total).sqrt()))
}

fn sum_of_squares(data: &[f32]) -> f64 {
    /// Fixed, so that the order of the sum does not depend on the threads.
    const CHUNK: usize = 1 << 13;
    let chunk = |data: &[f32]| {
        let mut lanes = [0f64; 8];
        for eight in data.chunks(8) {
            for (lane, &x) in lanes.iter_mut().zip(eight) {
                *lane += f64::from(x) * f64::from(x);
            }
        }
        lanes.iter().sum::<f64>()
    };
    if data.len() <= CHUNK {
        return chunk(data);
    }
    let mut sums = vec![0f64; data.len().div_ceil(CHUNK)];
    let pairs = sums.iter_mut().zip(data.chunks(CHUNK));
    pool::each(data.len(), pairs, |_, (sum, data)| *sum = chunk(data));
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{self, Key};
    use candle_nn::Optimizer;

    const SIZES: [usize; 3] = [7, 20_000, 300];

    fn params() -> Vec<Var> {
        let var = |(i, &n): (usize, &usize)| {
            let data = noise::normal(Key::new(1, "param", 0, i as u64), n);
            Var::from_vec(data, n, &Device::Cpu).unwrap()
        };
        SIZES.iter().enumerate().map(var).collect()
    }

    fn grads(step: u64) -> Vec<Tensor> {
        let grad = |(i, &n): (usize, &usize)| {
            let data = noise::normal(Key::new(1, "grad", step, i as u64), n);
            Tensor::from_vec(data, n, &Device::Cpu).unwrap()
        };
        SIZES.iter().enumerate().map(grad).collect()
    }

    fn assert_near(a: &[Var], b: &[Var]) {
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (a.to_vec1::<f32>().unwrap(), b.to_vec1::<f32>().unwrap());
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} {b}");
            }
        }
    }

    fn run(config: OptimizerConfig, plain: bool) -> Vec<Var> {
        let params = params();
        let mut adam = Adam::new(config, &params, &Device::Cpu).unwrap();
        if plain {
            let moments = adam.moments().unwrap();
            adam.moments = Moments::on_device(&params, &Device::Cpu, moments).unwrap();
        }
        for step in 1..=100 {
            let lr = 1e-3 * (1.0 + (step % 3) as f64);
            adam.step(&params, &[], &grads(step), step, lr, 0.7).unwrap();
        }
        params
    }

    #[test]
    fn the_fused_pass_agrees_with_plain_operations() {
        for kind in [OptimizerKind::Adam, OptimizerKind::AdamW] {
            let config = OptimizerConfig { kind, weight_decay: 0.02, ..Default::default() };
            assert_near(&run(config, false), &run(config, true));
        }
    }

    #[test]
    fn adamw_agrees_with_candle() {
        let config = OptimizerConfig {
            kind: OptimizerKind::AdamW,
            weight_decay: 0.01,
            ..Default::default()
        };
        let candle_params = params();
        let settings = candle_nn::ParamsAdamW { weight_decay: 0.01, ..Default::default() };
        let mut candle = candle_nn::AdamW::new(candle_params.clone(), settings).unwrap();
        for step in 1..=100 {
            candle.set_learning_rate(1e-3 * (1.0 + (step % 3) as f64));
            // The loss Σ p · g has the gradient g.
            let loss = candle_params
                .iter()
                .zip(grads(step))
                .map(|(p, g)| (p.as_tensor() * (g * 0.7).unwrap()).unwrap().sum_all().unwrap())
                .reduce(|a, b| (a + b).unwrap())
                .unwrap();
            candle.step(&loss.backward().unwrap()).unwrap();
        }
        for plain in [false, true] {
            assert_near(&run(config, plain), &candle_params);
        }
    }

    #[test]
    fn l2_decay_is_part_of_the_gradient() {
        // With no gradient, Adam's first step is lr · sign of the decay term.
        let param = vec![Var::from_vec(vec![2f32, -3.0], 2, &Device::Cpu).unwrap()];
        let config = OptimizerConfig { weight_decay: 0.1, ..Default::default() };
        let mut adam = Adam::new(config, &param, &Device::Cpu).unwrap();
        let zero = Tensor::zeros(2, candle_core::DType::F32, &Device::Cpu).unwrap();
        adam.step(&param, &[], &[zero], 1, 0.01, 1.0).unwrap();
        let moved = param[0].to_vec1::<f32>().unwrap();
        assert!((moved[0] - 1.99).abs() < 1e-6 && (moved[1] + 2.99).abs() < 1e-6);
    }

    #[test]
    fn the_norm_is_global_and_names_what_is_not_finite() {
        let tensor = |data: &[f32]| Tensor::from_slice(data, data.len(), &Device::Cpu).unwrap();
        let norm = global_norm(&[tensor(&[3.0]), tensor(&[4.0, 12.0])]).unwrap();
        assert_eq!(norm, Ok(13.0));
        let large = global_norm(&[tensor(&[3e30]), tensor(&[4e30])]).unwrap().unwrap();
        assert!((large / 5e30 - 1.0).abs() < 1e-6);
        let fault = global_norm(&[tensor(&[3.0]), tensor(&[f32::NAN])]).unwrap();
        assert_eq!(fault, Err(1));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for config in [
            OptimizerConfig { beta1: 1.0, ..Default::default() },
            OptimizerConfig { eps: 0.0, ..Default::default() },
            OptimizerConfig { weight_decay: f64::NAN, ..Default::default() },
            OptimizerConfig { ema: 1.0, ..Default::default() },
        ] {
            assert!(matches!(config.check(), Err(Error::Optimizer(_))));
        }
        assert_eq!(OptimizerConfig::default().check(), Ok(()));
    }
}
