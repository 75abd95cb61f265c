//! A new plugin: its files, whole or not there.

mod members;
mod name;
mod templates;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::arguments::{Language, PluginKind};
use crate::context::Context;
use crate::failure::{Failure, Result};

pub use templates::Partner;

/// What was written.
pub struct Scaffold {
    /// Every new file.
    pub files: Vec<PathBuf>,
    /// The Cargo.toml that names a new member.
    pub changed: Option<PathBuf>,
    /// What the experiment trains with beside the new plugin.
    pub partner: Partner,
}

/// Writes plugins/NAME and experiments/NAME.toml, then adds the member.
///
/// # Errors
/// Exit code 2 where there is no place for it, or the name will not do; nothing is left of it after any error.
pub fn write(
    context: &Context,
    kind: PluginKind,
    language: Language,
    name: &str,
) -> Result<Scaffold> {
    let root = root(context)?;
    if (kind, language) == (PluginKind::Architecture, Language::C) {
        return Err(Failure::usage(
            "--lang c is for data sets: an architecture is recorded through the SDK's tensors, in Rust",
        ));
    }
    // Two at once would each write the members without the other's; on a file system without locks they may.
    let lock = File::open(root.join("plugins"))?;
    let _ = lock.lock();
    name::check(context, root, name).map_err(Failure::usage)?;
    let manifest = root.join("Cargo.toml");
    let members = match language {
        Language::Rust => with_member(&manifest, name)?,
        Language::C => None,
    };
    let partner = Partner::find(context, kind);
    let texts = templates::texts(root, kind, language, name, &partner);

    let mut undo = Undo::default();
    let files = put(root, name, &texts, &mut undo)
        .map_err(|(path, error)| Failure::running(format_args!("{}: {error}", path.display())))?;
    if let Some(text) = &members {
        replace(&manifest, text)
            .map_err(|error| Failure::running(format_args!("{}: {error}", manifest.display())))?;
    }
    undo.paths.clear();
    Ok(Scaffold { files, changed: members.map(|_| manifest), partner })
}

fn root(context: &Context) -> Result<&Path> {
    context.root.as_deref().ok_or_else(|| {
        Failure::usage(
            "there is no folder with plugins/ and experiments/ here or above, which a plugin is written into; go to the \
             workbench's repository (`git clone` gives one), or name such a folder with --root DIR. For a root of your \
             own see \"In a folder of your own\" in plugins/README.md",
        )
    })
}

fn with_member(manifest: &Path, name: &str) -> Result<Option<String>> {
    let refuse = |why: &str| {
        Failure::usage(format_args!(
            "{} {why}, and a plugin in Rust is a member of a workspace that knows the SDK and how plugins are built. \
             Wanted is\n\n{}\n\nor --lang c, which needs none of it",
            manifest.display(),
            members::WANTED
        ))
    };
    let text = match fs::read_to_string(manifest) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(refuse("is not there"));
        }
        Err(error) => {
            return Err(Failure::usage(format_args!("{}: {error}", manifest.display())));
        }
    };
    members::with_member(&text, &format!("plugins/{name}")).map_err(|why| refuse(&why))
}

/// Removes what was put in place, unless all of it was.
#[derive(Default)]
struct Undo {
    paths: Vec<PathBuf>,
}

impl Drop for Undo {
    fn drop(&mut self) {
        for path in self.paths.iter().rev() {
            // What can't be removed is in the way of the next try, which then names it.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// The folder is filled aside and renamed; nothing that is there is written over.
fn put(
    root: &Path,
    name: &str,
    texts: &templates::Texts,
    undo: &mut Undo,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let (plugins, experiments) = (root.join("plugins"), root.join("experiments"));
    let (folder, experiment) = (plugins.join(name), experiments.join(format!("{name}.toml")));
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| (path, error)
    };
    let new = aside(0o777).tempdir_in(&plugins).map_err(at(&plugins))?;
    let mut files = Vec::new();
    for (file, text) in &texts.plugin {
        let path = new.path().join(file);
        let parent = path.parent().unwrap_or(new.path());
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(at(&path))?;
        files.push(folder.join(file));
    }
    let mut text = aside(0o666).tempfile_in(&experiments).map_err(at(&experiments))?;
    text.write_all(texts.experiment.as_bytes()).map_err(at(&experiment))?;

    text.persist_noclobber(&experiment).map_err(|error| (experiment.clone(), error.error))?;
    undo.paths.push(experiment.clone());
    if folder.exists() {
        return Err((folder, io::ErrorKind::AlreadyExists.into()));
    }
    fs::rename(new.path(), &folder).map_err(at(&folder))?;
    undo.paths.push(folder);
    // It has gone to its place.
    let _ = new.keep();
    files.push(experiment);
    Ok(files)
}

fn replace(manifest: &Path, text: &str) -> io::Result<()> {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let mut aside = NamedTempFile::new_in(folder)?;
    aside.write_all(text.as_bytes())?;
    aside.as_file().set_permissions(fs::metadata(manifest)?.permissions())?;
    aside.as_file().sync_all()?;
    aside.persist(manifest)?;
    Ok(())
}

/// Files and folders aside that will be as readable as any other: temporary ones are their owner's alone.
fn aside(mode: u32) -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-").permissions(fs::Permissions::from_mode(mode));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file under a folder, hidden ones too.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = entries
            .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
            .collect();
        files.sort();
        files
    }

    fn put_into(root: &Path, undo: &mut Undo) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
        let plugin = vec![("src/lib.rs".to_owned(), "code\n".to_owned())];
        put(root, "new", &templates::Texts { plugin, experiment: "text\n".to_owned() }, undo)
    }

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("plugins")).unwrap();
        fs::create_dir(root.path().join("experiments")).unwrap();
        root
    }

    #[test]
    fn all_is_written_or_nothing() {
        let root = root();
        let mut undo = Undo::default();
        let mut written = put_into(root.path(), &mut undo).unwrap();
        written.sort();
        assert_eq!(files(root.path()), written);
        assert_eq!(written.len(), 2);
        // What fails after it, such as the members, takes it back.
        drop(undo);
        assert_eq!(files(root.path()), Vec::<PathBuf>::new());
        assert!(!root.path().join("plugins/new").exists());
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        for there in ["plugins/new/mine.c", "experiments/new.toml"] {
            let root = root();
            let mine = root.path().join(there);
            fs::create_dir_all(mine.parent().unwrap()).unwrap();
            fs::write(&mine, "mine\n").unwrap();
            let mut undo = Undo::default();
            assert!(put_into(root.path(), &mut undo).is_err());
            drop(undo);
            assert_eq!(files(root.path()), std::slice::from_ref(&mine));
            assert_eq!(fs::read_to_string(&mine).unwrap(), "mine\n");
        }
    }
}
