//! Randomness with an age guarantee.

use sp_runtime::traits::Bounded;

/// A seed and the first block whose execution can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed<BlockNumber> {
    /// 32 bytes that nobody could know before `drawn_at` was being authored.
    pub value: [u8; 32],
    /// The first block that can read the seed. Only what is drawn in this block, before its first transaction, is drawn while nobody could have
    /// acted on the seed.
    pub drawn_at: BlockNumber,
}

/// Seeds of past blocks.
///
/// What is drawn must be committed in a block before the seed's own: whoever commits something in
/// block `n` asks for the seed of a block `> n`, so that nobody knew the seed when committing.
pub trait AgedRandomness<BlockNumber> {
    /// The first seed drawn in block `not_before` or after it. `None` when there is none yet, or
    /// when the one in question is already forgotten (older than [`AgedRandomness::history`]).
    /// A caller never substitutes a default: it waits, or commits anew to a later block.
    ///
    /// For a fixed `not_before` the answer never changes from one seed to another.
    fn seed_from(not_before: BlockNumber) -> Option<Seed<BlockNumber>>;

    /// For how many blocks a seed is remembered, at least. As long as can be where there is none: nothing is ever forgotten.
    fn history() -> BlockNumber;

    /// Makes a seed available for `block`, so that a benchmark can draw from it.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(block: BlockNumber, value: [u8; 32]);
}

/// No source of randomness: no seed ever.
impl<BlockNumber: Bounded> AgedRandomness<BlockNumber> for () {
    fn seed_from(_not_before: BlockNumber) -> Option<Seed<BlockNumber>> {
        None
    }

    fn history() -> BlockNumber {
        BlockNumber::max_value()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(_block: BlockNumber, _value: [u8; 32]) {}
}
