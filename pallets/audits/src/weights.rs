//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is provisional, see there. A runtime measures its own with the pallet's benchmarks, over what it audits in earnest.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// `on_poll` while nothing is to be drawn.
    fn on_poll() -> Weight;
    /// Beside it: drawing the round by the last seed that counts.
    fn on_poll_draw() -> Weight;
    /// Beside it: looking for a seed in vain, and skipping the round.
    fn on_poll_skip() -> Weight;
    /// `on_idle` in a tick that begins a round.
    fn on_idle() -> Weight;
    /// `answer` of what is written down already, with `n` proofs of the longest kind, the last of them: the round passes, and is paid.
    fn answer(n: u32) -> Weight;
    /// `poke` that settles `MaxSettle` rounds: misses until everything is dropped, then forfeits.
    fn poke() -> Weight;
    /// `AuditFreeze::before_change` that settles `MaxSettle` rounds, all misses but the one that would drop everything among them, then draws and writes
    /// down all that can be asked for.
    fn before_change() -> Weight;
    /// Drawing and writing down all that can be asked for, as the first `answer` of a provider in a round or the first change of its population does.
    fn write_down() -> Weight;
    /// `AuditFreeze::enlist` of who is not on record.
    fn enlist() -> Weight;
    /// `AuditFreeze::emptied` while a round is forfeited.
    fn emptied() -> Weight;
    /// Settling `r` rounds in a row that cost nobody anything.
    fn settle(r: u32) -> Weight;
    /// Settling one missed round, for a settler.
    fn settle_missed() -> Weight;
    /// Settling the miss that drops everything, for a settler.
    fn settle_dropped() -> Weight;
}
