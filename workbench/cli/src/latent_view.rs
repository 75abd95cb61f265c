//! The latent space as someone looks at it: of a chosen step, on chosen axes, in chosen colours.

use std::path::PathBuf;

use workbench_dashboard::LatentView;
use workbench_plots::{Figure, figures};
use workbench_runs::{History, RunDir, Snapshot};

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
    let wanted = view.axes.iter().flat_map(|&(x, y)| [x, y]).chain(view.color);
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
    Ok(figures::latent_view(&snapshot.mean, snapshot.dims, labels, view.axes, view.color))
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
    if let Some(color) = view.color {
        stem += &format!("-by-z{}", color + 1);
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_saved_as_it_is_looked_at() {
        let folder = std::env::temp_dir().join(format!("workbench-view-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let run = RunDir::create(&folder, "run").unwrap();
        run.write_text("experiment.toml", "").unwrap();
        let mean = vec![1.0, 2.0, 30.0, -1.0, 0.5, 10.0];
        let (logvar, labels, attributes) = (vec![0.0; 6], None, Vec::new());
        Snapshot { step: 5, dims: 3, mean, logvar, labels, attributes }.save(&run).unwrap();
        let view = LatentView {
            run: run.path().to_path_buf(),
            step: 5,
            axes: Some((2, 0)),
            color: Some(1),
        };
        let files = save(&view).unwrap();
        assert_eq!(files[0], run.plots().join("latent-5-z3-z1-by-z2.png"));
        let csv = std::fs::read_to_string(&files[1]).unwrap();
        assert_eq!(csv, "x,y,z₂\n30,1,2\n10,-1,0.5\n");
        let wrong = draw(&LatentView { step: 4, ..view.clone() }).unwrap_err();
        assert!(wrong.contains("there are 5"), "{wrong}");
        let wrong = draw(&LatentView { color: Some(3), ..view }).unwrap_err();
        assert!(wrong.contains("no latent dimension 4; there are 3"), "{wrong}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
