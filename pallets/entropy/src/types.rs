//! Plain data of the pallet.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// 32 bytes of a VRF output, an epoch's randomness or a seed.
pub type Output = [u8; 32];

/// How many VRF outputs enter a seed.
pub const WINDOW: u32 = 32;

/// How many stored seeds and gaps the hook forgets at most in one block. It adds at most one of each,
/// so that two would do to keep up; more let it catch up after a pause.
pub const FORGOTTEN_PER_BLOCK: u32 = 8;

/// Where stored seeds begin and end.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Span<BlockNumber> {
    /// No seed of a block before this one is stored. Beyond `newest` when none is stored at all.
    pub oldest: BlockNumber,
    /// The last block that got a seed.
    pub newest: BlockNumber,
}

/// Why a block has no seed although the hook ran.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum MissingReason {
    /// The block came without a VRF output (a plain secondary slot).
    #[codec(index = 0)]
    NoOutput,
    /// Fewer outputs than [`WINDOW`] have been collected since genesis.
    #[codec(index = 1)]
    Collecting,
}

/// What the benchmark of the hook needs from the runtime.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper {
    /// Makes [`crate::Config::VrfOutput`] answer with an output, at its full cost.
    fn provide_output();
}

/// For runtimes whose output needs no preparation.
#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper for () {
    fn provide_output() {}
}
