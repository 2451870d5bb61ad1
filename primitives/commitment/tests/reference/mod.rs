//! The commitment written down a second time, as slowly and plainly as possible, to compare with.

use noema_commitment::{Hasher, Software};

/// Leaf hashes of a file, padding included.
pub(crate) fn leaves(data: &[u8]) -> Vec<[u8; 32]> {
    let sectors = data.len().div_ceil(256);
    let full = sectors.next_power_of_two();
    let unit = if full >= 16 { full / 16 } else { 1 };
    let padded = sectors.div_ceil(unit) * unit;
    let mut bytes = data.to_vec();
    bytes.resize(padded * 256, 0);
    bytes.chunks(256).map(Software::keccak_256).collect()
}

/// Root of the left-complete tree, by its definition.
pub(crate) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match split(leaves.len()) {
        None => leaves[0],
        Some(middle) => {
            let (left, right) = leaves.split_at(middle);
            Software::keccak_256(&[root(left), root(right)].concat())
        }
    }
}

/// Siblings of a leaf, bottom to top, by the definition of the tree.
pub(crate) fn siblings(leaves: &[[u8; 32]], index: usize) -> Vec<[u8; 32]> {
    let Some(middle) = split(leaves.len()) else {
        return Vec::new();
    };
    let (left, right) = leaves.split_at(middle);
    let (mut below, sibling) = if index < middle {
        (siblings(left, index), root(right))
    } else {
        (siblings(right, index - middle), root(left))
    };
    below.push(sibling);
    below
}

/// The largest power of two below `count`.
fn split(count: usize) -> Option<usize> {
    (count > 1).then(|| count.next_power_of_two() / 2)
}

/// Bytes that repeat nowhere within a file, from a seed: a 64-bit linear generator's high bytes.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    (0..size)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}
