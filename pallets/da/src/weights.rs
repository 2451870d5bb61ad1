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
}
