//! Building a plugin from its source: only what is newer than its library, into a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::find::c_file;
use crate::words::diagnostics;

/// What builds, and where to.
pub(crate) struct Builder<'a> {
    pub cargo: &'a OsStr,
    /// The C compiler, and arguments after it.
    pub cc: &'a str,
    /// Whether compilers are to colour their words, which they cannot find out through a pipe.
    pub color: bool,
    /// Its own folder, so that it never waits for the lock of a cargo that runs the workbench or its tests.
    pub target: &'a Path,
    /// Told each line that a builder prints while it works.
    pub progress: &'a (dyn Fn(&str) + Sync),
}

impl Builder<'_> {
    /// Builds a crate; cargo itself notices what changed, the SDK included.
    pub fn cargo(&self, name: &str, folder: &Path) -> Result<PathBuf, Error> {
        let mut command = Command::new(self.cargo);
        command
            .args([
                "build",
                "--profile",
                "plugin",
                "--message-format",
                "json-render-diagnostics",
                "-p",
                name,
            ])
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.target)
            // A crate from outside of the root has no such profile; the root's own says the same.
            .args(["--config", "profile.plugin.inherits=\"release\""])
            .args(["--config", "profile.plugin.panic=\"unwind\""])
            // A cargo that runs the workbench hands its own settings down; they are not meant for this build.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self.color {
            command.args(["--color", "always"]);
        }
        let help = "install Rust, set CARGO, or put the built library on WORKBENCH_PLUGINS";
        let output = self.run(name, command, help)?;
        artifact(&output).ok_or_else(|| Error::Build {
            name: name.to_owned(),
            output:
                "cargo built no dynamic library: its Cargo.toml needs crate-type = [\"cdylib\"]"
                    .to_owned(),
        })
    }

    /// Builds a folder of C: by its Makefile, or its one file by cc; or such a file. `file` is the library's name,
    /// without prefix and suffix.
    pub fn c(&self, name: &str, file: &str, folder: &Path) -> Result<PathBuf, Error> {
        let (include, libraries) = (self.target.join("include"), self.target.join("c"));
        let header = include.join("workbench_plugin.h");
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        fs::create_dir_all(&include).map_err(io(&include))?;
        fs::create_dir_all(&libraries).map_err(io(&libraries))?;
        // Two trainers that start at once build one after the other, as cargo's do; the second finds it built. A file
        // system that knows no locks is taken as it is.
        let lock = libraries.join(".lock");
        let lock = fs::File::create(&lock).map_err(io(&lock))?;
        let _ = lock.lock();
        // Written only when it differs: a new time stamp would make every plugin look out of date.
        if fs::read_to_string(&header).is_ok_and(|text| text != workbench_abi::HEADER)
            || !header.exists()
        {
            fs::write(&header, workbench_abi::HEADER).map_err(io(&header))?;
        }
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let library = libraries.join(format!("{prefix}{file}{suffix}"));
        let color = if self.color { Some("-fdiagnostics-color=always") } else { None };
        let cc: Vec<&str> = self.cc.split_whitespace().chain(color).collect();
        if folder.join("Makefile").is_file() {
            let mut command = Command::new("make");
            command
                .arg("--no-print-directory")
                .arg("-C")
                .arg(folder)
                // A Makefile that sets its own compiler keeps it.
                .env("CC", cc.join(" "))
                .arg(format!("LIBRARY={}", library.display()))
                .arg(format!("INCLUDE={}", include.display()));
            self.run(name, command, "install make")?;
        } else if let Some(source) = c_file(folder)
            && !newer(&library, folder, &header)
        {
            // Aside, then renamed: whoever reads the one that is there never finds half of another.
            let aside = libraries.join(format!(".{file}-{}", std::process::id()));
            let mut command = Command::new(cc.first().unwrap_or(&"cc"));
            command.args(cc.get(1..).unwrap_or_default());
            command.args(["-std=c11", "-O2", "-Wall", "-shared", "-fPIC", "-I"]).arg(&include);
            command.arg("-o").arg(&aside).arg(source).arg("-lm");
            self.run(name, command, "install a C compiler")?;
            fs::rename(&aside, &library).map_err(io(&library))?;
        }
        match library.is_file() {
            true => Ok(library),
            false => Err(Error::Build {
                name: name.to_owned(),
                output: "its Makefile did not write the library $(LIBRARY)".to_owned(),
            }),
        }
    }

    /// Runs a builder; its words go to `progress` as they come, and into the error where it fails.
    fn run(&self, name: &str, mut command: Command, help: &str) -> Result<String, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let spawned =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let fail = |source| Error::Builder {
            name: name.to_owned(),
            program: program.clone(),
            help: help.to_owned(),
            source,
        };
        let mut child = spawned.map_err(fail)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (output, words) = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut text = Vec::new();
                stdout.map(|mut pipe| pipe.read_to_end(&mut text));
                String::from_utf8_lossy(&text).into_owned()
            });
            let mut words = String::new();
            for line in stderr.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n')) {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line);
                (self.progress)(line.trim_end());
                words.push_str(&line);
                words.push('\n');
            }
            (reader.join().unwrap_or_default(), words)
        });
        match child.wait().map_err(fail)? {
            status if status.success() => Ok(output),
            _ => Err(Error::Build { name: name.to_owned(), output: diagnostics(&words, &output) }),
        }
    }
}

/// The library among cargo's messages.
fn artifact(messages: &str) -> Option<PathBuf> {
    let messages =
        messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut built = messages.filter(|message| {
        message["reason"] == "compiler-artifact"
            && message["target"]["crate_types"]
                .as_array()
                .is_some_and(|types| types.contains(&"cdylib".into()))
    });
    let file = built.next_back()?["filenames"]
        .as_array()?
        .iter()
        .filter_map(|file| file.as_str())
        .find(|file| file.ends_with(std::env::consts::DLL_SUFFIX))
        .map(PathBuf::from)?;
    Some(file)
}

/// Whether a library is newer than the header and everything in its plugin's folder; or than its one file and the headers
/// beside that.
fn newer(library: &Path, folder: &Path, header: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let Some(built) = time(library) else { return false };
    let alone = folder.is_file();
    let around = if alone { folder.parent().unwrap_or(folder) } else { folder };
    let entries = fs::read_dir(around).into_iter().flatten().flatten().map(|entry| entry.path());
    let counts = |path: &PathBuf| !alone || path.extension().is_some_and(|end| end == "h");
    let file = alone.then(|| folder.to_owned());
    let mut sources = entries.filter(counts).chain(file).chain([header.to_owned()]);
    sources.all(|source| time(&source).is_some_and(|changed| changed < built))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_build_one_c_plugin_at_once_all_find_it_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (target, folder) = (dir.path().join("target"), dir.path().join("twice"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("twice.c"), "int twice(int x) { return 2 * x; }\n").unwrap();
        let builder = || Builder {
            cargo: OsStr::new("cargo"),
            cc: "cc",
            color: false,
            target: &target,
            progress: &|_: &str| {},
        };
        let built: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let builds: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        fs::read(builder().c("twice", "twice", &folder).unwrap()).unwrap()
                    })
                })
                .collect();
            builds.into_iter().map(|build| build.join().unwrap()).collect()
        });
        assert!(built[0].len() > 1000);
        assert!(built.iter().all(|library| *library == built[0]));
        let left = fs::read_dir(target.join("c")).unwrap();
        assert_eq!(left.count(), 2, "the library and its lock");
    }
}
