//! Figures of a run: what each needs, and drawing them while training, on a thread of its own.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use workbench_engine::Array;
use workbench_plots::{Figure, Picture, figures};
use workbench_runs::{History, LogReader, Parent, RunDir, Snapshot, Value};
use workbench_trainer::{COLUMNS, Media, kl_per_dimension, to_bytes};

use crate::console;

/// A figure's name, what it shows, and how it is made.
pub struct Kind {
    pub name: &'static str,
    pub about: &'static str,
    /// It shows what the trained model makes, not only what the run has recorded.
    pub needs_model: bool,
    draw: fn(&Material) -> Result<Figure, String>,
}

/// What figures are made of.
pub struct Material {
    pub history: History,
    pub snapshot: Option<Snapshot>,
    pub media: Option<Media>,
    pub classes: Vec<String>,
    /// Losses are drawn above the floor that no model can reach.
    pub above_floor: bool,
    /// Where the run was forked from another: its curves are the other's up to there.
    pub forked_at: Option<u64>,
}

/// Every figure that there is.
pub const KINDS: [Kind; 7] = [
    Kind {
        name: "loss",
        about: "Loss and its parts, of training and validation, by step.",
        needs_model: false,
        draw: loss,
    },
    Kind {
        name: "latent",
        about: "Posterior means of validation items, by class.",
        needs_model: false,
        draw: latent,
    },
    Kind {
        name: "reconstructions",
        about: "Validation items above their reconstructions.",
        needs_model: true,
        draw: reconstructions,
    },
    Kind {
        name: "samples",
        about: "Pictures of codes drawn as those of the data lie; of a conditional model in rows by class or attribute.",
        needs_model: true,
        draw: samples,
    },
    Kind {
        name: "traversal",
        about: "One latent dimension of a validation item at a time, from -3 to 3.",
        needs_model: true,
        draw: traversal,
    },
    Kind {
        name: "interpolation",
        about: "From one validation item to another, through the latent space.",
        needs_model: true,
        draw: interpolation,
    },
    Kind {
        name: "kl",
        about: "KL of each latent dimension, and how many are active.",
        needs_model: false,
        draw: kl,
    },
];

/// The figure of this name.
///
/// # Errors
/// A message and a hint.
pub fn check(name: &str) -> Result<&'static Kind, (String, Option<String>)> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        return Ok(kind);
    }
    let names = KINDS.map(|kind| kind.name);
    let help = match workbench_experiment::nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err((format!("there is no figure `{name}`"), Some(help)))
}

impl Kind {
    /// # Errors
    /// What the run does not have yet.
    pub fn draw(&self, material: &Material) -> Result<Figure, String> {
        (self.draw)(material)
    }
}

/// Draws figures into the run's plots/ while training goes on. Where drawing is slower than training, figures are
/// drawn less often; the last state is always drawn.
pub struct Drawer {
    slot: Arc<Slot>,
    thread: Option<JoinHandle<()>>,
}

/// The newest work that was not begun.
#[derive(Default)]
struct Slot {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Default)]
struct Next {
    work: Option<(Media, Option<Snapshot>)>,
    ended: bool,
}

impl Drawer {
    /// `drawn` is told each figure's path or what went wrong, on the drawing thread.
    pub fn start(
        run: &RunDir,
        wanted: &[String],
        classes: &[String],
        drawn: impl Fn(Result<&Path, String>) + Send + 'static,
    ) -> Drawer {
        let kinds: Vec<&Kind> =
            KINDS.iter().filter(|kind| wanted.iter().any(|name| name == kind.name)).collect();
        let slot = Arc::new(Slot::default());
        let (theirs, run, classes) = (slot.clone(), run.clone(), classes.to_vec());
        let thread = std::thread::spawn(move || {
            let mut reader = LogReader::open(run.path());
            let mut material = Material {
                history: History::default(),
                snapshot: None,
                media: None,
                classes,
                forked_at: Parent::of(&run).map(|parent| parent.step),
                above_floor: false,
            };
            while let Some((media, snapshot)) = theirs.take() {
                if let Err(error) = fold(&mut reader, &mut material.history) {
                    drawn(Err(error.to_string()));
                }
                (material.media, material.snapshot) = (Some(media), snapshot);
                for kind in &kinds {
                    let path = run.plots().join(format!("{}.png", kind.name));
                    match draw_into(kind, &material, &path) {
                        Ok(()) => drawn(Ok(&path)),
                        Err(why) => drawn(Err(format!("figure `{}`: {why}", kind.name))),
                    }
                }
            }
        });
        Drawer { slot, thread: Some(thread) }
    }

    pub fn draw(&self, media: &Media, snapshot: Option<&Snapshot>) {
        self.slot.lock().work = Some((media.clone(), snapshot.cloned()));
        self.slot.changed.notify_one();
    }
}

impl Drop for Drawer {
    /// Waits until the last state is drawn.
    fn drop(&mut self) {
        self.slot.lock().ended = true;
        self.slot.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            console::warning("the thread that draws figures ended early");
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; `None` when no more comes.
    fn take(&self) -> Option<(Media, Option<Snapshot>)> {
        let mut next = self.lock();
        loop {
            if let Some(work) = next.work.take() {
                return Some(work);
            }
            if next.ended {
                return None;
            }
            next = self.changed.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Adds what the log has grown by; its pictures are not what figures are made of.
fn fold(reader: &mut LogReader, history: &mut History) -> Result<(), workbench_runs::Error> {
    loop {
        let events = reader.poll()?;
        if events.is_empty() {
            return Ok(());
        }
        for mut event in events {
            event.values.retain(|(_, value)| matches!(value, Value::Scalar(_)));
            history.fold(event);
        }
    }
}

fn draw_into(kind: &Kind, material: &Material, path: &Path) -> Result<(), String> {
    let figure = kind.draw(material)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    figure.save_png(path).map_err(|error| error.to_string())
}

/// Pictures as the plots take them, from `[N, C, H, W]` in 0..1.
pub fn pictures(array: &Array) -> Vec<Picture> {
    to_bytes(array)
        .into_iter()
        .map(|(width, height, channels, pixels)| Picture { width, height, channels, pixels })
        .collect()
}

fn loss(material: &Material) -> Result<Figure, String> {
    let history = &material.history;
    let series = |part: &str| -> Vec<(String, Vec<(u64, f32)>)> {
        // Of what has no floor there is nothing above it.
        if material.above_floor && history.above_floor(part, "loss").is_none() {
            return Vec::new();
        }
        ["loss", "recon", "kl"]
            .into_iter()
            .filter_map(|measure| {
                let above = history.above_floor(part, measure).filter(|_| material.above_floor);
                let series = match above {
                    Some(series) => series,
                    None => history.scalars.get(&format!("{part}/{measure}"))?.clone(),
                };
                let points = series.steps.into_iter().zip(series.values).collect();
                Some((measure.to_owned(), points))
            })
            .collect()
    };
    let (train, valid) = (series("train"), series("valid"));
    if train.is_empty() && valid.is_empty() {
        return Err(match material.above_floor {
            true => "the run has logged no `floor`: its architecture has no value that no model can reach".to_owned(),
            false => "the run has logged no loss yet".to_owned(),
        });
    }
    let mut figure = figures::loss(&train, &valid);
    if let (Figure::Lines(chart), true) = (&mut figure, material.above_floor) {
        chart.title = "Loss above the floor".to_owned();
    }
    if let (Figure::Lines(chart), Some(step)) = (&mut figure, material.forked_at) {
        chart.marks.push((step as f64, "fork".to_owned()));
    }
    Ok(figure)
}

fn latent(material: &Material) -> Result<Figure, String> {
    let snapshot = material.snapshot()?;
    let labels = snapshot.labels.as_deref().filter(|_| !material.classes.is_empty());
    Ok(figures::latent(
        &snapshot.mean,
        snapshot.dims,
        labels.map(|labels| (labels, &material.classes[..])),
    ))
}

fn kl(material: &Material) -> Result<Figure, String> {
    Ok(figures::kl(&kl_per_dimension(material.snapshot()?)))
}

fn reconstructions(material: &Material) -> Result<Figure, String> {
    let made = material.media()?.reconstructions.as_ref()?;
    Ok(figures::reconstructions(&pictures(&made.inputs), &pictures(&made.outputs)))
}

fn samples(material: &Material) -> Result<Figure, String> {
    let media = material.media()?;
    let samples = media.samples.as_ref()?;
    let rows = samples.labels.iter().map(|label| (label.clone(), samples.columns));
    let rows: Vec<(String, usize)> = rows.collect();
    Ok(figures::samples(media.from.title(), &pictures(&samples.pictures), &rows))
}

fn traversal(material: &Material) -> Result<Figure, String> {
    let traversal = material.media()?.traversal.as_ref()?;
    Ok(figures::traversal(&traversal.dims, &traversal.values, &pictures(&traversal.pictures)))
}

fn interpolation(material: &Material) -> Result<Figure, String> {
    Ok(figures::interpolation(COLUMNS, &pictures(material.media()?.interpolation.as_ref()?)))
}

impl Material {
    fn snapshot(&self) -> Result<&Snapshot, String> {
        self.snapshot
            .as_ref()
            .ok_or_else(|| "the run has no snapshot of its latent space yet".to_owned())
    }

    fn media(&self) -> Result<&Media, String> {
        self.media.as_ref().ok_or_else(|| "the run has no model that makes pictures yet".to_owned())
    }
}
