//! Bonded off-chain roles, as other pallets see them.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, DispatchResult, Perbill};

/// What a provider does off chain. Each role has a bond of its own.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Role {
    /// Holds files and proves them.
    #[codec(index = 0)]
    Storage,
    /// Holds coded rows of blobs and attests them.
    #[codec(index = 1)]
    DataAvailability,
    /// Runs models and jobs.
    #[codec(index = 2)]
    Compute,
}

impl Role {
    /// Every role, in the order of their codec indices.
    pub const ALL: [Role; 3] = [Role::Storage, Role::DataAvailability, Role::Compute];
}

/// What a provider's stake is short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Bytes that are reserved beyond what the stake covers; more than none.
    pub bytes: u64,
    /// Blocks since it covers less than what is reserved, without a break.
    pub blocks: u64,
}

/// The directory of bonded providers: who is active, what they promised, and a draw by free
/// collateral. A provider is named by its bonded account, never by its operator key.
pub trait ProviderRegistry<AccountId, Balance> {
    /// Whether the provider may be drawn for new work in this role.
    fn is_active(role: Role, provider: &AccountId) -> bool;

    /// How many providers of this role are active.
    fn active_count(role: Role) -> u32;

    /// Own bond of the provider in this role, without what is unbonding; zero if not registered.
    fn bond(role: Role, provider: &AccountId) -> Balance;

    /// Own bond of the provider in this role and what counts beside it of what others delegated to it:
    /// what stands behind all that it promises; zero if not registered.
    fn stake(role: Role, provider: &AccountId) -> Balance {
        Self::bond(role, provider)
    }

    /// Collateral of what the provider holds: reserved bytes × collateral per byte, at most what slashes reach of its own
    /// and its delegators' funds, unbonding ones included. Slashes are parts of it, so that it must not shrink by a call
    /// of whoever expects one. Of a seat of data availability, which reserves nothing, all that slashes reach. Where that is not told apart, all of its stake.
    fn collateral(role: Role, provider: &AccountId) -> Balance {
        Self::stake(role, provider)
    }

    /// By how much, and for how long, the stake covers less than what is reserved. None where it covers
    /// that, or where that is not told apart.
    fn shortfall(_role: Role, _provider: &AccountId) -> Option<Shortfall> {
        None
    }

    /// Free bytes of all active providers of this role together.
    fn total_free(role: Role) -> u128;

    /// Where the provider's daemon answers, as it announced it.
    fn endpoint(role: Role, provider: &AccountId) -> Option<Vec<u8>>;

    /// The provider for which this hot key acts.
    fn provider_of_operator(role: Role, operator: &AccountId) -> Option<AccountId>;

    /// Bytes that the provider can still be assigned: min(declared, stake / collateral per byte)
    /// less what is reserved already; zero unless active.
    fn free_bytes(role: Role, provider: &AccountId) -> u64;

    /// Draws one active provider with a probability proportional to its free bytes. `random` are
    /// 32 uniformly distributed bytes, different for every draw. `None` if nobody has free bytes.
    fn draw(role: Role, random: &[u8; 32]) -> Option<AccountId>;

    /// Sets `bytes` of the provider's capacity aside. Fails, changing nothing, when it has fewer
    /// free.
    fn reserve(role: Role, provider: &AccountId, bytes: u64) -> DispatchResult;

    /// Gives `bytes` back that were reserved before. Works in every state of the provider.
    fn release(role: Role, provider: &AccountId, bytes: u64);

    /// Makes `provider` an active provider with at least `free` bytes and `operator` as its hot
    /// key, so that a benchmark of another pallet can draw it.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(role: Role, provider: &AccountId, operator: &AccountId, free: u64);
}

/// What a slash really took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlashOutcome<Balance> {
    /// Taken from the provider and its delegators in all: `to_reporter + to_fund`.
    pub slashed: Balance,
    /// Of that, taken from the provider's own bond and from what it is unbonding; the rest was its
    /// delegators'.
    pub own: Balance,
    /// Of all of it, paid to the reporter.
    pub to_reporter: Balance,
    /// Of all of it, handed to the fund for repair.
    pub to_fund: Balance,
}

/// Punishment and reward, for pallets that establish what providers did.
pub trait ProviderDiscipline<AccountId, Balance, BlockNumber> {
    /// Takes up to `amount` from the provider's own bond in this role, then from what it is
    /// unbonding, then from its delegators, those that are leaving included. The reporter, if any, is paid its share of what was taken out of the offender's
    /// own bond; the rest goes to the fund for repair. Takes what is there when `amount` is more.
    fn slash(
        role: Role,
        provider: &AccountId,
        amount: Balance,
        reporter: Option<(&AccountId, Perbill)>,
    ) -> Result<SlashOutcome<Balance>, DispatchError>;

    /// Keeps the provider from new work for `blocks` from now (the later end counts when it is
    /// jailed already). It must ask to come back.
    fn jail(role: Role, provider: &AccountId, blocks: BlockNumber) -> DispatchResult;

    /// Pays `amount` from `payer`: to the provider's bonded account, spendable at once, and of it to its
    /// delegators what is theirs after its commission.
    fn reward(
        role: Role,
        payer: &AccountId,
        provider: &AccountId,
        amount: Balance,
    ) -> DispatchResult;
}

const NO_PROVIDERS: DispatchError = DispatchError::Other("this chain has no provider registry");

/// No provider layer: nobody is registered.
impl<AccountId, Balance: Default> ProviderRegistry<AccountId, Balance> for () {
    fn is_active(_role: Role, _provider: &AccountId) -> bool {
        false
    }
    fn active_count(_role: Role) -> u32 {
        0
    }
    fn bond(_role: Role, _provider: &AccountId) -> Balance {
        Balance::default()
    }
    fn total_free(_role: Role) -> u128 {
        0
    }
    fn endpoint(_role: Role, _provider: &AccountId) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(_role: Role, _operator: &AccountId) -> Option<AccountId> {
        None
    }
    fn free_bytes(_role: Role, _provider: &AccountId) -> u64 {
        0
    }
    fn draw(_role: Role, _random: &[u8; 32]) -> Option<AccountId> {
        None
    }
    fn reserve(_role: Role, _provider: &AccountId, _bytes: u64) -> DispatchResult {
        Err(NO_PROVIDERS)
    }
    fn release(_role: Role, _provider: &AccountId, _bytes: u64) {}
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, _provider: &AccountId, _operator: &AccountId, _free: u64) {}
}

/// No provider layer: nobody to punish or reward.
impl<AccountId, Balance, BlockNumber> ProviderDiscipline<AccountId, Balance, BlockNumber> for () {
    fn slash(
        _role: Role,
        _provider: &AccountId,
        _amount: Balance,
        _reporter: Option<(&AccountId, Perbill)>,
    ) -> Result<SlashOutcome<Balance>, DispatchError> {
        Err(NO_PROVIDERS)
    }
    fn jail(_role: Role, _provider: &AccountId, _blocks: BlockNumber) -> DispatchResult {
        Err(NO_PROVIDERS)
    }
    fn reward(
        _role: Role,
        _payer: &AccountId,
        _provider: &AccountId,
        _amount: Balance,
    ) -> DispatchResult {
        Err(NO_PROVIDERS)
    }
}
