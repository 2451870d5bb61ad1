//! Hashing the data of one segment.

use crate::{
    tree::{path, TreeHasher},
    zero_root, Hasher, Shape, SECTORS_PER_SEGMENT, SECTOR_SIZE,
};
use alloc::vec::Vec;

/// The root of segment `index` over its data as it is transferred: [`Shape::segment_len`] bytes. The
/// sectors of zeros that pad the segment are added. `None` when there is no such segment or the data
/// has another length.
pub fn segment_root<H: Hasher>(shape: &Shape, index: u64, data: &[u8]) -> Option<[u8; 32]> {
    if shape.segment_len(index)? != data.len() {
        return None;
    }
    let mut tree = TreeHasher::<H>::new();
    push_sectors(&mut tree, data)?;
    let padded = shape.segment_sectors_padded(index)?;
    tree.push_zeros(padded.checked_sub(tree.leaves())?)?;
    tree.root()
}

/// The siblings of a sector within its segment, bottom to top: those up to the segment's root.
/// `sector` counts from the segment's beginning. `None` when there is no such segment or sector with
/// data, or the data does not have [`Shape::segment_len`] bytes.
pub fn sector_siblings_in_segment<H: Hasher>(
    shape: &Shape,
    index: u64,
    data: &[u8],
    sector: u64,
) -> Option<Vec<[u8; 32]>> {
    if shape.segment_len(index)? != data.len() || sector >= shape.segment_sectors(index)? {
        return None;
    }
    let filled = shape.segment_sectors(index)?;
    path(sector, shape.segment_sectors_padded(index)?)
        .map(|step| {
            let with_data = filled.saturating_sub(step.first).min(step.leaves);
            if with_data == 0 {
                return Some(zero_root::<H>(step.leaves));
            }
            let first = usize::try_from(step.first).ok()?.checked_mul(SECTOR_SIZE)?;
            let len = usize::try_from(with_data).ok()?.checked_mul(SECTOR_SIZE)?;
            let mut tree = TreeHasher::<H>::new();
            push_sectors(&mut tree, data.get(first..)?.get(..len)?)?;
            tree.push_zeros(step.leaves.checked_sub(with_data)?)?;
            tree.root()
        })
        .collect()
}

/// Height of the largest subtree that is hashed level by level: a segment's.
const LARGEST: u32 = 10;
const _: () = assert!(SECTORS_PER_SEGMENT == 1 << LARGEST);
/// Height of the smallest one: below it, there is nothing to do side by side.
const SMALLEST: u32 = 2;

/// Adds the sectors that `data` consists of.
pub(crate) fn push_sectors<H: Hasher>(tree: &mut TreeHasher<H>, data: &[u8]) -> Option<()> {
    let (mut sectors, _) = data.as_chunks::<SECTOR_SIZE>();
    while let Some(largest) = sectors.len().checked_ilog2() {
        // As large a perfect subtree as begins here.
        let height = tree.leaves().trailing_zeros().min(largest).min(LARGEST);
        let (subtree, beyond) = sectors.split_at(1usize.checked_shl(height)?);
        if height < SMALLEST {
            for sector in subtree {
                tree.push(0, H::keccak_256(sector))?;
            }
        } else {
            tree.push(height, perfect_root::<H>(subtree)?)?;
        }
        sectors = beyond;
    }
    Some(())
}

/// The root over a power of two of sectors, at most a segment, hashed level by level: the hashes of a
/// level do not wait for each other.
pub(crate) fn perfect_root<H: Hasher>(sectors: &[[u8; SECTOR_SIZE]]) -> Option<[u8; 32]> {
    let (mut leaves, mut parents) = ([[0u8; 32]; 1 << LARGEST], [[0u8; 32]; 1 << (LARGEST - 1)]);
    let mut level = leaves.get_mut(..sectors.len())?;
    let mut above = parents.as_mut_slice();
    H::keccak_256_sectors(sectors, level);
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        let (joined, _) = above.split_at_mut_checked(pairs.len())?;
        H::keccak_256_pairs(pairs, joined);
        (level, above) = (joined, level);
    }
    level.first().copied()
}
