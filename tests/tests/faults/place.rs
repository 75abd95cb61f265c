//! Where the harness trains.

use std::path::Path;

use tempfile::TempDir;
use workbench_tests::{Run, Running, Workbench};

use crate::settings::Setting;

/// Pictures: so few, and so small, that a trainer is at work some 20 ms after it was started.
const PICTURES: u32 = 400;
const SIDE: u32 = 8;

/// A folder with a data set, built plugins and an experiment, and runs beside them.
pub struct Place {
    workbench: Workbench,
    _root: TempDir,
}

impl Place {
    /// A new one, gone when this is dropped, with all processes that it has started.
    pub fn new() -> Place {
        let root = tempfile::tempdir().expect("a temporary folder");
        write_data(root.path());
        let libraries = root.path().join("libraries");
        std::fs::create_dir(&libraries).expect("a folder");
        // From here on nothing is built, so that a kill hits the trainer, and no compiler.
        let builder = Workbench::new();
        for plugin in ["idx", "mlp-vae", "beta-vae", "conditional-vae"] {
            let shown = builder.command(&["plugin", "show", plugin, "--json"]).ok().json();
            let library = Path::new(shown[0]["path"].as_str().expect("a library has a path"));
            let name = library.file_name().expect("a library has a name");
            std::fs::copy(library, libraries.join(name)).expect("a library can be copied");
        }
        let workbench = Workbench::at(root.path()).with("WORKBENCH_PLUGINS", &libraries);
        Place { workbench, _root: root }
    }

    pub fn workbench(&self) -> &Workbench {
        &self.workbench
    }

    pub fn run(&self, name: &str) -> Run {
        self.workbench.run(name)
    }

    /// Starts or resumes a run, as a scheduler would.
    pub fn start(&self, name: &str, setting: &Setting) -> Running {
        self.workbench.start(&words(name, setting))
    }

    /// Likewise, in the place of a shell that has done `first`.
    pub fn start_after(&self, first: &str, name: &str, setting: &Setting) -> Running {
        self.workbench.start_after(first, &words(name, setting))
    }
}

fn words<'a>(name: &'a str, setting: &Setting) -> Vec<&'a str> {
    let words = ["train", "e.toml", "--name", name, "--or-resume", "--headless"];
    [&words, setting.settings].concat()
}

fn write_data(folder: &Path) {
    let header =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
    let mut images = header(&[0x803, PICTURES, SIDE, SIDE]);
    // Of four classes, each a bar at another place, with some noise.
    for picture in 0..PICTURES {
        for pixel in 0..SIDE * SIDE {
            let is_bar = (pixel % SIDE) / 2 == picture % 4;
            let noise = (picture * SIDE * SIDE + pixel).wrapping_mul(2_654_435_761) >> 26;
            images.push((if is_bar { 190 } else { 0 } + noise) as u8);
        }
    }
    let mut labels = header(&[0x801, PICTURES]);
    labels.extend((0..PICTURES).map(|picture| (picture % 4) as u8));
    let experiment = "[dataset]\nplugin = \"idx\"\nimages = \"images.idx\"\nlabels = \"labels.idx\"\n\
                      test_count = 64\n\n[architecture]\nplugin = \"mlp-vae\"\nlatent = 2\nhidden = 16\n\n\
                      [train]\nbatch_size = 16\n\n[plots]\nfigures = []\n\n[device]\nthreads = 1\n";
    std::fs::write(folder.join("images.idx"), images).expect("a file");
    std::fs::write(folder.join("labels.idx"), labels).expect("a file");
    std::fs::write(folder.join("e.toml"), experiment).expect("a file");
}
