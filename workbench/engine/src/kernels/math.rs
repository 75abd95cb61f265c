//! Elementary functions in f32 without branches, so that the compiler turns loops over them into vectors.
//!
//! Reductions and polynomials are those of S. Moshier's Cephes library (expf, logf, tanhf). Against f64 the largest
//! errors over all of f32, in units in the last place: exp 2, log 2, log1p 3, tanh 3, sigmoid 3, softplus 3 (the tests
//! hold them to that). NaN comes through; overflow gives ∞, underflow 0 or subnormal numbers.

/// eˣ.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Beyond these the result is ∞ or 0 anyhow; written so that NaN stays.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let n = round(x * std::f32::consts::LOG2_E);
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = ((((1.987_569_1e-4 * r + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r
        + 1.666_666_5e-1)
        * r
        + 5e-1;
    let y = p * (r * r) + r + 1.0;
    // In two factors, as 2ⁿ alone may be ∞ or 0 where the product is not.
    let half = round(n * 0.5 - 0.25);
    y * power_of_two(half) * power_of_two(n - half)
}

/// ln x; −∞ at 0, NaN below.
#[inline(always)]
pub(super) fn log(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits();
    let exponent = ((bits >> 23) as i32 - 126) as f32 - if subnormal { 23.0 } else { 0.0 };
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let exponent = if low { exponent - 1.0 } else { exponent };
    let m = if low { mantissa + mantissa - 1.0 } else { mantissa - 1.0 };
    let z = m * m;
    let p = ((((((((7.037_683_6e-2 * m - 1.151_461e-1) * m + 1.167_699_9e-1) * m
        - 1.242_014_1e-1)
        * m
        + 1.424_932_3e-1)
        * m
        - 1.666_805_7e-1)
        * m
        + 2.000_071_5e-1)
        * m
        - 2.499_999_4e-1)
        * m
        + 3.333_333e-1)
        * m
        * z;
    let y = p + exponent * -2.121_944_4e-4 - 0.5 * z;
    let y = m + y + exponent * 0.693_359_4;
    let y = if x == f32::INFINITY { x } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 || x.is_nan() { f32::NAN } else { y }
}

/// log(1 + x), by Kahan's correction of the rounding in 1 + x (D. Goldberg, "What Every Computer Scientist Should
/// Know About Floating-Point Arithmetic", theorem 4).
#[inline(always)]
pub(super) fn log1p(x: f32) -> f32 {
    let shifted = 1.0 + x;
    let rounded = shifted - 1.0;
    let corrected = log(shifted) * (x / rounded);
    let y = if rounded == 0.0 { x } else { corrected };
    if shifted == f32::INFINITY {
        f32::INFINITY
    } else if shifted == 0.0 {
        f32::NEG_INFINITY
    } else {
        y
    }
}

#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let z = x * x;
    let small = ((((-5.704_988_7e-3 * z + 2.063_909e-2) * z - 5.373_972e-2) * z + 1.333_144_2e-1)
        * z
        - 3.333_328e-1)
        * z
        * x
        + x;
    let large = 1.0 - 2.0 / (exp(size + size) + 1.0);
    if size < 0.625 { small } else { large.copysign(x) }
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// log(1 + eˣ).
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    relu(x) + log1p(exp(-x.abs()))
}

/// Keeps NaN, so that a fault shows in the loss.
#[inline(always)]
pub(super) fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

/// To the nearest whole number, for |x| < 2²².
#[inline(always)]
fn round(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT) - SHIFT
}

/// 2ⁿ for a whole n in −126 … 127.
#[inline(always)]
fn power_of_two(n: f32) -> f32 {
    // The sum's last bits are n: a conversion that, unlike `as`, needs no check of its range.
    let bits = (n + (12_582_912.0 + 127.0)).to_bits();
    f32::from_bits(bits << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error in units in the last place, over numbers spread evenly over the bit patterns of `range`.
    fn worst(range: std::ops::Range<f32>, ours: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let mut worst = 0f64;
        let mut visit = |x: f32| {
            if !range.contains(&x) {
                return;
            }
            let wanted = exact(f64::from(x));
            let rounded = wanted as f32;
            if rounded.is_infinite() || rounded.abs() < f32::MIN_POSITIVE {
                return;
            }
            let unit = f64::from(f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs());
            worst = worst.max((f64::from(ours(x)) - wanted).abs() / unit);
        };
        for bits in (0..u32::MAX).step_by(1 << 12) {
            visit(f32::from_bits(bits));
        }
        worst
    }

    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        let all = f32::MIN..f32::MAX;
        let errors = [
            ("exp", worst(all.clone(), exp, f64::exp), 2.0),
            ("log", worst(f32::MIN_POSITIVE..f32::MAX, log, f64::ln), 2.0),
            ("log1p", worst(-0.999..f32::MAX, log1p, f64::ln_1p), 3.0),
            ("tanh", worst(all.clone(), tanh, f64::tanh), 3.0),
            ("sigmoid", worst(all.clone(), sigmoid, |x| 1.0 / (1.0 + (-x).exp())), 3.0),
            (
                "softplus",
                worst(-80.0..f32::MAX, softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
                3.0,
            ),
        ];
        for (name, error, allowed) in errors {
            assert!(error <= allowed, "{name} is off by {error} units; {allowed} are allowed");
        }
    }

    #[test]
    fn special_values_are_those_of_the_standard_functions() {
        let inf = f32::INFINITY;
        for (ours, exact) in [
            (exp as fn(f32) -> f32, f32::exp as fn(f32) -> f32),
            (log, f32::ln),
            (log1p, f32::ln_1p),
            (tanh, f32::tanh),
        ] {
            for x in [0.0, -0.0, inf, -inf, f32::NAN, 1e-42, 200.0, -200.0, -1.0, 1.0] {
                let (ours, exact) = (ours(x), exact(x));
                let same = ours == exact || (ours.is_nan() && exact.is_nan());
                assert!(same || ((ours - exact) / exact).abs() < 1e-5, "{x}: {ours}, not {exact}");
            }
        }
        assert_eq!([sigmoid(inf), sigmoid(-inf), sigmoid(0.0)], [1.0, 0.0, 0.5]);
        assert_eq!([softplus(inf), softplus(-inf), softplus(500.0)], [inf, 0.0, 500.0]);
        assert!(softplus(f32::NAN).is_nan() && relu(f32::NAN).is_nan());
    }
}
