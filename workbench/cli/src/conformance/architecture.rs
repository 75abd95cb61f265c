//! Checks of an architecture.

mod building;
mod coding;
mod gradients;
mod outputs;
mod training;

use workbench_engine::noise::{Key, uniform};
use workbench_engine::{Array, Batch, Input};
use workbench_graph::{Graph, Shape};
use workbench_host::{ArchitectureInfo, Error, Medium, Plugin, Task, Values};

use super::child::Check;
use super::given::Given;
use super::outcome::Outcome;
use super::parameters;
use crate::failure::{Failure, Result};
use training::Trained;

/// In the order in which they are tried.
pub const CHECKS: &[Check<Architecture>] = &[
    Check {
        name: "parameters",
        needs: &[],
        run: |it, _| parameters::declared(&it.info.parameters),
    },
    Check { name: "knobs", needs: &[], run: |it, _| parameters::knobs(&it.info.knobs) },
    Check { name: "build", needs: &[], run: |it, _| building::build(it) },
    Check { name: "repeatable", needs: &["build"], run: |it, _| building::repeatable(it) },
    Check { name: "outputs", needs: &["build"], run: |it, _| outputs::outputs(it) },
    Check { name: "training", needs: &["build"], run: |it, _| training::training(it) },
    Check { name: "gradients", needs: &["training"], run: |it, _| gradients::gradients(it) },
    Check { name: "encode", needs: &["training"], run: |it, _| coding::encode(it) },
    Check { name: "decode", needs: &["encode"], run: |it, _| coding::decode(it) },
    Check { name: "sample", needs: &["training"], run: |it, _| coding::sample(it) },
    Check { name: "no labels", needs: &["build"], run: |it, _| building::without_labels(it) },
    Check { name: "bad values", needs: &["build"], run: |it, _| building::bad_values(it) },
];

/// Images that architectures are tried with: pictures `[C, H, W]`, grey as MNIST's, coloured as CIFAR's, and larger ones;
/// and volumes `[C, D, H, W]`.
pub const IMAGES: [&[usize]; 4] = [&[1, 28, 28], &[3, 32, 32], &[1, 64, 64], &[1, 16, 16, 16]];
/// Classes of the labels that they come with.
pub const CLASSES: usize = 10;

/// An architecture under examination.
pub struct Architecture {
    plugin: Plugin,
    info: ArchitectureInfo,
    given: Given,
    traced: Option<Traced>,
    trained: Option<Vec<Trained>>,
}

/// What it recorded for each size of pictures, and what it said of those that it refuses.
#[derive(Clone)]
pub struct Traced {
    graphs: Vec<(&'static [usize], Graph)>,
    refused: Vec<(&'static [usize], String)>,
}

impl Architecture {
    pub fn new(plugin: Plugin, given: Given) -> Result<Architecture> {
        let info = plugin.architecture(&given.item).map_err(Failure::usage)?.clone();
        Ok(Architecture { plugin, info, given, traced: None, trained: None })
    }

    fn trace(
        &self,
        values: &Values,
        image: &'static [usize],
        classes: usize,
    ) -> Result<Graph, Error> {
        let medium = if image.len() == 4 { Medium::Volume } else { Medium::Picture };
        let task = Task { image: image.to_vec(), medium, classes, items: 1000, ..Task::default() };
        self.plugin.trace(&self.info.name, values, &task)
    }

    /// The graphs, recorded by this process before or now.
    fn graphs(&mut self) -> Result<Vec<(&'static [usize], Graph)>, Outcome> {
        if self.traced.is_none() {
            self.traced = Some(building::trace_all(self)?);
        }
        Ok(self.traced.as_ref().map(|traced| traced.graphs.clone()).unwrap_or_default())
    }

    /// Sessions that have taken some steps, by this process before or now.
    fn trained(&mut self) -> Result<&[Trained], Outcome> {
        if self.trained.is_none() {
            self.trained = Some(training::train_all(self)?);
        }
        Ok(self.trained.as_deref().unwrap_or_default())
    }
}

/// Random pictures with labels, the same ones for the same number.
fn batch(image: &'static [usize], items: usize, number: u64) -> Batch {
    let shape = [&[items], image].concat();
    let pixels = uniform(Key::new(7, "pictures", number, 0), shape.iter().product());
    let labels = (0..items).map(|i| ((i as u64 + number) % CLASSES as u64) as i64).collect();
    Batch::default().with_f32("x", &shape, pixels).with_i64("label", &[items], labels)
}

/// The labels of a batch, without its pictures.
fn labels(batch: &Batch) -> Batch {
    let inputs = batch.inputs.iter().filter(|(_, input)| matches!(input, Input::I64 { .. }));
    Batch { inputs: inputs.map(|(name, input)| (name.clone(), input.clone())).collect() }
}

/// "1x28x28".
fn size(image: &'static [usize]) -> String {
    image.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// Where the first number stands that is not finite.
fn not_finite(array: &Array) -> Option<String> {
    let at = array.data.iter().position(|x| !x.is_finite())?;
    Some(format!("{} at place {at} of {}", array.data[at], Shape::fixed(&array.shape)))
}

/// A check's body that stops at the first thing that is wrong.
fn judged(body: impl FnOnce() -> Result<Outcome, Outcome>) -> Outcome {
    body().unwrap_or_else(|wrong| wrong)
}
