//! Audits: ticks, rounds, challenges, answers, strikes. The design, with its reasons, is
//! `docs/design/ticks-and-randomness.md`; this is the same, executable.
//!
//! | module | what |
//! |---|---|
//! | [`block`] | a block as far as audits see it, and whether it is a tick |
//! | [`rounds`] | the chain's side: ticks, seeds, the running round |
//! | [`draw`], [`population`], [`proof`] | what is drawn, of what, and what answers it |
//! | [`strikes`], [`funds`] | what a miss costs |
//! | [`book`] | the providers, and what ends a round for one of them |
//! | [`eager`] | the reference: everybody's population is copied when a seed becomes known, and everybody is settled when a window ends |
//! | [`lazy`] | the same as the pallet does it: drawn when needed, settled when somebody acts |
//! | [`detection`], [`steering`], [`blocking`], [`worth`] | the figures of the note, computed |
//! | [`tables`] | these figures as the note prints them |
//!
//! The SDK is left out: no accounts but numbers, no signatures, no weights but shares of a block.

pub mod block;
pub mod blocking;
pub mod book;
pub mod detection;
pub mod draw;
pub mod eager;
pub mod error;
pub mod funds;
pub mod lazy;
pub mod parameters;
pub mod population;
pub mod proof;
pub mod rounds;
pub mod steering;
pub mod strikes;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod worth;

/// Number of a block.
pub type BlockNumber = u32;
/// Blocks that took transactions and left room for answers, counted.
pub type Tick = u64;
/// Number of a round.
pub type RoundIndex = u32;
/// A provider's bonded account, or anybody's.
pub type Account = u32;
/// An amount of the token in its smallest unit.
pub type Balance = u128;
