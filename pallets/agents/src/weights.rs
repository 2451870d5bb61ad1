//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is provisional, see there. A runtime with other limits or on other hardware measures its own with the pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use crate::Config;
use frame_support::{traits::Get, weights::Weight};

/// How many records other than data a transfer removes, at most.
pub(crate) fn most_ended<T: Config>() -> u32 {
    T::MaxSessions::get()
        .saturating_add(T::MaxScheduled::get())
        .saturating_add(T::MaxUsages::get())
}

/// How many records other than data a burn removes, at most.
pub(crate) fn most_removed<T: Config>() -> u32 {
    most_ended::<T>()
        .saturating_add(T::MaxMetadata::get())
        .saturating_add(T::MaxTags::get())
}

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// With as many and as long endpoints as can be.
    fn register() -> Weight;
    /// `set_file`.
    fn set_file() -> Weight;
    /// The longest ones after others.
    fn set_endpoints() -> Weight;
    /// The longest entry, a new one.
    fn set_metadata() -> Weight;
    /// By a key of the slowest scheme.
    fn bind_wallet() -> Weight;
    /// `unbind_wallet`.
    fn unbind_wallet() -> Weight;
    /// `offer`.
    fn offer() -> Weight;
    /// With `d` entries of data that are replaced by staged ones, and `r` other records that end.
    fn transfer(d: u32, r: u32) -> Weight;
    /// With `d` entries of data, for each of which another is staged, and `r` other records that are removed.
    fn burn(d: u32, r: u32) -> Weight;
    /// `withdraw`.
    fn withdraw() -> Weight;
    /// The largest commitment.
    fn commit_data() -> Weight;
    /// The largest commitment after a small one.
    fn update_data() -> Weight;
    /// With something staged.
    fn drop_data() -> Weight;
    /// The largest commitment after another.
    fn stage_data() -> Weight;
    /// `unstage_data`.
    fn unstage_data() -> Weight;
    /// `authorize_usage`.
    fn authorize_usage() -> Weight;
    /// `revoke_usage`.
    fn revoke_usage() -> Weight;
    /// `exercise`.
    fn exercise() -> Weight;
    /// With the largest scope.
    fn grant_session() -> Weight;
    /// `revoke_session`.
    fn revoke_session() -> Weight;
    /// `act`, the last call of the largest scope, without the call itself.
    fn act() -> Weight;
    /// `act_signed` by a key of the slowest scheme, without the call itself.
    fn act_signed() -> Weight;
    /// `act_by_owner`, without the call itself.
    fn act_by_owner() -> Weight;
    /// A call of `b` bytes.
    fn schedule(b: u32) -> Weight;
    /// `cancel`.
    fn cancel() -> Weight;
    /// The last time of a call of `b` bytes, with a reward, without the call itself.
    fn run(b: u32) -> Weight;
    /// `add_tag`.
    fn add_tag() -> Weight;
    /// By another agent's account, with two tags, for the last of as many wallets as there can be.
    fn feedback() -> Weight;
    /// With two tags.
    fn revoke_feedback() -> Weight;
    /// `respond`.
    fn respond() -> Weight;
}
