//! From the bytes of a `tensorflow.Event` to values. What is not understood is skipped: others write
//! much into their logs that is none of ours.

use prost::Message;

use super::{Event, Histogram, Value, proto};

/// More tags in one record than any log has; what is beyond is skipped, so that a crafted record cannot
/// unfold into many times its size.
const MAX_VALUES: usize = 1 << 16;
/// Bytes of a message that may take many times their size in memory.
const UNFOLDING: usize = 1 << 20;
/// The longest side of an image that is read.
const MAX_SIDE: u32 = 1 << 14;
/// The field `value = 1` of a `Summary`, as a message.
const SUMMARY_VALUE: usize = 0x0a;

/// The event in a record, where it holds anything.
pub(super) fn event(record: &[u8]) -> Option<Event> {
    let message = proto::Event::decode(record).ok()?;
    let session_start = message.session_log.is_some_and(|log| log.status == proto::SESSION_START);
    let values = message.summary.map_or_else(Vec::new, |summary| values(&summary));
    if values.is_empty() && !session_start {
        return None;
    }
    let step = u64::try_from(message.step).unwrap_or(0);
    Some(Event {
        // On disk a session start has the first step that no longer holds, as TensorBoard reads it.
        step: if session_start { step.saturating_sub(1) } else { step },
        wall_time: message.wall_time,
        values,
        session_start,
    })
}

fn values(mut summary: &[u8]) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    while values.len() < MAX_VALUES
        && prost::decode_length_delimiter(&mut summary) == Ok(SUMMARY_VALUE)
    {
        let Ok(length) = prost::decode_length_delimiter(&mut summary) else { break };
        let Some((bytes, rest)) = summary.split_at_checked(length) else { break };
        summary = rest;
        let Ok(message) = proto::Value::decode(bytes) else { continue };
        values.extend(value(message));
    }
    values
}

fn value(message: proto::Value) -> Option<(String, Value)> {
    let plugin = message.metadata.and_then(|m| m.plugin_data).map(|data| data.plugin_name);
    let value = if let Some(x) = message.simple_value {
        Value::Scalar(x)
    } else if let Some(image) = message.image {
        png(image.encoded_image_string)?
    } else if let Some(h) = message.histo {
        let (min, max, num, sum, sum_squares) = (h.min, h.max, h.num, h.sum, h.sum_squares);
        let (bucket_limit, bucket) = (h.bucket_limit, h.bucket);
        Value::Histogram(Histogram { min, max, num, sum, sum_squares, bucket_limit, bucket })
    } else {
        tensor(&message.tensor?, plugin.as_deref().unwrap_or_default())?
    };
    Some((message.tag, value))
}

/// Keras, JAX and newer PyTorch write everything as tensors, and name the plugin that shows it; some
/// name it only in a tag's first record, so that without a name the tensor's form decides.
fn tensor(bytes: &[u8], plugin: &str) -> Option<Value> {
    if bytes.len() > UNFOLDING && unfolds(bytes) {
        return None;
    }
    let mut tensor = proto::Tensor::decode(bytes).ok()?;
    if tensor.dtype == proto::DT_STRING {
        return match plugin {
            // Width and height as text, then the pictures, of which the first is taken.
            "images" => png(tensor.string_val.into_iter().nth(2)?),
            "text" | "" if tensor.string_val.len() == 1 => {
                let text = tensor.string_val.swap_remove(0);
                Some(Value::Text(String::from_utf8_lossy(&text).into_owned()))
            }
            "text" => {
                let lines: Vec<_> =
                    tensor.string_val.iter().map(|line| String::from_utf8_lossy(line)).collect();
                Some(Value::Text(lines.join("\n")))
            }
            "" => png(tensor.string_val.into_iter().nth(2)?),
            _ => None,
        };
    }
    let numbers = numbers(tensor)?;
    match (plugin, &numbers[..]) {
        ("scalars" | "", &[x]) => Some(Value::Scalar(x as f32)),
        // Three numbers a bucket: its ends and its count.
        ("histograms", _) => Some(Value::Histogram(buckets(&numbers))),
        _ => None,
    }
}

/// Whether a tensor's message holds many small fields, or numbers of variable length, each of which takes many times its
/// bytes in memory. One of strings or of plain numbers, however large, does not.
fn unfolds(mut message: &[u8]) -> bool {
    let mut small = 0;
    while !message.is_empty() {
        let before = message.len();
        let Ok(key) = prost::decode_length_delimiter(&mut message) else { return true };
        let skipped = match key & 7 {
            0 => prost::decode_length_delimiter(&mut message).map(|_| 0).ok(),
            1 => Some(8),
            2 => prost::decode_length_delimiter(&mut message).ok(),
            5 => Some(4),
            _ => None,
        };
        let Some(rest) = skipped.and_then(|bytes| message.get(bytes..)) else { return true };
        message = rest;
        // The shape, and numbers of variable length side by side.
        let is_dense = matches!(key >> 3, 2 | 7 | 10);
        let bytes = before - message.len();
        if is_dense || bytes < 64 {
            small += bytes;
        }
    }
    small > UNFOLDING
}

fn numbers(tensor: proto::Tensor) -> Option<Vec<f64>> {
    let content = &tensor.tensor_content;
    match tensor.dtype {
        proto::DT_FLOAT if content.is_empty() => {
            Some(tensor.float_val.into_iter().map(f64::from).collect())
        }
        proto::DT_FLOAT => Some(little_endian(content, |bytes| f32::from_le_bytes(bytes).into())),
        proto::DT_DOUBLE if content.is_empty() => Some(tensor.double_val),
        proto::DT_DOUBLE => Some(little_endian(content, f64::from_le_bytes)),
        proto::DT_INT32 if content.is_empty() => {
            Some(tensor.int_val.into_iter().map(f64::from).collect())
        }
        proto::DT_INT32 => Some(little_endian(content, |bytes| i32::from_le_bytes(bytes).into())),
        proto::DT_INT64 if content.is_empty() => {
            Some(tensor.int64_val.into_iter().map(|x| x as f64).collect())
        }
        proto::DT_INT64 => Some(little_endian(content, |bytes| i64::from_le_bytes(bytes) as f64)),
        _ => None,
    }
}

fn little_endian<const N: usize>(content: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    content.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)).collect()
}

fn buckets(numbers: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    for &[left, right, count] in numbers.as_chunks::<3>().0 {
        let middle = (left + right) / 2.0;
        histogram.bucket_limit.push(right);
        histogram.bucket.push(count);
        histogram.num += count;
        histogram.sum += count * middle;
        histogram.sum_squares += count * middle * middle;
    }
    histogram.min = numbers.first().copied().unwrap_or_default();
    histogram.max = histogram.bucket_limit.last().copied().unwrap_or_default();
    histogram
}

/// A PNG by its own header, whatever was said beside it: another format, or sides that no picture of a
/// log has, are skipped before anyone allocates for them.
fn png(png: Vec<u8>) -> Option<Value> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?.get(..10)?;
    let side =
        |at: usize| header[at..at + 4].iter().fold(0u32, |n, &byte| n << 8 | u32::from(byte));
    let (width, height) = (side(0), side(4));
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return None;
    }
    let channels = match header[9] {
        0 => 1,
        4 => 2,
        6 => 4,
        // Colour, or a palette of colours.
        _ => 3,
    };
    Some(Value::Image { width, height, channels, png })
}
