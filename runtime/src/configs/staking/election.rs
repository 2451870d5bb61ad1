//! The election of validators: sequential Phragmén, in the first block of the era's last session.
//!
//! It runs within one block, so all that goes into it is bounded: a test holds the weight of the largest one
//! against a quarter of the block (`runtime/tests/staking.rs`).

use crate::{AccountId, Runtime, Staking};
use frame_election_provider_support::{
    bounds::{ElectionBounds, ElectionBoundsBuilder},
    onchain, SequentialPhragmen,
};
use frame_support::{parameter_types, traits::ConstU32};
use sp_runtime::Perbill;

/// Validators of an era at most. Governance sets how many there are (`staking.set_validator_count`).
pub const MAX_VALIDATORS: u32 = 100;

/// Accounts at most that may stand for election. Genesis must set it as `max_validator_count`: with more, the election fails,
/// and the validators stay who they are.
pub const MAX_CANDIDATES: u32 = 200;

/// Voters at most that are counted, those of the highest stake first. Candidates vote for themselves and are among them.
pub const MAX_VOTERS: u32 = 800;

/// Candidates at most for whom one nominator votes.
pub const MAX_NOMINATIONS: u32 = 16;

parameter_types! {
    /// What goes into an election.
    pub Bounds: ElectionBounds = ElectionBoundsBuilder::default()
        .voters_count(MAX_VOTERS.into())
        .targets_count(MAX_CANDIDATES.into())
        .build();
}

/// The election on chain.
pub type Election = onchain::OnChainExecution<Parameters>;

/// Parameters of the election.
pub struct Parameters;

impl onchain::Config for Parameters {
    type Sort = frame_support::traits::ConstBool<true>;
    type System = Runtime;
    type Solver = SequentialPhragmen<AccountId, Perbill>;
    // As many as there are voters: nobody is left out.
    type MaxBackersPerWinner = ConstU32<MAX_VOTERS>;
    type MaxWinnersPerPage = ConstU32<MAX_VALIDATORS>;
    type DataProvider = Staking;
    type WeightInfo =
        crate::weights::pallet_election_provider_support_benchmarking::WeightInfo<Runtime>;
    type Bounds = Bounds;
}
