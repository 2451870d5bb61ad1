#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::let_underscore_must_use,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bonding;
mod capacity;
mod delegation;
mod discipline;
mod errors;
mod events;
mod genesis;
pub mod math;
pub mod migrations;
#[cfg(test)]
mod mock;
pub mod pool;
mod pools;
mod records;
mod registry;
mod standing;
mod terms;
#[cfg(test)]
mod tests;
mod tree;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_pools;
mod types;
pub mod weights;

pub use genesis::GenesisProvider;
pub use pallet::*;
pub use pool::{ClosedPool, Delegation, Pool, PoolId};
pub use types::{
    BalanceOf, BlockNumberOf, Census, ChillReason, Chunk, ChunkOf, ChunksOf, DelegationOf,
    EndpointOf, ParametersByRole, PoolOf, Provider, ProviderOf, ProviderState, RoleParameters,
    UnlockingOf,
};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
#[allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unreachable,
    reason = "the code that the pallet macros generate; what stands here by hand needs none of them"
)]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{self, Credit},
            OnUnbalanced,
        },
    };
    use frame_system::pallet_prelude::*;
    use noema_sum_tree::Node;
    use noema_traits::{BondGate, ReturnGate, Role};
    use sp_runtime::{traits::BlockNumberProvider, Perbill};

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: one record per role and bonded account.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The token in which providers bond.
        type Currency: fungible::Inspect<Self::AccountId>
            + fungible::Mutate<Self::AccountId>
            + fungible::InspectHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + fungible::MutateHold<Self::AccountId>
            + fungible::BalancedHold<Self::AccountId>;

        /// The hold reasons of the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// Takes what slashes leave after the reporter's share.
        type SlashFund: OnUnbalanced<Credit<Self::AccountId, Self::Currency>>;

        /// Minimum bond and collateral, per role. After a change every provider
        /// is brought in line by the call `refresh`, or by a migration with [`Pallet::bring_in_line`].
        type Parameters: ParametersByRole<BalanceOf<Self>>;

        /// Counts the time of unbonding and jail terms.
        type BlockNumberProvider: BlockNumberProvider;

        /// How long bond stays slashable after `unbond`, in blocks of [`Config::BlockNumberProvider`].
        /// Longer than any evidence window.
        #[pallet::constant]
        type UnbondingPeriod: Get<BlockNumberOf<Self>>;

        /// How many chunks of unbonding with different maturities one provider can have.
        #[pallet::constant]
        type MaxUnlocking: Get<u32>;

        /// The longest endpoint, in bytes.
        #[pallet::constant]
        type MaxEndpointLen: Get<u32>;

        /// How many providers one role can have, at most 65,536.
        #[pallet::constant]
        type MaxProviders: Get<u32>;

        /// The largest share of a slash that a reporter is paid, below 100 %: whoever reports
        /// itself must lose.
        #[pallet::constant]
        type MaxReporterShare: Get<Perbill>;

        /// The smallest delegation, in units of the token. It pays for its record.
        #[pallet::constant]
        type MinDelegation: Get<BalanceOf<Self>>;

        /// The most stake of others that counts beside a bond, in percent of it: what keeps the own
        /// bond a first loss that hurts. After a change `refresh` brings every provider
        /// in line that has a pool.
        #[pallet::constant]
        type MaxDelegationPercent: Get<u32>;

        /// The most by which a commission can rise at once.
        #[pallet::constant]
        type MaxCommissionIncrease: Get<Perbill>;

        /// Blocks from the announcement of a higher commission until it counts: time to undelegate.
        #[pallet::constant]
        type CommissionNotice: Get<BlockNumberOf<Self>>;

        /// Blocks over which a reward becomes stake of the delegators.
        #[pallet::constant]
        type RewardDrip: Get<BlockNumberOf<Self>>;

        /// Who may become active, again or anew: asked by [`Pallet::activate`] and [`Pallet::register`].
        type ReturnGate: ReturnGate<Self::AccountId>;

        /// What other pallets promised on the strength of a bond: asked by [`Pallet::unbond`], which fails as it does for bytes that are reserved. One read of it is charged.
        type BondGate: BondGate<Self::AccountId, BalanceOf<Self>>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// What the held funds are for. One reason per role, so that roles never share a bond.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Bond and unbonding of a storage provider.
        #[codec(index = 0)]
        StorageBond,
        /// Bond and unbonding of a data-availability provider.
        #[codec(index = 1)]
        DataAvailabilityBond,
        /// Bond and unbonding of a compute provider.
        #[codec(index = 2)]
        ComputeBond,
        /// Everything in the account of a pool of delegations.
        #[codec(index = 3)]
        Delegation,
    }

    /// The providers of each role by bonded account.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        ProviderOf<T>,
        OptionQuery,
    >;

    /// The bonded account for which an operator key acts, per role.
    #[pallet::storage]
    pub type Operators<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        T::AccountId,
        OptionQuery,
    >;

    /// How many providers each role has.
    #[pallet::storage]
    pub type Censuses<T: Config> = StorageMap<_, Twox64Concat, Role, Census, ValueQuery>;

    /// The bonded account at each leaf of a role's sum tree.
    #[pallet::storage]
    pub type Leaves<T: Config> =
        StorageDoubleMap<_, Twox64Concat, Role, Twox64Concat, u32, T::AccountId, OptionQuery>;

    /// Stack of the leaves that providers gave back: the values are leaf numbers, the keys count
    /// from 0 to [`Census::free_leaves`].
    #[pallet::storage]
    pub type FreeLeaves<T: Config> =
        StorageDoubleMap<_, Twox64Concat, Role, Twox64Concat, u32, u32, OptionQuery>;

    /// Nodes of the sum tree of each role's free bytes, by level and index within the level.
    #[pallet::storage]
    pub type TreeNodes<T: Config> =
        StorageDoubleMap<_, Twox64Concat, Role, Twox64Concat, (u32, u32), Node, OptionQuery>;

    /// The block since which the stake of a provider covers less than what is reserved of it, without a break.
    #[pallet::storage]
    pub type UncoveredSince<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        BlockNumberOf<T>,
        OptionQuery,
    >;

    /// The open pool of each provider that has one, by bonded account.
    #[pallet::storage]
    pub type Pools<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        PoolOf<T>,
        OptionQuery,
    >;

    /// Pools that are closed and still have something to collect.
    #[pallet::storage]
    pub type ClosedPools<T: Config> =
        StorageMap<_, Twox64Concat, PoolId, ClosedPool<T::AccountId>, OptionQuery>;

    /// What each delegator has in each pool, open or closed.
    #[pallet::storage]
    pub type Delegations<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        PoolId,
        DelegationOf<T>,
        OptionQuery,
    >;

    /// The number of the next pool.
    #[pallet::storage]
    pub type NextPool<T: Config> = StorageValue<_, PoolId, ValueQuery>;

    /// Providers that are there from the first block on.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Registered in this order. Each account must have the bond and the existential deposit.
        pub providers: Vec<GenesisProvider<T::AccountId, BalanceOf<T>>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            genesis::build::<T>(&self.providers);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            records::integrity_test::<T>();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Becomes an active provider of `role`; the signer is the bonded account.
        ///
        /// Holds `bond`, at least the role's minimum. `operator` is the hot key of the daemon: it
        /// may change the endpoint and stop new work, and answer for the provider in other pallets.
        /// `capacity` is what the provider offers in bytes; it is assigned no more than its bond
        /// covers.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(length_of(endpoint)))]
        pub fn register(
            origin: OriginFor<T>,
            role: Role,
            bond: BalanceOf<T>,
            operator: T::AccountId,
            endpoint: Vec<u8>,
            capacity: u64,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(role, who, bond, operator, endpoint, capacity)
        }

        /// Adds `amount` from the free balance to the bond.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::bond_more())]
        pub fn bond_more(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bond_more(role, &who, amount)
        }

        /// Moves `amount` of the bond into a chunk that can be withdrawn after `UnbondingPeriod`.
        /// What remains must be at least the minimum and cover the reserved bytes, or be zero: then
        /// nothing may be reserved and the provider leaves. A provider whose whole bond was slashed
        /// leaves with an amount of zero.
        #[pallet::call_index(2)]
        // The gate is asked, which in the role that is measured may look at nothing.
        #[pallet::weight(T::WeightInfo::unbond().saturating_add(T::DbWeight::get().reads(1)))]
        pub fn unbond(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_unbond(role, &who, amount)
        }

        /// Makes `amount` of what is unbonding bond again, latest chunk first. A leaving provider
        /// must reach the minimum with it; it is then chilled, or jailed as before.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::rebond())]
        pub fn rebond(origin: OriginFor<T>, role: Role, amount: BalanceOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_rebond(role, &who, amount)
        }

        /// Releases all matured chunks. With the last one of a leaving provider its record goes.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::withdraw_some().max(T::WeightInfo::withdraw_last()))]
        pub fn withdraw(origin: OriginFor<T>, role: Role) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let removed = Self::do_withdraw(role, &who)?;
            let weight = if removed {
                T::WeightInfo::withdraw_last()
            } else {
                T::WeightInfo::withdraw_some()
            };
            Ok(Some(weight).into())
        }

        /// Hands the daemon's authority to another key. The key must not operate another provider
        /// of this role.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::set_operator())]
        pub fn set_operator(
            origin: OriginFor<T>,
            role: Role,
            operator: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_operator(role, &who, operator)
        }

        /// Announces where the daemon answers, and which TLS key it has there
        /// (`noema_endpoint::Endpoint`). Signed by the bonded account or the operator key.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::set_endpoint(length_of(endpoint)))]
        pub fn set_endpoint(origin: OriginFor<T>, role: Role, endpoint: Vec<u8>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let provider = Self::resolve(role, who)?;
            Self::do_set_endpoint(role, &provider, endpoint)
        }

        /// Declares `capacity` bytes in all, those in use included. Less than what is reserved is
        /// allowed: the provider keeps that and gets nothing new.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_capacity())]
        pub fn set_capacity(origin: OriginFor<T>, role: Role, capacity: u64) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_capacity(role, &who, capacity)
        }

        /// Takes no new work. Signed by the bonded account or the operator key.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::chill())]
        pub fn chill(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let provider = Self::resolve(role, who)?;
            Self::do_chill(role, &provider)
        }

        /// Takes new work again. The bond must be at least the minimum.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::activate())]
        pub fn activate(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_activate(role, &who)
        }

        /// Ends jail once its term is over. The provider is chilled then.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::unjail())]
        pub fn unjail(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_unjail(role, &who)
        }

        /// Takes delegations from now on, keeping `commission` of the delegators' rewards and as much
        /// stake as `max_percent` hundredths of the bond. Pays the existential deposit of the pool's
        /// account, and has it back when the pool is gone.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::open_pool())]
        pub fn open_pool(
            origin: OriginFor<T>,
            role: Role,
            commission: Perbill,
            max_percent: u32,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_open_pool(role, &who, commission, max_percent)
        }

        /// Sets what the provider keeps of its delegators' rewards: less at once, more, by at most
        /// `MaxCommissionIncrease`, after `CommissionNotice`. Replaces a rise that was announced
        /// before.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::set_commission())]
        pub fn set_commission(
            origin: OriginFor<T>,
            role: Role,
            commission: Perbill,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_commission(role, &who, commission)
        }

        /// Opens the provider's pool to new delegations or not, and limits its stake to `max_percent`
        /// hundredths of the bond. Delegations that are there stay.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::set_delegation_terms())]
        pub fn set_delegation_terms(
            origin: OriginFor<T>,
            role: Role,
            accepting: bool,
            max_percent: u32,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_delegation_terms(role, &who, accepting, max_percent)
        }

        /// Stakes up to `amount` behind an active provider: shares its rewards, and its slashes after
        /// its own bond. Pays for whole shares only. Fails when the commission is above
        /// `max_commission`, or announced to be.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::delegate())]
        pub fn delegate(
            origin: OriginFor<T>,
            role: Role,
            provider: T::AccountId,
            amount: BalanceOf<T>,
            max_commission: Perbill,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_delegate(role, &who, &provider, amount, max_commission)
        }

        /// Has stake worth `amount`, or all of it, unbond: it earns nothing any more, stays slashable
        /// and can be withdrawn after `UnbondingPeriod`. What remains is nothing or at least
        /// `MinDelegation`. Works whatever the state of the provider.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::undelegate())]
        pub fn undelegate(
            origin: OriginFor<T>,
            role: Role,
            provider: T::AccountId,
            amount: Option<BalanceOf<T>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_undelegate(role, &who, &provider, amount)
        }

        /// Pays the signer what has matured of its delegation to a provider.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::withdraw_delegation())]
        pub fn withdraw_delegation(
            origin: OriginFor<T>,
            role: Role,
            provider: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw_delegation(role, &who, &provider)
        }

        /// Pays `delegator` everything that it has in a closed pool. Anybody may call this; the last
        /// one ends the pool.
        #[pallet::call_index(17)]
        #[pallet::weight(T::WeightInfo::collect_delegation())]
        pub fn collect_delegation(
            origin: OriginFor<T>,
            pool: PoolId,
            delegator: T::AccountId,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_collect_delegation(pool, &delegator)
        }

        /// Brings what follows from a provider's record in line with parameters that changed: what it can be assigned, whether its bond is
        /// enough to be active, since when its stake covers too little. Free when something changes.
        ///
        /// The origin is any signed account.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::refresh())]
        pub fn refresh(
            origin: OriginFor<T>,
            role: Role,
            provider: T::AccountId,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_refresh(role, &provider)?;
            Ok(Pays::No.into())
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// Minimum bond and collateral of each role.
        #[pallet::constant_name(Parameters)]
        fn parameters() -> Vec<(Role, RoleParameters<BalanceOf<T>>)> {
            Role::ALL
                .into_iter()
                .map(|role| (role, T::Parameters::parameters(role)))
                .collect()
        }
    }

    /// Length of an endpoint argument for its weight. It may be longer than `MaxEndpointLen`: such a
    /// call fails, and pays for its bytes.
    fn length_of(endpoint: &[u8]) -> u32 {
        u32::try_from(endpoint.len()).unwrap_or(u32::MAX)
    }
}
