//! What each function of this pallet weighs, without what the audits take, which says so itself.
//!
//! [`SubstrateWeight`] is provisional, see there. A runtime with other limits or on other hardware measures its own with the pallet's benchmarks.

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
    /// The end of an active deal with `r` replicas, all of which are being left by whoever earns, with a leaf that another takes the place of, and fetched by somebody else.
    fn remove(r: u32) -> Weight;
    /// `remove`, `accept` or `expire` of a deal with as many replicas as can be by a call that says fewer, and is refused.
    fn witness_too_low() -> Weight;
    /// `resign` of a held slot that does not earn, which makes the deal inactive.
    fn resign() -> Weight;
    /// `resign` of a leaving provider, which goes without a replacement.
    fn resign_earning() -> Weight;
    /// Renewing a lease with `r` replicas, all of which earn under two segments; one of them waits for a draw.
    fn renew(r: u32) -> Weight;
    /// `top_up`.
    fn top_up() -> Weight;
    /// `offer`.
    fn offer() -> Weight;
    /// `accept` of a deal with `r` replicas, all of which earn.
    fn accept(r: u32) -> Weight;
    /// `hand_over` while the agenda is searched to its end.
    fn hand_over() -> Weight;
    /// Taking one replica that earns from a dropped provider, with a bounty out of both funds, while the agenda is searched to its end.
    fn drop_replica() -> Weight;
    /// Looking for somebody to take replicas from.
    fn drop_none() -> Weight;
    /// `set_base_price`.
    fn set_base_price() -> Weight;
    /// Looking whether a round began, and how much is used.
    fn on_poll() -> Weight;
    /// Beside it: fixing the price of a round.
    fn on_poll_price() -> Weight;
    /// A run of the agenda in which one empty block is due.
    fn agenda_base() -> Weight;
    /// Reading an agenda block with `t` tasks and writing it back, without the tasks.
    fn agenda_block(t: u32) -> Weight;
    /// A task whose slot has moved on.
    fn task_stale() -> Weight;
    /// A task that waits for its seed, its tick or its round, or takes a new draw point.
    fn task_wait() -> Weight;
    /// A draw that fits at the `a`-th attempt or not at all.
    fn task_draw(a: u32) -> Weight;
    /// A deadline that takes the slot from its provider.
    fn task_expire() -> Weight;
    /// A deadline that ends a deal with `r` replicas which nobody ever held, all of which are being fetched.
    fn task_lapse(r: u32) -> Weight;
    /// A replica that becomes auditable and replaces another.
    fn task_mature() -> Weight;
    /// Cleaning up the last slot of a deal that is over, which is being left by whoever earns and fetched by somebody else.
    fn task_end() -> Weight;
}
