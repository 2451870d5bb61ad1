#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::let_underscore_must_use,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod acting;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod config;
mod data;
mod deposits;
mod errors;
mod events;
mod identity;
mod infos;
mod integrity;
mod interfaces;
mod math;
pub mod migrations;
#[cfg(test)]
mod mock;
mod reading;
mod reputation;
mod schedule;
mod sessions;
mod storage;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
#[cfg(any(feature = "try-runtime", test))]
mod try_state_money;
mod types;
mod usages;
mod wallet;
pub mod weights;

pub use infos::{
    AgentInfo, DataInfo, FeedbackInfo, Page, ScheduledInfo, SessionInfo, Summary, UsageInfo,
};
pub use math::{Aggregate, Moment};
pub use pallet::*;
pub use reading::{MAX_PAGE, MAX_SCAN};
pub use types::{
    Agent, AgentOf, Balance, CallBytesOf, CallOf, CommitmentOf, Counts, Data, DataOf,
    EndpointsRecord, Feedback, FeedbackOf, FormerWallet, GrantOf, MetadataRecord, Opinion, Plan,
    Reference, Scheduled, ScheduledOf, SessionOf, SessionRecord, Staged, StagedOf, TagRecord, Tags,
    Usage, MAX_WALLETS,
};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// The accounts of a runtime.
pub(crate) type AccountOf<T> = <T as frame_system::Config>::AccountId;

#[import_section(config::config)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(storage::storage)]
#[frame_support::pallet]
#[allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unreachable,
    reason = "the code that the pallet macros generate; what stands here by hand needs none of them"
)]
pub mod pallet {
    use super::*;
    use crate::{acting::SignedMessage, identity::Removed};
    use alloc::boxed::Box;
    use frame_support::{
        dispatch::{GetDispatchInfo, PostDispatchInfo},
        pallet_prelude::*,
        traits::fungible,
    };
    use frame_system::pallet_prelude::*;
    use noema_agents_primitives::{
        AgentId, CallId, DataIndex, Description, Endpoints, FeedbackId, FileId, Hash, Key,
        ScheduleId, SessionId, Tag, UsageScope, Value,
    };
    use noema_session::Allowance;
    use noema_traits::{CallClassifier, HandOver, PaidInteractions, Tick, Ticks};
    use sp_runtime::traits::{Dispatchable, IdentifyAccount, Verify};

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: agents, their data, users, sessions and reputation.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the held funds are for.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Deposits for what is in state.
        #[codec(index = 0)]
        Deposit,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            integrity::integrity_test::<T>();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    /// Call indices 32 to 55 are for transfers with proofs, validation and the quality market.
    #[pallet::call(weight = T::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Registers an agent of the signer's. Its account gets the existential deposit.
        #[pallet::call_index(0)]
        pub fn register(
            origin: OriginFor<T>,
            file: Option<FileId>,
            endpoints: Endpoints,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(who, file, endpoints)
        }

        /// Names another registration file in storage, or none.
        #[pallet::call_index(1)]
        pub fn set_file(
            origin: OriginFor<T>,
            agent: AgentId,
            file: Option<FileId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_file(&who, agent, file)
        }

        /// Says where the agent answers; all endpoints at once.
        #[pallet::call_index(2)]
        pub fn set_endpoints(
            origin: OriginFor<T>,
            agent: AgentId,
            endpoints: Endpoints,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_endpoints(&who, agent, endpoints)
        }

        /// Sets an entry of metadata, or removes it. By the owner, or the agent's account.
        #[pallet::call_index(3)]
        pub fn set_metadata(
            origin: OriginFor<T>,
            agent: AgentId,
            key: Key,
            value: Option<Value>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_metadata(&who, agent, key, value)
        }

        /// Binds a wallet, by its signature over `WalletBinding`. Replaces one that was bound.
        #[pallet::call_index(4)]
        pub fn bind_wallet(
            origin: OriginFor<T>,
            agent: AgentId,
            wallet: T::AccountId,
            deadline: Tick,
            signature: T::Signature,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bind_wallet(&who, agent, wallet, deadline, &signature)
        }

        /// Ends the binding of the wallet. By the owner, or the wallet.
        #[pallet::call_index(5)]
        pub fn unbind_wallet(origin: OriginFor<T>, agent: AgentId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_unbind_wallet(&who, agent)
        }

        /// Lets an account stage data, so that the agent can be transferred to it; nobody any more, if none.
        #[pallet::call_index(6)]
        pub fn offer(
            origin: OriginFor<T>,
            agent: AgentId,
            to: Option<T::AccountId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_offer(&who, agent, to)
        }

        /// Gives the agent to another owner. Sessions, usages, scheduled acts and the wallet end. Refused as long as there are data for which the receiver has staged
        /// none.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::transfer(T::MaxData::get(), weights::most_ended::<T>()))]
        pub fn transfer(
            origin: OriginFor<T>,
            agent: AgentId,
            to: T::AccountId,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Removed { data, others } = Self::do_transfer(&who, agent, to)?;
            Ok(Some(T::WeightInfo::transfer(data, others)).into())
        }

        /// Ends the agent: everything on its account goes to the owner, but for the existential deposit where another layer keeps the account alive. Its number is never used
        /// again. Refused as long as other layers hold or freeze something of it.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::burn(T::MaxData::get(), weights::most_removed::<T>()))]
        pub fn burn(origin: OriginFor<T>, agent: AgentId) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Removed { data, others } = Self::do_burn(&who, agent)?;
            Ok(Some(T::WeightInfo::burn(data, others)).into())
        }

        /// Takes free money out of the agent's account.
        #[pallet::call_index(9)]
        pub fn withdraw(
            origin: OriginFor<T>,
            agent: AgentId,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw(&who, agent, amount)
        }

        /// Commits to an encrypted file.
        #[pallet::call_index(10)]
        pub fn commit_data(
            origin: OriginFor<T>,
            agent: AgentId,
            description: Description,
            commitment: CommitmentOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit_data(&who, agent, description, commitment)
        }

        /// Replaces a commitment, with all its sealed keys. By the owner, or the agent's account.
        #[pallet::call_index(11)]
        pub fn update_data(
            origin: OriginFor<T>,
            agent: AgentId,
            index: DataIndex,
            commitment: CommitmentOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_update_data(&who, agent, index, commitment)
        }

        /// Removes an entry of data, and what is staged for it.
        #[pallet::call_index(12)]
        pub fn drop_data(origin: OriginFor<T>, agent: AgentId, index: DataIndex) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_drop_data(&who, agent, index)
        }

        /// Commits to what takes the place of an entry of data when the agent is transferred to the signer, to whom it is offered.
        #[pallet::call_index(13)]
        pub fn stage_data(
            origin: OriginFor<T>,
            agent: AgentId,
            index: DataIndex,
            commitment: CommitmentOf<T>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_stage_data(&who, agent, index, commitment)
        }

        /// Takes back what the signer has staged.
        #[pallet::call_index(14)]
        pub fn unstage_data(
            origin: OriginFor<T>,
            agent: AgentId,
            index: DataIndex,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_unstage_data(&who, agent, index)
        }

        /// Lets a user ask for `scope`, `count` times, until `expires`. Replaces what it had.
        #[pallet::call_index(15)]
        pub fn authorize_usage(
            origin: OriginFor<T>,
            agent: AgentId,
            user: T::AccountId,
            scope: UsageScope,
            expires: Tick,
            count: u32,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_authorize_usage(&who, agent, user, scope, expires, count)
        }

        /// Ends a usage. By the owner or the user, and by anybody when it is over.
        #[pallet::call_index(16)]
        pub fn revoke_usage(
            origin: OriginFor<T>,
            agent: AgentId,
            user: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke_usage(&who, agent, user)
        }

        /// Uses up one of the signer's times, for the request with this hash. Who serves the agent answers when it sees that finalised.
        #[pallet::call_index(17)]
        pub fn exercise(
            origin: OriginFor<T>,
            agent: AgentId,
            wanted: UsageScope,
            request: Hash,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_exercise(who, agent, wanted, request)
        }

        /// Lets a key act for the agent, within its scope, its limits and the allowance per period.
        #[pallet::call_index(18)]
        pub fn grant_session(
            origin: OriginFor<T>,
            agent: AgentId,
            grant: GrantOf<T>,
            allowance: Allowance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_grant_session(&who, agent, grant, allowance)
        }

        /// Ends a session, at once. By the owner or its key, and by anybody when it is over.
        #[pallet::call_index(19)]
        pub fn revoke_session(
            origin: OriginFor<T>,
            agent: AgentId,
            session: SessionId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke_session(&who, agent, session)
        }

        /// Makes a call in the agent's name, within the limits of the signer's session.
        #[pallet::call_index(20)]
        #[pallet::weight({
            let info = call.get_dispatch_info();
            (T::WeightInfo::act().saturating_add(info.call_weight), info.class)
        })]
        pub fn act(
            origin: OriginFor<T>,
            agent: AgentId,
            call: Box<CallOf<T>>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let weight = Self::do_act(&who, agent, *call)?;
            Ok(Some(T::WeightInfo::act().saturating_add(weight)).into())
        }

        /// Makes a call in the agent's name that the key of a session signed (`SignedAct`). Anybody may bring it.
        #[pallet::call_index(21)]
        #[pallet::weight({
            let info = call.get_dispatch_info();
            (T::WeightInfo::act_signed().saturating_add(info.call_weight), info.class)
        })]
        pub fn act_signed(
            origin: OriginFor<T>,
            agent: AgentId,
            session: SessionId,
            nonce: u64,
            expires: Tick,
            call: Box<CallOf<T>>,
            signature: T::Signature,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let message = SignedMessage {
                session,
                nonce,
                expires,
            };
            let weight = Self::do_act_signed(&who, agent, &message, *call, &signature)?;
            Ok(Some(T::WeightInfo::act_signed().saturating_add(weight)).into())
        }

        /// Makes a call in the agent's name for its owner: a leaf, without limits.
        #[pallet::call_index(22)]
        #[pallet::weight({
            let info = call.get_dispatch_info();
            (T::WeightInfo::act_by_owner().saturating_add(info.call_weight), info.class)
        })]
        pub fn act_by_owner(
            origin: OriginFor<T>,
            agent: AgentId,
            call: Box<CallOf<T>>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let weight = Self::do_act_by_owner(&who, agent, *call)?;
            Ok(Some(T::WeightInfo::act_by_owner().saturating_add(weight)).into())
        }

        /// Has a call made in the agent's name when it is due, by whoever brings it, under the limits of a session. By the owner, who may promise a reward, or the session's key.
        #[pallet::call_index(23)]
        #[pallet::weight(T::WeightInfo::schedule(T::MaxScheduledCall::get()))]
        pub fn schedule(
            origin: OriginFor<T>,
            agent: AgentId,
            session: SessionId,
            call: Box<CallOf<T>>,
            plan: Plan,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_schedule(&who, agent, session, &call, &plan)
        }

        /// Has a scheduled act not be made. By the owner or the session's key, and by anybody when the session is over.
        #[pallet::call_index(24)]
        pub fn cancel(
            origin: OriginFor<T>,
            agent: AgentId,
            schedule: ScheduleId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel(&who, agent, schedule)
        }

        /// Makes a scheduled act that is due. Anybody may; `call` is the one that was scheduled.
        #[pallet::call_index(25)]
        #[pallet::weight({
            let info = call.get_dispatch_info();
            (T::WeightInfo::run(T::MaxScheduledCall::get()).saturating_add(info.call_weight), info.class)
        })]
        pub fn run(
            origin: OriginFor<T>,
            agent: AgentId,
            schedule: ScheduleId,
            call: Box<CallOf<T>>,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let weight = Self::do_run(&who, agent, schedule, *call)?;
            let most = T::WeightInfo::run(T::MaxScheduledCall::get());
            Ok(Some(most.saturating_add(weight)).into())
        }

        /// Lets the agent be rated under a tag. It stays as long as the agent.
        #[pallet::call_index(26)]
        pub fn add_tag(origin: OriginFor<T>, agent: AgentId, tag: Tag) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_add_tag(&who, agent, tag)
        }

        /// Rates an agent. Consumes `amount` of what the signer has paid `wallet`, redeemed; so much the rating weighs. None is where the agent is paid now; its account, and
        /// wallets whose bindings ended less than two periods of ratings ago, can be named, too.
        #[pallet::call_index(27)]
        pub fn feedback(
            origin: OriginFor<T>,
            agent: AgentId,
            #[pallet::compact] amount: Balance,
            opinion: Opinion,
            wallet: Option<T::AccountId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_feedback(who, agent, amount, opinion, wallet)
        }

        /// Takes a rating of the signer's back. What it consumed stays consumed.
        #[pallet::call_index(28)]
        pub fn revoke_feedback(
            origin: OriginFor<T>,
            agent: AgentId,
            feedback: FeedbackId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke_feedback(&who, agent, feedback)
        }

        /// Answers to a rating; replaces an earlier answer. By the owner, or the agent's account.
        #[pallet::call_index(29)]
        pub fn respond(
            origin: OriginFor<T>,
            agent: AgentId,
            feedback: FeedbackId,
            response: Reference,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_respond(&who, agent, feedback, response)
        }
    }
}
