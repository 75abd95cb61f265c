//! A run's model as the explorer asks it.

mod files;

use std::path::PathBuf;

use workbench_dashboard::Look;
use workbench_dashboard::explore::{
    Code, Decoder, Directions, DrawFrom, Item, Moments, Pixels, Random, Space, Work,
};
use workbench_engine::{Array, Batch, Input, Session};
use workbench_plots::principal_axes;
use workbench_runs::{Attribute, RunDir, Snapshot, checkpoint};
use workbench_trainer::{
    Asked, Medium, Sampler, Source, Split, Splits, Transform, attribute_of, kept_sampler, of_items,
    to_bytes, with_attribute,
};

use crate::failure::{Failure, Result};
use crate::model::Model;
use crate::{sampling, told};
use files::{Folder, Names};

/// With more dimensions their principal directions take seconds to find.
const MOST_DIRECTIONS: usize = 256;
/// Draws are the same every time, as those of `sample` are.
const SEED: u64 = 0;

/// A model that follows the checkpoints of its run.
pub struct Explorer {
    run: RunDir,
    model: Model,
    dims: usize,
    is_conditional: bool,
    /// The attributes that the model is told.
    told: Vec<Attribute>,
    /// How images are shown that are more than pictures.
    moment: Option<usize>,
    /// The first test item, for what else the model is told: its caption.
    held: Batch,
    /// From what random codes are drawn, of the checkpoint of a step; made when it is first asked for.
    sampler: Option<(u64, Result<Sampler, String>)>,
    folder: Folder,
    /// Read when it is first asked for.
    valid: Option<Split>,
    /// Places in it of the newest latent snapshot's points; empty where they are the first ones.
    items: Vec<u32>,
    /// The step that is loaded, and the newest steps of checkpoints and snapshots that were seen.
    step: u64,
    seen: (Option<u64>, Option<u64>),
}

impl Explorer {
    /// `output`: where saved files go; explore/ in the run directory where that is `None`.
    ///
    /// # Errors
    /// The architecture has no port `z` or marks no picture.
    pub fn new(run: RunDir, model: Model, output: Option<PathBuf>) -> Result<(Explorer, Space)> {
        let session = &model.session;
        let Some(dims) = session.latent_dims() else {
            return Err(Failure::usage(format_args!(
                "architecture `{}` has no port `z` that holds one code an image: there is nothing to explore; `workbench plot` draws what it has learned",
                model.prepared.experiment.architecture.plugin
            )));
        };
        let asked = Asked::of(session);
        let source = &model.prepared.source;
        let is_conditional = asked.class && !source.classes().is_empty();
        let is_told = |attribute: &&Attribute| asked.attributes.contains(&attribute.name);
        let told: Vec<Attribute> = source.attributes().iter().filter(is_told).cloned().collect();
        let held = told::items(&model, 1)?;
        let (step, folder) = (session.step(), Folder::new(&run, output));
        let seen = newest(&run).map_err(Failure::usage)?;
        let code = Code {
            z: vec![0.0; dims],
            class: is_conditional.then_some(0),
            told: vec![None; told.len()],
        };
        let mut explorer = Explorer {
            run,
            model,
            dims,
            is_conditional,
            told,
            moment: None,
            held,
            sampler: None,
            folder,
            valid: None,
            items: Vec::new(),
            step,
            seen,
        };
        // What cannot be decoded is said before the screen is taken.
        explorer.decode(&[code]).map_err(Failure::usage)?;
        let space = explorer.space().map_err(Failure::usage)?;
        explorer.follow(&space);
        Ok((explorer, space))
    }

    fn session(&self) -> &Session {
        &self.model.session
    }

    fn space(&self) -> Result<Space, String> {
        let source = &self.model.prepared.source;
        let snapshot = Snapshot::newest(&self.run).map_err(|error| error.to_string())?;
        let mut snapshot = snapshot.filter(|snapshot| snapshot.dims == self.dims);
        if let Some(Snapshot { labels: Some(labels), attributes, .. }) = &mut snapshot {
            // What the class says is offered once.
            attributes.retain(|column| !column.repeats_class(labels));
        }
        let axes = snapshot.as_ref().filter(|snapshot| snapshot.dims <= MOST_DIRECTIONS);
        let directions = axes.map(|snapshot| {
            let axes = principal_axes(&snapshot.mean, snapshot.dims);
            let floats = |numbers: &Vec<f64>| numbers.iter().map(|&x| x as f32).collect();
            Directions {
                centre: floats(&axes.centre),
                axes: axes.directions.iter().map(floats).collect(),
                variances: floats(&axes.variances),
            }
        });
        // A data set without a test split has no items to start from.
        let items = source.len("test").map_err(|error| error.to_string())?.unwrap_or(0);
        Ok(Space {
            step: self.step,
            dims: self.dims,
            snapshot,
            directions,
            classes: source.classes().to_vec(),
            is_conditional: self.is_conditional,
            told: self.told.clone(),
            items: usize::try_from(items).unwrap_or(usize::MAX),
            moments: match (source.medium(), source.medium().moments(source.image())) {
                (Medium::Picture, _) => Moments::One,
                (Medium::Volume, sides) => Moments::Sides(sides),
                (Medium::Clip, frames) => Moments::Frames(frames),
            },
        })
    }

    /// A point of the latent snapshots, which is an item of the validation split, with the newest checkpoint there is.
    ///
    /// # Errors
    /// There is no such item; the data set's own, and the model's.
    pub fn look(&mut self, point: usize) -> Result<Look, String> {
        self.newer()?;
        if self.valid.is_none() {
            let (experiment, source) =
                (&self.model.prepared.experiment, &self.model.prepared.source);
            let splits = Splits::open(experiment, source.shared());
            self.valid = Some(splits.map_err(|error| error.to_string())?.valid);
        }
        let place = match self.items.is_empty() {
            true => Some(point as u32),
            false => self.items.get(point).copied(),
        };
        let there = self.valid.as_ref().zip(place);
        let there = there.filter(|(valid, place)| (*place as usize) < valid.len());
        let (valid, place) =
            there.ok_or_else(|| format!("there is no validation image {point}"))?;
        let Item { input, reconstruction, .. } = self.reconstruct(valid, place)?.0;
        Ok(Look { step: self.step, input, reconstruction })
    }

    /// Remembers which items the points of a newer snapshot are.
    fn follow(&mut self, space: &Space) {
        if let Some(snapshot) = &space.snapshot {
            self.items.clone_from(&snapshot.items);
        }
    }

    /// An item of a split, by its place there.
    fn reconstruct(&self, split: &Split, place: u32) -> Result<(Item, Batch), String> {
        let transform = Transform::fixed(&self.model.prepared.experiment);
        let batch = split.batch(&[place], transform).map_err(|error| error.to_string())?;
        let wrong = |error: workbench_engine::Error| error.to_string();
        let z = self.session().encode(&batch).map_err(wrong)?.mean;
        let label = match batch.inputs.get("label") {
            Some(Input::I64 { data, .. }) => data.first().copied(),
            _ => None,
        };
        let label = label.and_then(|label| usize::try_from(label).ok());
        let input = match batch.inputs.get("x") {
            Some(Input::F32(array)) => pixels(&self.shown(array.clone())).pop(),
            _ => None,
        };
        let value = |attribute: &Attribute| {
            attribute_of(&batch, attribute).first().copied().filter(|value| !value.is_nan())
        };
        let told: Vec<Option<f32>> = self.told.iter().map(value).collect();
        // Also what is no slider, such as its caption, is this item's.
        let held = of_items(&batch, &[0]);
        let code = Code { z: z.data.clone(), class: label, told: told.clone() };
        let drawn = self.draw(&[code], &held)?;
        let item = Item {
            input: input.unwrap_or_default(),
            reconstruction: pixels(&drawn).pop().unwrap_or_default(),
            z: z.data,
            label,
            told,
        };
        Ok((item, held))
    }

    /// Pictures `[N, C, H, W]` in 0..1; what is no part of a code is as `held` has it.
    fn draw(&self, codes: &[Code], held: &Batch) -> Result<Array, String> {
        let (n, dims) = (codes.len(), self.dims);
        let data = codes.iter().flat_map(|code| code.z.iter().copied()).collect();
        let z = Array { shape: vec![n, dims], data };
        let others = self.others(codes, held);
        let images = self.session().decode(&z, &others).map_err(|error| error.to_string())?;
        Ok(self.shown(images))
    }

    /// What codes are conditioned on; what is no part of a code is as `held` has it.
    fn others(&self, codes: &[Code], held: &Batch) -> Batch {
        let n = codes.len();
        let mut others = match held.inputs.is_empty() {
            true => Batch::default(),
            false => of_items(held, &vec![0; n]),
        };
        if self.is_conditional {
            let labels = codes.iter().map(|code| code.class.unwrap_or(0) as i64).collect();
            others = others.with_i64("label", &[n], labels);
        }
        for (i, attribute) in self.told.iter().enumerate() {
            let value = |code: &Code| code.told.get(i).copied().flatten().unwrap_or(f32::NAN);
            let values: Vec<f32> = codes.iter().map(value).collect();
            others = with_attribute(others, attribute, &values);
        }
        others
    }

    /// What is fitted to the codes of the model, or why nothing is: the one that the run keeps, or one that is fitted now
    /// and kept where no trainer holds the run.
    fn sampler(&mut self) -> Result<Result<Sampler, String>, String> {
        if let Some((step, sampler)) = &self.sampler
            && *step == self.step
        {
            return Ok(sampler.clone());
        }
        let kept = kept_sampler(&self.run, &self.model.session).ok().flatten();
        let sampler = match kept {
            Some(kept) => Ok(kept),
            None => {
                let source = self.model.prepared.source.shared();
                let splits = Splits::open(&self.model.prepared.experiment, source);
                let train = splits.map_err(|error| error.to_string())?.train;
                let fitted = sampling::fitted(&self.model, &train);
                let fitted = fitted.map_err(|error| error.to_string())?;
                if let Ok(fitted) = &fitted {
                    // While a trainer holds the run it is fitted anew by whoever comes next.
                    let _ = sampling::keep(&self.model, &self.run, fitted);
                }
                fitted
            }
        };
        self.sampler = Some((self.step, sampler.clone()));
        Ok(sampler)
    }

    fn shown(&self, images: Array) -> Array {
        let medium = self.model.prepared.source.medium();
        match self.moment {
            Some(moment) => medium.moment(&images, moment),
            None => medium.drawn(images),
        }
    }
}

impl Decoder for Explorer {
    fn decode(&mut self, codes: &[Code]) -> Result<Vec<Pixels>, String> {
        Ok(pixels(&self.draw(codes, &self.held)?))
    }

    fn item(&mut self, item: usize) -> Result<Item, String> {
        let prepared = &self.model.prepared;
        let split = Split::of_items(&prepared.source, "test", &[item as u64])
            .map_err(|error| format!("test image {item}: {error}"))?;
        let (item, held) = self.reconstruct(&split, 0)?;
        self.held = held;
        Ok(item)
    }

    fn random(&mut self, draw: u64, of: &Code, from: DrawFrom) -> Result<Random, String> {
        let sampler = match from {
            DrawFrom::Prior => None,
            DrawFrom::Fitted => Some(self.sampler()?),
        };
        Ok(match sampler {
            Some(Ok(sampler)) => {
                let others = self.others(std::slice::from_ref(of), &self.held);
                Random { z: sampler.draw(&others, 1, SEED, draw).data, unfitted: None }
            }
            other => {
                let z = self.session().prior(1, SEED, draw).map_err(|error| error.to_string())?;
                Random { z: z.data, unfitted: other.and_then(Result::err) }
            }
        })
    }

    fn newer(&mut self) -> Result<Option<Space>, String> {
        let seen = newest(&self.run).map_err(|error| error.to_string())?;
        if seen == self.seen {
            return Ok(None);
        }
        let has_checkpoint = seen.0 != self.seen.0;
        // What cannot be used is not tried again, but for something newer.
        self.seen = seen;
        if has_checkpoint {
            let loaded = checkpoint::load_newest(&self.run).map_err(|error| error.to_string())?;
            if let Some((checkpoint, _)) = loaded.filter(|(newer, _)| newer.step != self.step) {
                workbench_trainer::load_model(&mut self.model.session, &checkpoint)
                    .map_err(|error| error.to_string())?;
                self.step = checkpoint.step;
            }
        }
        let space = self.space()?;
        self.follow(&space);
        Ok(Some(space))
    }

    fn show(&mut self, moment: Option<usize>) {
        self.moment = moment;
    }

    fn save(&mut self, work: &Work) -> Result<Vec<PathBuf>, String> {
        let picture = self.draw(std::slice::from_ref(&work.code), &self.held)?;
        let strip = match work.strip.is_empty() {
            true => None,
            false => Some(self.draw(&work.strip, &self.held)?),
        };
        let classes = self.model.prepared.source.classes();
        let names = Names { classes, told: &self.told };
        self.folder.save(work, names, &picture, strip.as_ref())
    }
}

/// The newest steps of checkpoints and of latent snapshots.
fn newest(run: &RunDir) -> Result<(Option<u64>, Option<u64>), workbench_runs::Error> {
    let checkpoint = checkpoint::list(run)?.last().map(|(step, _)| *step);
    let snapshot = Snapshot::list(run)?.last().map(|(step, _)| *step);
    Ok((checkpoint, snapshot))
}

/// `[N, C, H, W]` in 0..1, as the screen takes them.
fn pixels(array: &Array) -> Vec<Pixels> {
    let pictures = to_bytes(array).into_iter();
    pictures
        .map(|(width, height, channels, bytes)| {
            let colour = |pixel: &[u8]| match *pixel {
                [r, g, b] => [r, g, b],
                _ => [pixel[0]; 3],
            };
            Pixels { width, height, pixels: bytes.chunks_exact(channels).map(colour).collect() }
        })
        .collect()
}
