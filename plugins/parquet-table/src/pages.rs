//! The pages of a column in a row group, each looked at before memory is taken for it.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, SerializedPageReader};

use crate::delta;
use crate::page_header::{self, INDEX, PageHeader};
use crate::shared_file::SharedFile;

/// The crate's reader of pages, with checks before it.
pub struct Pages {
    pages: SerializedPageReader<SharedFile>,
    file: Arc<SharedFile>,
    /// Where the next page's header is, and where the last one ends.
    next: u64,
    end: u64,
    compression: Compression,
    is_optional: bool,
}

/// What is read of a page to find its header; statistics in it may be long texts.
const HEADERS: [usize; 3] = [1 << 10, 1 << 16, 1 << 22];

impl Pages {
    /// # Errors
    /// The footer says what can't be of this column.
    pub fn new(file: Arc<SharedFile>, column: &ColumnChunkMetaData, rows: usize) -> Result<Pages> {
        let (next, length) = column.byte_range();
        Ok(Pages {
            pages: SerializedPageReader::new(file.clone(), column, rows, None)?,
            file,
            next,
            end: next.saturating_add(length),
            compression: column.compression(),
            is_optional: column.column_descr().max_def_level() > 0,
        })
    }

    /// Looks at the next page that will be read.
    fn check_next(&mut self) -> Result<()> {
        while self.next < self.end {
            let header = self.header()?;
            let start = self.next + header.length;
            let end = start.saturating_add(header.packed);
            if end > self.end {
                return Err(general("is truncated or damaged: a page of it goes on after its end"));
            }
            self.next = end;
            if header.kind == INDEX {
                continue;
            }
            if self.compression != Compression::UNCOMPRESSED {
                page_header::check(&header).map_err(general)?;
            }
            if matches!(self.compression, Compression::GZIP(_)) {
                self.check_gzip(start, &header)?;
            }
            break;
        }
        Ok(())
    }

    fn header(&self) -> Result<PageHeader> {
        for most in HEADERS {
            let length = most.min(usize::try_from(self.end - self.next)?);
            let bytes = self.file.get_bytes(self.next, length)?;
            if let Some(header) = page_header::read(&bytes) {
                return Ok(header);
            }
            if length < most {
                break;
            }
        }
        Err(general("is damaged: the header of a page makes no sense"))
    }

    /// The crate unpacks all that comes, whatever the header says.
    fn check_gzip(&self, start: u64, header: &PageHeader) -> Result<()> {
        let page = self.file.get_bytes(start, usize::try_from(header.packed)?)?;
        let packed = page.get(usize::try_from(header.levels)?..).unwrap_or_default();
        let mut unpacked = MultiGzDecoder::new(packed).take(header.unpacked.saturating_add(1));
        // What is no gzip is for the crate to say.
        match std::io::copy(&mut unpacked, &mut std::io::sink()) {
            Ok(length) if length > header.unpacked => Err(general(format!(
                "is damaged: a page unpacks to more than the {} bytes that its header says",
                header.unpacked
            ))),
            _ => Ok(()),
        }
    }

    /// Counts that decoders allocate by.
    fn check_page(&self, page: &Page) -> Result<()> {
        let (bytes, values) = (page.buffer(), u64::from(page.num_values()));
        // No type that is read takes less than four bytes.
        if page.is_dictionary_page() && 4 * values > bytes.len() as u64 {
            return Err(general(format!(
                "is damaged: {} bytes of a dictionary can't hold {values} values",
                bytes.len()
            )));
        }
        let data = match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                bytes.get(*def_levels_byte_len as usize + *rep_levels_byte_len as usize..)
            }
            Page::DataPage { .. } if self.is_optional => {
                let (length, rest) = bytes.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
                rest.get(u32::from_le_bytes(*length) as usize..)
            }
            _ => bytes.get(..),
        };
        let data = data.unwrap_or_default();
        match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                delta::check_lengths(data, values).map_err(general)
            }
            Encoding::DELTA_BYTE_ARRAY => {
                let texts = delta::shared_bytes(data, values).map_err(general)?;
                let header = PageHeader {
                    packed: bytes.len() as u64,
                    unpacked: texts,
                    ..PageHeader::default()
                };
                page_header::check(&header).map_err(general)
            }
            _ => Ok(()),
        }
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.check_next()?;
        let page = self.pages.get_next_page()?;
        page.iter().try_for_each(|page| self.check_page(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.check_next()?;
        self.pages.skip_next_page()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn general(why: impl ToString) -> ParquetError {
    ParquetError::General(why.to_string())
}
