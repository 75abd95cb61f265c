//! The latent space as someone looks at it: of a chosen step, on chosen axes, in chosen colours.

use std::path::PathBuf;

use workbench_dashboard::{ColorBy, LatentView};
use workbench_plots::figures::Colors;
use workbench_plots::{Figure, figures};
use workbench_runs::{AttributeColumn, History, RunDir, Snapshot};

/// The figure of a view.
///
/// # Errors
/// What the run does not have, in words.
pub fn draw(view: &LatentView) -> Result<Figure, String> {
    let run = RunDir::open(&view.run).map_err(|error| error.to_string())?;
    let snapshots = Snapshot::list(&run).map_err(|error| error.to_string())?;
    let Some((_, path)) = snapshots.iter().find(|(step, _)| *step == view.step) else {
        let steps: Vec<String> = snapshots.iter().map(|(step, _)| step.to_string()).collect();
        return Err(match &steps[..] {
            [] => "the run has no snapshot of its latent space yet".to_owned(),
            _ => format!(
                "there is no latent snapshot of step {}; there are {}",
                view.step,
                steps.join(", ")
            ),
        });
    };
    let snapshot = Snapshot::load(path).map_err(|error| error.to_string())?;
    let colored = match &view.color {
        Some(ColorBy::Dimension(dim)) => Some(*dim),
        _ => None,
    };
    let wanted = view.axes.iter().flat_map(|&(x, y)| [x, y]).chain(colored);
    if let Some(dim) = wanted.filter(|dim| *dim >= snapshot.dims).max() {
        let dims = snapshot.dims;
        return Err(format!("there is no latent dimension {}; there are {dims}", dim + 1));
    }
    let history = History::read(&view.run).map_err(|error| error.to_string())?;
    let classes = history.texts.get("data/classes").and_then(|texts| texts.last());
    let classes: Vec<String> =
        classes.map(|(_, text)| text.lines().map(str::to_owned).collect()).unwrap_or_default();
    let labels = snapshot.labels.as_deref().filter(|_| !classes.is_empty());
    let labels = labels.map(|labels| (labels, &classes[..]));
    let column = match &view.color {
        Some(ColorBy::Attribute(name)) => {
            Some(snapshot.attribute(name).ok_or_else(|| no_such_color(name, &snapshot))?)
        }
        _ => None,
    };
    let indices = column.map(|column| column.indices()).unwrap_or_default();
    let colors = match (&view.color, column) {
        (Some(ColorBy::Dimension(dim)), _) => Some(Colors::Dimension(*dim)),
        (_, Some(column)) if column.attribute.is_real() => {
            Some(Colors::Numbers { what: &column.attribute.name, of: &column.of })
        }
        (_, Some(AttributeColumn { attribute, .. })) => {
            Some(Colors::Names { what: &attribute.name, of: &indices, names: &attribute.values })
        }
        (_, None) => None,
    };
    Ok(figures::latent_view(&snapshot.mean, snapshot.dims, labels, view.axes, colors))
}

/// What colours a scatter, by the word for it: an attribute's name, "class", or a latent dimension counted from 1, as
/// `z3` or `3`. An attribute comes first, should it be called like another.
///
/// # Errors
/// What there is.
pub fn color(word: &str, snapshot: &Snapshot) -> Result<Option<ColorBy>, String> {
    if snapshot.attribute(word).is_some() {
        return Ok(Some(ColorBy::Attribute(word.to_owned())));
    }
    if word == "class" {
        return match snapshot.labels {
            Some(_) => Ok(None),
            None => Err(format!("the data have no classes: {}", colors_of(snapshot))),
        };
    }
    let dim = word.strip_prefix('z').unwrap_or(word).parse::<usize>().ok();
    match dim.filter(|dim| *dim > 0) {
        Some(dim) => Ok(Some(ColorBy::Dimension(dim - 1))),
        None => Err(no_such_color(word, snapshot)),
    }
}

fn no_such_color(word: &str, snapshot: &Snapshot) -> String {
    format!("there is no `{word}` to colour by: {}", colors_of(snapshot))
}

fn colors_of(snapshot: &Snapshot) -> String {
    let class = snapshot.labels.iter().map(|_| "class".to_owned());
    let attributes = snapshot.attributes.iter().map(|column| column.attribute.name.clone());
    let dims = (snapshot.dims > 0).then(|| format!("z1 to z{}", snapshot.dims));
    let there: Vec<String> = class.chain(attributes).chain(dims).collect();
    format!("there are {}", there.join(", "))
}

/// Writes a view into the run's plots/ as PNG and CSV, and returns their paths.
///
/// # Errors
/// As [`draw`], or why it could not be written.
pub fn save(view: &LatentView) -> Result<Vec<PathBuf>, String> {
    let figure = draw(view)?;
    let run = RunDir::open(&view.run).map_err(|error| error.to_string())?;
    let folder = run.plots();
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let stem = stem(view);
    let (png, csv) = (folder.join(format!("{stem}.png")), folder.join(format!("{stem}.csv")));
    figure.save_png(&png).map_err(|error| error.to_string())?;
    figure.save_csv(&csv).map_err(|error| error.to_string())?;
    Ok(vec![png, csv])
}

/// A name that tells the view: `latent-600-z1-z3-by-z2`.
fn stem(view: &LatentView) -> String {
    let mut stem = format!("latent-{}", view.step);
    if let Some((x, y)) = view.axes {
        stem += &format!("-z{}-z{}", x + 1, y + 1);
    }
    match &view.color {
        Some(ColorBy::Dimension(dim)) => stem += &format!("-by-z{}", dim + 1),
        Some(ColorBy::Attribute(name)) => {
            // A name may hold what a file's name may not.
            let safe = |c: char| if c.is_alphanumeric() { c } else { '_' };
            stem += &format!("-by-{}", name.chars().map(safe).take(64).collect::<String>());
        }
        None => {}
    }
    stem
}

#[cfg(test)]
mod tests {
    use workbench_runs::{Attribute, AttributeKind};

    use super::*;

    #[test]
    fn colours_have_words() {
        let attribute = Attribute {
            name: "z2".to_owned(),
            kind: AttributeKind::Real,
            values: Vec::new(),
            range: None,
        };
        let column = AttributeColumn { attribute, of: vec![0.5] };
        let (mean, logvar) = (vec![0.0; 3], vec![0.0; 3]);
        let labels = Some(vec![0]);
        let snapshot = Snapshot {
            step: 1,
            dims: 3,
            mean,
            logvar,
            labels,
            attributes: vec![column],
            items: Vec::new(),
        };
        assert_eq!(color("class", &snapshot), Ok(None));
        assert_eq!(color("z3", &snapshot), Ok(Some(ColorBy::Dimension(2))));
        assert_eq!(color("1", &snapshot), Ok(Some(ColorBy::Dimension(0))));
        assert_eq!(color("z2", &snapshot), Ok(Some(ColorBy::Attribute("z2".to_owned()))));
        let wrong = color("hair", &snapshot).unwrap_err();
        assert!(wrong.ends_with("there are class, z2, z1 to z3"), "{wrong}");
        assert!(color("class", &Snapshot { labels: None, ..snapshot }).is_err());
    }

    #[test]
    fn a_view_is_saved_as_it_is_looked_at() {
        let folder = std::env::temp_dir().join(format!("workbench-view-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let run = RunDir::create(&folder, "run").unwrap();
        run.write_text("experiment.toml", "").unwrap();
        let mean = vec![1.0, 2.0, 30.0, -1.0, 0.5, 10.0];
        let (logvar, labels, attributes) = (vec![0.0; 6], None, Vec::new());
        Snapshot { step: 5, dims: 3, mean, logvar, labels, attributes, items: Vec::new() }
            .save(&run)
            .unwrap();
        let view = LatentView {
            run: run.path().to_path_buf(),
            step: 5,
            axes: Some((2, 0)),
            color: Some(ColorBy::Dimension(1)),
        };
        let files = save(&view).unwrap();
        assert_eq!(files[0], run.plots().join("latent-5-z3-z1-by-z2.png"));
        let csv = std::fs::read_to_string(&files[1]).unwrap();
        assert_eq!(csv, "x,y,z₂\n30,1,2\n10,-1,0.5\n");
        let wrong = draw(&LatentView { step: 4, ..view.clone() }).unwrap_err();
        assert!(wrong.contains("there are 5"), "{wrong}");
        let by_hair = Some(ColorBy::Attribute("hair".to_owned()));
        let wrong = draw(&LatentView { color: by_hair, ..view.clone() }).unwrap_err();
        assert_eq!(wrong, "there is no `hair` to colour by: there are z1 to z3");
        let three = Some(ColorBy::Dimension(3));
        let wrong = draw(&LatentView { color: three, ..view }).unwrap_err();
        assert!(wrong.contains("no latent dimension 4; there are 3"), "{wrong}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
