//! How far a file is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use workbench_fetch::Event;

use crate::console;

/// Without a terminal a line is printed so often at most.
const EVERY: Duration = Duration::from_secs(5);

pub struct Progress {
    name: String,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Progress {
    pub fn new(path: &Path) -> Progress {
        let name = console::plain(&path.display().to_string());
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::no_length().with_style(style).with_message(name.clone())
        });
        Progress { name, bar, told: Instant::now() }
    }

    pub fn tell(&mut self, event: &Event) {
        match *event {
            Event::Asks { address, from } => {
                let after = match from {
                    0 => String::new(),
                    from => format!(", after {}", console::bytes(from)),
                };
                self.note(&format!("{} from {address}{after}", self.name));
                if let Some(bar) = &self.bar {
                    // What was there already says nothing of how fast the rest comes.
                    bar.set_position(from);
                    bar.reset_eta();
                }
            }
            Event::Has { bytes, of } => self.has(bytes, of),
            Event::Failed { address, trouble, again } => {
                let then = if again { "; once more" } else { "" };
                self.note(&format!("{address}: {trouble}{then}"));
            }
        }
    }

    /// The bar goes; what was said stays.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn has(&mut self, bytes: u64, of: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let Some(of) = of {
                bar.set_length(of);
            }
            bar.set_position(bytes);
        } else if self.told.elapsed() > EVERY {
            self.told = Instant::now();
            let of = of.map(|of| format!(" of {}", console::bytes(of))).unwrap_or_default();
            console::note(format_args!("{}: {}{of}", self.name, console::bytes(bytes)));
        }
    }

    fn note(&self, text: &str) {
        let text = console::plain(text);
        match &self.bar {
            Some(bar) => bar.suspend(|| console::note(text)),
            None => console::note(text),
        }
    }
}
