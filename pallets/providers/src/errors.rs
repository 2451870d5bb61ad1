//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod errors {
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
        /// No chunk has matured. Wait until `matures_at`; the record of a provider that leaves with
        /// delegations stays as long.
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
        /// The provider has a pool already. Use `set_commission` and `set_delegation_terms`.
        #[codec(index = 24)]
        PoolExists,
        /// The provider has no open pool, or no closed pool has this number. What is left in a closed
        /// pool is collected by its number.
        #[codec(index = 25)]
        UnknownPool,
        /// The limit is above `MaxDelegationPercent`.
        #[codec(index = 26)]
        PercentTooHigh,
        /// The commission would rise by more than `MaxCommissionIncrease`. Rise in steps.
        #[codec(index = 27)]
        CommissionRiseTooSteep,
        /// The provider takes no new delegations.
        #[codec(index = 28)]
        NotAccepting,
        /// The provider's commission, or the one it announced, is above what the call accepts.
        #[codec(index = 29)]
        CommissionAboveLimit,
        /// Less than `MinDelegation` would be added or stay. Delegate more, or undelegate everything.
        #[codec(index = 30)]
        DelegationTooSmall,
        /// The amount is worth less than one share of the pool. Delegate more, or elsewhere.
        #[codec(index = 31)]
        AmountBuysNoShare,
        /// The stake would be above the provider's limit in percent of its bond. Delegate less.
        #[codec(index = 32)]
        DelegationLimitReached,
        /// The account has nothing in this pool.
        #[codec(index = 33)]
        UnknownDelegation,
        /// The amount is more than what the delegator has at stake.
        #[codec(index = 34)]
        NotEnoughDelegated,
        /// The bond would be too small beside the delegations. Unbond less, or everything.
        #[codec(index = 35)]
        DelegationsNotLed,
        /// Everything is being taken from the provider in this role. Wait until nothing is left of it.
        #[codec(index = 36)]
        BeingDropped,
        /// All that follows from the provider's record is in line with the role's parameters already.
        #[codec(index = 37)]
        NothingToRefresh,
    }
}
