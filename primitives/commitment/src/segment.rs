//! Hashing the data of one segment.

use crate::{
    tree::{path, TreeHasher},
    zero_root, Hasher, Shape, SECTOR_SIZE,
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

/// Adds the sectors that `data` consists of.
pub(crate) fn push_sectors<H: Hasher>(tree: &mut TreeHasher<H>, data: &[u8]) -> Option<()> {
    data.chunks_exact(SECTOR_SIZE)
        .try_for_each(|sector| tree.push(0, H::keccak_256(sector)))
}
