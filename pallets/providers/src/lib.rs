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
mod discipline;
mod genesis;
pub mod math;
#[cfg(test)]
mod mock;
mod records;
mod registry;
mod standing;
#[cfg(test)]
mod tests;
mod tree;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
mod types;
pub mod weights;

pub use genesis::GenesisProvider;
pub use pallet::*;
pub use types::{
    BalanceOf, BlockNumberOf, Census, ChillReason, Chunk, ChunkOf, EndpointOf, ParametersByRole,
    Provider, ProviderOf, ProviderState, RoleParameters, UnlockingOf,
};
pub use weights::WeightInfo;

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
    use noema_traits::Role;
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

        /// Minimum bond and collateral, per role. A change by an upgrade needs a migration that
        /// calls [`Pallet::refresh`] for every provider.
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

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider registered and is active.
        #[codec(index = 0)]
        Registered {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// Its operator key.
            operator: T::AccountId,
            /// Its bond.
            bond: BalanceOf<T>,
            /// The bytes it declared.
            capacity: u64,
        },
        /// A provider added to its bond.
        #[codec(index = 1)]
        Bonded {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// What was added.
            amount: BalanceOf<T>,
            /// The bond after that.
            bond: BalanceOf<T>,
        },
        /// Bond began to unbond.
        #[codec(index = 2)]
        Unbonded {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// What began to unbond.
            amount: BalanceOf<T>,
            /// The first block in which it can be withdrawn.
            matures_at: BlockNumberOf<T>,
        },
        /// A provider unbonded everything: its record ends with the last `withdraw`.
        #[codec(index = 3)]
        LeaveStarted {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
        },
        /// Unbonding funds became bond again.
        #[codec(index = 4)]
        Rebonded {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// What became bond again.
            amount: BalanceOf<T>,
            /// The bond after that.
            bond: BalanceOf<T>,
        },
        /// Matured chunks were released to the provider.
        #[codec(index = 5)]
        Withdrawn {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// What was released.
            amount: BalanceOf<T>,
        },
        /// The provider's record is gone.
        #[codec(index = 6)]
        Deregistered {
            /// The role it had.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
        },
        /// A provider has another operator key.
        #[codec(index = 7)]
        OperatorSet {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The new key.
            operator: T::AccountId,
        },
        /// A provider's daemon answers elsewhere.
        #[codec(index = 8)]
        EndpointSet {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The new endpoint.
            endpoint: EndpointOf<T>,
        },
        /// A provider declared another capacity.
        #[codec(index = 9)]
        CapacitySet {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The bytes it declares in all, those in use included.
            capacity: u64,
        },
        /// A provider gets no new work.
        #[codec(index = 10)]
        Chilled {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// Why.
            reason: ChillReason,
        },
        /// A provider can be drawn for new work.
        #[codec(index = 11)]
        Activated {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
        },
        /// A provider cannot come back before a block.
        #[codec(index = 12)]
        Jailed {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The first block in which it may call `unjail`.
            until: BlockNumberOf<T>,
        },
        /// A provider's jail term is over and it is chilled.
        #[codec(index = 13)]
        Unjailed {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
        },
        /// A provider lost funds for what it did.
        #[codec(index = 14)]
        Slashed {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// What it lost: `to_reporter + to_fund`.
            amount: BalanceOf<T>,
            /// Of that, paid to the reporter.
            to_reporter: BalanceOf<T>,
            /// Of that, handed to the fund.
            to_fund: BalanceOf<T>,
            /// The bond after that, without what is unbonding.
            bond: BalanceOf<T>,
        },
        /// A provider was paid.
        #[codec(index = 15)]
        Rewarded {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// Who paid.
            payer: T::AccountId,
            /// What was paid.
            amount: BalanceOf<T>,
        },
    }

    /// Why a call did nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is neither a provider of this role nor the operator of one. Register first,
        /// or sign with the bonded account.
        #[codec(index = 0)]
        UnknownProvider,
        /// The account is a provider of this role already. Use `bond_more` and the `set_` calls.
        #[codec(index = 1)]
        AlreadyRegistered,
        /// The bond would be under the role's minimum. Bond more, or unbond everything.
        #[codec(index = 2)]
        BondTooSmall,
        /// The account's free balance does not cover the amount and the existential deposit.
        #[codec(index = 3)]
        InsufficientBalance,
        /// The key operates another provider of this role. Use a key of its own for each.
        #[codec(index = 4)]
        OperatorInUse,
        /// The endpoint has more bytes than `MaxEndpointLen`.
        #[codec(index = 5)]
        EndpointTooLong,
        /// The endpoint is not `https://HOST[:PORT][/PATH]#sha256=KEY`, nor `http://` and a loopback
        /// host, in visible ASCII.
        #[codec(index = 6)]
        EndpointInvalid,
        /// The role has `MaxProviders` providers. Wait until one leaves.
        #[codec(index = 7)]
        TooManyProviders,
        /// There are `MaxUnlocking` chunks already. Withdraw matured ones first.
        #[codec(index = 8)]
        TooManyUnlocking,
        /// The amount is zero.
        #[codec(index = 9)]
        ZeroAmount,
        /// The amount is more than the bond.
        #[codec(index = 10)]
        NotEnoughBond,
        /// The amount is more than what is unbonding.
        #[codec(index = 11)]
        NotEnoughUnbonding,
        /// The provider still has assignments. Resign them before leaving.
        #[codec(index = 12)]
        StillReserved,
        /// What would remain does not cover the bytes that are reserved. Unbond less, or resign
        /// assignments.
        #[codec(index = 13)]
        ReservedNotCovered,
        /// No chunk has matured. Wait until `matures_at`.
        #[codec(index = 14)]
        NothingMatured,
        /// The provider is not active.
        #[codec(index = 15)]
        NotActive,
        /// The provider is active already.
        #[codec(index = 16)]
        AlreadyActive,
        /// The provider is jailed: call `unjail` once its term is over.
        #[codec(index = 17)]
        StillJailed,
        /// The provider is not jailed.
        #[codec(index = 18)]
        NotJailed,
        /// The provider is leaving. Call `rebond` to stay, or `withdraw` to finish.
        #[codec(index = 19)]
        Leaving,
        /// The provider has fewer free bytes than asked for, or is not active.
        #[codec(index = 20)]
        NotEnoughFreeBytes,
        /// The sum tree contradicts the records. Nobody can cause this; report it.
        #[codec(index = 21)]
        Inconsistent,
        /// The endpoint is plain `http` and not on loopback. Use `https` and pin the daemon's key.
        #[codec(index = 22)]
        EndpointNotEncrypted,
        /// The endpoint is `https` without `#sha256=` and the hash of the daemon's TLS key.
        #[codec(index = 23)]
        EndpointNotPinned,
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
        #[pallet::weight(T::WeightInfo::unbond())]
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
