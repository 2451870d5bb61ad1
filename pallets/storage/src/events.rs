//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A deal was made; its providers will be drawn.
        #[codec(index = 0)]
        Committed {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// 0G Storage root of the file.
            root: [u8; 32],
            /// Size of the file in bytes.
            size: u64,
            /// Replicas asked for.
            replicas: u8,
            /// What is held on the owner's account.
            deposit: BalanceOf<T>,
            /// Units that a replica earns in a round.
            rent: BalanceOf<T>,
            /// The last round asked for; those of grace come after it.
            until: RoundIndex,
            /// What was paid for the rounds, into the pot.
            escrow: BalanceOf<T>,
            /// What was paid for the placement, to the repair fund, for good.
            placement: BalanceOf<T>,
        },
        /// The owner committed what it had committed already; nothing changed.
        #[codec(index = 1)]
        CommitRepeated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// A provider was drawn for a slot.
        #[codec(index = 2)]
        ReplicaAssigned {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider drawn.
            provider: T::AccountId,
            /// The last tick for its `ready`.
            ready_by: Tick,
        },
        /// A provider says that it holds the file; its sectors will be drawn.
        #[codec(index = 3)]
        ReplicaReady {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
            /// The block whose seed draws the sectors.
            draw_at: BlockNumberFor<T>,
            /// The last tick for its `prove`.
            prove_by: Tick,
        },
        /// A provider proved that it holds the file.
        #[codec(index = 4)]
        ReplicaProven {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
        },
        /// A provider lost a slot for which it did not earn; another will be drawn.
        #[codec(index = 5)]
        ReplicaDropped {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider that lost it.
            provider: T::AccountId,
            /// Why.
            reason: DropReason,
        },
        /// Enough replicas of a deal are proven.
        #[codec(index = 6)]
        FileActivated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// Too few replicas of a deal are proven now. (A deal that is removed only emits
        /// `Removed`.)
        #[codec(index = 7)]
        FileDeactivated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// A deal ended.
        #[codec(index = 8)]
        Removed {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// What the owner got back: the rounds to come, the credit and the deposit.
            refunded: BalanceOf<T>,
            /// Why.
            reason: EndReason,
        },
        /// A lease was extended.
        #[codec(index = 9)]
        LeaseRenewed {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Who renewed it.
            payer: T::AccountId,
            /// Units that a replica earns in a round at the end of the lease.
            rent: BalanceOf<T>,
            /// The last round asked for.
            until: RoundIndex,
            /// What the payer paid.
            charged: BalanceOf<T>,
            /// What was taken of the deal's credit.
            from_credit: BalanceOf<T>,
        },
        /// A lease that reaches as far already was to be extended; nothing changed.
        #[codec(index = 10)]
        RenewRepeated {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
        },
        /// Somebody paid into a deal.
        #[codec(index = 11)]
        ToppedUp {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Who paid.
            payer: T::AccountId,
            /// How much; nothing where the credit was as high already.
            amount: BalanceOf<T>,
            /// The credit now.
            credit: BalanceOf<T>,
        },
        /// A replica is auditable and earns.
        #[codec(index = 12)]
        ReplicaEarning {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
            /// The first round that it earns.
            from: RoundIndex,
            /// What it gets in addition with that round.
            bounty: BalanceOf<T>,
        },
        /// A provider that earns gives its replica up; another will be drawn, and it stays until that one earns.
        #[codec(index = 13)]
        HandOverStarted {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider that is leaving.
            provider: T::AccountId,
        },
        /// A replica that earned is gone.
        #[codec(index = 14)]
        ReplicaStopped {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// The provider.
            provider: T::AccountId,
            /// Why.
            reason: DropReason,
            /// The last round that it earns.
            last: RoundIndex,
        },
        /// A provider was paid for a round, with what was carried to it.
        #[codec(index = 15)]
        RoundPaid {
            /// The provider.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much it and its delegators got.
            amount: BalanceOf<T>,
        },
        /// A provider missed a round: what it would have got is for repair.
        #[codec(index = 16)]
        RoundForfeited {
            /// The provider.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// A round was skipped: what it would have paid shares the fate of the next one that is not.
        #[codec(index = 17)]
        RoundCarried {
            /// The provider.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// An account could not receive what was to be paid to it: the repair fund has it, or the treasury, or the pot's free balance.
        #[codec(index = 18)]
        PayDiverted {
            /// The account.
            provider: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// A replica was dropped that earned: whoever takes it over gets this in addition.
        #[codec(index = 19)]
        BountySet {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Number of the slot.
            slot: u8,
            /// How much.
            amount: BalanceOf<T>,
            /// Of it, out of the treasury, because the repair fund was short.
            from_treasury: BalanceOf<T>,
        },
        /// The owner says who may become the owner.
        #[codec(index = 20)]
        Offered {
            /// File id.
            file: FileId,
            /// Owner of the deal.
            owner: T::AccountId,
            /// Who may; nobody any more, if none.
            to: Option<T::AccountId>,
        },
        /// A deal has another owner.
        #[codec(index = 21)]
        OwnerChanged {
            /// File id.
            file: FileId,
            /// Who had it.
            from: T::AccountId,
            /// Who has it.
            to: T::AccountId,
        },
        /// Governance set the base price.
        #[codec(index = 22)]
        BasePriceSet {
            /// Units per GiB and round at little use.
            price: BalanceOf<T>,
            /// The first round that it is for.
            from: RoundIndex,
        },
        /// The price of a round is fixed.
        #[codec(index = 23)]
        PriceMoved {
            /// The round.
            round: RoundIndex,
            /// Units per GiB and round.
            price: BalanceOf<T>,
        },
        /// A provider loses everything, replica by replica.
        #[codec(index = 24)]
        DropStarted {
            /// The provider.
            provider: T::AccountId,
            /// Bounties for its replicas at most.
            budget: BalanceOf<T>,
        },
        /// A provider has lost everything.
        #[codec(index = 25)]
        DropEnded {
            /// The provider.
            provider: T::AccountId,
            /// What was still owed to it for begun rounds, and is for repair.
            forfeited: BalanceOf<T>,
        },
    }
}
