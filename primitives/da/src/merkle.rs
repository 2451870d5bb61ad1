//! Merkle trees over SHA-256 as RFC 6962 hashes them: a leaf behind a zero byte, an inner node behind a
//! one. All trees here have a power of two of leaves.

use crate::Hasher;
use alloc::vec::Vec;

const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];

/// Hash of a leaf: `SHA-256(0x00 ‖ data)`.
pub fn leaf<H: Hasher>(data: &[u8]) -> [u8; 32] {
    H::sha2_256(&[LEAF, data])
}

/// Hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
pub(crate) fn node<H: Hasher>(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    H::sha2_256(&[NODE, left, right])
}

/// The root that leads from the hash of leaf number `position` over the siblings, bottom to top.
///
/// Who calls this must know from elsewhere how many siblings there have to be: a shorter way from a
/// lower place would lead to a root as well.
pub fn climb<H: Hasher>(leaf: [u8; 32], position: u32, siblings: &[[u8; 32]]) -> [u8; 32] {
    let mut current = leaf;
    let mut place = position;
    for sibling in siblings {
        current = match place & 1 {
            0 => node::<H>(&current, sibling),
            _ => node::<H>(sibling, &current),
        };
        place >>= 1;
    }
    current
}

/// Levels above `leaves` leaves, once they are padded to a power of two: 0 for none or one.
pub(crate) fn depth(leaves: u32) -> u32 {
    leaves
        .checked_next_power_of_two()
        .map_or(u32::BITS, u32::trailing_zeros)
}

/// The tree's root and the siblings on the way to it from leaf `position`, bottom to top. Leaves are
/// padded with 32 zero bytes to a power of two.
pub(crate) fn root_and_path<H: Hasher>(
    mut level: Vec<[u8; 32]>,
    position: usize,
) -> ([u8; 32], Vec<[u8; 32]>) {
    level.resize(level.len().next_power_of_two(), [0; 32]);
    let mut place = position;
    let mut path = Vec::new();
    while level.len() > 1 {
        if let Some(sibling) = level.get(place ^ 1) {
            path.push(*sibling);
        }
        place >>= 1;
        level = level
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node::<H>(left, right)),
                _ => None,
            })
            .collect();
    }
    (level.first().copied().unwrap_or_default(), path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Software;

    #[test]
    fn climb_every_leaf_of_every_small_tree_reaches_the_root() {
        for count in 1u32..=17 {
            let leaves: Vec<_> = (0..count)
                .map(|i| leaf::<Software>(&i.to_le_bytes()))
                .collect();
            for position in 0..count {
                let (root, path) =
                    root_and_path::<Software>(leaves.clone(), position.try_into().unwrap());
                assert_eq!(path.len(), depth(count) as usize);
                let start = leaves[position as usize];
                assert_eq!(climb::<Software>(start, position, &path), root);
                if count > 1 {
                    assert_ne!(climb::<Software>(start, position ^ 1, &path), root);
                }
            }
        }
    }
}
