//! A plugin's data set as the trainer sees it.

use std::sync::Arc;

use workbench_graph::DType;
use workbench_host::{AttributeFacts, Column, Dataset, Field, Kind, Role};
use workbench_runs::{Attribute, AttributeKind};
use workbench_trainer::{Items, Medium, Pixels, Source, SourceError};

/// Adapts the host's columns to the trainer's items.
#[derive(Clone)]
pub struct PluginSource {
    dataset: Arc<Dataset>,
    image: Vec<usize>,
    medium: workbench_host::Medium,
    classes: Vec<String>,
    attributes: Vec<Attribute>,
    caption: usize,
}

impl PluginSource {
    /// `classes`: names from the data card, where it has some; else the plugin's own.
    pub fn new(dataset: Dataset, classes: Option<Vec<String>>) -> Result<PluginSource, String> {
        let field = |role| dataset.fields().iter().find(|field| field.role == role);
        let image = dataset.fields().iter().find_map(|field| match field.role {
            Role::Image(medium) => Some((field.dims.clone(), medium)),
            _ => None,
        });
        let (image, medium) = image.ok_or("the data set has no image")?;
        let labels = field(Role::Label);
        let own = labels.map(|field| field.classes.clone()).unwrap_or_default();
        if labels.is_some() && own.is_empty() && classes.as_ref().is_none_or(Vec::is_empty) {
            return Err(format!(
                "plugin `{}` gives labels without names: it declares the classes, or a card names them",
                dataset.plugin()
            ));
        }
        let classes = match classes {
            Some(named) if own.is_empty() || named.len() >= own.len() => named,
            Some(named) => {
                return Err(format!(
                    "the card names {} classes, and the labels need {}",
                    named.len(),
                    own.len()
                ));
            }
            None => own,
        };
        let attributes = dataset.fields().iter().filter(|field| field.role == Role::Attribute);
        let attributes = attributes.map(attribute).collect();
        let caption = field(Role::Caption).map_or(0, |field| field.dims[0]);
        let dataset = Arc::new(dataset);
        Ok(PluginSource { dataset, image, medium, classes, attributes, caption })
    }

    /// What the images are, as an architecture is told.
    pub fn host_medium(&self) -> workbench_host::Medium {
        self.medium
    }

    /// What an architecture is told of the attributes.
    pub fn facts(&self) -> Vec<AttributeFacts> {
        let fields = self.dataset.fields().iter().filter(|field| field.role == Role::Attribute);
        fields
            .map(|field| AttributeFacts {
                name: field.name.clone(),
                kind: field.kind,
                values: field.classes.clone(),
                range: field.range,
            })
            .collect()
    }

    /// Values of an attribute as the trainer takes them: NaN where one is not known.
    fn values(
        &self,
        field: &Field,
        column: Column,
        split: &str,
        items: &[u64],
    ) -> Result<Vec<f32>, SourceError> {
        let known = 0..field.classes.len() as i64;
        let refuse = |place: usize, value: String| {
            let (plugin, item, name) = (self.dataset.plugin(), items[place], &field.name);
            let wanted = match field.kind {
                Kind::Real => "a number, or NaN where it is not known, is wanted".to_owned(),
                _ => format!("0 to {}, or -1 where it is not known, is wanted", known.end - 1),
            };
            format!("plugin `{plugin}`: item {item} of `{split}` has `{name}` {value}; {wanted}")
        };
        match column {
            Column::F32(values) => match values.iter().position(|value| value.is_infinite()) {
                Some(place) => Err(refuse(place, values[place].to_string()).into()),
                None => Ok(values),
            },
            Column::I64(values) => {
                let wrong = values.iter().position(|at| *at != -1 && !known.contains(at));
                match wrong {
                    Some(place) => Err(refuse(place, values[place].to_string()).into()),
                    None => Ok(values
                        .into_iter()
                        .map(|at| if at < 0 { f32::NAN } else { at as f32 })
                        .collect()),
                }
            }
            Column::U8(_) => Ok(Vec::new()),
        }
    }

    /// As the trainer holds it.
    pub fn shared(&self) -> Arc<dyn Source> {
        Arc::new(self.clone())
    }
}

impl Source for PluginSource {
    fn image(&self) -> &[usize] {
        &self.image
    }

    fn medium(&self) -> Medium {
        match self.medium {
            workbench_host::Medium::Picture => Medium::Picture,
            workbench_host::Medium::Volume => Medium::Volume,
            workbench_host::Medium::Clip => Medium::Clip,
        }
    }

    fn pixel_bytes(&self) -> usize {
        let image = self.dataset.fields().iter().find(|field| field.is_image());
        match image.map(|field| field.dtype) {
            Some(DType::F32) => 4,
            _ => 1,
        }
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    fn caption(&self) -> usize {
        self.caption
    }

    fn len(&self, split: &str) -> Result<Option<u64>, SourceError> {
        Ok(self.dataset.len(split)?)
    }

    fn read(&self, split: &str, items: &[u64]) -> Result<Items, SourceError> {
        let columns = self.dataset.read(split, items)?;
        let mut read = Items::default();
        for (field, column) in self.dataset.fields().iter().zip(columns) {
            match (field.role, column) {
                (Role::Image(_), Column::U8(bytes)) => read.pixels = Pixels::U8(bytes),
                (Role::Image(_), Column::F32(numbers)) => read.pixels = Pixels::F32(numbers),
                (Role::Label, Column::I64(labels)) => {
                    let classes = 0..self.classes.len() as i64;
                    if let Some(place) = labels.iter().position(|label| !classes.contains(label)) {
                        let (label, item, plugin) =
                            (labels[place], items[place], self.dataset.plugin());
                        return Err(format!(
                            "plugin `{plugin}`: item {item} of `{split}` has the label {label}, and there are {} classes",
                            classes.end
                        )
                        .into());
                    }
                    read.labels = Some(labels);
                }
                (Role::Attribute, column) => {
                    read.attributes.push(self.values(field, column, split, items)?);
                }
                (Role::Caption, Column::U8(bytes)) => read.captions = bytes,
                _ => {}
            }
        }
        Ok(read)
    }
}

fn attribute(field: &Field) -> Attribute {
    let kind = match field.kind {
        Kind::Binary => AttributeKind::Binary,
        Kind::Categorical => AttributeKind::Categorical,
        Kind::Ordinal => AttributeKind::Ordinal,
        Kind::Real => AttributeKind::Real,
    };
    let (name, values) = (field.name.clone(), field.classes.clone());
    Attribute { name, kind, values, range: field.range }
}
