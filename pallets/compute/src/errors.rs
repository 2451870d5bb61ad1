//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod errors {
    /// Why a call did nothing.
    #[pallet::error]
    #[derive(PartialEq)]
    pub enum Error<T> {
        /// The provider is not registered for compute, or not active. Register and activate it first.
        #[codec(index = 0)]
        ProviderInactive,
        /// There is no such service.
        #[codec(index = 1)]
        UnknownService,
        /// The service is another provider's. Sign with the account of its provider; its endpoint and capacity can be set by the operator, too.
        #[codec(index = 2)]
        NotYourService,
        /// The provider has `MaxServices` services. Retire one first.
        #[codec(index = 3)]
        TooManyServices,
        /// The name of a model is 1 to 96 visible ASCII characters.
        #[codec(index = 4)]
        ModelNameInvalid,
        /// Chat and embeddings are priced per million tokens, all else per unit.
        #[codec(index = 5)]
        PriceMismatch,
        /// A service answers at least one request at a time.
        #[codec(index = 6)]
        NoCapacity,
        /// The endpoint is not `https://HOST[:PORT][/PATH]#sha256=KEY`, nor `http://` and a loopback host, in visible ASCII.
        #[codec(index = 7)]
        EndpointInvalid,
        /// What is free and not frozen does not cover the amount, the deposit and the existential deposit.
        #[codec(index = 8)]
        InsufficientFunds,
        /// The amount is zero.
        #[codec(index = 9)]
        ZeroAmount,
        /// Nothing is held for requests of this account.
        #[codec(index = 10)]
        NoPurse,
        /// So much is not free of reservations. Close channels, wait for their locks and settle them first.
        #[codec(index = 11)]
        Reserved,
        /// There is no such channel.
        #[codec(index = 12)]
        UnknownChannel,
        /// The channel is another payer's.
        #[codec(index = 13)]
        NotYourChannel,
        /// The payer and the provider are the same account.
        #[codec(index = 14)]
        PayerIsProvider,
        /// The cap is under `MinCap`.
        #[codec(index = 15)]
        CapTooSmall,
        /// The provider's channels would be able to take more than `CapPerBond` times its bond. Choose a smaller cap or another provider.
        #[codec(index = 16)]
        CapAboveBond,
        /// The channel is not open.
        #[codec(index = 17)]
        NotOpen,
        /// The channel is open. Close it first.
        #[codec(index = 18)]
        NotClosing,
        /// The lock of the channel is not over. Wait until the tick at which it is.
        #[codec(index = 19)]
        Locked,
        /// The channel is settled already.
        #[codec(index = 20)]
        AlreadySettled,
        /// The channel is not settled. Close and settle it first.
        #[codec(index = 21)]
        NotSettled,
        /// Only the payer may remove the channel before `EvidenceWindow` ticks have passed since it was settled.
        #[codec(index = 22)]
        EvidencePossible,
        /// The channel has `MaxSessions` sessions, or its sessions would have more than `MaxLanes` lanes. Drop one that is over.
        #[codec(index = 23)]
        TooManySessions,
        /// A session needs at least one lane.
        #[codec(index = 24)]
        NoLanes,
        /// The grant would be over at once. Let it expire later.
        #[codec(index = 25)]
        GrantExpired,
        /// The limit of one use is above that of all together.
        #[codec(index = 26)]
        GrantLimits,
        /// The channel has no such session.
        #[codec(index = 27)]
        UnknownSession,
        /// The session expired or is revoked.
        #[codec(index = 28)]
        SessionOver,
        /// The session is not over. Revoke it, and wait until it has ended.
        #[codec(index = 29)]
        SessionNotOver,
        /// The voucher is for another service than the channel. Open a channel for that service.
        #[codec(index = 30)]
        WrongService,
        /// The maximum of the voucher is above what the key may promise at once.
        #[codec(index = 31)]
        AbovePerUse,
        /// The key has spent all that it may.
        #[codec(index = 32)]
        SessionSpent,
        /// The session has no such lane.
        #[codec(index = 33)]
        UnknownLane,
        /// There is no claim.
        #[codec(index = 34)]
        NoClaims,
        /// The channel is with another provider.
        #[codec(index = 35)]
        NotYourClaim,
        /// The channel is settled, or its lock is over.
        #[codec(index = 36)]
        ChannelOver,
        /// The voucher has expired.
        #[codec(index = 37)]
        VoucherExpired,
        /// A later voucher of the lane was redeemed already. Redeem the latest one that a receipt covers.
        #[codec(index = 38)]
        StaleVoucher,
        /// The amount is above what the voucher covers: what was owed before, and the maximum.
        #[codec(index = 39)]
        AboveVoucher,
        /// The lane has paid this amount already.
        #[codec(index = 40)]
        NothingDue,
        /// The channel is empty. It can pay when it is topped up.
        #[codec(index = 41)]
        ChannelEmpty,
        /// The signature is not that of the key over the payload of this chain.
        #[codec(index = 42)]
        BadSignature,
        /// The provider's account cannot receive the amount. Give it the existential deposit.
        #[codec(index = 43)]
        ProviderCannotReceive,
        /// Nothing was redeemed from this lane.
        #[codec(index = 44)]
        NothingRedeemed,
        /// More than `EvidenceWindow` ticks have passed since the redemption.
        #[codec(index = 45)]
        EvidenceTooLate,
        /// So much was punished already. Only a receipt that shows a larger excess is of use.
        #[codec(index = 46)]
        AlreadyPunished,
        /// The receipt does not show that too much was redeemed.
        #[codec(index = 47)]
        NotTooMuch,
        /// The two have channels with each other. Remove them first.
        #[codec(index = 48)]
        StillChannels,
        /// There is no record of payments to this provider.
        #[codec(index = 49)]
        UnknownPair,
        /// Less than that was paid and not consumed.
        #[codec(index = 50)]
        NotPaid,
        /// Records contradict each other; nothing was changed. This is a fault of the pallet.
        #[codec(index = 51)]
        Inconsistent,
        /// An operator's claim needs the signature of the channel's key over what is demanded. Have the gateway sign it, or send it from the bonded account.
        #[codec(index = 52)]
        DemandMissing,
        /// The demand is not signed by the channel's key for this channel, session, lane, nonce and amount on this chain.
        #[codec(index = 53)]
        BadDemand,
    }
}
