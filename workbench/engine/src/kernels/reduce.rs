//! Sums and extremes over axes.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use pulp::Arch;

use super::threads::{chunks, parallel};
use super::{Source, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fold {
    Sum,
    Max,
    Min,
}

/// Axes of neighbours that are treated alike, as (size, whether it is reduced).
pub(crate) type Runs = Vec<(usize, bool)>;

/// Rows that one task sums, where columns are long.
const ROWS: usize = 256;
/// Numbers that one task reads, about.
const TASK: usize = 1 << 15;

/// Joins neighbouring axes that are treated alike, and leaves out those of one element.
pub(crate) fn runs(dims: &[usize], axes: &[usize]) -> Runs {
    let mut runs: Runs = Vec::new();
    for (axis, &size) in dims.iter().enumerate() {
        let reduced = axes.contains(&axis);
        match runs.last_mut() {
            _ if size == 1 => {}
            Some(run) if run.1 == reduced => run.0 *= size,
            _ => runs.push((size, reduced)),
        }
    }
    runs
}

/// How many numbers [`reduce`] wants as scratch.
pub(crate) fn scratch_len(runs: &Runs) -> usize {
    match runs[..] {
        [(rows, true), (columns, false)] => rows.div_ceil(ROWS) * columns,
        _ => 0,
    }
}

/// Reduces the runs that are marked.
pub(crate) fn reduce(fold: Fold, out: Target, x: Source, runs: &Runs, parts: Target) {
    let x = x.slice();
    match runs[..] {
        [] | [(_, false)] => {
            // SAFETY: the only task.
            unsafe { out.whole() }.copy_from_slice(x);
        }
        [(row, true)] => rows(fold, out, x, row),
        [(_, false), (row, true)] => rows(fold, out, x, row),
        [(count, true), (columns, false)] => {
            let tasks = count.div_ceil(ROWS);
            let first = if tasks == 1 { out } else { parts };
            parallel(tasks, |task| {
                // SAFETY: a part a task.
                let sum = unsafe { first.part(task * columns, columns) };
                let x = &x[task * ROWS * columns..(count.min((task + 1) * ROWS)) * columns];
                down(fold, sum, x);
            });
            if tasks > 1 {
                // SAFETY: the tasks are done.
                let (sum, parts) = unsafe { (out.whole(), parts.part(0, tasks * columns)) };
                down(fold, sum, parts);
            }
        }
        [(_, false), (count, true), (columns, false)] => {
            let block = count * columns;
            chunks(out.len() / columns, TASK / block, |from, n| {
                for outer in from..from + n {
                    // SAFETY: a row of results a block.
                    let sum = unsafe { out.part(outer * columns, columns) };
                    down(fold, sum, &x[outer * block..][..block]);
                }
            });
        }
        _ => general(fold, out, x, runs),
    }
}

/// The last axis.
fn rows(fold: Fold, out: Target, x: &[f32], row: usize) {
    chunks(out.len(), TASK / row, |from, n| {
        // SAFETY: chunks are disjoint.
        let out = unsafe { out.part(from, n) };
        Arch::new().dispatch(|| {
            for (out, x) in out.iter_mut().zip(x[from * row..].chunks_exact(row)) {
                *out = match fold {
                    // In blocks, so that long rows keep their precision.
                    Fold::Sum => {
                        x.chunks(1024).map(|x| f64::from(super::map::sum(x))).sum::<f64>() as f32
                    }
                    _ => x.iter().fold(x[0], |a, &b| pick(fold, a, b)),
                };
            }
        });
    });
}

/// Down the columns.
fn down(fold: Fold, out: &mut [f32], x: &[f32]) {
    let columns = out.len();
    Arch::new().dispatch(|| {
        out.copy_from_slice(&x[..columns]);
        for row in x[columns..].chunks_exact(columns) {
            match fold {
                Fold::Sum => out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x),
                _ => out.iter_mut().zip(row).for_each(|(best, &x)| *best = pick(fold, *best, x)),
            }
        }
    });
}

/// Any axes, one result after the other.
fn general(fold: Fold, out: Target, x: &[f32], runs: &Runs) {
    let mut stride = x.len();
    let mut kept = Vec::new();
    let mut reduced = Vec::new();
    for &(size, is_reduced) in runs {
        stride /= size;
        if is_reduced { reduced.push((size, stride)) } else { kept.push((size, stride)) }
    }
    let place = |axes: &[(usize, usize)], mut index: usize| {
        axes.iter().rev().fold(0, |at, &(size, stride)| {
            let here = index % size;
            index /= size;
            at + here * stride
        })
    };
    let count: usize = reduced.iter().map(|axis| axis.0).product();
    chunks(out.len(), TASK / count, |from, n| {
        // SAFETY: chunks are disjoint.
        let out = unsafe { out.part(from, n) };
        for (i, out) in out.iter_mut().enumerate() {
            let start = place(&kept, from + i);
            let values = (0..count).map(|j| x[start + place(&reduced, j)]);
            *out = match fold {
                Fold::Sum => values.map(f64::from).sum::<f64>() as f32,
                _ => values.reduce(|a, b| pick(fold, a, b)).unwrap_or(f32::NAN),
            };
        }
    });
}

/// NaN comes through.
#[inline(always)]
fn pick(fold: Fold, a: f32, b: f32) -> f32 {
    match fold {
        Fold::Sum => a + b,
        Fold::Max if a >= b || a.is_nan() => a,
        Fold::Min if a <= b || a.is_nan() => a,
        _ => b,
    }
}
