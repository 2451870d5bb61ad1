//! What readers ask: bounded, however many agents and ratings there are.
use crate::{
    identity::limit, AccountOf, AgentInfo, AgentOf, Agents, AgentsOf, Balance, ByAccount, Config,
    DataEntries, DataInfo, EndpointsOf, FeedbackInfo, Feedbacks, FeedbacksBy, Metadata, Page,
    Pallet, Reputations, ScheduledActs, ScheduledInfo, SessionInfo, Sessions, StagedEntries,
    Summary, TagReputations, UsageInfo, Usages,
};
use alloc::vec::Vec;
use noema_agents_primitives::{AgentId, FeedbackId, Key, Tag, UsageScope, Value, WalletBinding};
use noema_session::Covers;
use noema_traits::{PaidInteractions, Tick};

/// Entries that one page has at most.
pub const MAX_PAGE: usize = 100;
/// Records that are looked at for one page at most.
pub const MAX_SCAN: u64 = 1_000;

impl<T: Config> Pallet<T> {
    /// An agent. None when there is none.
    pub fn read_agent(agent: AgentId) -> Option<AgentInfo<AccountOf<T>>> {
        let record = Agents::<T>::get(agent)?;
        let endpoints = EndpointsOf::<T>::get(agent).unwrap_or_default().endpoints;
        let now = Self::now();
        let mut former = record.former.into_inner();
        former.retain(|former| Self::can_be_rated_for(former, now));
        Some(AgentInfo {
            owner: record.owner,
            account: record.account,
            wallet: record.wallet,
            former,
            bindings: record.bindings,
            offered: record.offered,
            file: record.file,
            endpoints,
            tenure: record.tenure,
        })
    }

    /// The agents of an owner, after the one where the page before ended.
    pub fn read_agents_of(
        owner: AccountOf<T>,
        after: Option<AgentId>,
        limit: u32,
    ) -> Page<AgentId, AgentId> {
        let limit = page(limit);
        let mut keys = match after {
            Some(after) => {
                let from = AgentsOf::<T>::hashed_key_for(&owner, after);
                AgentsOf::<T>::iter_key_prefix_from(&owner, from)
            }
            None => AgentsOf::<T>::iter_key_prefix(&owner),
        };
        let entries: Vec<AgentId> = keys.by_ref().take(limit).collect();
        let next = keys.next().and(entries.last().copied());
        Page { entries, next }
    }

    /// The agent whose account this is.
    pub fn read_agent_of_account(account: AccountOf<T>) -> Option<AgentId> {
        ByAccount::<T>::get(account)
    }

    /// An entry of metadata.
    pub fn read_metadata(agent: AgentId, key: Key) -> Option<Value> {
        Metadata::<T>::get(agent, key).map(|record| record.value)
    }

    /// All metadata: as many entries as an agent can have.
    pub fn read_all_metadata(agent: AgentId) -> Vec<(Key, Value)> {
        Self::counted(
            agent,
            |record| record.counts.metadata,
            |count| {
                Metadata::<T>::iter_prefix(agent)
                    .take(count)
                    .map(|(key, record)| (key, record.value))
                    .collect()
            },
        )
    }

    /// All data.
    pub fn read_data(agent: AgentId) -> Vec<DataInfo<AccountOf<T>>> {
        Self::counted(
            agent,
            |record| record.counts.data,
            |count| {
                DataEntries::<T>::iter_prefix(agent)
                    .take(count)
                    .map(|(index, data)| DataInfo {
                        index,
                        description: data.description,
                        commitment: data.commitment,
                        version: data.version,
                        staged: StagedEntries::<T>::get(agent, index)
                            .map(|staged| (staged.by, staged.commitment.hash)),
                    })
                    .collect()
            },
        )
    }

    /// All usages.
    pub fn read_usages(agent: AgentId) -> Vec<UsageInfo<AccountOf<T>>> {
        Self::counted(
            agent,
            |record| record.counts.usages,
            |count| {
                Usages::<T>::iter_prefix(agent)
                    .take(count)
                    .map(|(user, usage)| UsageInfo {
                        user,
                        scope: usage.scope,
                        expires: usage.expires,
                        left: usage.left,
                        used: usage.used,
                        request: usage.request,
                    })
                    .collect()
            },
        )
    }

    /// Whether a user may ask for this now.
    pub fn read_may_use(agent: AgentId, user: AccountOf<T>, wanted: UsageScope) -> bool {
        Usages::<T>::get(agent, user).is_some_and(|usage| {
            Self::now() < usage.expires && usage.left > 0 && usage.scope.covers(&wanted)
        })
    }

    /// All sessions.
    pub fn read_sessions(agent: AgentId) -> Vec<SessionInfo<AccountOf<T>>> {
        let now = Self::now();
        Self::counted(
            agent,
            |record| record.counts.sessions,
            |count| {
                Sessions::<T>::iter_prefix(agent)
                    .take(count)
                    .map(|(session, record)| {
                        let grant = record.session.grant();
                        SessionInfo {
                            session,
                            key: grant.key.clone(),
                            calls: grant.scope.calls().to_vec(),
                            limits: grant.limits,
                            allowance: record.allowance,
                            spent: record.session.spent(),
                            left_in_period: record.window.left(&record.allowance, now),
                            nonce: record.nonce,
                            expires: grant.expires,
                        }
                    })
                    .collect()
            },
        )
    }

    /// All scheduled acts.
    pub fn read_scheduled(agent: AgentId) -> Vec<ScheduledInfo> {
        Self::counted(
            agent,
            |record| record.counts.scheduled,
            |count| {
                ScheduledActs::<T>::iter_prefix(agent)
                    .take(count)
                    .map(|(schedule, act)| ScheduledInfo {
                        schedule,
                        session: act.session,
                        call: act.call.into_inner(),
                        due: act.due,
                        times: act.times,
                        reward: act.reward,
                    })
                    .collect()
            },
        )
    }

    /// What the ratings of an agent come to, all or those with a tag. None when there is no such agent or tag.
    pub fn read_summary(agent: AgentId, tag: Option<Tag>) -> Option<Summary> {
        let record = Agents::<T>::get(agent)?;
        let kept = match tag {
            None => Reputations::<T>::get(agent)?,
            Some(tag) => TagReputations::<T>::get(agent, tag)?.aggregate,
        };
        let now = kept.at(Self::moment(&record));
        Some(Summary {
            all: now.all.mean(),
            in_tenure: now.in_tenure.mean(),
            recent: now.recent().mean(),
        })
    }

    /// The tags of an agent.
    pub fn read_tags(agent: AgentId) -> Vec<Tag> {
        Self::counted(
            agent,
            |record| record.counts.tags,
            |count| {
                TagReputations::<T>::iter_key_prefix(agent)
                    .take(count)
                    .collect()
            },
        )
    }

    /// A rating. None if there is none, or it was revoked.
    pub fn read_feedback(
        agent: AgentId,
        feedback: FeedbackId,
    ) -> Option<FeedbackInfo<AccountOf<T>>> {
        let given = Feedbacks::<T>::get(agent, feedback)?;
        Some(FeedbackInfo {
            feedback,
            giver: given.giver,
            rating: given.rating,
            tags: given.tags,
            at: given.at,
            tenure: given.tenure,
            content: given.content,
            response: given.response,
        })
    }

    /// The ratings of an agent in the order in which they were given, after the one where the page before ended.
    pub fn read_feedbacks(
        agent: AgentId,
        after: Option<FeedbackId>,
        limit: u32,
    ) -> Page<FeedbackInfo<AccountOf<T>>, FeedbackId> {
        let limit = page(limit);
        let given = Agents::<T>::get(agent).map_or(0, |record| record.next_feedback);
        let first = after.map_or(0, |after| after.saturating_add(1));
        let end = given.min(first.saturating_add(MAX_SCAN));
        let (mut entries, mut passed) = (Vec::new(), after);
        for number in first..end {
            if entries.len() >= limit {
                break;
            }
            entries.extend(Self::read_feedback(agent, number));
            passed = Some(number);
        }
        let next = passed.filter(|passed| passed.saturating_add(1) < given);
        Page { entries, next }
    }

    /// The ratings that an account gave.
    pub fn read_feedbacks_by(
        giver: AccountOf<T>,
        after: Option<(AgentId, FeedbackId)>,
        limit: u32,
    ) -> Page<(AgentId, FeedbackId), (AgentId, FeedbackId)> {
        let limit = page(limit);
        let mut keys = match after {
            Some(after) => {
                let from = FeedbacksBy::<T>::hashed_key_for(&giver, after);
                FeedbacksBy::<T>::iter_key_prefix_from(&giver, from)
            }
            None => FeedbacksBy::<T>::iter_key_prefix(&giver),
        };
        let entries: Vec<_> = keys.by_ref().take(limit).collect();
        let next = keys.next().and(entries.last().copied());
        Page { entries, next }
    }

    /// What an account has paid to the agent's account, its wallet or a former one, and has not consumed: the most that it can rate the agent with, naming that. None is where
    /// the agent is paid now. None when there is no such agent, or it cannot be rated for what was paid there.
    pub fn read_unconsumed(
        payer: AccountOf<T>,
        agent: AgentId,
        wallet: Option<AccountOf<T>>,
    ) -> Option<Balance> {
        let record = Agents::<T>::get(agent)?;
        let wallet = wallet.unwrap_or_else(|| record.payee().clone());
        Self::tenure_of_payments(&record, &wallet)?;
        Some(T::Paid::unconsumed(&payer, &wallet))
    }

    /// The bytes that a wallet signs to bind itself. None when there is no such agent.
    pub fn read_wallet_payload(
        agent: AgentId,
        wallet: AccountOf<T>,
        deadline: Tick,
    ) -> Option<Vec<u8>> {
        let record = Agents::<T>::get(agent)?;
        let binding = WalletBinding {
            agent,
            owner: record.owner,
            wallet,
            nonce: record.bindings,
            deadline,
        };
        Some(binding.payload(&Self::genesis()))
    }

    /// A list that the agent counts, or nothing when there is no such agent.
    fn counted<Entry>(
        agent: AgentId,
        count: impl FnOnce(&AgentOf<T>) -> u32,
        list: impl FnOnce(usize) -> Vec<Entry>,
    ) -> Vec<Entry> {
        Agents::<T>::get(agent)
            .map(|record| list(limit(count(&record))))
            .unwrap_or_default()
    }
}

/// How many entries a page has when so many are asked for.
fn page(limit: u32) -> usize {
    usize::try_from(limit)
        .unwrap_or(MAX_PAGE)
        .clamp(1, MAX_PAGE)
}
