//! A folder of clips: animated GIF, WebP and PNG, and folders of numbered pictures.

mod clips;
#[cfg(test)]
mod damaged;

use std::path::PathBuf;

use clips::{Clips, Short};
use workbench_sdk::folder::{self, Cache, Files, Folder, Sought};
use workbench_sdk::pictures::{self, Pictures};
use workbench_sdk::prelude::*;

struct ClipFolder {
    folder: Folder,
    clips: Clips,
    cache: Cache,
}

/// A larger file is no clip.
const LARGEST: u64 = 1 << 28;
/// So is what would be more bytes than this.
const MOST_BYTES: usize = 1 << 28;
/// What moves, and what does not.
const MOVING: &[&str] = &["gif", "webp", "apng"];
const STILL: &[&str] =
    &["png", "jpg", "jpeg", "jfif", "bmp", "pbm", "pgm", "ppm", "pnm", "tif", "tiff"];
const ALL: &[&str] = &[
    "gif", "webp", "apng", "png", "jpg", "jpeg", "jfif", "bmp", "pbm", "pgm", "ppm", "pnm", "tif",
    "tiff",
];

impl Dataset for ClipFolder {
    const NAME: &str = "frames";
    const ABOUT: &str =
        "A folder of clips: animated GIF, WebP and PNG files, and folders of numbered pictures.";
    const PARAMS: &[Param] = &[
        param::path(
            "folder",
            "The folder; clips in it and below it. Where it has train/ and test/ (and perhaps valid/), these are the splits.",
        )
        .required(),
        param::int("frames", "Frames of every clip.", 16).range(1, 1024),
        param::int("stride", "Every so manyth frame of a clip is taken, from its first on.", 1)
            .range(1, 1024),
        param::text(
            "short",
            "A clip of fewer frames: its last one is held, it begins anew, or it is refused.",
            "hold",
        )
        .choices(&[param::choice("hold"), param::choice("loop"), param::choice("refuse")]),
        param::text(
            "clips",
            "What a clip is: every file, every folder of pictures, or (\"auto\") GIF, WebP and APNG files and folders of other \
             pictures.",
            "auto",
        )
        .choices(&[param::choice("auto"), param::choice("files"), param::choice("folders")]),
        pictures::SIZE,
        pictures::FIT,
        pictures::CROP,
        pictures::GREY,
        pictures::BACKGROUND,
        folder::LABELS,
        folder::TABLE,
        folder::FILE_COLUMN,
        folder::CAPTION_COLUMN,
        folder::SPLIT_COLUMN,
        folder::ATTRIBUTES,
        folder::TEST_SHARE,
        folder::SEED,
        folder::CACHE_MB,
    ];

    fn open(config: &Config) -> Result<ClipFolder> {
        let (endings, parts) = match config.get::<String>("clips")?.as_str() {
            "files" => (ALL, &[][..]),
            "folders" => (&[][..], ALL),
            _ => (MOVING, STILL),
        };
        let sought = Sought { noun: "clip", endings, parts, largest: LARGEST };
        let path: PathBuf = config.get("folder")?;
        let files = Files::find(&path, sought).map_err(|error| match error.to_string() {
            said if said.contains("is it one clip") => error.context("set `clips`"),
            _ => error,
        })?;
        let mut pictures = Pictures::of(config)?;
        clips::settle(&mut pictures, &files)?;
        let clips = Clips {
            pictures,
            frames: config.get("frames")?,
            stride: config.get("stride")?,
            short: match config.get::<String>("short")?.as_str() {
                "loop" => Short::Loop,
                "refuse" => Short::Refuse,
                _ => Short::Hold,
            },
        };
        let size = clips.shape().iter().try_fold(1usize, |size, &n| size.checked_mul(n));
        let Some(size) = size.filter(|&size| size <= MOST_BYTES) else {
            bail!(
                "clips of {:?} (channels, frames, height, width) are more than {} MB each; ask for fewer `frames`, or for a \
                 smaller `size`",
                clips.shape(),
                MOST_BYTES >> 20
            )
        };
        let folder = Folder::open(config, files)?;
        let room = config.get::<u64>("cache_mb")? << 20;
        let cache = Cache::new(folder.files.names.len(), size, room);
        Ok(ClipFolder { folder, clips, cache })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, frames, height, width] = self.clips.shape();
        let mut fields = vec![Field::clip(channels, frames, height, width)];
        fields.extend(self.folder.fields());
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.folder.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.folder.place(split, index)?;
        let files = &self.folder.files;
        self.cache.fill(place, item.image(), |into| self.clips.fill(files, place, into))?;
        self.folder.fill(place, item);
        Ok(())
    }
}

export_plugin! { datasets: [ClipFolder] }
