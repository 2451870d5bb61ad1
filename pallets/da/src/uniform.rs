//! Blobs whose rows are all the same, so that every row can be shown without coding anything: for benchmarks and tests.

use crate::{AskedRow, HostHashing};
use alloc::vec::Vec;
use noema_da_primitives::{climb, leaf, Commitment, Hasher, RowProof, Shape};

/// What stands for the root of the combinations.
const COMBINATIONS: [u8; 32] = [9; 32];

/// A row of such a blob, and the siblings of every row: those of its level, which are all the same.
fn row_of(shape: &Shape) -> (Vec<u8>, Vec<[u8; 32]>) {
    let row = alloc::vec![7; usize::try_from(shape.row_bytes()).expect("it is small")];
    let mut siblings = Vec::new();
    let mut hash = leaf::<HostHashing>(&row);
    for _ in 0..shape.depth() {
        siblings.push(hash);
        hash = climb::<HostHashing>(hash, 0, &[hash]);
    }
    (row, siblings)
}

/// The commitment of such a blob.
pub(crate) fn commitment(shape: &Shape) -> Commitment {
    let (row, siblings) = row_of(shape);
    let root = climb::<HostHashing>(leaf::<HostHashing>(&row), 0, &siblings);
    Commitment(HostHashing::sha2_256(&[&root, &COMBINATIONS]))
}

/// What shows any of its rows.
pub(crate) fn answer_for(item: &AskedRow) -> RowProof {
    let shape = Shape::of(item.size.into()).expect("the item has a shape");
    let (row, siblings) = row_of(&shape);
    RowProof {
        row: row.try_into().expect("a row is no longer"),
        siblings: siblings.try_into().expect("there are no more"),
        combinations_root: COMBINATIONS,
    }
}
