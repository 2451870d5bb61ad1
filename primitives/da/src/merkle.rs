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

/// A tree with all its levels, from which any leaf's way to the root is read off.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Below the root, bottom to top: each has an even number of nodes.
    levels: Vec<Vec<[u8; 32]>>,
    root: [u8; 32],
}

impl Tree {
    /// The tree over these hashes of leaves, padded with 32 zero bytes to a power of two.
    pub(crate) fn new<H: Hasher>(mut level: Vec<[u8; 32]>) -> Self {
        level.resize(level.len().next_power_of_two(), [0; 32]);
        let mut levels = Vec::new();
        while level.len() > 1 {
            let (pairs, _) = level.as_chunks::<2>();
            let above = pairs
                .iter()
                .map(|[left, right]| node::<H>(left, right))
                .collect();
            levels.push(core::mem::replace(&mut level, above));
        }
        let root = level.first().copied().unwrap_or_default();
        Self { levels, root }
    }

    pub(crate) fn root(&self) -> [u8; 32] {
        self.root
    }

    /// The siblings on the way from leaf `position`, which must exist, to the root, bottom to top.
    pub(crate) fn path(&self, position: usize) -> Vec<[u8; 32]> {
        let mut place = position;
        let mut path = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            path.extend(level.get(place ^ 1));
            place >>= 1;
        }
        path
    }
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
            let tree = Tree::new::<Software>(leaves.clone());
            let root = tree.root();
            for position in 0..count {
                let path = tree.path(position as usize);
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
