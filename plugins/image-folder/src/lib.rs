//! A folder of pictures: PNG, JPEG, WebP, GIF, BMP, PGM, PPM and TIFF.

#[cfg(test)]
mod damaged;

use std::path::PathBuf;

use workbench_sdk::folder::{self, Cache, Files, Folder, Sought};
use workbench_sdk::pictures::{self, Pictures};
use workbench_sdk::prelude::*;

struct ImageFolder {
    folder: Folder,
    pictures: Pictures,
    cache: Cache,
}

const SOUGHT: Sought =
    Sought { noun: "picture", endings: &pictures::ENDINGS, parts: &[], largest: 1 << 28 };

impl Dataset for ImageFolder {
    const NAME: &str = "image-folder";
    const ABOUT: &str = "A folder of pictures, with classes by sub-folder and a CSV table of attributes and captions.";
    const PARAMS: &[Param] = &[
        param::path(
            "folder",
            "The folder; pictures in it and below it. Where it has train/ and test/ (and perhaps valid/), these are the splits.",
        )
        .required(),
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

    fn open(config: &Config) -> Result<ImageFolder> {
        let files = Files::find(&config.get::<PathBuf>("folder")?, SOUGHT)?;
        let mut pictures = Pictures::of(config)?;
        pictures.settle(&files.read(0)?).map_err(|error| error.context(&files.names[0]))?;
        let folder = Folder::open(config, files)?;
        let size = pictures.shape().iter().product();
        let room = config.get::<u64>("cache_mb")? << 20;
        let cache = Cache::new(folder.files.names.len(), size, room);
        Ok(ImageFolder { folder, pictures, cache })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, height, width] = self.pictures.shape();
        let mut fields = vec![Field::image(channels, height, width)];
        fields.extend(self.folder.fields());
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.folder.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.folder.place(split, index)?;
        let files = &self.folder.files;
        self.cache.fill(place, item.image(), |into| {
            let file = files.read(place)?;
            self.pictures.fill(&file, into).map_err(|error| error.context(&files.names[place]))
        })?;
        self.folder.fill(place, item);
        Ok(())
    }
}

export_plugin! { datasets: [ImageFolder] }
