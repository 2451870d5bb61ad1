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

extern crate alloc;

#[cfg(feature = "std")]
mod builder;
mod draw;
mod hash;
#[cfg(feature = "std")]
mod keccak;
#[cfg(feature = "std")]
mod parallel;
mod proof;
mod segment;
mod shape;
mod tree;
mod zeros;

#[cfg(feature = "std")]
pub use builder::{Builder, Commitment, SubmissionNode};
pub use draw::{drawn_sectors, file_id};
pub use hash::{Hasher, Software};
#[cfg(feature = "std")]
pub use keccak::{lanes, Lanes};
#[cfg(feature = "std")]
pub use parallel::{commit_reader, usual_threads, CommitError};
pub use proof::{
    check_sector_form, sector_proof, verify_sector, verify_segment, Hex, Item, ProofError,
    SectorProof,
};
pub use segment::{sector_siblings_in_segment, segment_root};
pub use shape::{Shape, ShapeError};
pub use tree::{path, tree_root, tree_siblings, Side, Step};
pub use zeros::zero_root;

/// Bytes of a sector, the unit that is hashed and proven.
pub const SECTOR_SIZE: usize = 256;

/// [`SECTOR_SIZE`] as `u64`.
pub(crate) const SECTOR_BYTES: u64 = 256;

/// Sectors of a segment, the unit that is transferred.
pub const SECTORS_PER_SEGMENT: u64 = 1024;

/// Bytes of a full segment: 256 KiB.
pub const SEGMENT_SIZE: usize = 262_144;

/// Most siblings that a proof can have, and so the height of the highest tree.
pub const MAX_SIBLINGS: u32 = 40;

/// Most bytes of a file: 2^48 (256 TiB), whose tree of 2^40 sectors has [`MAX_SIBLINGS`] levels.
pub const MAX_SIZE: u64 = 1 << 48;
