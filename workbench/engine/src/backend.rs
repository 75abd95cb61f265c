//! What runs a graph: a plan on the CPU, the interpreter elsewhere.

use workbench_graph::{Graph, NodeId};

use crate::adam::OptimizerConfig;
use crate::array::Array;
use crate::device::{self, DeviceKind};
use crate::feed::Given;
use crate::interpreter::Interpreted;
use crate::plan::Planned;
use crate::{Controls, Cost, Error};

/// Which way a graph is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Compiled to kernels of our own.
    Plan,
    /// Node by node on candle.
    Interpreter,
}

impl Path {
    pub fn name(self) -> &'static str {
        match self {
            Path::Plan => "plan",
            Path::Interpreter => "interpreter",
        }
    }
}

/// Parameters, the optimizer's moments, and what computes with them.
pub(crate) enum Backend {
    Plan(Box<Planned>),
    Interpreter(Box<Interpreted>),
}

/// What a step of training measured.
pub(crate) struct Step {
    /// The values of the measured nodes.
    pub measured: Vec<Array>,
    /// The Euclidean norm of all gradients, before clipping.
    pub norm: f64,
}

impl Backend {
    pub fn new(
        graph: &Graph,
        params: Vec<Vec<f32>>,
        device: DeviceKind,
        path: Path,
        config: OptimizerConfig,
    ) -> Result<Backend, Error> {
        let device = device::open(device)?;
        Ok(match path {
            Path::Plan => Backend::Plan(Box::new(Planned::new(graph, params, config))),
            Path::Interpreter => {
                Backend::Interpreter(Box::new(Interpreted::new(graph, params, device, config)?))
            }
        })
    }

    pub fn path(&self) -> Path {
        match self {
            Backend::Plan(_) => Path::Plan,
            Backend::Interpreter(_) => Path::Interpreter,
        }
    }

    /// The values of the wanted nodes, in their order.
    pub fn compute(
        &self,
        graph: &Graph,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<Vec<Array>, Error> {
        match self {
            Backend::Plan(planned) => planned.compute(graph, wanted, given),
            Backend::Interpreter(interpreted) => interpreted.compute(wanted, given),
        }
    }

    /// One step of training, the first being number 1; `measured` begins with the losses, in the graph's order. The
    /// inner `Err` names what is not finite: nothing has changed then.
    pub fn train(
        &mut self,
        graph: &Graph,
        measured: &[NodeId],
        given: &Given,
        controls: &Controls,
        step: u64,
    ) -> Result<Result<Step, String>, Error> {
        match self {
            Backend::Plan(planned) => planned.train(graph, measured, given, controls, step),
            Backend::Interpreter(interpreted) => interpreted.train(measured, given, controls, step),
        }
    }

    /// The first node in graph order whose value is not finite, of those that the wanted ones need. A plan does not
    /// keep every value, so that the interpreter computes them again.
    pub fn first_non_finite(
        &self,
        graph: &Graph,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<Option<NodeId>, Error> {
        match self {
            Backend::Plan(planned) => {
                let device = device::open(DeviceKind::Cpu)?;
                let config = OptimizerConfig::default();
                Interpreted::new(graph, planned.params.clone(), device, config)?
                    .first_non_finite(wanted, given)
            }
            Backend::Interpreter(interpreted) => interpreted.first_non_finite(wanted, given),
        }
    }

    /// Begins to keep costs anew, or ends it; the interpreter keeps none.
    pub fn profile(&mut self, on: bool) {
        if let Backend::Plan(planned) = self {
            planned.profile(on);
        }
    }

    pub fn costs(&self, graph: &Graph) -> Vec<Cost> {
        match self {
            Backend::Plan(planned) => planned.costs(graph),
            Backend::Interpreter(_) => Vec::new(),
        }
    }

    /// Every parameter and buffer, in the graph's order.
    pub fn parameters(&self) -> Result<Vec<Vec<f32>>, Error> {
        match self {
            Backend::Plan(planned) => Ok(planned.parameters()),
            Backend::Interpreter(interpreted) => interpreted.parameters(),
        }
    }

    pub fn set_parameters(&mut self, params: Vec<Vec<f32>>) -> Result<(), Error> {
        match self {
            Backend::Plan(planned) => {
                planned.use_averages(false);
                planned.params = params;
                Ok(())
            }
            Backend::Interpreter(interpreted) => interpreted.set_parameters(&params),
        }
    }

    /// Computes with the averages of the weights until the next step of training, or with the weights.
    pub fn use_averages(&mut self, on: bool) {
        match self {
            Backend::Plan(planned) => planned.use_averages(on),
            Backend::Interpreter(interpreted) => interpreted.use_averages(on),
        }
    }

    /// Averages of the trained parameters, in the graph's order; none where none are kept.
    pub fn averages(&self) -> Result<Vec<Vec<f32>>, Error> {
        match self {
            Backend::Plan(planned) => Ok(planned.averages()),
            Backend::Interpreter(interpreted) => interpreted.averages(),
        }
    }

    pub fn set_averages(&mut self, averages: Vec<Vec<f32>>) -> Result<(), Error> {
        match self {
            Backend::Plan(planned) => {
                planned.set_averages(averages);
                Ok(())
            }
            Backend::Interpreter(interpreted) => interpreted.set_averages(&averages),
        }
    }

    /// First and second moments of the trained parameters, in the graph's order.
    pub fn moments(&self) -> Result<Vec<[Vec<f32>; 2]>, Error> {
        match self {
            Backend::Plan(planned) => Ok(planned.moments.clone()),
            Backend::Interpreter(interpreted) => interpreted.moments(),
        }
    }

    pub fn set_moments(&mut self, moments: Vec<[Vec<f32>; 2]>) -> Result<(), Error> {
        match self {
            Backend::Plan(planned) => {
                planned.moments = moments;
                Ok(())
            }
            Backend::Interpreter(interpreted) => interpreted.set_moments(moments),
        }
    }
}
