//! How much a block may contain. `docs/design/consensus.md` gives the reasons.

use super::overhead::{BlockExecutionWeight, ExtrinsicBaseWeight};
use frame_support::{
    dispatch::DispatchClass,
    parameter_types,
    weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use frame_system::limits;
use sp_runtime::Perbill;

/// Time that executing a block may take on the reference hardware, in milliseconds.
///
/// Ordinary transactions get [`NORMAL_RATIO`] of it, 375 ms. Authoring one block full of them
/// (375 ms), sending it (150 ms) and importing it elsewhere (375 ms) fits in one slot of a second,
/// so that the next author builds on it.
pub const MAX_BLOCK_MILLIS: u64 = 500;

/// The part of a block, of its time and of its length, that ordinary transactions may fill. The
/// rest is there for inherents, hooks and operational calls such as upgrades.
pub const NORMAL_RATIO: Perbill = Perbill::from_percent(75);

/// The part of a block that is taken to be used by hooks before its first transaction, when the
/// largest possible transaction is determined.
pub const AVERAGE_ON_INITIALIZE_RATIO: Perbill = Perbill::from_percent(5);

/// Length of a block in bytes at most: 5 MiB. The client's proposer has a limit of its own, which
/// must be at least this.
pub const MAX_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// Length of a header in bytes at most.
pub const MAX_HEADER_LENGTH: u32 = 100 * 1024;

/// What operational calls always get, however full a block is of ordinary transactions: handing in
/// the code of an upgrade weighs 167 ms. Only a block with such a call in it, on top of a full load,
/// exceeds [`MAX_BLOCK_MILLIS`], by 50 ms at most.
pub const OPERATIONAL_RESERVE: Weight =
    Weight::from_parts(175 * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX);

/// Weight of a block at most. There is no limit on the size of a proof of execution: nobody
/// validates blocks of this chain without its state.
pub const MAX_BLOCK_WEIGHT: Weight = Weight::from_parts(
    MAX_BLOCK_MILLIS.saturating_mul(WEIGHT_REF_TIME_PER_MILLIS),
    u64::MAX,
);

parameter_types! {
    /// Limits on the weight of a block, per class.
    pub BlockWeights: limits::BlockWeights = limits::BlockWeights::builder()
        .base_block(BlockExecutionWeight::get())
        .for_class(DispatchClass::all(), |weights| {
            weights.base_extrinsic = ExtrinsicBaseWeight::get();
        })
        .for_class(DispatchClass::Normal, |weights| {
            weights.max_total = Some(NORMAL_RATIO * MAX_BLOCK_WEIGHT);
        })
        .for_class(DispatchClass::Operational, |weights| {
            weights.max_total = Some(MAX_BLOCK_WEIGHT);
            weights.reserved = Some(OPERATIONAL_RESERVE);
        })
        .avg_block_initialization(AVERAGE_ON_INITIALIZE_RATIO)
        .build_or_panic();

    /// Limits on the length of a block, per class.
    pub BlockLength: limits::BlockLength = limits::BlockLength::builder()
        .max_length(MAX_BLOCK_LENGTH)
        .modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_RATIO * *max)
        .max_header_size(MAX_HEADER_LENGTH)
        .build();
}
