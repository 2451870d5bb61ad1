//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is measured in the Noema runtime. A runtime with other limits or on other hardware measures its own with the
//! pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// Paying the author and the rest.
    fn on_poll() -> Weight;
}
