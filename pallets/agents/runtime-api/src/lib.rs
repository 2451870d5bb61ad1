//! What users of agents ask the runtime: who an agent is (ERC-8004, identity), what it has committed to (ERC-7857), what it may, and what others think of it (ERC-8004,
//! reputation). `docs/design/agents.md` says what the answers mean.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use codec::Codec;
use noema_agents_primitives::{AgentId, FeedbackId, Key, Tag, UsageScope, Value};
use pallet_noema_agents::{
    AgentInfo, Balance, DataInfo, FeedbackInfo, Page, ScheduledInfo, SessionInfo, Summary,
    UsageInfo,
};

sp_api::decl_runtime_apis! {
    /// Agents. Lists that grow without limit come in pages of at most 100 entries, for each of which at most 1,000 records are looked at; all others are as long as an agent
    /// may have them. Summaries cost the same however many ratings there are.
    pub trait AgentsApi<AccountId>
    where
        AccountId: Codec,
    {
        /// Owner, account, wallet, registration file, endpoints. None when there is no such agent.
        fn agent(agent: AgentId) -> Option<AgentInfo<AccountId>>;

        /// The agents of an owner.
        fn agents_of(owner: AccountId, after: Option<AgentId>, limit: u32) -> Page<AgentId, AgentId>;

        /// The agent whose account this is.
        fn agent_of_account(account: AccountId) -> Option<AgentId>;

        /// An entry of metadata: `getMetadata`.
        fn metadata(agent: AgentId, key: Key) -> Option<Value>;

        /// All metadata.
        fn all_metadata(agent: AgentId) -> Vec<(Key, Value)>;

        /// The bytes that a wallet signs to bind itself: the payload of `setAgentWallet`.
        fn wallet_payload(agent: AgentId, wallet: AccountId, deadline: u64) -> Option<Vec<u8>>;

        /// What the agent has committed to, with sealed keys: `intelligentDataOf`.
        fn intelligent_data_of(agent: AgentId) -> Vec<DataInfo<AccountId>>;

        /// Who may ask what of it: `authorizedUsersOf`.
        fn authorized_users_of(agent: AgentId) -> Vec<UsageInfo<AccountId>>;

        /// Whether a user may ask for this now.
        fn may_use(agent: AgentId, user: AccountId, wanted: UsageScope) -> bool;

        /// The keys that act for it, with what they have spent.
        fn sessions(agent: AgentId) -> Vec<SessionInfo<AccountId>>;

        /// The acts that anybody can bring when they are due.
        fn scheduled(agent: AgentId) -> Vec<ScheduledInfo>;

        /// Count, weight and mean, of all ratings or those with a tag: `getSummary`. Not of chosen givers, since each has paid.
        fn summary(agent: AgentId, tag: Option<Tag>) -> Option<Summary>;

        /// The tags under which it can be rated.
        fn tags(agent: AgentId) -> Vec<Tag>;

        /// A rating: `readFeedback`.
        fn feedback(agent: AgentId, feedback: FeedbackId) -> Option<FeedbackInfo<AccountId>>;

        /// All ratings of an agent: `readAllFeedback`.
        fn feedbacks(agent: AgentId, after: Option<FeedbackId>, limit: u32) -> Page<FeedbackInfo<AccountId>, FeedbackId>;

        /// All ratings by an account, as agent and number.
        fn feedbacks_by(giver: AccountId, after: Option<(AgentId, FeedbackId)>, limit: u32) -> Page<(AgentId, FeedbackId), (AgentId, FeedbackId)>;

        /// The most that an account can rate an agent with: what it has paid the agent's account, its wallet or a former one, redeemed, and has not consumed. No wallet is
        /// where the agent is paid now.
        fn unconsumed(payer: AccountId, agent: AgentId, wallet: Option<AccountId>) -> Option<Balance>;
    }
}
