//! What is kept.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod storage {
    /// The number of the next agent.
    #[pallet::storage]
    pub type NextAgent<T: Config> = StorageValue<_, AgentId, ValueQuery>;

    /// All agents.
    #[pallet::storage]
    pub type Agents<T: Config> = StorageMap<_, Twox64Concat, AgentId, AgentOf<T>, OptionQuery>;

    /// The agents of each owner.
    #[pallet::storage]
    pub type AgentsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, AgentId, (), OptionQuery>;

    /// The agent that acts from an account.
    #[pallet::storage]
    pub type ByAccount<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, AgentId, OptionQuery>;

    /// Where agents answer.
    #[pallet::storage]
    pub type EndpointsOf<T: Config> =
        StorageMap<_, Twox64Concat, AgentId, EndpointsRecord, OptionQuery>;

    /// What agents say about themselves.
    #[pallet::storage]
    pub type Metadata<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Blake2_128Concat,
        Key,
        MetadataRecord,
        OptionQuery,
    >;

    /// What agents have committed to.
    #[pallet::storage]
    pub type DataEntries<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AgentId, Twox64Concat, DataIndex, DataOf<T>, OptionQuery>;

    /// What takes the place of that when the agent is transferred to whoever staged it.
    #[pallet::storage]
    pub type StagedEntries<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Twox64Concat,
        DataIndex,
        StagedOf<T>,
        OptionQuery,
    >;

    /// What users may ask of agents.
    #[pallet::storage]
    pub type Usages<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Blake2_128Concat,
        T::AccountId,
        Usage,
        OptionQuery,
    >;

    /// The keys that act for agents.
    #[pallet::storage]
    pub type Sessions<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Twox64Concat,
        SessionId,
        SessionOf<T>,
        OptionQuery,
    >;

    /// The session of each key.
    #[pallet::storage]
    pub type SessionKeys<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Blake2_128Concat,
        T::AccountId,
        SessionId,
        OptionQuery,
    >;

    /// Acts that anybody can bring when they are due.
    #[pallet::storage]
    pub type ScheduledActs<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Twox64Concat,
        ScheduleId,
        ScheduledOf<T>,
        OptionQuery,
    >;

    /// What is kept of all ratings of an agent.
    #[pallet::storage]
    pub type Reputations<T: Config> = StorageMap<_, Twox64Concat, AgentId, Aggregate, OptionQuery>;

    /// What is kept of the ratings under each tag.
    #[pallet::storage]
    pub type TagReputations<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AgentId, Blake2_128Concat, Tag, TagRecord, OptionQuery>;

    /// Ratings that count, and those of agents that are gone.
    #[pallet::storage]
    pub type Feedbacks<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        AgentId,
        Twox64Concat,
        FeedbackId,
        FeedbackOf<T>,
        OptionQuery,
    >;

    /// The ratings that each account gave.
    #[pallet::storage]
    pub type FeedbacksBy<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        (AgentId, FeedbackId),
        (),
        OptionQuery,
    >;
}
