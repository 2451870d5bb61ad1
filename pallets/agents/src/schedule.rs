//! Acts that anybody can bring when they are due, under the limits of a session.

use crate::{
    acting::Bringer, deposits, AccountOf, Agents, Balance, CallBytesOf, CallOf, Config, Error,
    Event, Pallet, Plan, Scheduled, ScheduledActs, ScheduledOf, Sessions,
};
use codec::Encode;
use frame_support::{ensure, traits::Get, weights::Weight};
use noema_agents_primitives::{AgentId, ScheduleId, SessionId};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_schedule(
        who: &AccountOf<T>,
        agent: AgentId,
        session: SessionId,
        call: &CallOf<T>,
        plan: &Plan,
    ) -> DispatchResult {
        let mut record = Self::owned_or_session(who, agent, session)?;
        let by_owner = Self::is_owner(&record, who);
        ensure!(by_owner || plan.reward == 0, Error::<T>::RewardNotYours);
        ensure!(
            plan.times > 0 && (plan.times == 1 || plan.every > 0),
            Error::<T>::NoTimes
        );
        Self::check(agent, session, call, plan.reward)?;
        let ends = Self::session(agent, session)?.session.ends();
        ensure!(plan.due < ends, Error::<T>::NeverDue);
        let bytes =
            CallBytesOf::<T>::try_from(call.encode()).map_err(|_| Error::<T>::CallTooLong)?;
        // Keys leave half of the places to the owner.
        let most = T::MaxScheduled::get();
        let places = if by_owner { most } else { most.div_ceil(2) };
        ensure!(record.counts.scheduled < places, Error::<T>::TooMany);
        record.counts.scheduled = record.counts.scheduled.saturating_add(1);
        let schedule = record.next_schedule;
        record.next_schedule = schedule.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let mut act = Scheduled {
            session,
            call: bytes,
            due: plan.due,
            every: plan.every,
            times: plan.times,
            reward: plan.reward,
            deposit: 0,
        };
        act.deposit = deposits::scheduled::<T>(&act);
        let spent = if by_owner {
            Self::hold_deposit(who, &record.account, act.deposit)?;
            0
        } else {
            Self::hold_deposit(&record.account, &record.account, act.deposit)?;
            Self::charge(agent, session, act.deposit)?;
            Self::note_use(agent, session)?;
            act.deposit
        };
        let due = act.due;
        ScheduledActs::<T>::insert(agent, schedule, act);
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::Scheduled {
            agent,
            schedule,
            session,
            due,
            spent,
        });
        Ok(())
    }

    /// By the owner and the session's key, and by anybody when there is no such session, or it is over.
    pub(crate) fn do_cancel(
        who: &AccountOf<T>,
        agent: AgentId,
        schedule: ScheduleId,
    ) -> DispatchResult {
        let act = Self::scheduled(agent, schedule)?;
        let session = Sessions::<T>::get(agent, act.session);
        let over = session.is_none_or(|record| record.session.is_over(Self::now()));
        ensure!(
            over || Self::owned_or_session(who, agent, act.session).is_ok(),
            Error::<T>::StillScheduled
        );
        Self::remove_scheduled(agent, schedule, act.deposit)?;
        Self::deposit_event(Event::Cancelled { agent, schedule });
        Ok(())
    }

    /// Returns what the inner call weighed.
    pub(crate) fn do_run(
        who: &AccountOf<T>,
        agent: AgentId,
        schedule: ScheduleId,
        call: CallOf<T>,
    ) -> Result<Weight, DispatchError> {
        let mut act = Self::scheduled(agent, schedule)?;
        // First: leaves are short, and whatever else is brought may be as long as a transaction.
        Self::leaf(&call)?;
        let now = Self::now();
        ensure!(act.due <= now, Error::<T>::NotDue);
        ensure!(
            call.using_encoded(|bytes| bytes == act.call.as_slice()),
            Error::<T>::AnotherCall
        );
        act.times = act.times.checked_sub(1).ok_or(Error::<T>::Inconsistent)?;
        let (left, session, reward) = (act.times, act.session, act.reward);
        if left == 0 {
            Self::remove_scheduled(agent, schedule, act.deposit)?;
        } else {
            // What was missed is not made up for: it is due again so long after it was made.
            act.due = now.saturating_add(act.every);
            ScheduledActs::<T>::insert(agent, schedule, act);
        }
        let record = Self::agent(agent)?;
        let by = Bringer {
            account: who,
            nonce: None,
            reward,
        };
        let weight = Self::act_within_limits(agent, &record, session, call, &by)?;
        Self::deposit_event(Event::Ran {
            agent,
            schedule,
            runner: who.clone(),
            left,
        });
        Ok(weight)
    }

    fn remove_scheduled(agent: AgentId, schedule: ScheduleId, deposit: Balance) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        record.counts.scheduled = record
            .counts
            .scheduled
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        ScheduledActs::<T>::remove(agent, schedule);
        Self::release_deposit(&record.account, deposit)?;
        Agents::<T>::insert(agent, record);
        Ok(())
    }

    fn scheduled(agent: AgentId, schedule: ScheduleId) -> Result<ScheduledOf<T>, DispatchError> {
        ScheduledActs::<T>::get(agent, schedule).ok_or_else(|| Error::<T>::UnknownSchedule.into())
    }
}
