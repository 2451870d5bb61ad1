//! The left-complete tree over any leaf hashes: its root, its paths, and hashing it leaf by leaf.
//!
//! A tree of `n` leaves is split at the largest power of two below `n`. The same tree comes from
//! joining neighbours level by level, where a lone last node is carried up unchanged.

use crate::{hash::hash_pair, zeros::zero_subtree, Hasher, MAX_SIBLINGS};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// The side on which a sibling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The sibling is the left child.
    Left,
    /// The sibling is the right child.
    Right,
}

/// One sibling on the way from a leaf to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Level of the sibling; leaves are at 0.
    pub level: u32,
    /// Index of the sibling among the nodes of its level.
    pub index: u64,
    /// The side on which it stands.
    pub side: Side,
    /// The first leaf under it.
    pub first: u64,
    /// Leaves under it, at least 1.
    pub leaves: u64,
}

/// The siblings on the way from leaf `index` of a tree of `leaves` leaves up to the root. There are
/// none when `index` is not below `leaves`.
pub fn path(index: u64, leaves: u64) -> impl Iterator<Item = Step> {
    let mut index = index;
    // Nodes on the level that is looked at.
    let mut nodes = if index < leaves { leaves } else { 1 };
    let mut level = 0u32;
    core::iter::from_fn(move || {
        while nodes > 1 {
            let sibling = index ^ 1;
            let step = if sibling < nodes {
                let first = sibling.checked_shl(level)?;
                let width = 1u64.checked_shl(level)?;
                Some(Step {
                    level,
                    index: sibling,
                    side: if sibling < index {
                        Side::Left
                    } else {
                        Side::Right
                    },
                    first,
                    leaves: leaves.checked_sub(first)?.min(width),
                })
            } else {
                None
            };
            index >>= 1;
            nodes = nodes.div_ceil(2);
            level = level.checked_add(1)?;
            if step.is_some() {
                return step;
            }
        }
        None
    })
}

/// The parent of `node` and its sibling in the order that `side`, the sibling's, asks for.
pub(crate) fn join<H: Hasher>(node: &[u8; 32], sibling: &[u8; 32], side: Side) -> [u8; 32] {
    match side {
        Side::Left => hash_pair::<H>(sibling, node),
        Side::Right => hash_pair::<H>(node, sibling),
    }
}

/// The root over `leaves`; a single leaf is its own root. `None` without leaves.
pub fn tree_root<H: Hasher>(leaves: &[[u8; 32]]) -> Option<[u8; 32]> {
    let mut tree = TreeHasher::<H>::new();
    for leaf in leaves {
        tree.push(0, *leaf)?;
    }
    tree.root()
}

/// The siblings on the way from leaf `index` up to the root, bottom to top. `None` when there is no
/// such leaf.
pub fn tree_siblings<H: Hasher>(leaves: &[[u8; 32]], index: u64) -> Option<Vec<[u8; 32]>> {
    let count = u64::try_from(leaves.len()).ok()?;
    if index >= count {
        return None;
    }
    path(index, count)
        .map(|step| {
            let first = usize::try_from(step.first).ok()?;
            let width = usize::try_from(step.leaves).ok()?;
            tree_root::<H>(leaves.get(first..)?.get(..width)?)
        })
        .collect()
}

/// Slots for the subtrees of a [`TreeHasher`]: heights 0 to [`MAX_SIBLINGS`].
const HEIGHTS: usize = 41;
const _: () = assert!(MAX_SIBLINGS == 40);

/// Hashes a tree leaf by leaf. Keeps one perfect subtree per height and allocates nothing.
pub(crate) struct TreeHasher<H> {
    /// Leaves so far. Bit `h` is set exactly when `subtrees[h]` is in use.
    leaves: u64,
    subtrees: [[u8; 32]; HEIGHTS],
    hasher: PhantomData<H>,
}

impl<H: Hasher> TreeHasher<H> {
    /// A tree without leaves.
    pub(crate) fn new() -> Self {
        Self {
            leaves: 0,
            subtrees: [[0; 32]; HEIGHTS],
            hasher: PhantomData,
        }
    }

    /// Leaves so far.
    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Adds a perfect subtree of `2^height` leaves. `None`, and nothing is added, when the leaves so
    /// far are no multiple of that or the tree would become too large.
    pub(crate) fn push(&mut self, height: u32, root: [u8; 32]) -> Option<()> {
        let width = 1u64.checked_shl(height)?;
        if self.leaves & width.checked_sub(1)? != 0 {
            return None;
        }
        let leaves = self.leaves.checked_add(width)?;
        // Adding a subtree is adding 1 to a binary number: it joins with every one of its height.
        let carries = self.leaves.checked_shr(height)?.trailing_ones();
        let from = usize::try_from(height).ok()?;
        let to = from.checked_add(usize::try_from(carries).ok()?)?;
        if to >= HEIGHTS {
            return None;
        }
        let mut node = root;
        for left in self.subtrees.get(from..to)? {
            node = hash_pair::<H>(left, &node);
        }
        *self.subtrees.get_mut(to)? = node;
        self.leaves = leaves;
        Some(())
    }

    /// Adds `count` leaves that are sectors of zeros, in as few steps as possible.
    pub(crate) fn push_zeros(&mut self, count: u64) -> Option<()> {
        let mut rest = count;
        while let Some(largest) = rest.checked_ilog2() {
            let height = self.leaves.trailing_zeros().min(largest);
            self.push(height, *zero_subtree(height)?)?;
            rest = rest.checked_sub(1u64.checked_shl(height)?)?;
        }
        Some(())
    }

    /// The perfect subtrees that make up the tree, with their heights, smallest (last) first.
    pub(crate) fn peaks(&self) -> impl Iterator<Item = (u32, &[u8; 32])> {
        (0u32..).zip(self.subtrees.iter()).filter(|(height, _)| {
            self.leaves
                .checked_shr(*height)
                .is_some_and(|high| high & 1 == 1)
        })
    }

    /// The root over the leaves so far. `None` without leaves.
    pub(crate) fn root(&self) -> Option<[u8; 32]> {
        self.peaks().fold(None, |right, (_, left)| {
            Some(match right {
                Some(right) => hash_pair::<H>(left, &right),
                None => *left,
            })
        })
    }
}
