//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A service is offered.
        #[codec(index = 0)]
        ServiceAnnounced {
            /// Its number.
            service: ServiceId,
            /// The provider.
            provider: T::AccountId,
            /// What it does.
            kind: ServiceKind,
            /// The model.
            model: ModelName,
            /// Signs receipts of channels that are opened for it.
            key: T::AccountId,
        },
        /// A gateway answers elsewhere.
        #[codec(index = 1)]
        EndpointSet {
            /// The service.
            service: ServiceId,
            /// Where.
            endpoint: EndpointBytes,
        },
        /// A service answers another number of requests in parallel.
        #[codec(index = 2)]
        CapacitySet {
            /// The service.
            service: ServiceId,
            /// How many.
            capacity: u32,
        },
        /// A service will have another price.
        #[codec(index = 3)]
        PriceAnnounced {
            /// The service.
            service: ServiceId,
            /// The price.
            price: Price,
            /// The first tick at which it is in force.
            from: Tick,
        },
        /// Receipts of channels to come are signed by another key.
        #[codec(index = 4)]
        KeySet {
            /// The service.
            service: ServiceId,
            /// The key.
            key: T::AccountId,
        },
        /// A service is not offered any more.
        #[codec(index = 5)]
        ServiceRetired {
            /// The service.
            service: ServiceId,
            /// The provider.
            provider: T::AccountId,
        },
        /// More is held for requests.
        #[codec(index = 6)]
        Deposited {
            /// The payer.
            payer: T::AccountId,
            /// How much more.
            amount: Balance,
        },
        /// Less is held for requests.
        #[codec(index = 7)]
        Withdrawn {
            /// The payer.
            payer: T::AccountId,
            /// How much less.
            amount: Balance,
        },
        /// A channel was opened.
        #[codec(index = 8)]
        ChannelOpened {
            /// Its number.
            channel: ChannelId,
            /// Who pays.
            payer: T::AccountId,
            /// Who is paid.
            provider: T::AccountId,
            /// For what.
            service: ServiceId,
            /// Signs its receipts.
            key: T::AccountId,
            /// What is reserved for it.
            cap: Balance,
        },
        /// More is reserved for a channel.
        #[codec(index = 9)]
        ToppedUp {
            /// The channel.
            channel: ChannelId,
            /// How much more.
            amount: Balance,
            /// What can be redeemed from it now.
            left: Balance,
        },
        /// A key may sign vouchers.
        #[codec(index = 10)]
        SessionGranted {
            /// The channel.
            channel: ChannelId,
            /// The session's number.
            session: SessionId,
            /// The key.
            key: T::AccountId,
            /// How many lanes it has.
            lanes: LaneId,
        },
        /// A key may not sign vouchers any more, from a tick on.
        #[codec(index = 11)]
        SessionRevoked {
            /// The channel.
            channel: ChannelId,
            /// The session.
            session: SessionId,
            /// The first tick at which nothing signed by it can be redeemed.
            ends: Tick,
        },
        /// A session that was over is gone.
        #[codec(index = 12)]
        SessionDropped {
            /// The channel.
            channel: ChannelId,
            /// The session.
            session: SessionId,
        },
        /// A claim was paid.
        #[codec(index = 13)]
        Redeemed {
            /// The channel.
            channel: ChannelId,
            /// The session.
            session: SessionId,
            /// The lane.
            lane: LaneId,
            /// Nonce of the voucher.
            nonce: u64,
            /// What the payer paid now.
            amount: Balance,
            /// Of it, the protocol's part; the rest is the provider's.
            cut: Balance,
            /// What the lane has paid in all.
            redeemed: Balance,
        },
        /// A claim was not paid and can be made again.
        #[codec(index = 14)]
        ClaimRefused {
            /// Its place in the call, from 0.
            index: u32,
            /// The channel.
            channel: ChannelId,
            /// Why.
            error: DispatchError,
        },
        /// The payer ends a channel.
        #[codec(index = 15)]
        ChannelClosing {
            /// The channel.
            channel: ChannelId,
            /// The first tick at which nothing can be redeemed from it.
            until: Tick,
        },
        /// A channel has paid all that it will.
        #[codec(index = 16)]
        ChannelSettled {
            /// The channel.
            channel: ChannelId,
            /// What is not reserved any more, in the payer's purse.
            returned: Balance,
        },
        /// A settled channel is gone.
        #[codec(index = 17)]
        ChannelRemoved {
            /// The channel.
            channel: ChannelId,
        },
        /// A provider redeemed more than it was owed, as its own receipt shows.
        #[codec(index = 18)]
        OverRedemptionProven {
            /// The channel.
            channel: ChannelId,
            /// The session.
            session: SessionId,
            /// The lane.
            lane: LaneId,
            /// The provider.
            provider: T::AccountId,
            /// By how much.
            excess: Balance,
            /// What it was slashed.
            slashed: Balance,
            /// Of it, what the payer got.
            to_payer: Balance,
        },
        /// The record of payments to a provider is gone.
        #[codec(index = 19)]
        PairForgotten {
            /// The payer.
            payer: T::AccountId,
            /// The provider.
            provider: T::AccountId,
            /// What was paid and not consumed.
            unconsumed: Balance,
        },
    }
}
