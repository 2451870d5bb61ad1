//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is provisional, see there. A runtime with other limits or on other hardware measures its own with the pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// The first service of a provider, described in as many bytes as can be.
    fn announce() -> Weight;
    /// `set_endpoint` by the operator.
    fn set_endpoint() -> Weight;
    /// `set_capacity` by the operator.
    fn set_capacity() -> Weight;
    /// `set_price` after another that is in force.
    fn set_price() -> Weight;
    /// `set_key`.
    fn set_key() -> Weight;
    /// The last service of a provider without bond and channels, by anybody.
    fn retire() -> Weight;
    /// The first deposit of a payer.
    fn deposit() -> Weight;
    /// Everything, so that the purse goes.
    fn withdraw() -> Weight;
    /// The first channel of a payer.
    fn open() -> Weight;
    /// `top_up` out of the free balance.
    fn top_up() -> Weight;
    /// `grant`.
    fn grant() -> Weight;
    /// `revoke`.
    fn revoke() -> Weight;
    /// `drop_session` of one with `l` lanes, all of which were redeemed.
    fn drop_session(l: u32) -> Weight;
    /// `c` claims by the operator, each on another channel of another payer, with its demand, all by keys of the slowest scheme.
    fn redeem(c: u32) -> Weight;
    /// `close` by the provider.
    fn close() -> Weight;
    /// `settle` of the provider's last channel.
    fn settle() -> Weight;
    /// `remove` of a channel with `s` sessions, which have `l` lanes in all.
    fn remove(s: u32, l: u32) -> Weight;
    /// `report` of so much that all is slashed that there is, with a receipt as long as can be.
    fn report() -> Weight;
    /// `forget`.
    fn forget() -> Weight;
}
