//! Attention.

use std::panic::Location;

use crate::Tensor;

/// softmax(Q Kᵀ / √D) V: each query's mean of the values, weighted by how well their keys fit it
/// (Vaswani et al. 2017, "Attention is all you need", eq. 1). Queries `[B, T, D]`, keys `[B, S, D]`,
/// values `[B, S, E]` → `[B, T, E]`; more leading axes, such as heads, may follow the batch.
#[track_caller]
pub fn attention<'g>(
    queries: impl Into<Tensor<'g>>,
    keys: impl Into<Tensor<'g>>,
    values: impl Into<Tensor<'g>>,
) -> Tensor<'g> {
    let (queries, keys, values) = (queries.into(), keys.into(), values.into());
    let graph = queries.graph();
    let _here = graph.builder.located(Location::caller());
    graph.composite("attention", "", || {
        let last = keys.shape().len().saturating_sub(1);
        let mut turned: Vec<usize> = (0..=last).collect();
        turned.swap(last.saturating_sub(1), last);
        let scale = (queries.size(last) as f64).sqrt().recip();
        let scores = queries.matmul(keys.permute(&turned)) * scale;
        scores.softmax(last).matmul(values)
    })
}
