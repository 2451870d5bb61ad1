//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod events {
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
        /// A provider takes delegations.
        #[codec(index = 16)]
        PoolOpened {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// What it keeps of its delegators' rewards.
            commission: Perbill,
            /// Its own limit of stake, in percent of its bond.
            max_percent: u32,
        },
        /// A provider keeps another part of its delegators' rewards, or will.
        #[codec(index = 17)]
        CommissionSet {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The new part.
            commission: Perbill,
            /// The first block in which it counts.
            from: BlockNumberOf<T>,
        },
        /// A provider changed what it takes of new delegations.
        #[codec(index = 18)]
        DelegationTermsSet {
            /// Its role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// Whether it takes any.
            accepting: bool,
            /// Its own limit of stake, in percent of its bond.
            max_percent: u32,
        },
        /// Somebody staked behind a provider.
        #[codec(index = 19)]
        Delegated {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// Who staked.
            delegator: T::AccountId,
            /// What was paid for the shares: no more than was offered.
            amount: BalanceOf<T>,
            /// The shares of stake that were bought.
            shares: u128,
        },
        /// Stake of a delegator began to unbond.
        #[codec(index = 20)]
        Undelegated {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// Who had staked.
            delegator: T::AccountId,
            /// What began to unbond. A slash until it is withdrawn makes it less.
            amount: BalanceOf<T>,
            /// The shares of stake that it was.
            shares: u128,
            /// The first block in which it can be withdrawn.
            matures_at: BlockNumberOf<T>,
        },
        /// A delegator was paid what had matured, or what it had in a closed pool.
        #[codec(index = 21)]
        DelegationWithdrawn {
            /// The number of the pool.
            pool: PoolId,
            /// Who was paid.
            delegator: T::AccountId,
            /// What was paid.
            amount: BalanceOf<T>,
        },
        /// The delegations to a provider paid for what it did, after its bond. All of it went to the
        /// fund.
        #[codec(index = 22)]
        PoolSlashed {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// Taken from stake.
            from_stake: BalanceOf<T>,
            /// Taken from what is unbonding.
            from_unbonding: BalanceOf<T>,
        },
        /// Part of a provider's reward went to its delegators.
        #[codec(index = 23)]
        PoolRewarded {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// What becomes stake of the delegators over `RewardDrip`.
            to_delegators: BalanceOf<T>,
            /// What the provider kept of the delegators' part.
            commission: BalanceOf<T>,
        },
        /// The last delegator left before all rewards had become stake: the rest is the provider's.
        #[codec(index = 24)]
        IncomingReturned {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of its pool.
            pool: PoolId,
            /// The rest.
            amount: BalanceOf<T>,
        },
        /// A pool is closed for good: its provider is gone, or a slash left too little. Everybody
        /// may collect everything.
        #[codec(index = 25)]
        PoolClosed {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
            /// The number of the pool.
            pool: PoolId,
            /// What was stake.
            stake: BalanceOf<T>,
            /// What was unbonding.
            unbonding: BalanceOf<T>,
        },
        /// Nobody has anything in a closed pool any more, and it is gone.
        #[codec(index = 26)]
        PoolRemoved {
            /// The number it had.
            pool: PoolId,
        },
        /// What follows from a record is in line with the role's parameters again, which had changed.
        #[codec(index = 27)]
        Refreshed {
            /// The provider's role.
            role: Role,
            /// Its bonded account.
            provider: T::AccountId,
        },
    }
}
