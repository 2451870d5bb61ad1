//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened. What became available has the order of the chain: by block, then by event; its number in a namespace follows that order, without gaps.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider has a key, or another one. It counts from the next committee on whose candidates are fixed.
        #[codec(index = 0)]
        KeySet {
            /// Who.
            provider: T::AccountId,
            /// The key.
            key: SeatKey,
        },
        /// A provider has no key any more. Committees that have it keep it.
        #[codec(index = 1)]
        KeyRetired {
            /// Whose.
            provider: T::AccountId,
        },
        /// It is fixed who may be drawn for an era, with what stake.
        #[codec(index = 2)]
        CandidatesFixed {
            /// The era.
            era: EraIndex,
            /// How many there are.
            candidates: u32,
            /// The block whose seed draws.
            draw_at: BlockNumberFor<T>,
        },
        /// An era has its committee.
        #[codec(index = 3)]
        CommitteeFormed {
            /// The era.
            era: EraIndex,
            /// The committee's name.
            committee: CommitteeId,
            /// How many seats it has.
            seats: u32,
            /// Whether the seats of the committee before serve on, since there were too few candidates or no seed.
            carried: bool,
        },
        /// An era has no committee so far: there are too few candidates, and nobody who could serve on. It is tried again.
        #[codec(index = 4)]
        NoCommittee {
            /// The era.
            era: EraIndex,
        },
        /// A blob was submitted, and paid for.
        #[codec(index = 20)]
        Submitted {
            /// The submission.
            submission: SubmissionId,
            /// Who paid.
            payer: T::AccountId,
            /// Where it will be listed.
            namespace: Namespace,
            /// What the coding commits to.
            commitment: Commitment,
            /// Exact bytes.
            size: u32,
            /// What the blob is.
            content: Content,
            /// Days paid for.
            days: Day,
            /// The era whose committee attests.
            era: EraIndex,
            /// The first tick in which it is too late for bits.
            deadline: Tick,
            /// All fees together, without the deposit.
            fees: BalanceOf<T>,
        },
        /// The row seed of the submissions of one block was drawn: rows can be sent.
        #[codec(index = 21)]
        RowSeedDrawn {
            /// The first of them.
            first: SubmissionId,
            /// How many they are, their numbers following each other.
            count: u32,
            /// The seed.
            seed: RowSeed,
        },
        /// The row seed of the submissions of one block is lost: they are refunded, base fees included.
        #[codec(index = 22)]
        RowSeedLost {
            /// The first of them.
            first: SubmissionId,
            /// How many they are, their numbers following each other.
            count: u32,
        },
        /// Seats with two thirds of the stake signed. This is where a blob gets its place.
        #[codec(index = 23)]
        Available {
            /// The submission.
            submission: SubmissionId,
            /// Where it is listed.
            namespace: Namespace,
            /// Its number there.
            index: u64,
            /// This block.
            height: BlockNumberFor<T>,
            /// The last round of its window.
            until: RoundIndex,
            /// Who signed.
            bits: SeatBits,
        },
        /// Late seats signed, too.
        #[codec(index = 24)]
        BitsAdded {
            /// The submission.
            submission: SubmissionId,
            /// Those seats.
            bits: SeatBits,
        },
        /// A member of an available bundle was recorded. This is where a member gets its place.
        #[codec(index = 25)]
        MemberRecorded {
            /// The bundle's submission.
            submission: SubmissionId,
            /// Which member.
            member: u32,
            /// What names its bytes.
            id: MemberId,
            /// Who paid.
            payer: T::AccountId,
            /// Where it is listed.
            namespace: Namespace,
            /// Its number there.
            index: u64,
            /// This block.
            height: BlockNumberFor<T>,
            /// The last round of its window.
            until: RoundIndex,
            /// What the gateway got.
            fee: BalanceOf<T>,
        },
        /// The window of a blob reaches further.
        #[codec(index = 26)]
        Extended {
            /// The submission.
            submission: SubmissionId,
            /// Where it is listed.
            namespace: Namespace,
            /// Days in all.
            days: Day,
            /// The last round of its window.
            until: RoundIndex,
            /// What was paid.
            fee: BalanceOf<T>,
        },
        /// The window of a blob is over, and its record gone.
        #[codec(index = 27)]
        Expired {
            /// The submission.
            submission: SubmissionId,
            /// Where it was listed.
            namespace: Namespace,
            /// Its number there.
            index: u64,
            /// The block in which it became available.
            height: BlockNumberFor<T>,
        },
        /// The window of a member is over, and its record gone.
        #[codec(index = 28)]
        MemberExpired {
            /// The bundle's submission.
            submission: SubmissionId,
            /// Which member.
            member: u32,
            /// Where it was listed.
            namespace: Namespace,
            /// Its number there.
            index: u64,
            /// The block in which it was recorded.
            height: BlockNumberFor<T>,
        },
        /// A submission did not become available, and its record is gone.
        #[codec(index = 29)]
        Refunded {
            /// The submission.
            submission: SubmissionId,
            /// Who had paid.
            payer: T::AccountId,
            /// Where it would have been listed.
            namespace: Namespace,
            /// What was given back, without the deposit.
            amount: BalanceOf<T>,
        },
        /// A list was closed, and what nobody can earn of it went to the fund.
        #[codec(index = 30)]
        Unearned {
            /// The era.
            era: EraIndex,
            /// The list.
            list: List,
            /// How much, for all of its rounds.
            amount: BalanceOf<T>,
        },
        /// A provider and its delegators were paid for a round.
        #[codec(index = 31)]
        RoundPaid {
            /// Who.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// A provider missed a round, and its pay went to the fund.
        #[codec(index = 32)]
        RoundForfeited {
            /// Who.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much, with what was carried.
            amount: BalanceOf<T>,
        },
        /// A round had no challenges: its pay shares the fate of the next that has.
        #[codec(index = 33)]
        RoundCarried {
            /// Who.
            provider: T::AccountId,
            /// The round.
            round: RoundIndex,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// What a provider that lost everything would have earned went to the fund.
        #[codec(index = 34)]
        PayLost {
            /// Who.
            provider: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// Nothing is left of a provider that lost everything.
        #[codec(index = 35)]
        Dropped {
            /// Who.
            provider: T::AccountId,
        },
        /// An account could not receive what it was due. It went to the fund.
        #[codec(index = 36)]
        PayDiverted {
            /// Who.
            account: T::AccountId,
            /// How much.
            amount: BalanceOf<T>,
        },
        /// The price of a round.
        #[codec(index = 37)]
        PriceMoved {
            /// The round.
            round: RoundIndex,
            /// Units per GiB and round.
            price: BalanceOf<T>,
        },
        /// The base price was set.
        #[codec(index = 38)]
        BasePriceSet {
            /// Units per GiB and round at little use.
            price: BalanceOf<T>,
            /// From this round on.
            from: RoundIndex,
        },
    }
}
