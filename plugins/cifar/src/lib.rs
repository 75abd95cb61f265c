//! CIFAR-10 and CIFAR-100, in their binary version.

#[cfg(test)]
mod damaged;
mod files;

use std::collections::BTreeMap;
use std::path::PathBuf;

use workbench_sdk::prelude::*;

struct Cifar {
    records: Records,
    /// Names of the ten, or of the hundred.
    classes: Vec<String>,
    /// Names of the twenty groups of CIFAR-100.
    groups: Option<Vec<String>>,
}

/// Labels and pixels one after the other, as they stand in the files.
#[derive(Debug)]
struct Records {
    /// Bytes before the pixels: 1 in CIFAR-10, 2 in CIFAR-100, whose second is the class.
    labels: usize,
    train: Vec<u8>,
    test: Vec<u8>,
}

/// `[C, H, W]`, as the planes lie.
const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;
/// The names of CIFAR-10's classes, where the file with them is not there.
const TEN: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

impl Dataset for Cifar {
    const NAME: &str = "cifar";
    const ABOUT: &str =
        "CIFAR-10 and CIFAR-100, in their binary version: a folder of .bin files, or the .tar.gz.";
    const PARAMS: &[Param] = &[param::path(
        "path",
        "The folder with data_batch_1.bin to test_batch.bin, or train.bin and test.bin; or the .tar.gz they come in.",
    )
    .required()];

    fn open(config: &Config) -> Result<Cifar> {
        let path: PathBuf = config.get("path")?;
        let files = files::read(&path)?;
        Cifar::of(files).map_err(|error| error.context(path.display()))
    }

    fn fields(&self) -> Vec<Field> {
        let [c, h, w] = SHAPE;
        let mut fields = vec![Field::image(c, h, w), Field::label(&self.classes)];
        if let Some(groups) = &self.groups {
            fields.push(Field::attribute("group", Kind::Categorical, groups));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        let records = self.records.of(split)?;
        Some((records.len() / self.records.size()) as u64)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let Some(records) = self.records.of(split) else { bail!("there is no split `{split}`") };
        let size = self.records.size();
        let record = &records[index as usize * size..][..size];
        let (labels, pixels) = record.split_at(self.records.labels);
        item.image().copy_from_slice(pixels);
        item.label(labels[labels.len() - 1].into());
        if self.groups.is_some() {
            item.set("group", labels[0].into());
        }
        Ok(())
    }
}

impl Cifar {
    fn of(mut files: BTreeMap<&'static str, Vec<u8>>) -> Result<Cifar> {
        let names = |file: Option<&Vec<u8>>| -> Option<Vec<String>> {
            let text = String::from_utf8_lossy(file?).into_owned();
            Some(
                text.lines()
                    .map(|line| line.trim().to_owned())
                    .filter(|line| !line.is_empty())
                    .collect(),
            )
        };
        let hundred = files.contains_key("train.bin");
        let named =
            names(files.get(if hundred { "fine_label_names.txt" } else { "batches.meta.txt" }));
        let groups = hundred.then(|| names(files.get("coarse_label_names.txt"))).flatten();
        let mut take = |name: &str| files.remove(name);
        let (train, test) = if hundred {
            (take("train.bin").unwrap_or_default(), take("test.bin"))
        } else {
            let batches = [
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
            ];
            let mut train = Vec::new();
            for (name, bytes) in batches.into_iter().filter_map(|name| Some((name, take(name)?))) {
                whole_records(name, &bytes, 1 + PIXELS)?;
                train.extend(bytes);
            }
            (train, take("test_batch.bin"))
        };
        let test_name = if hundred { "test.bin" } else { "test_batch.bin" };
        let Some(test) = test else { bail!("{test_name} is missing") };
        ensure!(
            !train.is_empty(),
            "there are no training pictures: data_batch_1.bin or train.bin is missing or empty"
        );
        let records = Records { labels: if hundred { 2 } else { 1 }, train, test };
        whole_records("the training split", &records.train, records.size())?;
        whole_records(test_name, &records.test, records.size())?;
        let classes = match named {
            Some(names) => names,
            None if hundred => (0..100).map(|class| class.to_string()).collect(),
            None => TEN.map(str::to_owned).to_vec(),
        };
        records.check(classes.len(), groups.as_ref().map(Vec::len))?;
        Ok(Cifar { records, classes, groups })
    }
}

impl Records {
    fn size(&self) -> usize {
        self.labels + PIXELS
    }

    fn of(&self, split: &str) -> Option<&[u8]> {
        match split {
            "train" => Some(&self.train),
            "test" => Some(&self.test),
            _ => None,
        }
    }

    /// Whether every label has a name.
    fn check(&self, classes: usize, groups: Option<usize>) -> Result<()> {
        for (split, records) in [("train", &self.train), ("test", &self.test)] {
            for (place, record) in records.chunks_exact(self.size()).enumerate() {
                let label = usize::from(record[self.labels - 1]);
                ensure!(
                    label < classes,
                    "item {place} of `{split}` has the label {label}, and there are {classes} classes"
                );
                let group = usize::from(record[0]);
                ensure!(
                    groups.is_none_or(|groups| group < groups),
                    "item {place} of `{split}` is of the group {group}, which has no name"
                );
            }
        }
        Ok(())
    }
}

fn whole_records(name: &str, bytes: &[u8], size: usize) -> Result<()> {
    ensure!(
        !bytes.is_empty() && bytes.len().is_multiple_of(size),
        "{name} is truncated or damaged: it has {} bytes, and a picture takes {size}",
        bytes.len()
    );
    Ok(())
}

export_plugin! { datasets: [Cifar] }
