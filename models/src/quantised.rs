//! Matrices of 8-bit integers, and vectors quantised to meet them.
//!
//! Row `r` of a matrix stands for `scales[r] · data[r]`, a vector for `scale · values`. Their product is a sum of integers, exact in any order,
//! so that it may be computed with whatever vector instructions a machine has; two multiplications turn it into `f32`.

use alloc::vec::Vec;

/// The largest magnitude of a quantised number: −128 is left out, so that the range is the same on both sides.
pub(crate) const MAX: f32 = 127.0;

/// A matrix whose data stay where the weights were read.
pub(crate) struct Matrix<'a> {
    columns: usize,
    scales: Vec<f32>,
    /// Two's complement, row by row.
    data: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// One row per scale. `data` holds `scales.len() * columns` bytes and a row at most 2^16, so that no sum leaves an `i32`.
    pub(crate) fn new(columns: usize, scales: Vec<f32>, data: &'a [u8]) -> Self {
        debug_assert_eq!(scales.len() * columns, data.len());
        Self {
            columns,
            scales,
            data,
        }
    }

    /// Adds row `index` to `out`, as numbers. A row that is not there adds nothing.
    pub(crate) fn add_row(&self, index: usize, out: &mut [f32]) {
        let row = self.data.chunks_exact(self.columns).nth(index);
        let scale = self.scales.get(index);
        if let (Some(row), Some(scale)) = (row, scale) {
            for (out, byte) in out.iter_mut().zip(row) {
                *out += f32::from(*byte as i8) * scale;
            }
        }
    }

    /// `out = matrix · vector`.
    pub(crate) fn multiply(&self, vector: &Vector, out: &mut [f32]) {
        let rows = self.data.chunks_exact(self.columns).zip(&self.scales);
        for (out, (row, scale)) in out.iter_mut().zip(rows) {
            *out = dot(row, &vector.values) as f32 * (scale * vector.scale);
        }
    }
}

/// A vector, quantised by its largest element.
#[derive(Default)]
pub(crate) struct Vector {
    scale: f32,
    /// −127..=127, in the width that vector instructions multiply.
    values: Vec<i16>,
}

impl Vector {
    /// Takes the numbers of `source`, rounded to the nearest multiple of its scale (half away from zero).
    pub(crate) fn load(&mut self, source: &[f32]) {
        let mut max = 0.0;
        for x in source {
            let magnitude = x.abs();
            max = if magnitude > max { magnitude } else { max };
        }
        self.scale = max / MAX;
        let inverse = if max > 0.0 { MAX / max } else { 0.0 };
        self.values.clear();
        self.values
            .extend(source.iter().map(|x| round(x * inverse)));
    }
}

/// To the nearest integer, half away from zero.
pub(crate) fn round(x: f32) -> i16 {
    (x + if x < 0.0 { -0.5 } else { 0.5 }) as i16
}

fn dot(row: &[u8], values: &[i16]) -> i32 {
    let mut sum = 0i32;
    for (byte, value) in row.iter().zip(values) {
        sum = sum.wrapping_add(i32::from(i16::from(*byte as i8)).wrapping_mul(i32::from(*value)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn product_is_as_close_as_the_quantisation(
            row in prop::collection::vec(any::<i8>(), 64),
            vector in prop::collection::vec(-3f32..3.0, 64),
        ) {
            let data: Vec<u8> = row.iter().map(|x| *x as u8).collect();
            let matrix = Matrix::new(64, [0.5].to_vec(), &data);
            let mut quantised = Vector::default();
            quantised.load(&vector);
            let mut out = [0.0];
            matrix.multiply(&quantised, &mut out);
            let exact: f32 = row.iter().zip(&vector).map(|(a, b)| f32::from(*a) * 0.5 * b).sum();
            // Each element is off by at most half a step of 3/127.
            let bound: f32 = row.iter().map(|a| f32::from(*a).abs() * 0.5 * 0.5 * 3.0 / 127.0).sum();
            prop_assert!((out[0] - exact).abs() <= bound * 1.01 + 1e-3);
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        let mut vector = Vector::default();
        vector.load(&[0.0; 4]);
        let matrix = Matrix::new(4, [1.0].to_vec(), &[1, 2, 3, 4]);
        let mut out = [1.0];
        matrix.multiply(&vector, &mut out);
        assert_eq!(out, [0.0]);
    }

    #[test]
    fn add_row_beyond_the_matrix_adds_nothing() {
        let matrix = Matrix::new(2, [2.0].to_vec(), &[1, 0xff]);
        let mut out = [0.0; 2];
        matrix.add_row(1, &mut out);
        assert_eq!(out, [0.0; 2]);
        matrix.add_row(0, &mut out);
        assert_eq!(out, [2.0, -2.0]);
    }
}
