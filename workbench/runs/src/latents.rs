//! `latents/step-00001234.safetensors`: where a fixed set of images lies in latent space.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::tensors::{Data, Tensor, Tensors, read_tensors_with, write_tensors_with};
use crate::{Attribute, AttributeColumn, Error, RunDir, durable, read, step_name};

const EXTENSION: &str = ".safetensors";
/// The note that says what the attributes are, as JSON; each one's values are the tensor `attribute:NAME`.
const ATTRIBUTES: &str = "attributes";

/// The posteriors of N images in D latent dimensions at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Optimizer steps done.
    pub step: u64,
    /// D, the latent dimensions.
    pub dims: usize,
    /// Posterior means `[N, D]`, row-major.
    pub mean: Vec<f32>,
    /// Logarithms of the posterior variances `[N, D]`, row-major.
    pub logvar: Vec<f32>,
    /// A class for each image `[N]`, where the data set has classes.
    pub labels: Option<Vec<i64>>,
    /// The attributes of the data set, with a value for each image `[N]`.
    pub attributes: Vec<AttributeColumn>,
    /// The place of each image in the validation split, ascending; empty where they are its first N.
    pub items: Vec<u32>,
}

impl Snapshot {
    /// The place of a point's image in the validation split.
    pub fn item(&self, point: usize) -> usize {
        self.items.get(point).map_or(point, |&place| place as usize)
    }

    /// N, the images.
    pub fn len(&self) -> usize {
        self.mean.len().checked_div(self.dims).unwrap_or(0)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the snapshot, durably, and returns its file.
    ///
    /// # Errors
    /// [`Error::Unwritable`] where the lengths disagree, [`Error::Io`].
    pub fn save(&self, run: &RunDir) -> Result<PathBuf, Error> {
        let dir = run.latents();
        durable::make_dir_in_place(&dir)?;
        let path = dir.join(step_name::of(self.step) + EXTENSION);
        let (n, d) = (self.len(), self.dims);
        let mut tensors = Tensors::from([
            ("mean".to_owned(), Tensor::f32([n, d], self.mean.clone())),
            ("logvar".to_owned(), Tensor::f32([n, d], self.logvar.clone())),
        ]);
        if let Some(labels) = &self.labels {
            tensors.insert("labels".to_owned(), Tensor::i64([n], labels.clone()));
        }
        if !self.items.is_empty() {
            let items = self.items.iter().map(|&place| i64::from(place)).collect();
            tensors.insert("items".to_owned(), Tensor::i64([n], items));
        }
        for column in &self.attributes {
            let values = match column.attribute.is_real() {
                true => Tensor::f32([n], column.of.clone()),
                false => Tensor::i64([n], column.indices()),
            };
            tensors.insert(tensor_of(&column.attribute), values);
        }
        let all: Vec<&Attribute> = self.attributes.iter().map(|c| &c.attribute).collect();
        let note = match all[..] {
            [] => None,
            _ => Some(serde_json::to_string(&all).map_err(|e| Error::unwritable(&path, e))?),
        };
        write_tensors_with(&path, &tensors, note.map(|note| (ATTRIBUTES, note)))?;
        Ok(path)
    }

    /// The attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&AttributeColumn> {
        self.attributes.iter().find(|column| column.attribute.name == name)
    }

    /// Reads a snapshot's file, whose name tells the step.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn load(path: &Path) -> Result<Snapshot, Error> {
        let step = path
            .file_name()
            .and_then(|name| step_of(&name.to_string_lossy()))
            .ok_or_else(|| Error::damaged(path, "its name tells no step"))?;
        let (mut tensors, note) = read_tensors_with(path, ATTRIBUTES)?;
        let (shape, mean) = floats(path, &mut tensors, "mean")?;
        let (logvar_shape, logvar) = floats(path, &mut tensors, "logvar")?;
        let &[n, dims] = &shape[..] else {
            return Err(Error::damaged(
                path,
                format!("`mean` has the shape {shape:?}, not [N, D]"),
            ));
        };
        if logvar_shape != shape {
            return Err(Error::damaged(path, "`mean` and `logvar` differ in shape"));
        }
        let labels = match tensors.remove("labels") {
            None => None,
            Some(Tensor { shape, data: Data::I64(labels) }) if shape == [n] => Some(labels),
            Some(_) => return Err(Error::damaged(path, format!("`labels` are not {n} integers"))),
        };
        let items = match tensors.remove("items") {
            None => Vec::new(),
            Some(Tensor { shape, data: Data::I64(items) }) if shape == [n] => items
                .into_iter()
                .map(u32::try_from)
                .collect::<Result<_, _>>()
                .map_err(|_| Error::damaged(path, "`items` are no places of a split"))?,
            Some(_) => return Err(Error::damaged(path, format!("`items` are not {n} integers"))),
        };
        let attributes: Vec<Attribute> = match note {
            None => Vec::new(),
            Some(note) => serde_json::from_str(&note)
                .map_err(|e| Error::damaged(path, format!("its attributes cannot be read: {e}")))?,
        };
        let attributes = attributes
            .into_iter()
            .map(|attribute| column(path, &mut tensors, attribute, n))
            .collect::<Result<_, _>>()?;
        Ok(Snapshot { step, dims, mean, logvar, labels, attributes, items })
    }

    /// The steps and files of a run's snapshots, ascending.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(run: &RunDir) -> Result<Vec<(u64, PathBuf)>, Error> {
        let dir = run.latents();
        let entries = match read::retrying(|| fs::read_dir(&dir)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("list the latents in", &dir)(e)),
        };
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                Some((step_of(&entry.file_name().to_string_lossy())?, entry.path()))
            })
            .collect();
        found.sort();
        Ok(found)
    }

    /// Copies those of a run's snapshots that are of step `upto` or before into another run.
    ///
    /// # Errors
    /// [`Error::Io`]. One that is removed meanwhile is left out.
    pub fn copy_up_to(from: &RunDir, to: &RunDir, upto: u64) -> Result<(), Error> {
        let mut all = Snapshot::list(from)?;
        all.retain(|(step, _)| *step <= upto);
        if all.is_empty() {
            return Ok(());
        }
        let dir = to.latents();
        durable::make_dir(&dir)?;
        for (step, path) in all {
            durable::copy(&path, &dir.join(step_name::of(step) + EXTENSION))?;
        }
        durable::sync_dir(&dir)
    }

    /// The newest snapshot that can be read; `None` where the run has none.
    ///
    /// # Errors
    /// Where there are some and none can be read, what is wrong with the newest.
    pub fn newest(run: &RunDir) -> Result<Option<Snapshot>, Error> {
        let mut wrong = None;
        for (_, path) in Snapshot::list(run)?.into_iter().rev() {
            match Snapshot::load(&path) {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        wrong.map_or(Ok(None), Err)
    }
}

fn step_of(name: &str) -> Option<u64> {
    step_name::parse(name.strip_suffix(EXTENSION)?)
}

fn tensor_of(attribute: &Attribute) -> String {
    format!("attribute:{}", attribute.name)
}

fn column(
    path: &Path,
    tensors: &mut Tensors,
    attribute: Attribute,
    n: usize,
) -> Result<AttributeColumn, Error> {
    let name = tensor_of(&attribute);
    let known = 0..attribute.values.len() as i64;
    let of = match tensors.remove(&name) {
        Some(Tensor { shape, data: Data::F32(of) }) if shape == [n] && attribute.is_real() => of,
        Some(Tensor { shape, data: Data::I64(of) }) if shape == [n] && !attribute.is_real() => of
            .into_iter()
            .map(|at| if known.contains(&at) { at as f32 } else { f32::NAN })
            .collect(),
        _ => {
            let kind = attribute.kind.name();
            return Err(Error::damaged(path, format!("`{name}` is not {n} values, {kind}")));
        }
    };
    Ok(AttributeColumn { attribute, of })
}

fn floats(path: &Path, tensors: &mut Tensors, name: &str) -> Result<(Vec<usize>, Vec<f32>), Error> {
    match tensors.remove(name) {
        Some(Tensor { shape, data: Data::F32(data) }) => Ok((shape, data)),
        Some(_) => Err(Error::damaged(path, format!("`{name}` is not of 32-bit floats"))),
        None => Err(Error::damaged(path, format!("it holds no `{name}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AttributeKind;
    use crate::tensors::write_tensors;

    fn at(step: u64) -> Snapshot {
        let mean = vec![step as f32, 1.0, 2.0, 3.0, 4.0, 5.0];
        let (logvar, labels) = (vec![-1.0; 6], Some(vec![3, 7]));
        let (attributes, items) = (Vec::new(), Vec::new());
        Snapshot { step, dims: 3, mean, logvar, labels, attributes, items }
    }

    fn attribute(name: &str, kind: AttributeKind, values: &[&str]) -> Attribute {
        let values = values.iter().map(|&value| value.into()).collect();
        Attribute { name: name.into(), kind, values, range: None }
    }

    #[test]
    fn attributes_are_kept_with_their_names_and_what_is_not_known() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        let hair = attribute("hair \"of\" head", AttributeKind::Categorical, &["a", "b", "ü"]);
        let age =
            Attribute { range: Some([0.0, 99.5]), ..attribute("age", AttributeKind::Real, &[]) };
        let columns = vec![
            AttributeColumn { attribute: hair.clone(), of: vec![2.0, 0.0] },
            AttributeColumn { attribute: age, of: vec![0.25, -1.0] },
        ];
        let whole = Snapshot { attributes: columns, ..at(3) };
        let path = whole.save(&run).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(Snapshot::load(&path).unwrap(), whole);
        // Equal snapshots are equal bytes.
        whole.save(&run).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        let unknown = AttributeColumn { attribute: hair.clone(), of: vec![f32::NAN, 1.0] };
        let partly = Snapshot { attributes: vec![unknown], ..at(4) };
        let read = Snapshot::load(&partly.save(&run).unwrap()).unwrap();
        let column = read.attribute(&hair.name).unwrap();
        assert!(column.of[0].is_nan() && column.of[1] == 1.0, "{column:?}");
        let short = AttributeColumn { attribute: hair, of: vec![1.0] };
        let wrong = Snapshot { attributes: vec![short], ..at(5) }.save(&run).unwrap_err();
        assert!(wrong.to_string().contains("hair"), "{wrong}");
    }

    #[test]
    fn snapshots_round_trip_and_the_newest_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        assert_eq!(Snapshot::newest(&run).unwrap(), None);
        for step in [200_000_000, 9, 100] {
            let path = at(step).save(&run).unwrap();
            assert_eq!(Snapshot::load(&path).unwrap(), at(step));
        }
        let steps: Vec<u64> = Snapshot::list(&run).unwrap().iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [9, 100, 200_000_000]);
        assert_eq!(at(9).len(), 2);
        fs::write(run.latents().join("step-200000000.safetensors"), "x").unwrap();
        assert_eq!(Snapshot::newest(&run).unwrap(), Some(at(100)));
        let unlabelled = Snapshot { labels: None, ..at(100) };
        assert_eq!(Snapshot::load(&unlabelled.save(&run).unwrap()).unwrap(), unlabelled);
        assert_eq!(unlabelled.item(1), 1);
        let chosen = Snapshot { items: vec![4, 90], ..at(100) };
        assert_eq!(Snapshot::load(&chosen.save(&run).unwrap()).unwrap(), chosen);
        assert_eq!(chosen.item(1), 90);
    }

    #[test]
    fn those_up_to_a_step_are_copied() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| RunDir::create(dir.path(), name).unwrap());
        Snapshot::copy_up_to(&from, &to, 100).unwrap();
        assert!(!to.latents().exists());
        for step in [9, 100, 101] {
            at(step).save(&from).unwrap();
        }
        Snapshot::copy_up_to(&from, &to, 100).unwrap();
        let copied: Vec<Snapshot> = Snapshot::list(&to)
            .unwrap()
            .iter()
            .map(|(_, path)| Snapshot::load(path).unwrap())
            .collect();
        assert_eq!(copied, [at(9), at(100)]);
    }

    #[test]
    fn lengths_that_disagree_are_refused_on_both_sides() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        for wrong in [
            Snapshot { logvar: vec![0.0; 5], ..at(1) },
            Snapshot { labels: Some(vec![1]), ..at(1) },
            Snapshot { dims: 4, ..at(1) },
            Snapshot { dims: 0, ..at(1) },
            Snapshot { items: vec![1], ..at(1) },
        ] {
            assert!(matches!(wrong.save(&run), Err(Error::Unwritable { .. })), "{wrong:?}");
        }
        let path = run.latents().join("step-1.safetensors");
        write_tensors(&path, &Tensors::from([("mean".into(), Tensor::f32([2], vec![0.0; 2]))]))
            .unwrap();
        assert!(matches!(Snapshot::load(&path), Err(Error::Damaged { .. })));
    }
}
