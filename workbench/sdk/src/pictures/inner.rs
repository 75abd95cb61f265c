//! Sizes that stand inside of a file, where its decoder allocates by them before it compares them with the picture's own.

use crate::{Result, bail, ensure};

/// Frames of a WebP file: hands `[width, height]` of each to `check`.
///
/// # Errors
/// What `check` says, or a chunk is not all in the file.
pub fn of_webp(file: &[u8], check: &dyn Fn(u32, u32) -> Result<()>) -> Result<()> {
    // "RIFF", a length, "WEBP".
    webp_chunks(file.get(12..).unwrap_or_default(), 0, check)
}

fn webp_chunks(mut rest: &[u8], depth: u8, check: &dyn Fn(u32, u32) -> Result<()>) -> Result<()> {
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, length @ ..] = *head;
        let length = u32::from_le_bytes(length) as usize;
        let Some(chunk) = body.get(..length) else {
            bail!(
                "is truncated or damaged: a part of it says that it has {length} bytes, and {} follow",
                body.len()
            )
        };
        match (&[a, b, c, d], chunk) {
            (b"VP8 ", [_, _, _, _, _, _, w0, w1, h0, h1, ..]) => {
                let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
                check(side(*w0, *w1), side(*h0, *h1))?;
            }
            (b"VP8L", [_, b0, b1, b2, b3, ..]) => {
                let sides = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
                check((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1)?;
            }
            // A frame of an animation, after sixteen bytes about its place.
            (b"ANMF", _) if depth == 0 => {
                webp_chunks(chunk.get(16..).unwrap_or_default(), 1, check)?;
            }
            _ => {}
        }
        rest = body.get(length + length % 2..).unwrap_or_default();
    }
    Ok(())
}

/// JPEGs within a TIFF file: hands `[width, height]` of what looks like the head of one to `check`.
///
/// # Errors
/// What `check` says.
pub fn of_tiff(file: &[u8], check: &dyn Fn(u32, u32) -> Result<()>) -> Result<()> {
    for head in file.windows(9) {
        // A frame's marker, the length of what says one to four components, bits of a sample, height, width.
        if let [0xff, 0xc0..=0xc2, 0, 11 | 14 | 17 | 20, 8, h0, h1, w0, w1] = *head {
            let [height, width] = [[h0, h1], [w0, w1]].map(u16::from_be_bytes);
            check(width.into(), height.into())?;
        }
    }
    Ok(())
}

/// Looks at how many values the tags of a TIFF file say that they have, which its decoder makes room for as it opens it.
///
/// # Errors
/// There are more than bytes in the file.
pub fn check_tags(file: &[u8]) -> Result<()> {
    let (is_little, is_big) = match file.get(..4) {
        Some(b"II*\0") => (true, false),
        Some(b"MM\0*") => (false, false),
        Some(b"II+\0") => (true, true),
        Some(b"MM\0+") => (false, true),
        _ => return Ok(()),
    };
    let number = |at: usize, bytes: usize| {
        let bytes = file.get(at..at.checked_add(bytes)?)?;
        let digit = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(match is_little {
            true => bytes.iter().rev().fold(0, digit),
            false => bytes.iter().fold(0, digit),
        })
    };
    // Bytes of the directory's place, of how many tags there are, of a tag, and of how many values it has.
    let (place, tags, size, values) = if is_big { ((8, 8), 8, 20, 8) } else { ((4, 4), 2, 12, 4) };
    let directory = || {
        let start = usize::try_from(number(place.0, place.1)?).ok()?;
        Some((start.checked_add(tags)?, number(start, tags)?))
    };
    // What is not in the file is for the decoder to say.
    let Some((first, n)) = directory() else { return Ok(()) };
    for tag in 0..usize::try_from(n)? {
        let place = tag.checked_mul(size).and_then(|at| at.checked_add(first + 4));
        let Some(count) = place.and_then(|at| number(at, values)) else { break };
        ensure!(
            count <= file.len() as u64,
            "is truncated or damaged: a tag of it says that it has {count} values, and the file has {} bytes",
            file.len()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut chunk = name.to_vec();
        chunk.extend((body.len() as u32).to_le_bytes());
        chunk.extend(body);
        chunk.resize(chunk.len() + body.len() % 2, 0);
        chunk
    }

    type Look = fn(&[u8], &dyn Fn(u32, u32) -> Result<()>) -> Result<()>;

    fn seen(file: &[u8], of: Look) -> Vec<(u32, u32)> {
        let sizes = std::cell::RefCell::new(Vec::new());
        let told = of(file, &|width, height| {
            sizes.borrow_mut().push((width, height));
            Ok(())
        });
        assert!(told.is_ok());
        sizes.into_inner()
    }

    #[test]
    fn every_frame_of_a_webp_is_looked_at() {
        let lossy = chunk(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 2, 0, 9]);
        let sides = (100 - 1) | (200 - 1) << 14;
        let lossless = chunk(b"VP8L", &[&[0x2f][..], &u32::to_le_bytes(sides)].concat());
        let frame = chunk(b"ANMF", &[&[0; 16][..], &lossless].concat());
        let file = [b"RIFF0000WEBP".to_vec(), chunk(b"VP8X", &[0; 10]), frame, lossy].concat();
        assert_eq!(seen(&file, of_webp), [(100, 200), (16383, 2)]);
        let mut short = file.clone();
        short.truncate(file.len() - 4);
        assert!(of_webp(&short, &|_, _| Ok(())).is_err());
        assert!(of_webp(b"RI", &|_, _| Ok(())).is_ok());
    }

    #[test]
    fn tags_of_a_tiff_have_no_more_values_than_it_has_bytes() {
        let tag = |count: u8| [0, 1, 0, 3, 0, 0, count, 0, 0, 0, 0, 9];
        let file = |count| {
            [b"MM\0*\0\0\0\x08\0\x02".to_vec(), tag(0).to_vec(), tag(count).to_vec()].concat()
        };
        assert!(check_tags(&file(0)).is_ok() && check_tags(&file(1)).is_err());
        let little =
            [b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0".to_vec(), vec![0xff, 0, 0, 0, 9, 0, 0, 0]]
                .concat();
        assert!(check_tags(&little).is_err());
        for end in 0..little.len() - 4 {
            assert!(check_tags(&little[..end]).is_ok(), "{end}");
        }
        let big = [
            b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x01\x03\0".to_vec(),
            vec![0xff; 8],
            vec![0; 8],
        ]
        .concat();
        assert!(check_tags(&big).is_err());
        assert!(check_tags(b"no picture").is_ok() && check_tags(b"").is_ok());
    }

    #[test]
    fn jpegs_in_a_tiff_are_looked_at() {
        let file = b"II*\0....\xff\xd8\xff\xc0\0\x11\x08\x10\0\x20\0\x03";
        assert_eq!(seen(file, of_tiff), [(0x2000, 0x1000)]);
    }
}
