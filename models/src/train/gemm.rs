//! Products of matrices.

use std::{vec, vec::Vec};

/// Columns of the result that are computed together.
const COLUMNS: usize = 16;
/// Rows of the result that are computed together.
const ROWS: usize = 4;

/// A matrix within a larger one: element (r, c) is `data[r * stride + c]`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

impl<'a> View<'a> {
    pub(super) fn new(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride }
    }

    /// The part that begins at (row, column).
    pub(super) fn at(self, row: usize, column: usize) -> Self {
        Self {
            data: &self.data[row * self.stride + column..],
            stride: self.stride,
        }
    }
}

/// `c += a · b`, where `a` has `m` rows and `k` columns, `b` has `k` and `n`, and `n` is a multiple of 16. Each element is one sum, over k in
/// its order.
pub(super) fn multiply_add(
    a: View<'_>,
    b: View<'_>,
    c: &mut [f32],
    c_stride: usize,
    [m, k, n]: [usize; 3],
) {
    assert_eq!(n % COLUMNS, 0, "columns of a product");
    for column in (0..n).step_by(COLUMNS) {
        let b = b.at(0, column);
        let mut row = 0;
        while row + ROWS <= m {
            block::<ROWS>(
                a.at(row, 0),
                b,
                &mut c[row * c_stride + column..],
                c_stride,
                k,
            );
            row += ROWS;
        }
        while row < m {
            block::<1>(
                a.at(row, 0),
                b,
                &mut c[row * c_stride + column..],
                c_stride,
                k,
            );
            row += 1;
        }
    }
}

fn block<const R: usize>(a: View<'_>, b: View<'_>, c: &mut [f32], c_stride: usize, k: usize) {
    let mut sums = [[0.0f32; COLUMNS]; R];
    let rows: [&[f32]; R] = core::array::from_fn(|r| &a.data[r * a.stride..][..k]);
    for p in 0..k {
        let line: &[f32; COLUMNS] = b.data[p * b.stride..][..COLUMNS]
            .try_into()
            .expect("as many as were taken");
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = row[p];
            for (sum, y) in sums.iter_mut().zip(line) {
                *sum += x * y;
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (c, sum) in c[r * c_stride..][..COLUMNS].iter_mut().zip(sums) {
            *c += sum;
        }
    }
}

/// The matrix of `rows` × `columns` turned over.
pub(super) fn transposed(source: View<'_>, rows: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows * columns];
    for (r, line) in (0..rows).zip(source.data.chunks(source.stride)) {
        for (c, x) in line[..columns].iter().enumerate() {
            out[c * rows + r] = *x;
        }
    }
    out
}
