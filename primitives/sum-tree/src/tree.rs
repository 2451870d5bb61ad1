//! Reading, changing and drawing.

use crate::{leaves, Node, NodeStore, FAN_OUT_BITS, MAX_DEPTH_LEN};

/// Why a weight was not changed. The store is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The leaf's number is too high for a tree of this depth.
    #[error("leaf {leaf} is outside the tree: expected a number below {limit}")]
    LeafOutOfRange {
        /// The number given.
        leaf: u32,
        /// The first number that is too high.
        limit: u64,
    },
    /// The sums of a node do not fit into `u128`. Weights are `u64`, so the store is corrupted.
    #[error("the sums of node {index} at level {level} overflow: the store is corrupted")]
    SumOverflow {
        /// Level of the node.
        level: u32,
        /// Index of the node within its level.
        index: u32,
    },
}

/// The level of the root.
fn root_level<S: NodeStore>() -> u32 {
    S::DEPTH.saturating_sub(1)
}

/// Whether the tree has room for this leaf.
fn has_leaf<S: NodeStore>(leaf: u32) -> bool {
    u64::from(leaf) < leaves(S::DEPTH)
}

/// Index of the node at `level` above `leaf`, and the slot within it that leads to `leaf`.
fn position(leaf: u32, level: u32) -> Option<(u32, usize)> {
    let shift = level.checked_mul(FAN_OUT_BITS)?;
    let child = leaf.checked_shr(shift)?;
    let index = child.checked_shr(FAN_OUT_BITS)?;
    let slot = child.checked_sub(index.checked_shl(FAN_OUT_BITS)?)?;
    Some((index, usize::try_from(slot).ok()?))
}

/// Gives `leaf` the weight `weight`; 0 takes it out of the draw. Reads
/// [`NodeStore::DEPTH`] nodes and writes or removes at most as many.
pub fn set_weight<S: NodeStore>(store: &mut S, leaf: u32, weight: u64) -> Result<(), Error> {
    let out_of_range = Error::LeafOutOfRange {
        leaf,
        limit: leaves(S::DEPTH),
    };
    if !has_leaf::<S>(leaf) {
        return Err(out_of_range);
    }
    let mut changed = [None; MAX_DEPTH_LEN];
    let mut sum = u128::from(weight);
    for (level, change) in (0..S::DEPTH).zip(changed.iter_mut()) {
        let (index, slot) = position(leaf, level).ok_or(out_of_range)?;
        let mut node = store.get(level, index).unwrap_or_default();
        let child = node.sums.get_mut(slot).ok_or(out_of_range)?;
        if *child == sum {
            // Nothing changes from here upwards.
            break;
        }
        *child = sum;
        sum = node.sum().ok_or(Error::SumOverflow { level, index })?;
        *change = Some((level, index, node));
    }
    for (level, index, node) in changed.into_iter().flatten() {
        if node.is_empty() {
            store.remove(level, index);
        } else {
            store.set(level, index, node);
        }
    }
    Ok(())
}

/// The weight of `leaf`; 0 for one that was never set or is outside the tree.
pub fn weight<S: NodeStore>(store: &S, leaf: u32) -> u64 {
    if !has_leaf::<S>(leaf) {
        return 0;
    }
    position(leaf, 0)
        .and_then(|(index, slot)| store.get(0, index)?.sums.get(slot).copied())
        .and_then(|weight| u64::try_from(weight).ok())
        .unwrap_or(0)
}

/// The sum of all weights.
pub fn total<S: NodeStore>(store: &S) -> u128 {
    store
        .get(root_level::<S>(), 0)
        .and_then(|root| root.sum())
        .unwrap_or(0)
}

/// The leaf that owns `target` when the leaves are laid out along `[0, total)` in the order of their
/// numbers, each as long as its weight. `None` when `target` is not below [`total`].
pub fn draw<S: NodeStore>(store: &S, target: u128) -> Option<u32> {
    draw_within(store, target).map(|(leaf, _)| leaf)
}

/// The same, with the place of `target` within what the leaf owns, which is below its weight.
pub fn draw_within<S: NodeStore>(store: &S, target: u128) -> Option<(u32, u64)> {
    let mut rest = target;
    let mut index = 0u32;
    for level in (0..S::DEPTH).rev() {
        let node = store.get(level, index)?;
        let slot = descend(&node, &mut rest)?;
        index = index.checked_shl(FAN_OUT_BITS)?.checked_add(slot)?;
    }
    Some((index, u64::try_from(rest).ok()?))
}

/// The slot of `node` in whose interval `rest` lies; `rest` becomes relative to that interval.
fn descend(node: &Node, rest: &mut u128) -> Option<u32> {
    for (slot, sum) in (0u32..).zip(node.sums.iter()) {
        match rest.checked_sub(*sum) {
            Some(beyond) => *rest = beyond,
            None => return Some(slot),
        }
    }
    None
}

/// A target for [`draw`] from 32 random bytes: the first 16 as a little-endian number modulo `total`.
/// Its bias is below 2^-48 at the usual depth (see the crate's documentation). 0 for a total of 0, where no draw succeeds.
pub fn target_from_random(random: &[u8; 32], total: u128) -> u128 {
    let (low, _) = random.split_at(16);
    <[u8; 16]>::try_from(low)
        .ok()
        .and_then(|bytes| u128::from_le_bytes(bytes).checked_rem(total))
        .unwrap_or(0)
}
