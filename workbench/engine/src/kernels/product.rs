//! Matrix products: C = A · B, with a bias and a ReLU as the result is stored.
//!
//! The scheme is that of K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008, for
//! the sizes met here: panels of B are packed, A is read where it lies, and a tile of C stays in registers over
//! the whole inner dimension, so that its sums have one order whatever is shared out to whom.

#![expect(unsafe_code, reason = "the innermost loops work on unchecked pointers")]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::threads::parallel;
use super::{Source, Target, scratch};

/// A matrix where it lies: element (i, j) is `data[i · row + j · column]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// What happens as a result is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish<'a> {
    /// Adds to what is there.
    pub accumulate: bool,
    /// One number a column.
    pub bias: Option<&'a [f32]>,
    pub relu: bool,
    /// Laid out as the result: zero where this is not above 0. The gradient of a ReLU, of which this is the result.
    pub gate: Option<&'a [f32]>,
}

/// `[m, k] × [k, n]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// The widest panel of any instruction set, in columns.
const MAX_WIDTH: usize = 32;
/// Rows of a tile, where there are 32 registers.
const MAX_ROWS: usize = 12;
/// Up to so many rows, a task takes one panel through all of them.
const WIDE: usize = 512;
/// Up to so many rows, packing B would cost more than it saves.
const FEW: usize = 4;
/// Multiply-adds that are worth a task of their own.
const TASK: usize = 1 << 18;
/// A row this far from the next one, or a multiple, falls on the same line of the first-level cache.
const ALIAS: usize = 4096 / size_of::<f32>();

impl<'a> Matrix<'a> {
    /// Rows of `columns` numbers, one after the other.
    pub fn rows(data: &'a [f32], columns: usize) -> Matrix<'a> {
        Matrix { data, row: columns, column: 1 }
    }

    pub fn transposed(self) -> Matrix<'a> {
        Matrix { data: self.data, row: self.column, column: self.row }
    }

    fn as_rows(self, columns: usize) -> Rows<'a> {
        let Matrix { data, row, column } = self;
        Rows { data, row, column, run: columns, starts: &[0] }
    }

    fn check(&self, rows: usize, columns: usize) {
        if rows > 0 && columns > 0 {
            let last = (rows - 1) * self.row + (columns - 1) * self.column;
            assert!(last < self.data.len(), "a matrix lies inside its buffer");
        }
    }
}

/// How many numbers [`product`] wants as scratch.
pub(crate) fn scratch_len(size: Size) -> usize {
    packed_len(size.k, size.n)
}

/// C `[m, n]`, rows `stride` apart.
pub(crate) fn product(
    c: Target,
    stride: usize,
    size: Size,
    a: Matrix,
    b: Matrix,
    finish: Finish,
    packed: Target,
) {
    let Size { m, n, k } = size;
    if m == 0 || n == 0 {
        return;
    }
    a.check(m, k);
    b.check(k, n);
    assert!(c.len() > (m - 1) * stride + n - 1, "the result lies inside its buffer");
    let width = width();
    let panels = n.div_ceil(width);
    if m <= WIDE && panels >= 4 {
        // Each task packs its own panel, and finds it in its cache.
        parallel(panels, |panel| {
            let columns = width.min(n - panel * width);
            let b = Matrix { data: &b.data[panel * width * b.column..], ..b };
            let finish = finish.columns(panel * width);
            let part = Size { m, n: columns, k };
            if m <= FEW && b.column == 1 && columns == width {
                let c = c.at(panel * width);
                let (a, b) = (a.as_rows(k), Panels { data: b.data, row: b.row });
                Arch::new().dispatch(Tiles { c, stride, size: part, a, b, finish });
                return;
            }
            scratch::with(packed_len(k, columns), |packed| {
                pack(packed, b, k, columns);
                // SAFETY: tasks own disjoint columns.
                unsafe { tiles(c.at(panel * width), stride, part, a, packed, finish) };
            });
        });
        return;
    }
    // SAFETY: panels are disjoint parts, and done before the rows are begun.
    parallel(panels, |panel| unsafe {
        let columns = width.min(n - panel * width);
        let b = Matrix { data: &b.data[panel * width * b.column..], ..b };
        pack(packed.part(panel * width * k, width * k), b, k, columns);
    });
    // SAFETY: nothing writes it any more.
    let packed: &[f32] = unsafe { packed.whole() };
    let rows = (TASK / (n * k).max(1)).next_multiple_of(MAX_ROWS).clamp(MAX_ROWS, 240);
    super::threads::chunks(m, rows, |from, rows| {
        let a = Matrix { data: &a.data[from * a.row..], ..a };
        let part = Size { m: rows, n, k };
        // SAFETY: tasks own disjoint rows.
        unsafe { tiles(c.at(from * stride), stride, part, a, packed, finish.skip(from * stride)) };
    });
}

/// How many numbers a packed matrix takes.
pub(super) fn packed_len(k: usize, n: usize) -> usize {
    k * n.next_multiple_of(MAX_WIDTH)
}

/// Packs B `[k, n]`: panel by panel, each `[k, width]`, the last filled up with zeros.
pub(super) fn pack(packed: &mut [f32], b: Matrix, k: usize, n: usize) {
    pack_rows(packed, b, k, n, 0..k);
}

/// Packs some rows of a B `[k, n]` from a matrix that holds those alone.
pub(super) fn pack_rows(packed: &mut [f32], b: Matrix, k: usize, n: usize, rows: Range<usize>) {
    Arch::new().dispatch(Pack { packed, b, k, n, rows });
}

/// One task's part of a product: C = A · B for a packed B.
///
/// # Safety
/// Nothing else touches these rows and columns of C, and they lie inside its buffer.
pub(super) unsafe fn tiles(
    c: *mut f32,
    stride: usize,
    size: Size,
    a: Matrix,
    packed: &[f32],
    finish: Finish,
) {
    let restride = a.column == 1 && a.row.is_multiple_of(ALIAS) && size.m > 1 && size.n > MAX_WIDTH;
    if !restride {
        let b = Panels { data: packed, row: width() };
        let a = a.as_rows(size.k);
        Arch::new().dispatch(Tiles { c, stride, size, a, b, finish });
        return;
    }
    // Rows whose elements fall on the same cache lines are moved apart.
    let row = size.k + 16;
    scratch::with(MAX_ROWS * row, |rows| {
        for from in (0..size.m).step_by(MAX_ROWS) {
            let m = MAX_ROWS.min(size.m - from);
            for (i, to) in rows.chunks_mut(row).take(m).enumerate() {
                to[..size.k].copy_from_slice(&a.data[(from + i) * a.row..][..size.k]);
            }
            let a = Rows { data: rows, row, column: 1, run: size.k, starts: &[0] };
            // SAFETY: these rows of C are part of what the caller owns.
            let c = unsafe { c.add(from * stride) };
            let finish = finish.skip(from * stride);
            let b = Panels { data: packed, row: width() };
            Arch::new().dispatch(Tiles { c, stride, size: Size { m, ..size }, a, b, finish });
        }
    });
}

impl Target {
    /// Where an element lies.
    pub fn at(self, index: usize) -> *mut f32 {
        assert!(index <= self.len());
        // SAFETY: inside the buffer or one past it; who writes there is the caller's promise.
        unsafe { self.part(0, self.len()).as_mut_ptr().add(index) }
    }
}

impl Finish<'_> {
    /// For the columns from this one on.
    fn columns(self, from: usize) -> Self {
        let bias = self.bias.map(|bias| &bias[from..]);
        Finish { bias, ..self.skip(from) }
    }

    /// For what lies so many elements further on in the result.
    pub fn skip(self, elements: usize) -> Self {
        Finish { gate: self.gate.map(|gate| &gate[elements..]), ..self }
    }
}

pub(super) fn width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            2 * S::F32_LANES
        }
    }
    Arch::new().dispatch(Width)
}

struct Pack<'a> {
    packed: &'a mut [f32],
    b: Matrix<'a>,
    k: usize,
    n: usize,
    rows: Range<usize>,
}

impl WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Pack { packed, b, k, n, rows } = self;
        let width = 2 * S::F32_LANES;
        if rows.is_empty() {
            return;
        }
        for (panel, packed) in packed.chunks_mut(k * width).take(n.div_ceil(width)).enumerate() {
            let packed = &mut packed[rows.start * width..rows.end * width];
            let k = rows.len();
            let columns = width.min(n - panel * width);
            let from = &b.data[panel * width * b.column..];
            if b.column == 1 {
                for (p, to) in packed.chunks_exact_mut(width).enumerate() {
                    let row = &from[p * b.row..][..columns];
                    if columns == width {
                        to.copy_from_slice(row);
                    } else {
                        to[..columns].copy_from_slice(row);
                        to[columns..].fill(0.0);
                    }
                }
                continue;
            }
            if columns < width {
                packed.fill(0.0);
            }
            for p in (0..k).step_by(16) {
                let rows = 16.min(k - p);
                for j in 0..columns {
                    for i in 0..rows {
                        packed[(p + i) * width + j] = from[(p + i) * b.row + j * b.column];
                    }
                }
            }
        }
    }
}

/// B as the tiles read it: a panel's rows lie `row` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub data: &'a [f32],
    pub row: usize,
}

/// A as the tiles read it: element (i, j) is `data[i · row + starts[j / run] + j % run · column]`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub column: usize,
    pub run: usize,
    pub starts: &'a [usize],
}

/// One task's part of a product: C, whose rows are `stride` apart, = A · B. Whoever runs it promises that all of it lies
/// inside A and inside its own part of C.
pub(super) struct Tiles<'a> {
    pub c: *mut f32,
    pub stride: usize,
    pub size: Size,
    pub a: Rows<'a>,
    pub b: Panels<'a>,
    pub finish: Finish<'a>,
}

impl WithSimd for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Size { m, n, k } = self.size;
        let most = if S::REGISTER_COUNT >= 32 { MAX_ROWS } else { 6 };
        let width = 2 * S::F32_LANES;
        // Blocks of nearly equal height: a last one of a single row would be as slow as a full one.
        let blocks = m.div_ceil(most);
        let mut from = 0;
        for block in 0..blocks {
            let rows = m / blocks + usize::from(block < m % blocks);
            for panel in 0..n.div_ceil(width) {
                let columns = width.min(n - panel * width);
                let tile = Tile {
                    // SAFETY: the row is inside A, whose extent was checked by the caller.
                    a: unsafe { self.a.data.as_ptr().add(from * self.a.row) },
                    row: self.a.row,
                    column: self.a.column,
                    run: self.a.run,
                    starts: self.a.starts,
                    b: self.b.data[panel * k * width..].as_ptr(),
                    b_row: self.b.row,
                    // SAFETY: inside the caller's part of C.
                    c: unsafe { self.c.add(from * self.stride + panel * width) },
                    stride: self.stride,
                    columns,
                    finish: self.finish.skip(from * self.stride).columns(panel * width),
                };
                // SAFETY: the tile lies inside all three matrices.
                unsafe { tile.run(simd, rows) };
            }
            from += rows;
        }
    }
}

/// A few rows of A against one panel of B.
#[derive(Clone, Copy)]
struct Tile<'a> {
    a: *const f32,
    row: usize,
    column: usize,
    run: usize,
    starts: &'a [usize],
    b: *const f32,
    b_row: usize,
    c: *mut f32,
    stride: usize,
    columns: usize,
    finish: Finish<'a>,
}

impl Tile<'_> {
    /// # Safety
    /// The tile lies inside its matrices; `rows` is at most [`MAX_ROWS`].
    #[inline(always)]
    unsafe fn run<S: Simd>(self, simd: S, rows: usize) {
        macro_rules! heights {
            ($($rows:literal)*) => {
                match rows {
                    // SAFETY: passed on.
                    $($rows => unsafe {
                        if self.columns > S::F32_LANES {
                            self.multiply::<S, $rows, 2>(simd)
                        } else {
                            self.multiply::<S, $rows, 1>(simd)
                        }
                    },)*
                    _ => unreachable!("a tile has 1 to 12 rows"),
                }
            };
        }
        heights!(1 2 3 4 5 6 7 8 9 10 11 12)
    }

    /// # Safety
    /// As for [`Tile::run`], for `R` rows and `V` vectors of columns.
    #[inline(always)]
    unsafe fn multiply<S: Simd, const R: usize, const V: usize>(self, simd: S) {
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        let mut b = self.b;
        for &start in self.starts {
            let mut a = self.a.wrapping_add(start);
            for _ in 0..self.run {
                // SAFETY: the panel holds 2 · lanes numbers a row, and A an element for each row and step.
                unsafe {
                    let row: [S::f32s; V] = std::array::from_fn(|v| {
                        b.add(v * lanes).cast::<S::f32s>().read_unaligned()
                    });
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let x = simd.splat_f32s(*a.add(r * self.row));
                        for (sum, b) in sums.iter_mut().zip(row) {
                            *sum = simd.mul_add_f32s(x, b, *sum);
                        }
                    }
                    a = a.wrapping_add(self.column);
                    b = b.wrapping_add(self.b_row);
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            // SAFETY: the caller's rows and columns of C.
            let out = unsafe {
                std::slice::from_raw_parts_mut(self.c.add(r * self.stride), self.columns)
            };
            let gate = self.finish.gate.map(|gate| &gate[r * self.stride..][..self.columns]);
            for (v, sum) in sums.into_iter().enumerate() {
                let (from, to) = (v * lanes, self.columns.min((v + 1) * lanes));
                let mut sum = sum;
                if self.finish.accumulate {
                    sum = simd.add_f32s(sum, load(simd, &out[from..to]));
                }
                if let Some(bias) = self.finish.bias {
                    sum = simd.add_f32s(sum, load(simd, &bias[from..to]));
                }
                let zero = simd.splat_f32s(0.0);
                if self.finish.relu {
                    // Written so that NaN stays, and a fault shows in the loss.
                    sum = simd.select_f32s(simd.less_than_or_equal_f32s(sum, zero), zero, sum);
                }
                if let Some(gate) = gate {
                    let open = simd.less_than_f32s(zero, load(simd, &gate[from..to]));
                    sum = simd.select_f32s(open, sum, zero);
                }
                if to - from == lanes {
                    // SAFETY: `out` holds a whole vector from there on.
                    unsafe { out[from..].as_mut_ptr().cast::<S::f32s>().write_unaligned(sum) };
                } else {
                    simd.partial_store_f32s(&mut out[from..to], sum);
                }
            }
        }
    }
}

/// A vector of numbers, zeros behind the last.
#[inline(always)]
fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    if from.len() == S::F32_LANES {
        // SAFETY: as many numbers as the vector holds.
        unsafe { from.as_ptr().cast::<S::f32s>().read_unaligned() }
    } else {
        simd.partial_load_f32s(from)
    }
}

/// Sums `parts` buffers of `out`'s length, one after the other, into `out`.
pub(super) fn sum_parts(out: Target, parts: Source) {
    let len = out.len();
    super::threads::chunks(len, 1 << 13, |from, n| {
        // SAFETY: chunks are disjoint.
        let out = unsafe { out.part(from, n) };
        let parts = parts.slice();
        Arch::new().dispatch(|| {
            out.copy_from_slice(&parts[from..from + n]);
            for part in parts.chunks_exact(len).skip(1) {
                out.iter_mut().zip(&part[from..from + n]).for_each(|(sum, x)| *sum += x);
            }
        });
    });
}

/// Products over leading axes; the operands of each lie `steps` apart.
pub(crate) fn batched(
    c: Target,
    lead: &[usize],
    size: Size,
    [a, b]: [Matrix; 2],
    steps: &[Vec<usize>; 2],
    finish: Finish,
) {
    let Size { m, n, k } = size;
    parallel(lead.iter().product(), |index| {
        let start = |steps: &[usize]| {
            let mut rest = index;
            lead.iter().zip(steps).rev().fold(0, |at, (&size, &step)| {
                let here = rest % size;
                rest /= size;
                at + here * step
            })
        };
        let a = Matrix { data: &a.data[start(&steps[0])..], ..a };
        let b = Matrix { data: &b.data[start(&steps[1])..], ..b };
        a.check(m, k);
        b.check(k, n);
        scratch::with(packed_len(k, n), |packed| {
            pack(packed, b, k, n);
            // SAFETY: a product a task.
            unsafe {
                let c = c.part(index * m * n, m * n).as_mut_ptr();
                tiles(c, n, size, a, packed, finish.skip(index * m * n));
            };
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{self, Key};

    fn numbers(n: usize, salt: u64) -> Vec<f32> {
        noise::normal(Key::new(salt, "product", 0, 0), n)
    }

    /// One task's product on one instruction set.
    fn multiply<S: Simd>(simd: S, c: &mut [f32], size: Size, [a, b]: [Matrix; 2], finish: Finish) {
        let Size { m: _, n, k } = size;
        let mut packed = vec![f32::NAN; packed_len(k, n)];
        simd.vectorize(Pack { packed: &mut packed, b, k, n, rows: 0..k });
        let (a, b) = (a.as_rows(k), Panels { data: &packed, row: 2 * S::F32_LANES });
        simd.vectorize(Tiles { c: c.as_mut_ptr(), stride: n, size, a, b, finish });
    }

    /// By the definition, in f64.
    fn wanted(c: &[f32], size: Size, [a, b]: [Matrix; 2], finish: Finish) -> Vec<f64> {
        let at = |x: Matrix, i: usize, j: usize| f64::from(x.data[i * x.row + j * x.column]);
        let element = |place: usize| {
            let (i, j) = (place / size.n, place % size.n);
            let mut sum: f64 = (0..size.k).map(|p| at(a, i, p) * at(b, p, j)).sum();
            if finish.accumulate {
                sum += f64::from(c[place]);
            }
            sum += finish.bias.map_or(0.0, |bias| f64::from(bias[j]));
            if finish.relu {
                sum = sum.max(0.0);
            }
            if finish.gate.is_some_and(|gate| gate[place] <= 0.0) { 0.0 } else { sum }
        };
        (0..size.m * size.n).map(element).collect()
    }

    fn assert_near(c: &[f32], wanted: &[f64], k: usize, label: &str) {
        for (i, (a, b)) in c.iter().zip(wanted).enumerate() {
            let allowed = 1e-5 * (k as f64).sqrt().max(1.0);
            assert!((f64::from(*a) - b).abs() < allowed, "{label}: element {i} is {a}, not {b}");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_product() {
        let sizes = [(1, 1, 1), (5, 33, 7), (12, 32, 40), (13, 16, 3), (25, 70, 11), (7, 5, 64)];
        for (case, &(m, n, k)) in sizes.iter().enumerate() {
            let size = Size { m, n, k };
            let (x, y) = (numbers(m * k, 1), numbers(k * n, 2));
            let (bias, gate, there) = (numbers(n, 3), numbers(m * n, 4), numbers(m * n, 5));
            for bits in 0..16 {
                let a = [Matrix::rows(&x, k), Matrix::rows(&x, m).transposed()][bits & 1];
                let b = [Matrix::rows(&y, n), Matrix::rows(&y, k).transposed()][bits >> 1 & 1];
                let finish = Finish {
                    accumulate: bits & 4 != 0,
                    bias: (bits & 8 != 0).then_some(&bias[..]),
                    relu: case % 2 == 0,
                    gate: (case % 3 == 0).then_some(&gate[..]),
                };
                let wanted = wanted(&there, size, [a, b], finish);
                let check = |c: &[f32], name: &str| {
                    assert_near(c, &wanted, k, &format!("{name}, {size:?}, {finish:?}"));
                };
                let mut c = there.clone();
                multiply(pulp::Scalar::new(), &mut c, size, [a, b], finish);
                check(&c, "portable");
                #[cfg(target_arch = "x86_64")]
                {
                    if let Some(simd) = pulp::x86::V3::try_new() {
                        let mut c = there.clone();
                        multiply(simd, &mut c, size, [a, b], finish);
                        check(&c, "AVX2");
                    }
                    if let Some(simd) = pulp::x86::V4::try_new() {
                        let mut c = there.clone();
                        multiply(simd, &mut c, size, [a, b], finish);
                        check(&c, "AVX-512");
                    }
                }
                #[cfg(target_arch = "aarch64")]
                if let Some(simd) = pulp::aarch64::Neon::try_new() {
                    let mut c = there.clone();
                    multiply(simd, &mut c, size, [a, b], finish);
                    check(&c, "NEON");
                }
            }
        }
    }

    #[test]
    fn products_of_every_shape_are_shared_out_alike() {
        // Few rows, panels to a task, rows to a task, and rows that fall on the same cache lines.
        for (m, n, k) in [(1, 300, 20), (3, 257, 9), (130, 400, 50), (600, 200, 30), (50, 70, 1024)]
        {
            let size = Size { m, n, k };
            let (x, y) = (numbers(m * k, 6), numbers(k * n, 7));
            let (bias, gate) = (numbers(n, 8), numbers(m * n, 9));
            let finish = Finish { bias: Some(&bias), gate: Some(&gate), ..Finish::default() };
            for transposed in [false, true] {
                let b = match transposed {
                    false => Matrix::rows(&y, n),
                    true => Matrix::rows(&y, k).transposed(),
                };
                let a = Matrix::rows(&x, k);
                let mut c = vec![f32::NAN; m * n];
                let mut scratch = vec![f32::NAN; scratch_len(size)];
                let (to, packed) = (Target::of(&mut c), Target::of(&mut scratch));
                product(to, n, size, a, b, finish, packed);
                let wanted = wanted(&c, size, [a, b], finish);
                assert_near(&c, &wanted, k, &format!("{size:?}, transposed {transposed}"));
            }
        }
    }
}
