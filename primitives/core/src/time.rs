//! Time constants. `docs/design/consensus.md` gives the reasons and measurements.

use crate::BlockNumber;

/// Length of a slot in milliseconds: one block a second.
pub const MILLISECS_PER_BLOCK: u64 = 1_000;

/// Length of a slot in milliseconds.
pub const SLOT_DURATION: u64 = MILLISECS_PER_BLOCK;

/// Blocks in a minute.
pub const MINUTES: BlockNumber = 60;
/// Blocks in an hour.
pub const HOURS: BlockNumber = 60 * MINUTES;
/// Blocks in a day.
pub const DAYS: BlockNumber = 24 * HOURS;

/// Length of a BABE epoch, in blocks: ten minutes. Sessions change with epochs.
pub const EPOCH_DURATION_IN_BLOCKS: BlockNumber = 10 * MINUTES;
