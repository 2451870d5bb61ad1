//! What is kept of submissions, lists, pay, members and namespaces.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod blobs_storage {
    /// The number of the next submission.
    #[pallet::storage]
    pub type NextSubmission<T: Config> = StorageValue<_, SubmissionId, ValueQuery>;

    /// Submissions that wait for attestation or are available.
    #[pallet::storage]
    pub type Submissions<T: Config> =
        StorageMap<_, Twox64Concat, SubmissionId, SubmissionOf<T>, OptionQuery>;

    /// The same by commitment.
    #[pallet::storage]
    pub type ByCommitment<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        Commitment,
        Twox64Concat,
        SubmissionId,
        (),
        OptionQuery,
    >;

    /// What is available, by commitment and size.
    #[pallet::storage]
    pub type AttestedBlobs<T: Config> =
        StorageMap<_, Blake2_128Concat, (Commitment, u32), Attested, OptionQuery>;

    /// Bytes of a payer's submissions that wait for attestation.
    #[pallet::storage]
    pub type InFlight<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

    /// The number of the next batch.
    #[pallet::storage]
    pub type NextBatch<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The submissions of one block each.
    #[pallet::storage]
    pub type Batches<T: Config> = StorageMap<_, Twox64Concat, u64, BatchOf<T>, OptionQuery>;

    /// The first batch of which it is not known whether it has a row seed.
    #[pallet::storage]
    pub type SeedCursor<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The first submission that was not looked at when its time was over.
    #[pallet::storage]
    pub type DeadlineCursor<T: Config> = StorageValue<_, SubmissionId, ValueQuery>;

    /// Eras of which something was attested.
    #[pallet::storage]
    pub type Books<T: Config> =
        StorageMap<_, Twox64Concat, EraIndex, Book<BalanceOf<T>>, OptionQuery>;

    /// The entries of a list, in chunks: by era, index of the list, number of the chunk.
    #[pallet::storage]
    pub type Entries<T: Config> = StorageMap<
        _,
        Twox64Concat,
        (EraIndex, u8, u32),
        BoundedVec<Entry, ConstU32<CHUNK>>,
        ValueQuery,
    >;

    /// What each seat's bits amount to up to the end of a chunk.
    #[pallet::storage]
    pub type Running<T: Config> =
        StorageMap<_, Twox64Concat, (EraIndex, u8, u32), RunningSums, ValueQuery>;

    /// What the bits of a provider amount to, by era.
    #[pallet::storage]
    pub type Sums<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        EraIndex,
        Blake2_128Concat,
        T::AccountId,
        SeatSums,
        OptionQuery,
    >;

    /// How the pay of providers stands.
    #[pallet::storage]
    pub type Accounts<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, PayAccount<BalanceOf<T>>, OptionQuery>;

    /// Providers that lose everything, with the round in which that was decided.
    #[pallet::storage]
    pub type Drops<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, RoundIndex, OptionQuery>;

    /// The next list to close: the round with whose begin it does, and its index. None before the first block.
    #[pallet::storage]
    pub type ClosingCursor<T: Config> = StorageValue<_, (RoundIndex, u8), OptionQuery>;

    /// The next entry of the next list to take away: the round with whose begin it is over, its index, the number of the entry.
    #[pallet::storage]
    pub type EndingCursor<T: Config> = StorageValue<_, (RoundIndex, u8, u32), OptionQuery>;

    /// Namespaces that were ever used.
    #[pallet::storage]
    pub type Namespaces<T: Config> =
        StorageMap<_, Blake2_128Concat, Namespace, NamespaceRecord, OptionQuery>;

    /// Their entries.
    #[pallet::storage]
    pub type Log<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        Namespace,
        Twox64Concat,
        u64,
        LogEntry<BlockNumberFor<T>>,
        OptionQuery,
    >;

    /// The same by block.
    #[pallet::storage]
    pub type Heights<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        Namespace,
        Twox64Concat,
        BlockNumberFor<T>,
        HeightEntries,
        OptionQuery,
    >;

    /// Members of available bundles, by their place in a namespace.
    #[pallet::storage]
    pub type Members<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        Namespace,
        Twox64Concat,
        u64,
        MemberOf<T>,
        OptionQuery,
    >;

    /// How many members were recorded whose last round is this one.
    #[pallet::storage]
    pub type EndingMembers<T: Config> = StorageMap<_, Twox64Concat, RoundIndex, u32, ValueQuery>;

    /// Which they are, by that round and a number.
    #[pallet::storage]
    pub type MemberEnds<T: Config> =
        StorageMap<_, Twox64Concat, (RoundIndex, u32), (Namespace, u64), OptionQuery>;

    /// The next member to take away: its last round, and its number in it. None before the first block.
    #[pallet::storage]
    pub type MemberCursor<T: Config> = StorageValue<_, (RoundIndex, u32), OptionQuery>;

    /// The price in force. None before the first block.
    #[pallet::storage]
    pub type Price<T: Config> = StorageValue<_, PriceState<BalanceOf<T>>, OptionQuery>;

    /// What the blocks of the present round saw.
    #[pallet::storage]
    pub type Used<T: Config> = StorageValue<_, Usage, ValueQuery>;

    /// Bytes of everything that is available, as its committees store it.
    #[pallet::storage]
    pub type StoredBytes<T: Config> = StorageValue<_, u128, ValueQuery>;
}
