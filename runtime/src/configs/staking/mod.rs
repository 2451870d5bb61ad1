//! Proof of stake: who may be elected, what stands behind a validator, what it earns and loses.
//!
//! | module | subject |
//! |---|---|
//! | [`election`] | how many stand, vote and win, and what that costs |
//! | [`inflation`] | what a year of validating is paid |
//! | [`bags`] | the order in which nominators are counted |
//! | [`pools`] | nomination pools, for stakes too small to be counted alone |
//!
//! The reasons for the numbers are in `docs/design/staking.md`. Development presets have short eras, as they have short
//! periods of referenda.

pub mod bags;
pub mod election;
pub mod inflation;
pub mod pools;

use self::{
    election::{Election, MAX_CANDIDATES, MAX_NOMINATIONS, MAX_VALIDATORS, MAX_VOTERS},
    inflation::Inflation,
};
use super::{consensus::EPOCH_DURATION_IN_SLOTS, money::TreasuryAccount};
use crate::{
    governance::{origins::GovernanceSpeed, speed::paced},
    weights, AccountId, Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, RuntimeHoldReason,
    Session, Staking, Timestamp, UncheckedExtrinsic, VoterList,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU32, Get},
};
use frame_system::EnsureRoot;
use noema_core::time::{DAYS, EPOCH_DURATION_IN_BLOCKS};
use sp_staking::{currency_to_vote::U128CurrencyToVote, EraIndex, SessionIndex};

/// Sessions in an era, after which validators are elected anew and the old ones are paid: a day.
pub const SESSIONS_PER_ERA: SessionIndex = DAYS / EPOCH_DURATION_IN_BLOCKS;

/// Eras for which unbonding stake stays slashable: 28 days. Also for how long an offence can be
/// reported.
pub const BONDING_ERAS: EraIndex = 28;

/// Eras between a slash and its execution, for governance to cancel one that a fault in the software
/// brought about: a week.
pub const SLASH_DEFER_ERAS: EraIndex = 7;

/// Eras for which rewards can be claimed: 84 days.
pub const HISTORY_ERAS: EraIndex = 84;

/// Nominators that one page of a validator's exposure holds. A page is paid by one call.
pub const NOMINATORS_PER_PAGE: u32 = 256;

parameter_types! {
    /// Eras for which unbonding stake stays slashable.
    pub const BondingDuration: EraIndex = BONDING_ERAS;
    /// For how many blocks an offence can be reported: as long as the stake behind it can be slashed.
    pub const ReportLongevity: u64 =
        BONDING_ERAS as u64 * SESSIONS_PER_ERA as u64 * EPOCH_DURATION_IN_SLOTS;
}

/// Sessions in an era on this chain: in development one.
pub struct SessionsPerEra;

impl Get<SessionIndex> for SessionsPerEra {
    fn get() -> SessionIndex {
        paced(SESSIONS_PER_ERA)
    }
}

/// Eras between a slash and its execution on this chain: in development none, it is executed at once.
pub struct SlashDeferDuration;

impl Get<EraIndex> for SlashDeferDuration {
    fn get() -> EraIndex {
        SLASH_DEFER_ERAS
            .checked_div(GovernanceSpeed::<Runtime>::get())
            .unwrap_or(SLASH_DEFER_ERAS)
    }
}

impl pallet_staking::Config for Runtime {
    type OldCurrency = Balances;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type CurrencyBalance = Balance;
    type UnixTime = Timestamp;
    type CurrencyToVote = U128CurrencyToVote;
    type ElectionProvider = Election;
    type GenesisElectionProvider = Election;
    type NominationsQuota = pallet_staking::FixedNominationsQuota<MAX_NOMINATIONS>;
    type HistoryDepth = ConstU32<HISTORY_ERAS>;
    type RewardRemainder = ResolveTo<TreasuryAccount, Balances>;
    type RuntimeEvent = RuntimeEvent;
    type Slash = ResolveTo<TreasuryAccount, Balances>;
    // Rewards are newly issued.
    type Reward = ();
    type SessionsPerEra = SessionsPerEra;
    type BondingDuration = BondingDuration;
    type SlashDeferDuration = SlashDeferDuration;
    type AdminOrigin = EnsureRoot<AccountId>;
    type SessionInterface = Self;
    type EraPayout = Inflation;
    type NextNewSession = Session;
    type MaxExposurePageSize = ConstU32<NOMINATORS_PER_PAGE>;
    type MaxValidatorSet = ConstU32<MAX_VALIDATORS>;
    type VoterList = VoterList;
    type TargetList = pallet_staking::UseValidatorsMap<Runtime>;
    type MaxUnlockingChunks = ConstU32<32>;
    // This chain never had controllers apart from stashes.
    type MaxControllersInDeprecationBatch = ConstU32<1>;
    type EventListeners = pools::Listeners;
    type Filter = pallet_nomination_pools::AllPoolMembers<Runtime>;
    type BenchmarkingConfig = LargestElection;
    type WeightInfo = weights::pallet_staking::WeightInfo<Runtime>;
}

impl pallet_offences::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type IdentificationTuple = pallet_session::historical::IdentificationTuple<Runtime>;
    type OnOffenceHandler = Staking;
}

/// What elections are measured with: as many as may take part.
pub struct LargestElection;

impl pallet_staking::BenchmarkingConfig for LargestElection {
    type MaxValidators = ConstU32<MAX_CANDIDATES>;
    type MaxNominators = ConstU32<MAX_VOTERS>;
}

// Reports of equivocations come without a signature: whoever saw one may not have an account.
impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
    RuntimeCall: From<C>,
{
    type RuntimeCall = RuntimeCall;
    type Extrinsic = UncheckedExtrinsic;
}

impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
    RuntimeCall: From<C>,
{
    fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
        UncheckedExtrinsic::new_bare(call)
    }
}
