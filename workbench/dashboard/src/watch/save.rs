//! Saving what is looked at as a figure: the program that shows the dashboard draws it, on a thread of its own.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::latent::ColorBy;

/// A latent space as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatentView {
    /// The run directory.
    pub run: PathBuf,
    /// The step of the snapshot.
    pub step: u64,
    /// The dimensions across and up, from 0; `None` for the first two principal components.
    pub axes: Option<(usize, usize)>,
    /// What colours the points; `None` for their classes.
    pub color: Option<ColorBy>,
}

type Draw = dyn Fn(&LatentView) -> Result<Vec<PathBuf>, String> + Send + Sync;

/// Draws views: returns the files that were written, or why none was, in words.
#[derive(Clone)]
pub struct Save(Arc<Draw>);

impl Save {
    /// With the function that draws a view.
    pub fn new(
        draw: impl Fn(&LatentView) -> Result<Vec<PathBuf>, String> + Send + Sync + 'static,
    ) -> Save {
        Save(Arc::new(draw))
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Save")
    }
}

/// The files written for a view, or why not.
pub(crate) type Saved = Result<Vec<PathBuf>, String>;

/// Has views drawn while the screen goes on.
pub(crate) struct Saver {
    save: Option<Save>,
    tell: Sender<Saved>,
    pub done: Receiver<Saved>,
}

impl Saver {
    pub fn new(save: Option<Save>) -> Saver {
        let (tell, done) = mpsc::channel();
        Saver { save, tell, done }
    }

    pub fn start(&self, view: LatentView) {
        let tell = self.tell.clone();
        let Some(Save(draw)) = self.save.clone() else {
            let _ = tell.send(Err("this program saves no figures".to_owned()));
            return;
        };
        let refused = self.tell.clone();
        let work = move || {
            // Nobody waits for it any more where the screen is gone.
            let _ = tell.send(draw(&view));
        };
        if thread::Builder::new().name("saver".to_owned()).spawn(work).is_err() {
            let _ = refused.send(Err("the system has no thread left".to_owned()));
        }
    }
}
