//! Nomination pools: many small stakes vote as one.
//!
//! A member's tokens stay in the member's account, on hold (`pallet-delegated-staking`), and not in the pool's.

use super::BONDING_ERAS;
use crate::{
    weights, AccountId, Balance, Balances, DelegatedStaking, NominationPools, Runtime,
    RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, Staking, System,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU32, ConstU8},
    PalletId,
};
use frame_system::EnsureRoot;
use sp_core::U256;
use sp_runtime::{traits::Convert, FixedU128, Perbill};

parameter_types! {
    /// From which the accounts of pools derive.
    pub const PoolsPalletId: PalletId = PalletId(*b"nm/nopls");
    /// From which the accounts of delegations derive.
    pub const DelegatedStakingPalletId: PalletId = PalletId(*b"nm/dlgst");
    /// What applying a pool's slash to a member pays whoever does it: a hundredth of it, or nobody would.
    pub const ReporterShare: Perbill = Perbill::from_percent(1);
}

/// Who is told of slashes and withdrawals of stake.
pub type Listeners = (NominationPools, DelegatedStaking);

impl pallet_delegated_staking::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type PalletId = DelegatedStakingPalletId;
    type Currency = Balances;
    type OnSlash = ResolveTo<super::TreasuryAccount, Balances>;
    type SlashRewardFraction = ReporterShare;
    type RuntimeHoldReason = RuntimeHoldReason;
    type CoreStaking = Staking;
}

impl pallet_nomination_pools::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_nomination_pools::WeightInfo<Runtime>;
    type Currency = Balances;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RewardCounter = FixedU128;
    type PalletId = PoolsPalletId;
    // A pool slashed by more than nine tenths takes no more members: its points would grow without a bound.
    type MaxPointsToBalance = ConstU8<10>;
    type MaxUnbonding = ConstU32<8>;
    type BalanceToU256 = Widen;
    type U256ToBalance = Narrow;
    type StakeAdapter =
        pallet_nomination_pools::adapter::DelegateStake<Self, Staking, DelegatedStaking>;
    // More than an unbonding can last, so that a slash meets the eras it is of.
    type MaxUnbondingPools = ConstU32<{ BONDING_ERAS + 4 }>;
    type MaxMetadataLen = ConstU32<256>;
    type AdminOrigin = EnsureRoot<AccountId>;
    type BlockNumberProvider = System;
    type Filter = pallet_staking::AllStakers<Runtime>;
}

/// A balance as a number of 256 bits.
pub struct Widen;

impl Convert<Balance, U256> for Widen {
    fn convert(balance: Balance) -> U256 {
        balance.into()
    }
}

/// A number of 256 bits as a balance; more than a balance can be is the largest balance. The pallet narrows only parts of what it
/// widened.
pub struct Narrow;

impl Convert<U256, Balance> for Narrow {
    fn convert(number: U256) -> Balance {
        number.try_into().unwrap_or(Balance::MAX)
    }
}
