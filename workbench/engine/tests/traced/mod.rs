//! From an author's `build` to a session, over the plugin ABI, within this program.

pub mod check;

use std::sync::Once;

use workbench_engine::{DeviceKind, OptimizerConfig, Session};
use workbench_host::{Error, Linked, Plugin, Plugins, Task};
use workbench_sdk::export::{abi, architecture_table};
use workbench_sdk::{Architecture, Config, Graph, Param, Result, param};

/// One architecture for all tests, which records what its parameter names.
struct Recorded;

pub type Build = fn(&Graph);

impl Architecture for Recorded {
    const NAME: &str = "recorded";
    const ABOUT: &str = "What a test records.";
    const PARAMS: &[Param] = &[param::int("build", "Which of the functions that were traced.", 0)];

    fn build(g: &Graph, config: &Config) -> Result<()> {
        let index: usize = config.get("build")?;
        BUILDS.with_borrow(|builds| builds[index](g));
        Ok(())
    }
}

thread_local! {
    static BUILDS: std::cell::RefCell<Vec<Build>> = const { std::cell::RefCell::new(Vec::new()) };
}

static ARCHITECTURES: &[&abi::Architecture] = &[&architecture_table::<Recorded>()];
static PLUGIN: abi::Plugin = abi::Plugin {
    magic: abi::MAGIC,
    struct_size: size_of::<abi::Plugin>() as u32,
    major: abi::MAJOR,
    minor: abi::MINOR,
    name: abi::Str::new("tests"),
    version: abi::Str::new("0"),
    datasets: std::ptr::null(),
    n_datasets: 0,
    architectures: ARCHITECTURES.as_ptr().cast(),
    n_architectures: ARCHITECTURES.len(),
};

/// Traces `build` for pictures `[B, 2, 2, 2]` with three classes.
pub fn trace(build: Build) -> std::result::Result<workbench_graph::Graph, Error> {
    static HOOKS: Once = Once::new();
    HOOKS.call_once(|| {
        // The SDK's first call installs its panic hook, which in a library of its own concerns that
        // library alone. Here it would keep the messages of failing tests.
        let tests = std::panic::take_hook();
        let _ = record(|_| ());
        let plugins = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            plugins(info);
            tests(info);
        }));
    });
    record(build)
}

fn record(build: Build) -> std::result::Result<workbench_graph::Graph, Error> {
    #[expect(unsafe_code, reason = "the table is made as export_plugin! makes it")]
    // SAFETY: a table of the SDK's own, with constants of this program.
    let linked = unsafe { Linked::new(&PLUGIN) };
    let plugin = Plugin::linked(linked).unwrap();
    let index = BUILDS.with_borrow_mut(|builds| {
        builds.push(build);
        builds.len() - 1
    });
    let declared = &plugin.architecture("recorded").unwrap().parameters;
    let given = format!("build = {index}").parse().unwrap();
    let values = Plugins::check(declared, &given, std::path::Path::new("")).unwrap();
    let task = Task { image: vec![2, 2, 2], classes: 3, items: 100, ..Task::default() };
    plugin.trace("recorded", &values, &task)
}

pub fn open(build: Build) -> Session {
    let graph = trace(build).unwrap();
    Session::new(graph, DeviceKind::Cpu, 7, OptimizerConfig::default()).unwrap()
}
