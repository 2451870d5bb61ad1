//! Keys that act, and what they may still spend.

use super::{Account, Balance, Error, Grant, Model, Session};

impl Model {
    /// Lets a key act.
    pub fn grant_session(&mut self, who: Account, agent: u64, grant: Grant) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        if grant.expires <= self.now {
            return Err(Error::GrantExpired);
        }
        if grant.per_use > grant.total {
            return Err(Error::GrantLimits);
        }
        if grant.calls.is_empty() {
            return Err(Error::NoCalls);
        }
        if grant.period == 0 {
            return Err(Error::PeriodInvalid);
        }
        let principals = [
            Some(record.owner),
            Some(Self::account(agent)),
            record.wallet,
        ];
        if principals.contains(&Some(grant.key)) {
            return Err(Error::KeyIsPrincipal);
        }
        if self.session_of_key(agent, grant.key).is_some() {
            return Err(Error::KeyInUse);
        }
        if record.sessions.len() >= self.parameters.max_sessions {
            return Err(Error::TooMany);
        }
        let session = Session {
            grant,
            since: self.now,
            acts: Vec::new(),
            nonce: 0,
            used: false,
        };
        let deposit = self.session_deposit(&session);
        self.hold(who, Self::account(agent), deposit)?;
        let record = self.change(agent);
        record.sessions.insert(record.next_session, session);
        record.next_session += 1;
        Ok(())
    }

    /// Ends a session.
    pub fn revoke_session(&mut self, who: Account, agent: u64, session: u32) -> Result<(), Error> {
        let record = self.agent(agent)?;
        let revoked = record.sessions.get(&session).ok_or(Error::UnknownSession)?;
        let over = revoked.grant.expires <= self.now;
        if !over && who != revoked.grant.key && !self.is_owner(who, record) {
            return Err(Error::NotYourAgent);
        }
        let deposit = self.session_deposit(revoked);
        self.change(agent).sessions.remove(&session);
        self.bank.release(Self::account(agent), deposit);
        Ok(())
    }

    /// The session of a key.
    pub fn session_of_key(&self, agent: u64, key: Account) -> Option<u32> {
        let sessions = &self.agents.get(&agent)?.sessions;
        let found = sessions
            .iter()
            .find(|(_, session)| session.grant.key == key);
        found.map(|(number, _)| *number)
    }

    /// Notes that the key itself acts.
    pub(super) fn note_use(&mut self, agent: u64, session: u32) {
        if let Some(session) = self.change(agent).sessions.get_mut(&session) {
            session.used = true;
        }
    }

    /// Counts what was spent.
    pub(super) fn charge(&mut self, agent: u64, session: u32, spent: Balance) -> Result<(), Error> {
        let now = self.now;
        let record = self
            .change(agent)
            .sessions
            .get_mut(&session)
            .ok_or(Error::UnknownSession)?;
        if spent > record.grant.per_use {
            return Err(Error::AbovePerUse);
        }
        if record.spent_in_period(now) + spent > record.grant.most {
            return Err(Error::AbovePeriod);
        }
        if record.spent() + spent > record.grant.total {
            return Err(Error::AboveTotal);
        }
        record.acts.push((now, spent));
        Ok(())
    }

    /// Ends everything that an owner lets others do.
    pub(super) fn end_tenure(&mut self, agent: u64) {
        let before = self.deposits(agent);
        let record = self.change(agent);
        record.sessions.clear();
        record.scheduled.clear();
        record.usages.clear();
        let after = self.deposits(agent);
        self.bank.release(Self::account(agent), before - after);
    }
}
