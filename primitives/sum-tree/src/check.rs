//! Checking a whole tree, for `try_state` and tests.

use crate::{NodeStore, FAN_OUT_BITS};

/// What is wrong with a stored tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistency {
    /// A slot does not hold the sum of the node under it.
    #[error("node {index} at level {level} sums up to {found}, its parent says {expected}")]
    WrongSum {
        /// Level of the lower node.
        level: u32,
        /// Index of the lower node within its level.
        index: u32,
        /// What the parent holds.
        expected: u128,
        /// What the node sums up to.
        found: u128,
    },
    /// A node without any weight is kept.
    #[error("node {index} at level {level} is empty: expected it to be removed")]
    EmptyNode {
        /// Level of the node.
        level: u32,
        /// Index of the node within its level.
        index: u32,
    },
    /// A leaf's weight does not fit into `u64`, or a sum not into `u128`.
    #[error("node {index} at level {level} holds sums that no weights add up to")]
    TooLarge {
        /// Level of the node.
        level: u32,
        /// Index of the node within its level.
        index: u32,
    },
}

/// Walks the tree from the root and returns the number of nodes that it reaches. Compare it with the
/// number of nodes stored to find nodes that hang nowhere. Reads every possible child of every node:
/// for checks off the block's path only.
pub fn check<S: NodeStore>(store: &S) -> Result<u32, Inconsistency> {
    let level = S::DEPTH.saturating_sub(1);
    let Some(root) = store.get(level, 0) else {
        return Ok(0);
    };
    let expected = root
        .sum()
        .ok_or(Inconsistency::TooLarge { level, index: 0 })?;
    check_node(store, level, 0, expected)
}

/// Checks the node at `(level, index)` against the sum its parent holds, and all under it. Recursion
/// ends after [`NodeStore::DEPTH`] levels.
fn check_node<S: NodeStore>(
    store: &S,
    level: u32,
    index: u32,
    expected: u128,
) -> Result<u32, Inconsistency> {
    let Some(node) = store.get(level, index) else {
        return match expected {
            0 => Ok(0),
            _ => Err(Inconsistency::WrongSum {
                level,
                index,
                expected,
                found: 0,
            }),
        };
    };
    if node.is_empty() {
        return Err(Inconsistency::EmptyNode { level, index });
    }
    let too_large = Inconsistency::TooLarge { level, index };
    let found = node.sum().ok_or(too_large)?;
    if found != expected {
        return Err(Inconsistency::WrongSum {
            level,
            index,
            expected,
            found,
        });
    }
    let mut nodes = 1u32;
    for (slot, sum) in (0u32..).zip(node.sums) {
        match level.checked_sub(1) {
            Some(below) => {
                let child = index
                    .checked_shl(FAN_OUT_BITS)
                    .and_then(|first| first.checked_add(slot))
                    .ok_or(too_large)?;
                nodes = nodes.saturating_add(check_node(store, below, child, sum)?);
            }
            None => {
                u64::try_from(sum).map_err(|_| too_large)?;
            }
        }
    }
    Ok(nodes)
}
