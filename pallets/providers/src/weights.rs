//! What each function of this pallet weighs.
//!
//! [`SubstrateWeight`] is measured in the Noema runtime. A runtime with other limits or on other hardware measures its own with the
//! pallet's benchmarks.

mod measured;

pub use measured::SubstrateWeight;

use frame_support::weights::Weight;

/// Weight functions of this pallet, each for its worst case.
pub trait WeightInfo {
    /// A new record with an endpoint of `e` bytes.
    fn register(e: u32) -> Weight;
    /// More bond, and with it more capacity.
    fn bond_more() -> Weight;
    /// Bond into a new chunk, after `MaxUnlocking - 1` others.
    fn unbond() -> Weight;
    /// Chunks back into the bond.
    fn rebond() -> Weight;
    /// Matured chunks, while the record stays.
    fn withdraw_some() -> Weight;
    /// All chunks, and with them the record.
    fn withdraw_last() -> Weight;
    /// Another operator key.
    fn set_operator() -> Weight;
    /// Another endpoint, of `e` bytes.
    fn set_endpoint(e: u32) -> Weight;
    /// Another declared capacity.
    fn set_capacity() -> Weight;
    /// No new work from now on.
    fn chill() -> Weight;
    /// New work from now on.
    fn activate() -> Weight;
    /// The end of a term.
    fn unjail() -> Weight;
    /// A pool, and the deposit of its account.
    fn open_pool() -> Weight;
    /// Another commission.
    fn set_commission() -> Weight;
    /// Other terms for new delegations.
    fn set_delegation_terms() -> Weight;
    /// Shares of a pool, and with them more capacity.
    fn delegate() -> Weight;
    /// The last shares of a pool into a new chunk, after `MaxUnlocking - 1` others, with a reward that
    /// has not dripped.
    fn undelegate() -> Weight;
    /// All chunks, while the pool stays.
    fn withdraw_delegation() -> Weight;
    /// Shares and all chunks, and with them the pool.
    fn collect_delegation() -> Weight;
    /// A record that was covered and active and is neither under other parameters.
    fn refresh() -> Weight;
}
