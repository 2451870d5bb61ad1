//! What must hold after every block. Each function checks one invariant; those of money stand beside.

use crate::{
    AgentOf, Agents, AgentsOf, Aggregate, ByAccount, Config, Counts, DataEntries, EndpointsOf,
    Feedbacks, FeedbacksBy, Metadata, Moment, NextAgent, Pallet, Reputations, ScheduledActs,
    SessionKeys, Sessions, StagedEntries, TagReputations, Usages,
};
use alloc::collections::btree_map::BTreeMap;
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, Rating, ServiceEndpoint, Sum, Tag, MAX_RATING};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_state_agents_are_listed()?;
        Self::try_state_numbers_were_given_out()?;
        Self::try_state_entries_are_counted()?;
        Self::try_state_endpoints_are_valid()?;
        Self::try_state_sessions_are_within_limits()?;
        Self::try_state_usages_are_whole()?;
        Self::try_state_feedbacks_are_listed()?;
        Self::try_state_aggregates_are_sums()?;
        Self::try_state_holds_equal_deposits()
    }

    /// Every agent has one owner, in whose list it is, and one account; nothing else is listed. None owns itself.
    pub(crate) fn try_state_agents_are_listed() -> Result<(), TryRuntimeError> {
        let mut agents = 0_usize;
        for (number, agent) in Agents::<T>::iter() {
            agents = agents.saturating_add(1);
            ensure!(
                AgentsOf::<T>::contains_key(&agent.owner, number)
                    && ByAccount::<T>::get(&agent.account) == Some(number),
                "an agent is missing in a list"
            );
            ensure!(
                Self::account_of(number).as_ref() == Ok(&agent.account),
                "an agent has another one's account"
            );
            ensure!(agent.owner != agent.account, "an agent owns itself");
        }
        ensure!(
            AgentsOf::<T>::iter_keys().count() == agents
                && ByAccount::<T>::iter_keys().count() == agents
                && Reputations::<T>::iter_keys().count() == agents,
            "a list has an agent that is not there, or not so"
        );
        Ok(())
    }

    /// Numbers of agents, sessions, entries of data, scheduled acts and feedbacks were given out before they are used.
    pub(crate) fn try_state_numbers_were_given_out() -> Result<(), TryRuntimeError> {
        let next = NextAgent::<T>::get();
        ensure!(
            Agents::<T>::iter_keys().all(|agent| agent < next)
                && Feedbacks::<T>::iter_keys().all(|(agent, _)| agent < next),
            "an agent has a number that was not given out"
        );
        for (agent, session, _) in Sessions::<T>::iter() {
            let given = Self::known(agent)?.next_session;
            ensure!(
                session < given,
                "a session has a number that was not given out"
            );
        }
        for (agent, index, _) in DataEntries::<T>::iter() {
            let given = Self::known(agent)?.next_data;
            ensure!(index < given, "data have a number that was not given out");
        }
        for (agent, schedule, act) in ScheduledActs::<T>::iter() {
            let record = Self::known(agent)?;
            ensure!(
                schedule < record.next_schedule && act.session < record.next_session,
                "a scheduled act has a number that was not given out"
            );
            ensure!(
                act.times > 0,
                "a scheduled act is kept that will not be made"
            );
        }
        for (agent, feedback, _) in Feedbacks::<T>::iter() {
            let given = Agents::<T>::get(agent).map(|record| record.next_feedback);
            ensure!(
                given.is_none_or(|given| feedback < given),
                "a feedback has a number that was not given out"
            );
        }
        Ok(())
    }

    fn known(agent: AgentId) -> Result<AgentOf<T>, TryRuntimeError> {
        Agents::<T>::get(agent).ok_or_else(|| "an entry is of an agent that is not there".into())
    }

    /// Every agent counts its entries, of each sort no more than it may have.
    pub(crate) fn try_state_entries_are_counted() -> Result<(), TryRuntimeError> {
        let mut found: BTreeMap<AgentId, Counts> = BTreeMap::new();
        let mut count = |agent: AgentId, which: fn(&mut Counts) -> &mut u32| {
            let counter = which(found.entry(agent).or_default());
            *counter = counter.saturating_add(1);
        };
        for (agent, _) in Metadata::<T>::iter_keys() {
            count(agent, |counts| &mut counts.metadata);
        }
        for (agent, _) in DataEntries::<T>::iter_keys() {
            count(agent, |counts| &mut counts.data);
        }
        for (agent, _) in Usages::<T>::iter_keys() {
            count(agent, |counts| &mut counts.usages);
        }
        for (agent, _) in Sessions::<T>::iter_keys() {
            count(agent, |counts| &mut counts.sessions);
        }
        for (agent, _) in ScheduledActs::<T>::iter_keys() {
            count(agent, |counts| &mut counts.scheduled);
        }
        for (agent, _) in TagReputations::<T>::iter_keys() {
            count(agent, |counts| &mut counts.tags);
        }
        for (number, agent) in Agents::<T>::iter() {
            let counted = found.remove(&number).unwrap_or_default();
            ensure!(
                counted == agent.counts,
                "an agent counts other entries than it has"
            );
            ensure!(
                counted.metadata <= T::MaxMetadata::get()
                    && counted.data <= T::MaxData::get()
                    && counted.usages <= T::MaxUsages::get()
                    && counted.sessions <= T::MaxSessions::get()
                    && counted.scheduled <= T::MaxScheduled::get()
                    && counted.tags <= T::MaxTags::get(),
                "an agent has more entries than it may"
            );
        }
        ensure!(
            found.is_empty(),
            "an entry is of an agent that is not there"
        );
        for (agent, index) in StagedEntries::<T>::iter_keys() {
            ensure!(
                DataEntries::<T>::contains_key(agent, index),
                "something is staged for data that are not there"
            );
        }
        Ok(())
    }

    /// Every list of endpoints is of an agent, not empty, and would be accepted.
    pub(crate) fn try_state_endpoints_are_valid() -> Result<(), TryRuntimeError> {
        for (agent, record) in EndpointsOf::<T>::iter() {
            Self::known(agent)?;
            ensure!(
                !record.endpoints.is_empty()
                    && ServiceEndpoint::check_all(&record.endpoints).is_ok(),
                "endpoints are kept that would not be accepted"
            );
        }
        Ok(())
    }

    /// Every session is found by its key, names calls, and has spent no more than it may, in all and in a period.
    pub(crate) fn try_state_sessions_are_within_limits() -> Result<(), TryRuntimeError> {
        let mut sessions = 0_usize;
        for (agent, number, record) in Sessions::<T>::iter() {
            sessions = sessions.saturating_add(1);
            let grant = record.session.grant();
            ensure!(
                SessionKeys::<T>::get(agent, &grant.key) == Some(number),
                "a session is not found by its key"
            );
            ensure!(!grant.scope.is_empty(), "a session may call nothing");
            ensure!(
                record.session.spent() <= grant.limits.total,
                "a session has spent more than it may"
            );
            let in_period = record.window.spent(&record.allowance, Self::now());
            ensure!(
                in_period <= record.allowance.most,
                "a session has spent more in a period than it may"
            );
        }
        ensure!(
            SessionKeys::<T>::iter_keys().count() == sessions,
            "a key has a session that is not there"
        );
        Ok(())
    }

    /// Usages were authorised for at least one time.
    pub(crate) fn try_state_usages_are_whole() -> Result<(), TryRuntimeError> {
        for usage in Usages::<T>::iter_values() {
            ensure!(
                usage.left > 0 || usage.used > 0,
                "a usage is kept that was for no times"
            );
        }
        Ok(())
    }

    /// Every feedback is in the list of its giver, and nothing else is; none weighs less than it must, or rates above the best.
    pub(crate) fn try_state_feedbacks_are_listed() -> Result<(), TryRuntimeError> {
        let mut feedbacks = 0_usize;
        for (agent, number, feedback) in Feedbacks::<T>::iter() {
            feedbacks = feedbacks.saturating_add(1);
            ensure!(
                FeedbacksBy::<T>::contains_key(&feedback.giver, (agent, number)),
                "a feedback is missing in a list"
            );
            ensure!(
                feedback.rating.value <= MAX_RATING && feedback.rating.weight > 0,
                "a feedback is kept that would not be accepted"
            );
        }
        ensure!(
            FeedbacksBy::<T>::iter_keys().count() == feedbacks,
            "a list has a feedback that is not there"
        );
        Ok(())
    }

    /// What is kept of ratings, for each agent and tag, is what the ratings sum up to: in all, in the tenure, and in the recent periods.
    pub(crate) fn try_state_aggregates_are_sums() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<(AgentId, Option<Tag>), Aggregate> = BTreeMap::new();
        for (agent, _, feedback) in Feedbacks::<T>::iter() {
            let Some(record) = Agents::<T>::get(agent) else {
                continue;
            };
            let now = Self::moment(&record);
            let given = Moment {
                period: Self::period_of(feedback.at),
                tenure: feedback.tenure,
            };
            let tags = feedback.tags.iter().cloned().map(Some);
            for tag in tags.chain([None]) {
                let sum = expected
                    .entry((agent, tag))
                    .or_insert_with(|| Aggregate::default().at(now));
                add(sum, feedback.rating, given)?;
            }
        }
        let kept = Reputations::<T>::iter().map(|(agent, kept)| (agent, None, kept));
        let by_tag = TagReputations::<T>::iter()
            .map(|(agent, tag, record)| (agent, Some(tag), record.aggregate));
        for (agent, tag, kept) in kept.chain(by_tag) {
            let now = Self::moment(&Self::known(agent)?);
            let sum = expected
                .remove(&(agent, tag))
                .unwrap_or_else(|| Aggregate::default().at(now));
            ensure!(
                kept.at(now) == sum,
                "what is kept of ratings is not their sum"
            );
        }
        ensure!(
            expected.is_empty(),
            "ratings have a tag that the agent has not"
        );
        Ok(())
    }
}

/// Adds a rating to the sums to which it belongs by when it was given.
fn add(aggregate: &mut Aggregate, rating: Rating, given: Moment) -> Result<(), TryRuntimeError> {
    let more = |sum: &Sum| sum.with(rating).ok_or("ratings do not fit into a sum");
    aggregate.all = more(&aggregate.all)?;
    if given.tenure == aggregate.tenure {
        aggregate.in_tenure = more(&aggregate.in_tenure)?;
    }
    if given.period == aggregate.period {
        aggregate.current = more(&aggregate.current)?;
    } else if given.period.checked_add(1) == Some(aggregate.period) {
        aggregate.previous = more(&aggregate.previous)?;
    }
    Ok(())
}
