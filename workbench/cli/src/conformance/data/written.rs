//! Every element of every buffer is written.

use workbench_graph::DType;

use super::{Data, counted, judged};
use crate::conformance::outcome::Outcome;

/// What buffers hold before: what is not written stays as it is, each time.
const FILLS: [u8; 3] = [0x00, 0xff, 0xa5];

/// Of one field: elements, and those of them that were not written.
struct Count {
    name: String,
    all: u64,
    left: u64,
    /// The first item that has some.
    first: Option<(u64, &'static str)>,
}

pub fn written(data: &mut Data) -> Outcome {
    judged(|| {
        let (dataset, samples) = data.samples()?;
        let mut counts: Vec<Count> = dataset
            .fields()
            .iter()
            .map(|field| Count { name: field.name.clone(), all: 0, left: 0, first: None })
            .collect();
        for (split, items) in samples {
            let mut reads = Vec::new();
            for fill in FILLS {
                let read = dataset.read_guarded(split, &items, fill);
                read.read.map_err(|error| Outcome::error(&error))?;
                reads.push(read.columns);
            }
            for (at, (field, count)) in dataset.fields().iter().zip(&mut counts).enumerate() {
                let size = match field.dtype {
                    DType::U8 => 1,
                    DType::F32 => 4,
                    DType::I64 => 8,
                };
                let elements = reads[0][at].len() / size;
                let left = |element: &usize| {
                    FILLS.iter().zip(&reads).all(|(fill, columns)| {
                        let bytes = &columns[at][element * size..(element + 1) * size];
                        bytes.iter().all(|byte| byte == fill)
                    })
                };
                let mut left = (0..elements).filter(left).peekable();
                if let (Some(element), None) = (left.peek(), count.first) {
                    let per_item = (elements / items.len()).max(1);
                    count.first = Some((items[element / per_item], split));
                }
                count.all += elements as u64;
                count.left += left.count() as u64;
            }
        }
        judge(&counts)
    })
}

fn judge(counts: &[Count]) -> Result<Outcome, Outcome> {
    if let Some(count) = counts.iter().find(|count| count.left == count.all && count.all > 0) {
        return Err(Outcome::failed(
            format!("`{}` is not written in any item", count.name),
            "fill it in `read`, or do not declare it among the fields",
        ));
    }
    match counts.iter().find_map(|count| Some((count, count.first?))) {
        // Buffers are promised zeroed: drawing on black is as good as writing all of it.
        Some((count, (item, split))) => Ok(Outcome::passed(format!(
            "every field; {} of `{}` of {} are left at 0, first in item {item} of `{split}`",
            counted(count.left, "element"),
            count.name,
            crate::console::grouped(count.all),
        ))),
        None => Ok(Outcome::passed("every element of every field")),
    }
}
