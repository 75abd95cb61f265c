//! Parameters and an optimizer around the interpreter.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use workbench_graph::{DType, Graph, NodeId};

use super::{Feed, Model, Values, is_finite};
use crate::adam::{Adam, OptimizerConfig, global_norm};
use crate::array::Array;
use crate::backend::Step;
use crate::feed::Given;
use crate::plan::Fed;
use crate::{Controls, Error};

/// Candle walks and drops its tape by recursion, so that a graph of more nodes than this is trained
/// on a thread with a stack for it; address space that is not touched costs nothing.
const SHALLOW: usize = 256;
const STACK_PER_NODE: usize = 16 << 10;

/// A graph that is run node by node, with its parameters and their moments.
pub(crate) struct Interpreted {
    model: Model,
    adam: Adam,
    /// The parameters that the optimizer moves, in the graph's order: all but the buffers.
    trained: Vec<Var>,
    /// Averages of these; none where none are kept.
    averages: Vec<Var>,
}

impl Interpreted {
    /// With zero moments.
    pub fn new(
        graph: &Graph,
        params: Vec<Vec<f32>>,
        device: Device,
        config: OptimizerConfig,
    ) -> Result<Interpreted, Error> {
        let vars = graph
            .params()
            .iter()
            .zip(params)
            .map(|(param, data)| Var::from_vec(data, param.shape.as_slice(), &device))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = graph.params().iter().zip(&vars);
        let trained: Vec<Var> =
            pairs.filter(|(param, _)| param.trained).map(|(_, var)| var.clone()).collect();
        let adam = Adam::new(config, &trained, &device)?;
        let kept = if config.ema > 0.0 { &trained[..] } else { &[] };
        let copies =
            kept.iter().map(|var| Ok(Var::from_tensor(&var.as_detached_tensor().copy()?)?));
        let averages = copies.collect::<Result<_, Error>>()?;
        let model = Model::new(graph.clone(), device, vars)?;
        Ok(Interpreted { model, adam, trained, averages })
    }

    /// As [`crate::plan::Planned::use_averages`].
    pub fn use_averages(&mut self, on: bool) {
        if self.averages.is_empty() {
            return;
        }
        let computing = if on { &self.averages } else { &self.trained };
        let params = self.model.graph.params().iter().zip(&mut self.model.params);
        let trained = params.filter(|(param, _)| param.trained);
        trained.zip(computing).for_each(|((_, var), source)| *var = source.clone());
    }

    pub fn averages(&self) -> Result<Vec<Vec<f32>>, Error> {
        self.averages.iter().map(|var| Ok(to_array(var)?.data)).collect()
    }

    pub fn set_averages(&mut self, averages: &[Vec<f32>]) -> Result<(), Error> {
        for (var, data) in self.averages.iter().zip(averages) {
            var.set(&Tensor::from_slice(data, var.dims(), &self.model.device)?)?;
        }
        Ok(())
    }

    /// The values of the wanted nodes, in their order.
    pub fn compute(&self, wanted: &[NodeId], given: &Given) -> Result<Vec<Array>, Error> {
        let values = self.model.run(wanted, &self.feed(given, false)?)?;
        wanted.iter().map(|&node| read(&values, node)).collect()
    }

    /// As [`crate::backend::Backend::train`].
    pub fn train(
        &mut self,
        measured: &[NodeId],
        given: &Given,
        controls: &Controls,
        step: u64,
    ) -> Result<Result<Step, String>, Error> {
        self.use_averages(false);
        let nodes = self.model.graph.nodes().len();
        if nodes <= SHALLOW {
            return self.advance(measured, given, controls, step);
        }
        let failed = |why: String| Error::Backend(format!("no thread for {nodes} nodes: {why}"));
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .stack_size(nodes.saturating_mul(STACK_PER_NODE))
                .spawn_scoped(scope, || self.advance(measured, given, controls, step))
                .map_err(|error| failed(error.to_string()))?
                .join()
                .unwrap_or_else(|_| Err(failed("it panicked".to_owned())))
        })
    }

    /// The first node in graph order whose value is not finite.
    pub fn first_non_finite(
        &self,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<Option<NodeId>, Error> {
        // As for a gradient, so that values are kept.
        let values = self.model.run(wanted, &self.feed(given, true)?)?;
        self.model.first_non_finite(&values)
    }

    /// The values of the wanted nodes and the gradients of the trained parameters.
    #[cfg(test)]
    pub fn differentiate(
        &self,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<[Vec<Vec<f32>>; 2], Error> {
        let values = self.model.run(wanted, &self.feed(given, true)?)?;
        let data = |tensor: &Tensor| to_array(tensor).map(|array| array.data);
        let wanted = wanted.iter().map(|&node| data(value(&values, node)?));
        let gradients = self.gradients(&values)?;
        Ok([
            wanted.collect::<Result<_, _>>()?,
            gradients.iter().map(data).collect::<Result<_, _>>()?,
        ])
    }

    pub fn parameters(&self) -> Result<Vec<Vec<f32>>, Error> {
        let mut trained = self.trained.iter();
        let params = self.model.graph.params().iter().zip(&self.model.params);
        let raw = params.map(|(param, var)| if param.trained { trained.next() } else { Some(var) });
        raw.flatten().map(|var| Ok(to_array(var)?.data)).collect()
    }

    pub fn set_parameters(&mut self, params: &[Vec<f32>]) -> Result<(), Error> {
        self.use_averages(false);
        for (var, data) in self.model.params.iter().zip(params) {
            var.set(&Tensor::from_slice(data, var.dims(), &self.model.device)?)?;
        }
        Ok(())
    }

    pub fn moments(&self) -> Result<Vec<[Vec<f32>; 2]>, Error> {
        self.adam.moments()
    }

    pub fn set_moments(&mut self, moments: Vec<[Vec<f32>; 2]>) -> Result<(), Error> {
        self.adam.set_moments(&self.trained, &self.model.device, moments)
    }

    fn advance(
        &mut self,
        measured: &[NodeId],
        given: &Given,
        controls: &Controls,
        step: u64,
    ) -> Result<Result<Step, String>, Error> {
        let mut wanted = measured.to_vec();
        wanted.extend(self.model.graph.updates().iter().map(|update| update.value));
        let values = self.model.run(&wanted, &self.feed(given, true)?)?;
        let measured: Vec<Array> =
            measured.iter().map(|&node| read(&values, node)).collect::<Result<_, _>>()?;
        for ((name, _, _), array) in self.model.graph.losses().zip(&measured) {
            if array.data.iter().any(|x| !x.is_finite()) {
                return Ok(Err(name.to_owned()));
            }
        }
        let grads = self.gradients(&values)?;
        let params = self.model.graph.params();
        let norm = match global_norm(&grads)? {
            Ok(norm) => norm,
            Err(index) => {
                let name = params.iter().filter(|param| param.trained).nth(index);
                return Ok(Err(name.map_or_else(String::new, |param| param.name.clone())));
            }
        };
        let updates = self.updates(&values)?;
        for (buffer, value) in &updates {
            if !is_finite(value)? {
                return Ok(Err(params[*buffer].name.clone()));
            }
        }
        drop(values);
        let scale = match controls.clip_norm {
            Some(clip) if norm > clip => clip / norm,
            _ => 1.0,
        };
        self.adam.step(&self.trained, &self.averages, &grads, step, controls.lr, scale)?;
        for (buffer, value) in &updates {
            self.model.params[*buffer].set(value)?;
        }
        Ok(Ok(Step { measured, norm }))
    }

    /// The gradient of every trained parameter; zeros where its loss does not depend on it.
    fn gradients(&self, values: &Values) -> Result<Vec<Tensor>, Error> {
        let params: Vec<_> =
            self.model.graph.params().iter().filter(|param| param.trained).collect();
        let mut grads: Vec<Option<Tensor>> = vec![None; params.len()];
        for (_, group, node) in self.model.graph.losses() {
            if !params.iter().any(|param| param.group == group) {
                continue;
            }
            let mut store = value(values, node)?.mean_all()?.backward()?;
            for (index, param) in params.iter().enumerate() {
                if param.group == group {
                    grads[index] = store.remove(&self.trained[index]);
                }
            }
        }
        grads
            .into_iter()
            .zip(&self.trained)
            .map(|(grad, var)| Ok(grad.map_or_else(|| var.zeros_like(), Ok)?))
            .collect()
    }

    /// What the buffers become, by their place among the graph's parameters. Copies: a value may be a
    /// parameter or another buffer, which are about to change in place.
    fn updates(&self, values: &Values) -> Result<Vec<(usize, Tensor)>, Error> {
        let updates = self.model.graph.updates().iter();
        updates
            .map(|update| Ok((update.buffer.0, value(values, update.value)?.detach().copy()?)))
            .collect()
    }

    /// Puts what is given on the device.
    fn feed<'a>(&self, given: &Given<'a>, differentiate: bool) -> Result<Feed<'a>, Error> {
        let graph = &self.model.graph;
        let device = &self.model.device;
        let inputs = graph
            .inputs()
            .iter()
            .zip(&given.inputs)
            .map(|(spec, fed)| {
                let dims = spec.shape.resolve(given.batch);
                Ok(match fed {
                    None => None,
                    Some(Fed::Float(data)) => Some(Tensor::from_slice(data, dims, device)?),
                    Some(Fed::Integer(data)) => {
                        let tensor = Tensor::from_slice(data, dims, device)?;
                        Some(match spec.dtype {
                            DType::U8 => tensor.to_dtype(candle_core::DType::U8)?,
                            _ => tensor,
                        })
                    }
                })
            })
            .collect::<Result<_, Error>>()?;
        let overrides = given
            .overrides
            .iter()
            .map(|(&node, array)| {
                Ok((node, Tensor::from_slice(&array.data, array.shape.as_slice(), device)?))
            })
            .collect::<Result<BTreeMap<_, _>, Error>>()?;
        Ok(Feed {
            batch: given.batch,
            inputs,
            knobs: given.knobs.clone(),
            overrides,
            noise: given.noise,
            differentiate,
        })
    }
}

fn value(values: &Values, node: NodeId) -> Result<&Tensor, Error> {
    let value = values.get(node.0).and_then(Option::as_ref);
    value.ok_or_else(|| Error::Backend(format!("node {} was not computed", node.0)))
}

fn read(values: &Values, node: NodeId) -> Result<Array, Error> {
    to_array(value(values, node)?)
}

fn to_array(tensor: &Tensor) -> Result<Array, Error> {
    Ok(Array { shape: tensor.dims().to_vec(), data: tensor.flatten_all()?.to_vec1::<f32>()? })
}
