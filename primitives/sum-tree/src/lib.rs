#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod check;
mod node;
mod tree;

pub use check::{check, Inconsistency};
pub use node::{Node, NodeStore};
pub use tree::{draw, draw_within, set_weight, target_from_random, total, weight, Error};

/// Children of a node.
pub const FAN_OUT: usize = 16;

/// Bits of a leaf number that choose a child at one level: `FAN_OUT = 2^FAN_OUT_BITS`.
const FAN_OUT_BITS: u32 = 4;

/// Levels of nodes that a store has unless it says otherwise ([`NodeStore::DEPTH`]). Level 0 holds the weights of leaves, the last one is the root.
pub const DEPTH: u32 = 4;

/// The most levels that a store can have: leaf numbers fill `u32`.
pub const MAX_DEPTH: u32 = 8;

/// [`MAX_DEPTH`] as the length of an array.
const MAX_DEPTH_LEN: usize = 8;

/// Leaves of a full tree of [`DEPTH`] levels.
pub const MAX_LEAVES: u32 = 1 << (FAN_OUT_BITS * DEPTH);

/// Leaves of a full tree of `depth` levels, `FAN_OUT^depth`, at most 2³²: leaf numbers are below it.
pub const fn leaves(depth: u32) -> u64 {
    let bits = FAN_OUT_BITS.saturating_mul(if depth < MAX_DEPTH { depth } else { MAX_DEPTH });
    match 1u64.checked_shl(bits) {
        Some(leaves) => leaves,
        None => u64::MAX,
    }
}
