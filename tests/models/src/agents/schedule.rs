//! What is to be done later.

use super::{Account, Error, Inner, Model, Plan, Scheduled};

impl Model {
    /// Has something done later.
    pub fn schedule(
        &mut self,
        who: Account,
        agent: u64,
        session: u32,
        call: Inner,
        plan: Plan,
    ) -> Result<(), Error> {
        self.controls(who, agent, session)?;
        let by_owner = self.is_owner(who, &self.agents[&agent]);
        if !by_owner && plan.reward > 0 {
            return Err(Error::RewardNotYours);
        }
        if plan.times == 0 || (plan.times > 1 && plan.every == 0) {
            return Err(Error::NoTimes);
        }
        self.check(agent, session, &call, plan.reward)?;
        let record = &self.agents[&agent];
        if plan.due >= record.sessions[&session].grant.expires {
            return Err(Error::NeverDue);
        }
        let most = self.parameters.max_scheduled;
        let places = if by_owner { most } else { most.div_ceil(2) };
        if record.scheduled.len() >= places {
            return Err(Error::TooMany);
        }
        let act = Scheduled {
            session,
            call,
            plan,
        };
        let deposit = self.scheduled_deposit(&act);
        let account = Self::account(agent);
        self.atomically(|model| {
            if by_owner {
                model.hold(who, account, deposit)?;
            } else {
                model.hold(account, account, deposit)?;
                model.charge(agent, session, deposit)?;
                model.note_use(agent, session);
            }
            let record = model.change(agent);
            record.scheduled.insert(record.next_schedule, act);
            record.next_schedule += 1;
            Ok(())
        })
    }

    /// Owner or key of the session.
    fn controls(&self, who: Account, agent: u64, session: u32) -> Result<(), Error> {
        let record = self.agent(agent)?;
        if self.is_owner(who, record) || self.session_of_key(agent, who) == Some(session) {
            Ok(())
        } else {
            Err(Error::NotYourAgent)
        }
    }

    fn scheduled(&self, agent: u64, schedule: u32) -> Result<Scheduled, Error> {
        let record = self.agents.get(&agent).ok_or(Error::UnknownSchedule)?;
        record
            .scheduled
            .get(&schedule)
            .copied()
            .ok_or(Error::UnknownSchedule)
    }

    /// Has it not done.
    pub fn cancel(&mut self, who: Account, agent: u64, schedule: u32) -> Result<(), Error> {
        let act = self.scheduled(agent, schedule)?;
        let session = self.agents[&agent].sessions.get(&act.session);
        let over = session.is_none_or(|session| session.grant.expires <= self.now);
        if !over && self.controls(who, agent, act.session).is_err() {
            return Err(Error::StillScheduled);
        }
        self.remove_scheduled(agent, schedule, &act);
        Ok(())
    }

    fn remove_scheduled(&mut self, agent: u64, schedule: u32, act: &Scheduled) {
        let deposit = self.scheduled_deposit(act);
        self.change(agent).scheduled.remove(&schedule);
        self.bank.release(Self::account(agent), deposit);
    }

    /// Does it. Whether the call itself succeeded.
    pub fn run(
        &mut self,
        who: Account,
        agent: u64,
        schedule: u32,
        call: &Inner,
    ) -> Result<bool, Error> {
        let act = self.scheduled(agent, schedule)?;
        call.leaf().ok_or(Error::NotALeaf)?;
        if act.plan.due > self.now {
            return Err(Error::NotDue);
        }
        if act.call != *call {
            return Err(Error::AnotherCall);
        }
        self.atomically(|model| {
            if act.plan.times == 1 {
                model.remove_scheduled(agent, schedule, &act);
            } else {
                let mut next = act;
                next.plan.times -= 1;
                next.plan.due = model.now + act.plan.every;
                model.change(agent).scheduled.insert(schedule, next);
            }
            model.act_within_limits(agent, act.session, call, Some((who, act.plan.reward)))
        })
    }
}
