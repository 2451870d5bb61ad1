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
pub use tree::{draw, set_weight, target_from_random, total, weight, Error};

/// Children of a node.
pub const FAN_OUT: usize = 16;

/// Bits of a leaf number that choose a child at one level: `FAN_OUT = 2^FAN_OUT_BITS`.
const FAN_OUT_BITS: u32 = 4;

/// Levels of nodes. Level 0 holds the weights of leaves, level `DEPTH - 1` is the root.
pub const DEPTH: u32 = 4;

/// [`DEPTH`] as the length of an array.
const DEPTH_LEN: usize = 4;

/// Leaves of a full tree: `FAN_OUT^DEPTH`. Leaf numbers are below it.
pub const MAX_LEAVES: u32 = 1 << (FAN_OUT_BITS * DEPTH);

/// The level of the root.
const ROOT_LEVEL: u32 = DEPTH - 1;
