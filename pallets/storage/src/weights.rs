//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is measured in the Noema runtime. A runtime with other limits or on other hardware measures its own with the
//! pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// A new deal with `r` replicas while the agenda is searched to its end.
    fn commit(r: u32) -> Weight;
    /// A deal that is there already.
    fn commit_repeated() -> Weight;
    /// `ready` while the agenda is searched to its end.
    fn ready() -> Weight;
    /// `prove` of the deepest sectors of the largest file, which makes the deal active.
    fn prove() -> Weight;
    /// The end of an active deal with `r` replicas, all of them with a task in another block.
    fn remove(r: u32) -> Weight;
    /// `resign` of a held slot, which makes the deal inactive.
    fn resign() -> Weight;
    /// A run of the agenda in which one empty block is due.
    fn agenda_base() -> Weight;
    /// Reading an agenda block with `t` tasks and writing it back, without the tasks.
    fn agenda_block(t: u32) -> Weight;
    /// A task whose slot has moved on.
    fn task_stale() -> Weight;
    /// A task that waits for its seed, or takes a new draw point.
    fn task_wait() -> Weight;
    /// A draw that fits at the `a`-th attempt or not at all.
    fn task_draw(a: u32) -> Weight;
    /// A deadline that takes the slot from its provider.
    fn task_expire() -> Weight;
}
