//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`. Indices from 64 on are for validation and for transfers with proofs.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An agent was registered.
        #[codec(index = 0)]
        Registered {
            /// Its number.
            agent: AgentId,
            /// Its owner.
            owner: T::AccountId,
            /// From where it acts and pays.
            account: T::AccountId,
        },
        /// An agent has another registration file.
        #[codec(index = 1)]
        FileSet {
            /// The agent.
            agent: AgentId,
            /// The file.
            file: Option<FileId>,
        },
        /// An agent answers elsewhere.
        #[codec(index = 2)]
        EndpointsSet {
            /// The agent.
            agent: AgentId,
        },
        /// An entry of metadata was set, or removed.
        #[codec(index = 3)]
        MetadataSet {
            /// The agent.
            agent: AgentId,
            /// Its key.
            key: Key,
            /// Its value. None if it was removed.
            value: Option<Value>,
        },
        /// A wallet bound itself.
        #[codec(index = 4)]
        WalletBound {
            /// The agent.
            agent: AgentId,
            /// The wallet.
            wallet: T::AccountId,
            /// The one that was bound before, if another was.
            replaced: Option<T::AccountId>,
        },
        /// No wallet is bound any more.
        #[codec(index = 5)]
        WalletUnbound {
            /// The agent.
            agent: AgentId,
            /// The wallet that was.
            wallet: T::AccountId,
        },
        /// An agent is offered, or not any more.
        #[codec(index = 6)]
        Offered {
            /// The agent.
            agent: AgentId,
            /// To whom.
            to: Option<T::AccountId>,
        },
        /// An agent has another owner. Its sessions, usages, scheduled acts and wallet are gone.
        #[codec(index = 7)]
        Transferred {
            /// The agent.
            agent: AgentId,
            /// Its owner before.
            from: T::AccountId,
            /// Its owner.
            to: T::AccountId,
            /// How often it has changed hands.
            tenure: u32,
        },
        /// An agent is gone, and its number with it.
        #[codec(index = 8)]
        Burned {
            /// The agent.
            agent: AgentId,
            /// Its owner, who got everything.
            owner: T::AccountId,
            /// How much that was, in units.
            returned: Balance,
            /// What is left on the account, in units: at most the existential deposit, if something of other layers keeps the account alive.
            left: Balance,
        },
        /// The owner took money out of the agent's account.
        #[codec(index = 9)]
        Withdrawn {
            /// The agent.
            agent: AgentId,
            /// How much, in units.
            amount: Balance,
        },
        /// An agent committed to data.
        #[codec(index = 10)]
        DataCommitted {
            /// The agent.
            agent: AgentId,
            /// The entry.
            index: DataIndex,
            /// Hash of the encrypted data.
            hash: Hash,
        },
        /// An entry of data is another one, or sealed for others.
        #[codec(index = 11)]
        DataUpdated {
            /// The agent.
            agent: AgentId,
            /// The entry.
            index: DataIndex,
            /// Hash before.
            old: Hash,
            /// Hash of the encrypted data.
            new: Hash,
        },
        /// An entry of data is gone.
        #[codec(index = 12)]
        DataDropped {
            /// The agent.
            agent: AgentId,
            /// The entry.
            index: DataIndex,
        },
        /// Whoever an agent is offered to has committed to its own version of an entry.
        #[codec(index = 13)]
        DataStaged {
            /// The agent.
            agent: AgentId,
            /// The entry.
            index: DataIndex,
            /// Who.
            by: T::AccountId,
            /// Hash of the encrypted data.
            hash: Hash,
        },
        /// What was staged is not any more.
        #[codec(index = 14)]
        DataUnstaged {
            /// The agent.
            agent: AgentId,
            /// The entry.
            index: DataIndex,
            /// Who had staged it.
            by: T::AccountId,
        },
        /// A user may ask the agent for something.
        #[codec(index = 15)]
        UsageAuthorized {
            /// The agent.
            agent: AgentId,
            /// The user.
            user: T::AccountId,
            /// For what.
            scope: UsageScope,
            /// The first tick at which it may not any more.
            expires: Tick,
            /// How often.
            count: u32,
        },
        /// A usage is gone.
        #[codec(index = 16)]
        UsageRevoked {
            /// The agent.
            agent: AgentId,
            /// The user.
            user: T::AccountId,
        },
        /// A user asked for something that it may.
        #[codec(index = 17)]
        UsageExercised {
            /// The agent.
            agent: AgentId,
            /// The user.
            user: T::AccountId,
            /// For what.
            wanted: UsageScope,
            /// Hash of what it asks.
            request: Hash,
            /// How often it still may.
            left: u32,
        },
        /// A key may act for an agent.
        #[codec(index = 18)]
        SessionGranted {
            /// The agent.
            agent: AgentId,
            /// The session's number.
            session: SessionId,
            /// The key.
            key: T::AccountId,
            /// The first tick at which it may not any more.
            expires: Tick,
        },
        /// A key may not act any more.
        #[codec(index = 19)]
        SessionRevoked {
            /// The agent.
            agent: AgentId,
            /// The session.
            session: SessionId,
        },
        /// A session acted.
        #[codec(index = 20)]
        Acted {
            /// The agent.
            agent: AgentId,
            /// The session.
            session: SessionId,
            /// Who brought it: the key itself, or who sent what it signed, or what was due.
            by: T::AccountId,
            /// The nonce of the message, if the key signed one.
            nonce: Option<u64>,
            /// Which call.
            call: CallId,
            /// What counts as spent, in units.
            spent: Balance,
            /// How the call ended. One that failed changed nothing.
            result: DispatchResult,
        },
        /// The owner acted in the agent's name.
        #[codec(index = 21)]
        ActedByOwner {
            /// The agent.
            agent: AgentId,
            /// Which call.
            call: CallId,
            /// How the call ended. One that failed changed nothing.
            result: DispatchResult,
        },
        /// An act will be due.
        #[codec(index = 22)]
        Scheduled {
            /// The agent.
            agent: AgentId,
            /// Its number.
            schedule: ScheduleId,
            /// The session under whose limits it is made.
            session: SessionId,
            /// The first tick at which it can be made.
            due: Tick,
            /// What counts as spent by the session, in units: the deposit, if its key asked for it.
            spent: Balance,
        },
        /// A scheduled act was made. `Acted` says how it ended.
        #[codec(index = 23)]
        Ran {
            /// The agent.
            agent: AgentId,
            /// Its number.
            schedule: ScheduleId,
            /// Who brought it, and got the reward.
            runner: T::AccountId,
            /// How often it will be made again.
            left: u32,
        },
        /// A scheduled act will not be made.
        #[codec(index = 24)]
        Cancelled {
            /// The agent.
            agent: AgentId,
            /// Its number.
            schedule: ScheduleId,
        },
        /// An agent can be rated under another tag.
        #[codec(index = 25)]
        TagAdded {
            /// The agent.
            agent: AgentId,
            /// The tag.
            tag: Tag,
        },
        /// An agent was rated.
        #[codec(index = 26)]
        FeedbackGiven {
            /// The agent.
            agent: AgentId,
            /// Its number.
            feedback: FeedbackId,
            /// By whom.
            giver: T::AccountId,
            /// With what was paid to whom.
            wallet: T::AccountId,
            /// The rating, 0 to 10,000.
            value: u16,
            /// What it consumed, in units.
            weight: Balance,
        },
        /// A rating does not count any more.
        #[codec(index = 27)]
        FeedbackRevoked {
            /// The agent.
            agent: AgentId,
            /// Its number.
            feedback: FeedbackId,
        },
        /// An agent answered to a rating.
        #[codec(index = 28)]
        Responded {
            /// The agent.
            agent: AgentId,
            /// The feedback.
            feedback: FeedbackId,
            /// Hash of the answer.
            hash: Hash,
        },
    }
}
