//! A library is looked at before it is loaded.
//!
//! `dlopen` trusts its file: a truncated or damaged one ends the process with a signal, or runs whatever
//! its constructors say. So the header is parsed first: is it a library for this machine, is it whole,
//! does it export the plugin's symbol, and which ABI version does that hold?

use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol};
use workbench_abi as abi;

/// The frozen prefix of a plugin's table, read from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub major: u16,
    pub minor: u16,
}

/// Why a file is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a plugin, or a damaged one: the reason follows the file's name in a sentence.
    NotAPlugin(String),
    /// A plugin of another ABI version.
    Version(String),
}

/// Reads the header of a library's bytes.
///
/// # Errors
/// [`Refusal`] says why it must not be loaded.
pub fn inspect(bytes: &[u8]) -> Result<Header, Refusal> {
    let no = |why: &str| Refusal::NotAPlugin(why.to_owned());
    if bytes.is_empty() {
        return Err(no("is empty"));
    }
    let damaged =
        |error: object::Error| Refusal::NotAPlugin(format!("is damaged or truncated ({error})"));
    let kind = object::FileKind::parse(bytes).map_err(|_| no("is not a dynamic library"))?;
    let file = object::File::parse(bytes).map_err(damaged)?;
    if file.kind() != object::ObjectKind::Dynamic {
        return Err(Refusal::NotAPlugin(format!(
            "is not a dynamic library but {kind:?} ({:?})",
            file.kind()
        )));
    }
    if !is_native(&file) {
        return Err(Refusal::NotAPlugin(format!(
            "is for {:?} ({:?}), and this machine is {} ({})",
            file.architecture(),
            file.format(),
            std::env::consts::ARCH,
            std::env::consts::OS
        )));
    }
    let end = bytes.len() as u64;
    let inside =
        |(start, size): (u64, u64)| start.checked_add(size).is_some_and(|stop| stop <= end);
    if !file.segments().all(|segment| inside(segment.file_range()))
        || !file.sections().all(|section| section.file_range().is_none_or(inside))
    {
        return Err(no("is truncated: parts that its header announces are missing"));
    }
    let prefix = table_prefix(&file)?;
    let field = |at: usize, n: usize| &prefix[at..at + n];
    let number16 = |at| u16::from_ne_bytes(field(at, 2).try_into().unwrap_or_default());
    if field(0, 8) != abi::MAGIC.to_ne_bytes() {
        return Err(no("exports the plugin's symbol, but what it holds is not a plugin's table"));
    }
    let header = Header { major: number16(12), minor: number16(14) };
    match header.major {
        abi::MAJOR => Ok(header),
        major => Err(Refusal::Version(major.to_string())),
    }
}

/// The first 16 bytes of the table, which are the same in every version.
fn table_prefix<'a>(file: &object::File<'a>) -> Result<&'a [u8], Refusal> {
    let no = |why: &str| Refusal::NotAPlugin(why.to_owned());
    let mut others = Vec::new();
    for symbol in file.dynamic_symbols().chain(macho_symbols(file)) {
        let Ok(name) = symbol.name() else { continue };
        let name = name.strip_prefix('_').unwrap_or(name);
        if !symbol.is_definition() || !name.starts_with(abi::SYMBOL_PREFIX) {
            continue;
        }
        if name != abi::SYMBOL {
            others.push(name[abi::SYMBOL_PREFIX.len()..].to_owned());
            continue;
        }
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        let data =
            section.and_then(|section| section.data_range(symbol.address(), 16).ok().flatten());
        return data
            .filter(|data| data.len() == 16)
            .ok_or_else(|| no("is damaged: its plugin table can't be read"));
    }
    match others.first() {
        Some(version) => Err(Refusal::Version(version.clone())),
        None => Err(Refusal::NotAPlugin(format!(
            "is no workbench plugin: it does not export `{}`",
            abi::SYMBOL
        ))),
    }
}

/// Mach-O has no separate dynamic symbol table in this reader.
fn macho_symbols<'f>(file: &'f object::File<'_>) -> impl Iterator<Item = object::Symbol<'f, 'f>> {
    let macho = file.format() == object::BinaryFormat::MachO;
    file.symbols().filter(move |symbol| macho && symbol.is_global())
}

fn is_native(file: &object::File<'_>) -> bool {
    use object::{Architecture, BinaryFormat};
    let format = match std::env::consts::OS {
        "macos" => BinaryFormat::MachO,
        "windows" => BinaryFormat::Coff,
        _ => BinaryFormat::Elf,
    };
    let format_fits =
        file.format() == format || (cfg!(windows) && file.format() == BinaryFormat::Pe);
    let architecture_fits = match std::env::consts::ARCH {
        "x86_64" => file.architecture() == Architecture::X86_64,
        "aarch64" => file.architecture() == Architecture::Aarch64,
        // Others are left to the loader, which knows its own.
        _ => true,
    };
    format_fits && architecture_fits && file.is_little_endian() == cfg!(target_endian = "little")
}
