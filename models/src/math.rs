//! Functions of `f32` made of addition, multiplication and division alone.
//!
//! IEEE 754 fixes those to the last bit, and Rust never contracts or reorders them; a mathematics library's `exp` is fixed by nobody. So what
//! is computed here is the same on every machine, in WASM as in native code.

/// Lanes of a sum that is not taken one by one: a compiler may put them into one vector register.
const LANES: usize = 8;

/// `e^x`, within 3 units in the last place; 0 below −87, `e^88` above 88, and 0 for NaN.
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = core::f32::consts::LOG2_E;
    // ln 2 in two parts, the first with so few digits that its multiples are exact (Cody and Waite, "Software Manual for the Elementary
    // Functions", 1980).
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    if x.is_nan() || x < -87.0 {
        return 0.0;
    }
    let x = if x > 88.0 { 88.0 } else { x };
    let scaled = x * LOG2_E;
    let n = (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = x - n as f32 * LN_2_HIGH - n as f32 * LN_2_LOW;
    // The Taylor series: |r| ≤ ln 2 / 2, where the first term left out is below 2^-27.
    let mut sum = 1.0 / 5_040.0;
    for term in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = sum * r + term;
    }
    // n lies in −126..=127, so that this is a normal number.
    sum * f32::from_bits(((n + 127) as u32) << 23)
}

/// `1 / √x` for a positive, normal `x`, within 2 units in the last place.
pub(crate) fn inverse_sqrt(x: f32) -> f32 {
    // Newton's method from a guess that halves the exponent; each step doubles the digits that are right.
    // Of a number that is none of these the guess wraps: changed weights can bring one here, and whatever comes of it is no panic.
    let mut y = f32::from_bits(0x5f37_59df_u32.wrapping_sub(x.to_bits() >> 1));
    for _ in 0..4 {
        y *= 1.5 - 0.5 * x * y * y;
    }
    y
}

/// The scalar product. Its order of summation is fixed: eight sums side by side, then pairwise.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest = 0.0;
    for (a, b) in a.remainder().iter().zip(b.remainder()) {
        rest += a * b;
    }
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    total(sums) + rest
}

fn total([a, b, c, d, e, f, g, h]: [f32; LANES]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Root-mean-square normalisation (Zhang and Sennrich, 2019): `out = x / rms(x) · gain`.
pub(crate) fn rms_norm(x: &[f32], gain: &[f32], out: &mut [f32]) {
    let scale = inverse_rms(x);
    for ((out, x), gain) in out.iter_mut().zip(x).zip(gain) {
        *out = x * scale * gain;
    }
}

/// `1 / rms(x)`, with a little added so that zeros have one.
pub(crate) fn inverse_rms(x: &[f32]) -> f32 {
    inverse_sqrt(dot(x, x) / x.len() as f32 + 1e-5)
}

/// Turns scores into weights that add up to 1.
pub(crate) fn softmax(scores: &mut [f32]) {
    let mut max = f32::MIN;
    for score in scores.iter() {
        max = if *score > max { *score } else { max };
    }
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = exp(*score - max);
        sum += *score;
    }
    let inverse = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn exp_of_what_has_no_exponential_is_nothing() {
        assert_eq!(exp(f32::NAN), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::INFINITY).is_finite());
    }

    proptest! {
        #[test]
        fn exp_is_close(x in -80f32..80.0) {
            let exact = f64::from(x).exp();
            prop_assert!((f64::from(exp(x)) - exact).abs() <= exact * 4e-7);
        }

        #[test]
        fn inverse_sqrt_is_close(x in 1e-30f32..1e30) {
            let exact = 1.0 / f64::from(x).sqrt();
            prop_assert!((f64::from(inverse_sqrt(x)) - exact).abs() <= exact * 3e-7);
        }

        #[test]
        fn softmax_adds_up(mut scores in prop::collection::vec(-50f32..50.0, 1..100)) {
            softmax(&mut scores);
            let sum: f32 = scores.iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
        }

        #[test]
        fn dot_is_the_scalar_product(pairs in prop::collection::vec((-9i8..9, -9i8..9), 0..70)) {
            // Small integers are exact in any order.
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().map(|(a, b)| (f32::from(*a), f32::from(*b))).unzip();
            let exact: i32 = pairs.iter().map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            prop_assert_eq!(dot(&a, &b), exact as f32);
        }
    }
}
