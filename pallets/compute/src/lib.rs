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
pub mod benchmarking;
mod bond_gate;
mod channels;
mod deposits;
mod errors;
mod events;
mod evidence;
mod integrity;
mod interactions;
pub mod migrations;
#[cfg(test)]
mod mock;
mod purses;
mod reading;
mod redeem;
mod services;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_money;
mod types;
pub mod weights;

pub use noema_compute_primitives::{
    Balance, Browse, ChannelInfo, ChannelState, LaneInfo, NextPrice, Page, ProviderInfo, Purse,
    Room, ServiceInfo, SessionInfo,
};
pub use pallet::*;
pub use reading::{MAX_PAGE, MAX_SCAN};
pub use types::{
    Book, Channel, ChannelOf, Claim, ClaimOf, ClaimsOf, CreditOf, GrantOf, Lane, Pair, Service,
    ServiceOf, SessionOf, SessionRecord,
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
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, OnUnbalanced},
    };
    use frame_system::pallet_prelude::*;
    use noema_compute_primitives::{
        ChannelId, Descriptor, EndpointBytes, LaneId, ModelName, Price, Receipt, ServiceId,
        ServiceKind, SessionId,
    };
    use noema_storage_layers::ensure_storage_layers;
    use noema_traits::{ProviderDiscipline, ProviderRegistry, Tick, Ticks};
    use sp_runtime::{
        traits::{IdentifyAccount, Verify},
        Perbill, Permill,
    };

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: services, purses, channels with sessions and lanes.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What a runtime decides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash: Into<[u8; 32]>>
    {
        /// The token in which requests are paid. Vouchers sign amounts of 128 bits.
        type Currency: fungible::Inspect<Self::AccountId, Balance = Balance>
            + fungible::Mutate<Self::AccountId>
            + fungible::InspectHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + fungible::MutateHold<Self::AccountId>
            + fungible::BalancedHold<Self::AccountId>;

        /// The hold reasons of the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// Signatures of vouchers and receipts. A key is named by its account.
        type Signature: Verify<Signer: IdentifyAccount<AccountId = Self::AccountId>> + Parameter;

        /// The bonded providers.
        type Providers: ProviderRegistry<Self::AccountId, Balance>;

        /// Who takes from those that redeemed more than they are owed.
        type Discipline: ProviderDiscipline<Self::AccountId, Balance, BlockNumberFor<Self>>;

        /// The clock of all deadlines. One that stands still (`()`) lets no lock end: channels could then be ended by the provider only.
        type Ticks: Ticks;

        /// Gets the protocol's part of what is redeemed.
        type Cut: OnUnbalanced<CreditOf<Self>>;

        /// The protocol's part of what is redeemed, rounded up.
        #[pallet::constant]
        type CutShare: Get<Permill>;

        /// Ticks from the announcement of a price until it is in force.
        #[pallet::constant]
        type PriceNotice: Get<Tick>;

        /// Ticks from the request to close a channel, or to revoke a session, until it has effect.
        #[pallet::constant]
        type CloseLock: Get<Tick>;

        /// Ticks after a redemption in which it can be held against the provider. Shorter than the time for which bond is unbonding.
        #[pallet::constant]
        type EvidenceWindow: Get<Tick>;

        /// The most that a provider's open channels may hold in all, as a multiple of its own bond.
        #[pallet::constant]
        type CapPerBond: Get<u32>;

        /// The smallest amount for which a channel can be opened, in units.
        #[pallet::constant]
        type MinCap: Get<Balance>;

        /// How many services one provider can have.
        #[pallet::constant]
        type MaxServices: Get<u32>;

        /// How many sessions one channel can have at a time.
        #[pallet::constant]
        type MaxSessions: Get<u32>;

        /// How many lanes the sessions of one channel can have in all.
        #[pallet::constant]
        type MaxLanes: Get<LaneId>;

        /// How many claims one call can redeem.
        #[pallet::constant]
        type MaxClaims: Get<u32>;

        /// What is held for each item that somebody puts into state, in units.
        #[pallet::constant]
        type ItemDeposit: Get<Balance>;

        /// What is held for each byte that somebody puts into state, in units.
        #[pallet::constant]
        type ByteDeposit: Get<Balance>;

        /// How many times the excess of a redemption is slashed.
        #[pallet::constant]
        type SlashFactor: Get<u32>;

        /// The least that is slashed for a proven excess, in units.
        #[pallet::constant]
        type MinSlash: Get<Balance>;

        /// The part of a slash, of the provider's own bond only, that the payer is paid whoever reports.
        #[pallet::constant]
        type PayerShare: Get<Perbill>;

        /// Blocks for which a provider is jailed for a proven excess.
        #[pallet::constant]
        type JailTerm: Get<BlockNumberFor<Self>>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;

        /// Signs for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<Self::AccountId, Self::Signature>;
    }

    /// What the held funds are for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Pays for requests.
        #[codec(index = 0)]
        Purse,
        /// Deposits for what is in state.
        #[codec(index = 1)]
        Deposit,
    }

    /// The number of the next service.
    #[pallet::storage]
    pub type NextService<T: Config> = StorageValue<_, ServiceId, ValueQuery>;

    /// All services.
    #[pallet::storage]
    pub type Services<T: Config> =
        StorageMap<_, Twox64Concat, ServiceId, ServiceOf<T>, OptionQuery>;

    /// The services of each provider.
    #[pallet::storage]
    pub type ServicesOf<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        ServiceId,
        (),
        OptionQuery,
    >;

    /// The services of each kind.
    #[pallet::storage]
    pub type ServicesByKind<T: Config> =
        StorageDoubleMap<_, Twox64Concat, ServiceKind, Twox64Concat, ServiceId, (), OptionQuery>;

    /// The services of each model.
    #[pallet::storage]
    pub type ServicesByModel<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, ModelName, Twox64Concat, ServiceId, (), OptionQuery>;

    /// What each provider has here: services, channels that are not settled, and the sum of what these can still be asked for.
    #[pallet::storage]
    pub type Books<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Book, OptionQuery>;

    /// What each payer holds for requests, and how much of it channels have reserved.
    #[pallet::storage]
    pub type Purses<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Purse, OptionQuery>;

    /// The number of the next channel.
    #[pallet::storage]
    pub type NextChannel<T: Config> = StorageValue<_, ChannelId, ValueQuery>;

    /// All channels.
    #[pallet::storage]
    pub type Channels<T: Config> =
        StorageMap<_, Twox64Concat, ChannelId, ChannelOf<T>, OptionQuery>;

    /// The channels of each payer.
    #[pallet::storage]
    pub type ChannelsOf<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        ChannelId,
        (),
        OptionQuery,
    >;

    /// The channels with each provider.
    #[pallet::storage]
    pub type ChannelsWith<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        ChannelId,
        (),
        OptionQuery,
    >;

    /// The sessions of each channel.
    #[pallet::storage]
    pub type Sessions<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        ChannelId,
        Twox64Concat,
        SessionId,
        SessionOf<T>,
        OptionQuery,
    >;

    /// The lanes of each session from which something was redeemed.
    #[pallet::storage]
    pub type Lanes<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        (ChannelId, SessionId),
        Twox64Concat,
        LaneId,
        Lane,
        OptionQuery,
    >;

    /// What each payer has paid each provider and nobody has consumed, and how many channels they have.
    #[pallet::storage]
    pub type Pairs<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        T::AccountId,
        Pair,
        OptionQuery,
    >;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            integrity::integrity_test::<T>();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Offers a service. The signer must be an active compute provider; `key` signs the receipts of channels that are opened for the service from now on.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::announce())]
        pub fn announce(
            origin: OriginFor<T>,
            descriptor: Descriptor,
            key: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_announce(who, descriptor, key)
        }

        /// Says where the gateway of a service answers. Signed by the provider or its operator.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_endpoint())]
        pub fn set_endpoint(
            origin: OriginFor<T>,
            service: ServiceId,
            endpoint: EndpointBytes,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_endpoint(&who, service, endpoint)
        }

        /// Says how many requests a service answers in parallel. Signed by the provider or its operator.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_capacity())]
        pub fn set_capacity(
            origin: OriginFor<T>,
            service: ServiceId,
            capacity: u32,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_capacity(&who, service, capacity)
        }

        /// Announces a price, higher or lower, which is in force after `PriceNotice` ticks. Replaces one that was announced and is not yet in force.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_price())]
        pub fn set_price(origin: OriginFor<T>, service: ServiceId, price: Price) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_price(&who, service, price)
        }

        /// Has receipts signed by another key, in channels that are opened from now on.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::set_key())]
        pub fn set_key(
            origin: OriginFor<T>,
            service: ServiceId,
            key: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_key(&who, service, key)
        }

        /// Takes a service off the market. Channels that were opened for it stay. Anybody may do so when its provider has no bond; the deposit is the provider's.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>, service: ServiceId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_retire(&who, service)
        }

        /// Holds `amount` more for requests, for channels to come.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::deposit())]
        pub fn deposit(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_deposit(&who, amount)
        }

        /// Releases `amount` of what is held for requests and no channel has reserved.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_withdraw(&who, amount)
        }

        /// Opens a channel to the provider of `service` and reserves `cap` for it, out of what is held and not reserved, and of the free balance. Its first session
        /// is granted with it, with `lanes` lanes.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::open())]
        pub fn open(
            origin: OriginFor<T>,
            service: ServiceId,
            cap: Balance,
            lanes: LaneId,
            grant: GrantOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_open(who, service, cap, lanes, grant)
        }

        /// Reserves `amount` more for an open channel of the signer.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::top_up())]
        pub fn top_up(origin: OriginFor<T>, channel: ChannelId, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_top_up(&who, channel, amount)
        }

        /// Lets another key sign vouchers of an open channel of the signer, in `lanes` lanes of its own.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::grant())]
        pub fn grant(
            origin: OriginFor<T>,
            channel: ChannelId,
            lanes: LaneId,
            grant: GrantOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_grant(&who, channel, lanes, grant)
        }

        /// Revokes a session, from `CloseLock` ticks on: until then vouchers signed before can be redeemed.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::revoke())]
        pub fn revoke(
            origin: OriginFor<T>,
            channel: ChannelId,
            session: SessionId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke(&who, channel, session)
        }

        /// Removes a session that is over, with its lanes, and so gives up what could be proven of their redemptions.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::drop_session(T::MaxLanes::get().into()))]
        pub fn drop_session(
            origin: OriginFor<T>,
            channel: ChannelId,
            session: SessionId,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            let lanes = Self::do_drop_session(&who, channel, session)?;
            Ok(Some(T::WeightInfo::drop_session(lanes)).into())
        }

        /// Redeems claims on channels with the signer, or with the provider that it operates (then each with a demand): each by itself. What is refused is told in an event and stays as it
        /// was; the call fails when all are. The provider's account is paid.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::redeem(redeem::count(claims)))]
        pub fn redeem(origin: OriginFor<T>, claims: ClaimsOf<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_redeem(&who, claims)
        }

        /// Ends a channel: asked by the payer, `CloseLock` ticks from now, until when the provider can redeem; asked by the provider, at once.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::close())]
        pub fn close(origin: OriginFor<T>, channel: ChannelId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_close(&who, channel)
        }

        /// Ends a closing channel whose lock is over: what is left is the payer's again. Anybody may call this.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::settle())]
        pub fn settle(origin: OriginFor<T>, channel: ChannelId) -> DispatchResult {
            ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_settle(channel)
        }

        /// Removes a settled channel and gives its deposits back to the payer. The payer may at any time, which gives up what could be proven of its redemptions;
        /// anybody may after `EvidenceWindow` ticks.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::remove(T::MaxSessions::get(), T::MaxLanes::get().into()))]
        pub fn remove(origin: OriginFor<T>, channel: ChannelId) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            let (sessions, lanes) = Self::do_remove(&who, channel)?;
            Ok(Some(T::WeightInfo::remove(sessions, lanes)).into())
        }

        /// Proves with a receipt of the provider's own that it redeemed more of a lane than it was owed. It is slashed and jailed; the payer gets its share, whoever
        /// reports. A stronger receipt is charged what it shows more than those before. Costs no fee when at least `MinSlash` was taken.
        #[pallet::call_index(17)]
        #[pallet::weight(T::WeightInfo::report())]
        pub fn report(
            origin: OriginFor<T>,
            receipt: Receipt,
            signature: T::Signature,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            ensure_storage_layers()?;
            Ok(Self::do_report(&receipt, &signature)?.into())
        }

        /// Removes the record of what the signer has paid a provider with which it has no channel. What was not consumed of it is gone.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::forget())]
        pub fn forget(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure_storage_layers()?;
            Self::do_forget(&who, &provider)
        }
    }
}
