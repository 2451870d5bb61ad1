//! What layout 2 added to storage: pay, price, drops, and what can be challenged.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod entries {
    /// What is owed to providers.
    #[pallet::storage]
    pub type Accounts<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Account<BalanceOf<T>>, OptionQuery>;

    /// By how much what a provider earns changes with a round: while it is not settled, and only where it changes.
    #[pallet::storage]
    pub type RateChanges<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        RoundIndex,
        RateChange<BalanceOf<T>>,
        OptionQuery,
    >;

    /// The price of the present round. None before the first block.
    #[pallet::storage]
    pub type Price<T: Config> = StorageValue<_, PriceState<BalanceOf<T>>, OptionQuery>;

    /// What the blocks of the present round saw of the use of all capacity.
    #[pallet::storage]
    pub type Used<T: Config> = StorageValue<_, Usage, ValueQuery>;

    /// Bytes reserved by all slots, those of leaving providers included.
    #[pallet::storage]
    pub type Reserved<T: Config> = StorageValue<_, u128, ValueQuery>;

    /// Bytes of the replicas that a provider is leaving, in all.
    #[pallet::storage]
    pub type LeavingBytes<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, u64, ValueQuery>;

    /// Providers that lose everything.
    #[pallet::storage]
    pub type Drops<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Drop<BalanceOf<T>>, OptionQuery>;

    /// Replicas that can be challenged, by provider and number; the numbers of a provider have no gaps. Nobody chooses them.
    #[pallet::storage]
    pub type Leaves<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        u32,
        Leaf<T::AccountId>,
        OptionQuery,
    >;

    /// How many leaves a provider has.
    #[pallet::storage]
    pub type LeafCounts<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

    /// Nodes of the sum trees over these leaves, by provider, level and index. A leaf weighs the sectors of its file that hold data.
    #[pallet::storage]
    pub type LeafNodes<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        (u32, u32),
        Node,
        OptionQuery,
    >;
}
