//! From values to the bytes of a `tensorflow.Event`.

use prost::Message;

use super::{Value, proto};

/// The record that every event file begins with.
pub(super) fn file_version(wall_time: f64) -> Vec<u8> {
    let file_version = Some("brain.Event:2".to_owned());
    proto::Event { wall_time, file_version, ..Default::default() }.encode_to_vec()
}

/// The record that says that records of `step` and greater, which came before it, no longer hold.
pub(super) fn session_start(wall_time: f64, step: u64) -> Vec<u8> {
    let session_log = Some(proto::SessionLog { status: proto::SESSION_START });
    proto::Event { wall_time, step: signed(step), session_log, ..Default::default() }
        .encode_to_vec()
}

pub(super) fn event(wall_time: f64, step: u64, values: &[(String, Value)]) -> Vec<u8> {
    let value = values.iter().map(|(tag, value)| to_proto(tag, value)).collect();
    let summary = Some(proto::Summary { value }.encode_to_vec());
    proto::Event { wall_time, step: signed(step), summary, ..Default::default() }.encode_to_vec()
}

fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

fn to_proto(tag: &str, value: &Value) -> proto::Value {
    let mut message = proto::Value { tag: tag.to_owned(), ..Default::default() };
    match value {
        Value::Scalar(x) => message.simple_value = Some(*x),
        Value::Image { width, height, channels, png } => {
            message.image = Some(proto::Image {
                height: i32::try_from(*height).unwrap_or(i32::MAX),
                width: i32::try_from(*width).unwrap_or(i32::MAX),
                colorspace: i32::from(*channels),
                encoded_image_string: png.clone(),
            });
        }
        Value::Histogram(histogram) => {
            message.histo = Some(proto::Histogram {
                min: histogram.min,
                max: histogram.max,
                num: histogram.num,
                sum: histogram.sum,
                sum_squares: histogram.sum_squares,
                bucket_limit: histogram.bucket_limit.clone(),
                bucket: histogram.bucket.clone(),
            });
        }
        Value::Text(text) => {
            let tensor = proto::Tensor {
                dtype: proto::DT_STRING,
                // TensorBoard shows text of one dimension; a shape without any is a scalar to it.
                tensor_shape: Some(proto::Shape { dim: vec![proto::Dim { size: 1 }] }),
                string_val: vec![text.clone().into_bytes()],
                ..Default::default()
            };
            message.tensor = Some(tensor.encode_to_vec());
            message.metadata = Some(proto::Metadata {
                plugin_data: Some(proto::PluginData { plugin_name: "text".to_owned() }),
            });
        }
    }
    message
}
