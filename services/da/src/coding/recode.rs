//! Coding once more what rows came from.

use super::{bytes, parameters};
use bytes::Bytes;
use noema_da_primitives::{Commitment, Shape};
use rsema1d::{encode_in_place, reconstruct, RowMatrix};

/// The commitment of the one codeword with these K rows (index and bytes). If it is the blob's, every row
/// that the blob commits to is the codeword's and every combination right: with certainty, unlike what
/// random combinations show. Takes five times the blob at its peak, beside the rows.
pub(super) fn commitment_of(shape: &Shape, rows: Vec<(u16, Bytes)>) -> rsema1d::Result<Commitment> {
    let parameters = parameters(shape)?;
    let indices: Vec<usize> = rows.iter().map(|(index, _)| usize::from(*index)).collect();
    let slices: Vec<&[u8]> = rows.iter().map(|(_, row)| row.as_ref()).collect();
    let original = reconstruct(&slices, &indices, &parameters)?;
    drop(slices);
    drop(rows);
    let mut matrix = RowMatrix::zeroed(shape.rows().into(), bytes(shape.row_bytes()))?;
    let original = original.as_row_major();
    matrix.as_row_major_mut()[..original.len()].copy_from_slice(original);
    Ok(Commitment(
        encode_in_place(matrix, &parameters)?.commitment(),
    ))
}
