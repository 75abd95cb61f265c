//! How good the judge is, and how much of items is left in their reconstructions.

use serde::Serialize;

use crate::items::Items;
use crate::{Agreement, Eye, Seen};

/// Of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    pub name: String,
    pub agreement: Agreement,
}

/// What is seen of items, or of what was made of the first of them, against what is known of them.
pub fn quality(eye: &Eye, items: &Items, seen: &Seen) -> Vec<Quality> {
    let of = |(number, target): (usize, &crate::Target)| {
        let known = &items.values(target.place?)[..seen.n];
        let agreement = Agreement::of(target.scale(), known, &seen.opinion.values[number])?;
        Some(Quality { name: target.name.clone(), agreement })
    };
    eye.targets().iter().enumerate().filter_map(of).collect()
}
