//! A .npz file, which is a zip of .npy files, or a single .npy file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use workbench_sdk::npy::{Array, Header, read_header};
use workbench_sdk::prelude::*;
use zip::{CompressionMethod, ZipArchive};

/// The arrays of a file, not yet read.
pub struct Archive {
    pub path: PathBuf,
    members: Vec<Member>,
    /// Values that take more than this, and are not compressed, stay in the file.
    pub memory: u64,
    /// Bytes that have only two values are held as bits where there are more of them than this.
    pub packed: u64,
}

struct Member {
    name: String,
    /// `Err`: why it can't be read, which does not matter until it is asked for.
    header: Result<Header, String>,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    /// The file is the array.
    Whole,
    /// Number in the zip.
    Entry(usize),
}

/// NumPy's own archives have a few.
const MOST_ARRAYS: usize = 4096;
/// What deflate makes of zeros; a zip that promises more lies.
const MOST_DEFLATED: u64 = 1032;
/// Arrays that are not compressed and take more stay in the file.
const MEMORY: u64 = 1 << 30;
/// Unpacking takes its time, which smaller ones need not.
const PACKED: u64 = 1 << 26;

impl Archive {
    /// Opens a file and reads the headers in it.
    ///
    /// # Errors
    /// It is missing, neither .npy nor .npz, or no array of it can be read.
    pub fn open(path: &Path) -> Result<Archive> {
        Archive::list(path).map_err(|error| error.context(path.display()))
    }

    fn list(path: &Path) -> Result<Archive> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut magic = [0; 2];
        file.read_exact(&mut magic).map_err(|_| Error::new("is empty"))?;
        file.seek(SeekFrom::Start(0))?;
        let members = match &magic {
            b"PK" => zip_members(file)?,
            b"\x93N" => vec![npy_member(path, file, length)?],
            _ => bail!("is neither a .npy nor a .npz file: it begins with {magic:02x?}"),
        };
        Ok(Archive { path: path.to_owned(), members, memory: MEMORY, packed: PACKED })
    }

    /// Names of the arrays that can be read, with their headers.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Header)> {
        let readable = |member: &'_ Member| member.header.is_ok();
        self.members.iter().filter(move |member| readable(member)).filter_map(|member| {
            member.header.as_ref().ok().map(|header| (member.name.as_str(), header))
        })
    }

    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Reads an array by name.
    ///
    /// # Errors
    /// There is none of that name, or it is damaged.
    pub fn array(&self, name: &str) -> Result<Array> {
        let shown = format!("{}: {name}", self.path.display());
        let Some(member) = self.members.iter().find(|member| member.name == name) else {
            bail!(
                "{}: there is no array `{name}`; there are {}",
                self.path.display(),
                self.listing()
            )
        };
        let header = match &member.header {
            Ok(header) => header,
            Err(why) => bail!("{shown} {why}"),
        };
        self.load(member, header, &shown).map_err(|error| error.context(&shown))
    }

    /// Every array, for a message: `imgs [100, 64, 64], labels [100]`.
    pub fn listing(&self) -> String {
        let shown = |member: &Member| match &member.header {
            Ok(header) => format!("{} {:?}", member.name, header.dims),
            Err(_) => format!("{} (not readable)", member.name),
        };
        self.members.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn load(&self, member: &Member, header: &Header, shown: &str) -> Result<Array> {
        let mut file = File::open(&self.path)?;
        let stays = header.bytes > self.memory && !header.fortran;
        let packs = header.bytes > self.packed;
        match member.place {
            Place::Whole if stays => {
                Ok(Array::in_file(shown.to_owned(), header, file, self.path.clone(), header.before))
            }
            Place::Whole => {
                file.seek(SeekFrom::Start(header.before))?;
                Array::read(shown.to_owned(), header, BufReader::new(file), packs)
            }
            Place::Entry(index) => {
                let mut zip = ZipArchive::new(BufReader::new(file))?;
                let mut entry = zip.by_index(index)?;
                let start = entry
                    .data_start()
                    .filter(|_| stays && entry.compression() == CompressionMethod::Stored);
                match start {
                    Some(start) => {
                        let file = File::open(&self.path)?;
                        let offset = start.saturating_add(header.before);
                        let end = offset.saturating_add(header.bytes);
                        ensure!(
                            file.metadata()?.len() >= end,
                            "is truncated: it would end at byte {end} of the file"
                        );
                        Ok(Array::in_file(
                            shown.to_owned(),
                            header,
                            file,
                            self.path.clone(),
                            offset,
                        ))
                    }
                    None => {
                        read_header(&mut entry)?;
                        Array::read(shown.to_owned(), header, entry, packs)
                    }
                }
            }
        }
    }
}

fn npy_member(path: &Path, file: File, length: u64) -> Result<Member> {
    let header = read_header(&mut BufReader::new(file))?;
    ensure!(
        length == header.before + header.bytes,
        "is {}: {:?} values make {} bytes, and there are {}",
        if length < header.before + header.bytes {
            "truncated"
        } else {
            "longer than its header says"
        },
        header.dims,
        header.bytes,
        length.saturating_sub(header.before)
    );
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(Member { name: name.unwrap_or_default(), header: Ok(header), place: Place::Whole })
}

fn zip_members(file: File) -> Result<Vec<Member>> {
    let mut zip = ZipArchive::new(BufReader::new(file))
        .map_err(|error| Error::new(format_args!("is a truncated or damaged zip file: {error}")))?;
    ensure!(
        zip.len() <= MOST_ARRAYS,
        "holds {} files; {MOST_ARRAYS} arrays are the most",
        zip.len()
    );
    let mut members: Vec<Member> = Vec::new();
    for index in 0..zip.len() {
        let name = match zip.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            _ => bail!("is a damaged zip file: the name of its entry {index} can't be read"),
        };
        let header = match zip.by_index(index) {
            Ok(mut entry) => header_of(&mut entry).map_err(|error| error.to_string()),
            Err(error) => Err(format!("can't be read: {error}")),
        };
        // A name is a key here and never a path: nothing is unpacked.
        if let Some(name) = name.strip_suffix(".npy") {
            ensure!(!members.iter().any(|member| member.name == name), "holds two arrays `{name}`");
            members.push(Member { name: name.to_owned(), header, place: Place::Entry(index) });
        }
    }
    ensure!(!members.is_empty(), "is a zip file without a .npy file in it");
    Ok(members)
}

fn header_of<R: Read + ?Sized>(entry: &mut zip::read::ZipFile<'_, R>) -> Result<Header> {
    let (size, packed) = (entry.size(), entry.compressed_size());
    ensure!(
        size <= packed.saturating_mul(MOST_DEFLATED).saturating_add(MOST_DEFLATED),
        "is damaged: {packed} bytes can't unpack to {size}"
    );
    let header = read_header(entry)?;
    ensure!(
        size == header.before + header.bytes,
        "is damaged: {:?} values make {} bytes, and its entry in the zip has {}",
        header.dims,
        header.bytes,
        size.saturating_sub(header.before)
    );
    Ok(header)
}
