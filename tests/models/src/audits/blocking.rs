//! What keeps answers out, and ticks from passing.

use crate::audits::Tick;

/// The decimal logarithm of the probability that all authors of a window's ticks leave an answer
/// out, when the share `censors` of all authors does.
pub fn censored_log10(censors: f64, window: Tick) -> f64 {
    // The windows are small.
    f64::from(u32::try_from(window).unwrap_or(u32::MAX)) * censors.log10()
}

/// Prices of the runtime (`runtime/src/configs/money.rs`), in NOEMA.
pub mod price {
    /// A microsecond of weight, before the factor for demand.
    pub const MICROSECOND: f64 = 1e-6;
    /// A byte of a transaction; no factor.
    pub const BYTE: f64 = 1e-7;
    /// Microseconds of a block that ordinary transactions may use.
    pub const NORMAL_MICROSECONDS: f64 = 375_000.0;
    /// Bytes of a block that they may fill.
    pub const NORMAL_BYTES: f64 = 0.75 * 5.0 * 1024.0 * 1024.0;
    /// Fullness from which the factor grows.
    pub const TARGET: f64 = 0.25;
    /// How fast it does.
    pub const ADJUSTMENT: f64 = 75e-6;
    /// The factor at most.
    pub const MOST: f64 = 1_000.0;
}

/// What the room of a tick and a block hold of the largest batches of answers, by weights that were provisional when this was written. A test of the runtime
/// says that by those in force it is no less.
pub mod room {
    /// Batches that fit the room of one tick, by weight.
    pub const BATCHES_OF_A_TICK: u64 = 4;
    /// Batches that fill what ordinary transactions may use of a block, by weight.
    pub const BATCHES_OF_A_BLOCK: u64 = 22;
    /// Batches that fill it by length.
    pub const BY_LENGTH: u64 = 95;
    /// Transactions are ordered by their tip times as many as would fill a block, by weight as it is charged in advance or by length, whichever are fewer:
    /// so many for a batch, and one for as much as fills a block.
    pub const TIPS: u64 = 16;
    /// Thousandths of what ordinary transactions may use that the answers of 65,536 providers of 100 TiB take.
    pub const ALL_ANSWERS_PER_MILLE: u64 = 115;
}

/// NOEMA for filling the share `full` of the weight of each of `blocks` blocks, beginning on an
/// idle chain.
pub fn price_of_weight(full: f64, blocks: u32) -> f64 {
    let diff = full - price::TARGET;
    let step = price::ADJUSTMENT * diff;
    let growth = 1.0 + step + step * step / 2.0;
    let mut factor = 1.0_f64;
    let mut sum = 0.0;
    for _ in 0..blocks {
        sum += full * price::NORMAL_MICROSECONDS * price::MICROSECOND * factor;
        factor = (factor * growth).min(price::MOST);
    }
    sum
}

/// NOEMA for filling the share `full` of the length of each of `blocks` blocks.
pub fn price_of_bytes(full: f64, blocks: u32) -> f64 {
    f64::from(blocks) * full * price::NORMAL_BYTES * price::BYTE
}

/// Blocks that must be brimful so that a window passes with ticks of censors only, whose share of
/// all authors is `censors`.
pub fn blocks_to_fill(censors: f64, window: Tick) -> f64 {
    let window = f64::from(u32::try_from(window).unwrap_or(u32::MAX));
    window * (1.0 - censors) / censors
}
