//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is provisional, see there. A runtime with other limits or on other hardware measures its own with the pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// By an operator, in the place of another key.
    fn set_key() -> Weight;
    /// Of a provider that is no longer active.
    fn retire_key() -> Weight;
    /// `on_poll` while no committee is being made, and what it looks at before it goes on with one.
    fn form_base() -> Weight;
    /// Looking at `k` keys, all of which are candidates, after as many as there can be.
    fn collect(k: u32) -> Weight;
    /// Drawing a full committee from `k` candidates.
    fn draw(k: u32) -> Weight;
    /// Verifying a signature of a committee for which `k` keys are added.
    fn verify_aggregate(k: u32) -> Weight;
    /// Usage and price are looked at.
    fn on_poll() -> Weight;
    /// The price of a new round is fixed.
    fn on_poll_price() -> Weight;
    /// A cursor goes on.
    fn step_passed() -> Weight;
    /// A row seed is copied, and the base fees of its batch are sent.
    fn step_seeded() -> Weight;
    /// A list of 100 seats is closed.
    fn step_noted() -> Weight;
    /// An era is taken from a provider that loses everything, without what the audits take.
    fn step_dropped() -> Weight;
    /// A submission is refunded.
    fn step_refunded() -> Weight;
    /// An entry is taken away with its blob and its chunk.
    fn step_ended() -> Weight;
    /// The same, and an era of 100 seats is finished.
    fn step_finished() -> Weight;
    /// A member is taken away.
    fn step_member_ended() -> Weight;
    /// Of the largest class, in a new namespace.
    fn submit() -> Weight;
    /// Of a hundred seats, `e` of which are put on record, without what the audits take and without the signature; it makes the blob available.
    fn attest(e: u32) -> Weight;
    /// Of an available blob.
    fn expire() -> Weight;
    /// By `d` days.
    fn extend(d: u32) -> Weight;
    /// With the longest proof, in a new namespace.
    fn submit_member() -> Weight;
    /// `expire_member`.
    fn expire_member() -> Weight;
    /// `set_base_price`.
    fn set_base_price() -> Weight;
}
