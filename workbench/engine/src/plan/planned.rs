//! Parameters, moments and the plans that work on them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use workbench_graph::{Graph, NodeId, Op};

use super::compile::{Compiled, compile};
use super::gradient::gradients;
use super::kernel::{Arena, Context, LINE, Line};
use super::lower::lower;
use super::program::Instr;
use crate::adam::{OptimizerConfig, Rates};
use crate::array::Array;
use crate::backend::Step;
use crate::error::describe;
use crate::feed::Given;
use crate::kernels::{Source, Target, adam, threads};
use crate::profile::Profile;
use crate::{Controls, Cost, Error};

/// A graph's parameters, and what computes with them on the CPU.
pub(crate) struct Planned {
    /// One a parameter of the graph, in its order: what computes.
    pub params: Vec<Vec<f32>>,
    /// First and second moments of the trained ones.
    pub moments: Vec<[Vec<f32>; 2]>,
    /// Averages of the trained ones; none where none are kept. While `is_averaged` the two have changed places.
    averages: Vec<Vec<f32>>,
    is_averaged: bool,
    /// Places of the trained ones among the parameters.
    trained: Vec<usize>,
    config: OptimizerConfig,
    plans: Mutex<Plans>,
}

#[derive(Default)]
struct Plans {
    known: HashMap<Request, Arc<Plan>>,
    arena: Vec<Line>,
    /// Where costs are kept, while they are asked for.
    profile: Option<Profile>,
}

/// What a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    wanted: Vec<NodeId>,
    overrides: Vec<NodeId>,
    batch: usize,
    train: bool,
}

struct Plan {
    compiled: Compiled,
    /// Where the gradients are among the results, by trained parameter.
    gradients: Vec<Option<usize>>,
}

/// Values, and gradients where there are any.
#[cfg(test)]
pub(crate) type Differentiated = (Vec<Vec<f32>>, Vec<Option<Vec<f32>>>);

/// Plans are cheap to make, but for large graphs not for nothing; batch sizes are few.
const MOST_PLANS: usize = 16;

impl Planned {
    /// With zero moments.
    pub fn new(graph: &Graph, params: Vec<Vec<f32>>, config: OptimizerConfig) -> Planned {
        let all = graph.params().iter().enumerate();
        let trained: Vec<usize> =
            all.filter(|(_, param)| param.trained).map(|(index, _)| index).collect();
        let zeros =
            |&index: &usize| [vec![0.0; params[index].len()], vec![0.0; params[index].len()]];
        let moments = trained.iter().map(zeros).collect();
        let kept = if config.ema > 0.0 { &trained[..] } else { &[] };
        let averages = kept.iter().map(|&index| params[index].clone()).collect();
        let plans = Mutex::default();
        Planned { params, moments, averages, is_averaged: false, trained, config, plans }
    }

    /// Computes with the averages of the weights from now on, or with the weights; with these always where no averages
    /// are kept.
    pub fn use_averages(&mut self, on: bool) {
        if self.is_averaged != on && !self.averages.is_empty() {
            self.change_places();
            self.is_averaged = on;
        }
    }

    fn change_places(&mut self) {
        for (&index, average) in self.trained.iter().zip(&mut self.averages) {
            std::mem::swap(&mut self.params[index], average);
        }
    }

    /// The parameters that are trained, whatever computes now.
    pub fn parameters(&self) -> Vec<Vec<f32>> {
        let mut params = self.params.clone();
        if self.is_averaged {
            for (&index, raw) in self.trained.iter().zip(&self.averages) {
                params[index].clone_from(raw);
            }
        }
        params
    }

    /// Averages of the trained parameters; none where none are kept.
    pub fn averages(&self) -> Vec<Vec<f32>> {
        match self.is_averaged {
            true => self.trained.iter().map(|&index| self.params[index].clone()).collect(),
            false => self.averages.clone(),
        }
    }

    pub fn set_averages(&mut self, averages: Vec<Vec<f32>>) {
        self.use_averages(false);
        self.averages = averages;
    }

    /// The values of the wanted nodes.
    ///
    /// # Errors
    /// An index that is out of range.
    pub fn compute(
        &self,
        graph: &Graph,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<Vec<Array>, Error> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let request = request(wanted, given, false);
        let plan = plans.get(graph, request);
        self.run(graph, &mut plans, &plan, given, |context, _| {
            let results = wanted.iter().zip(&plan.compiled.results);
            results
                .map(|(node, &slot)| Array {
                    shape: graph.node(*node).shape.resolve(given.batch),
                    data: context.source(slot).slice().to_vec(),
                })
                .collect()
        })
    }

    /// One step of training: gradients of the losses, buffers' updates, the optimizer. `measured` begins with the
    /// losses, in the graph's order. The inner `Err` names what is not finite; nothing is changed then.
    ///
    /// # Errors
    /// An index that is out of range.
    pub fn train(
        &mut self,
        graph: &Graph,
        measured: &[NodeId],
        given: &Given,
        controls: &Controls,
        step: u64,
    ) -> Result<Result<Step, String>, Error> {
        self.use_averages(false);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = measured.to_vec();
        wanted.extend(graph.updates().iter().map(|update| update.value));
        let plan = plans.get(graph, request(&wanted, given, true));
        let results = &plan.compiled.results;
        let outcome = self.run(graph, &mut plans, &plan, given, |context, profile| {
            let value = |index: usize| context.source(results[index]);
            let arrays: Vec<Array> = measured
                .iter()
                .enumerate()
                .map(|(index, node)| Array {
                    shape: graph.node(*node).shape.resolve(given.batch),
                    data: value(index).slice().to_vec(),
                })
                .collect();
            let finite = |array: &Array| array.data.iter().all(|x| x.is_finite());
            for ((name, _, _), array) in graph.losses().zip(&arrays) {
                if !finite(array) {
                    return Err(name.to_owned());
                }
            }
            let sources: Vec<Option<Source>> =
                plan.gradients.iter().map(|index| index.map(value)).collect();
            let there: Vec<Source> = sources.iter().flatten().copied().collect();
            let begun = Instant::now();
            let norm = threads::on_pool(|| adam::norm(&there));
            if let Some(profile) = profile {
                profile.add(None, true, "norm", begun.elapsed(), 0);
            }
            let norm = norm.map_err(|place| {
                let present = sources.iter().enumerate().filter(|(_, source)| source.is_some());
                let index = present.map(|(index, _)| index).nth(place).unwrap_or(0);
                graph.params()[self.trained[index]].name.clone()
            })?;
            let updates: Vec<(usize, Vec<f32>)> = graph
                .updates()
                .iter()
                .enumerate()
                .map(|(i, update)| (update.buffer.0, value(measured.len() + i).slice().to_vec()))
                .collect();
            for (buffer, data) in &updates {
                if data.iter().any(|x| !x.is_finite()) {
                    return Err(graph.params()[*buffer].name.clone());
                }
            }
            Ok((arrays, sources, norm, updates))
        })?;
        let (arrays, sources, norm, updates) = match outcome {
            Ok(outcome) => outcome,
            Err(what) => return Ok(Err(what)),
        };
        let scale = match controls.clip_norm {
            Some(clip) if norm > clip => clip / norm,
            _ => 1.0,
        };
        let rates = Rates::new(&self.config, step, controls.lr, scale);
        let values: Vec<Target> = self.params.iter_mut().map(|data| Target::of(data)).collect();
        let moments = self.moments.iter_mut().map(|[m, v]| [Target::of(m), Target::of(v)]);
        let averages: Vec<Target> = self.averages.iter_mut().map(|data| Target::of(data)).collect();
        let parameters: Vec<adam::Parameter> = self
            .trained
            .iter()
            .zip(sources)
            .zip(moments)
            .enumerate()
            .map(|(place, ((&index, gradient), moments))| adam::Parameter {
                value: values[index],
                gradient,
                moments,
                average: averages.get(place).copied(),
            })
            .collect();
        // The gradients lie in the arena, which stays locked until here.
        let begun = Instant::now();
        threads::on_pool(|| adam::step(&rates, &parameters));
        if let Some(profile) = &mut plans.profile {
            profile.add(None, true, "optimizer", begun.elapsed(), 0);
        }
        drop(plans);
        for (buffer, data) in updates {
            self.params[buffer] = data;
        }
        Ok(Ok(Step { measured: arrays, norm }))
    }

    /// Begins to keep costs anew, or ends it.
    pub fn profile(&mut self, on: bool) {
        let plans = self.plans.get_mut().unwrap_or_else(PoisonError::into_inner);
        plans.profile = on.then(Profile::default);
    }

    /// What kernels took since [`Planned::profile`] began.
    pub fn costs(&self, graph: &Graph) -> Vec<Cost> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let costs = |profile: &Profile| profile.costs(|node| describe(graph, NodeId(node)));
        plans.profile.as_ref().map(costs).unwrap_or_default()
    }

    /// The values of the wanted nodes and the gradients of the trained parameters; `None` where no loss depends on one.
    #[cfg(test)]
    pub fn differentiate(
        &self,
        graph: &Graph,
        wanted: &[NodeId],
        given: &Given,
    ) -> Result<Differentiated, Error> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = plans.get(graph, request(wanted, given, true));
        self.run(graph, &mut plans, &plan, given, |context, _| {
            let read = |index: usize| context.source(plan.compiled.results[index]).slice().to_vec();
            let values = (0..wanted.len()).map(read).collect();
            (values, plan.gradients.iter().map(|index| index.map(read)).collect())
        })
    }

    /// Runs a plan, and reads what it made while it is there.
    fn run<T>(
        &self,
        graph: &Graph,
        plans: &mut Plans,
        plan: &Plan,
        given: &Given,
        read: impl FnOnce(&Context, &mut Option<Profile>) -> T,
    ) -> Result<T, Error> {
        let lines = plan.compiled.arena.div_ceil(LINE);
        if plans.arena.len() < lines {
            plans.arena = vec![Line::default(); lines];
        }
        let knobs: Vec<f32> = given.knobs.iter().map(|&knob| knob as f32).collect();
        let overrides: Vec<(usize, &[f32])> =
            given.overrides.iter().map(|(node, array)| (node.0, &array.data[..])).collect();
        let context = Context {
            arena: Arena::of(&mut plans.arena),
            params: &self.params,
            inputs: &given.inputs,
            knobs: &knobs,
            overrides: &overrides,
            noise: given.noise,
        };
        let profile = &mut plans.profile;
        threads::on_pool(|| -> Result<(), Error> {
            for kernel in &plan.compiled.kernels {
                let begun = profile.is_some().then(Instant::now);
                let ran = kernel.work.run(&context);
                if let (Some(profile), Some(begun)) = (profile.as_mut(), begun) {
                    let (name, flops) = (kernel.work.name(), kernel.work.flops());
                    profile.add(kernel.origin, kernel.backward, name, begun.elapsed(), flops);
                }
                ran.map_err(|message| Error::Node {
                    node: kernel
                        .origin
                        .map_or_else(String::new, |node| describe(graph, NodeId(node))),
                    message,
                })?;
            }
            Ok(())
        })?;
        Ok(read(&context, &mut plans.profile))
    }
}

fn request(wanted: &[NodeId], given: &Given, train: bool) -> Request {
    let overrides = given.overrides.keys().copied().collect();
    Request { wanted: wanted.to_vec(), overrides, batch: given.batch, train }
}

impl Plans {
    fn get(&mut self, graph: &Graph, request: Request) -> Arc<Plan> {
        if let Some(plan) = self.known.get(&request) {
            return plan.clone();
        }
        if self.known.len() >= MOST_PLANS {
            self.known.clear();
        }
        let plan = Arc::new(plan(graph, &request));
        self.known.insert(request, plan.clone());
        plan
    }
}

fn plan(graph: &Graph, request: &Request) -> Plan {
    let mut needed = request.wanted.clone();
    if request.train {
        // Also those that no loss depends on: they have a gradient to look up, which is then none.
        let nodes = graph.nodes().iter().enumerate();
        needed.extend(
            nodes.filter(|(_, node)| matches!(node.op, Op::Param(_))).map(|(i, _)| NodeId(i)),
        );
    }
    let (mut program, values) = lower(graph, request.batch, &needed, &request.overrides);
    let mut results: Vec<usize> = request.wanted.iter().map(|node| values[node]).collect();
    let mut places = Vec::new();
    if request.train {
        let trained: Vec<usize> =
            (0..graph.params().len()).filter(|&index| graph.params()[index].trained).collect();
        let mut by_param = vec![None; graph.params().len()];
        for (_, group, node) in graph.losses() {
            let mine: Vec<usize> = trained
                .iter()
                .copied()
                .filter(|&index| graph.params()[index].group == group)
                .collect();
            let of = |index: usize| {
                program.values.iter().position(|value| value.instr == Instr::Param(index))
            };
            let ids: Vec<(usize, usize)> =
                mine.iter().filter_map(|&index| Some((index, of(index)?))).collect();
            let wanted: Vec<usize> = ids.iter().map(|&(_, id)| id).collect();
            let found = gradients(&mut program, values[&node], &wanted);
            for ((index, _), gradient) in ids.into_iter().zip(found) {
                by_param[index] = gradient;
            }
        }
        for index in trained {
            places.push(by_param[index].map(|gradient| {
                results.push(gradient);
                results.len() - 1
            }));
        }
    }
    Plan { compiled: compile(&program, &results), gradients: places }
}
