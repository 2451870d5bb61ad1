//! Calls in an agent's name.

use super::{Account, Balance, Error, Inner, Model, SignedAct};

impl Model {
    /// A key acts. Whether the call itself succeeded.
    pub fn act(&mut self, key: Account, agent: u64, call: &Inner) -> Result<bool, Error> {
        self.agent(agent)?;
        let session = self
            .session_of_key(agent, key)
            .ok_or(Error::UnknownSession)?;
        let done = self.act_within_limits(agent, session, call, None)?;
        self.note_use(agent, session);
        Ok(done)
    }

    /// Somebody brings what a key signed.
    pub fn act_signed(&mut self, act: &SignedAct, call: &Inner) -> Result<bool, Error> {
        let record = self.agent(act.agent)?;
        let session = record
            .sessions
            .get(&act.session)
            .ok_or(Error::UnknownSession)?;
        call.leaf().ok_or(Error::NotALeaf)?;
        if act.expires <= self.now {
            return Err(Error::DeadlinePassed);
        }
        if act.nonce != session.nonce {
            return Err(Error::WrongNonce);
        }
        if act.signer != Some(session.grant.key) {
            return Err(Error::BadSignature);
        }
        self.atomically(|model| {
            let sessions = &mut model.change(act.agent).sessions;
            if let Some(session) = sessions.get_mut(&act.session) {
                session.nonce += 1;
                session.used = true;
            }
            model.act_within_limits(act.agent, act.session, call, None)
        })
    }

    /// The owner acts, without limits. Whether the call itself succeeded.
    pub fn act_by_owner(&mut self, who: Account, agent: u64, call: &Inner) -> Result<bool, Error> {
        self.owned(who, agent)?;
        call.leaf().ok_or(Error::NotALeaf)?;
        let account = Self::account(agent);
        Ok(self.atomically(|model| model.make(account, call)).is_ok())
    }

    /// What can be told before anything is done. The most that the call says that it spends, with the reward.
    pub(super) fn check(
        &self,
        agent: u64,
        session: u32,
        call: &Inner,
        reward: Balance,
    ) -> Result<Balance, Error> {
        let (kind, spends) = call.leaf().ok_or(Error::NotALeaf)?;
        let record = self.agents.get(&agent).ok_or(Error::UnknownSession)?;
        let session = record.sessions.get(&session).ok_or(Error::UnknownSession)?;
        let declared = spends + reward;
        if session.grant.expires <= self.now {
            return Err(Error::SessionOver);
        }
        if !session.grant.calls.contains(&kind) {
            return Err(Error::OutOfScope);
        }
        if declared > session.grant.per_use {
            return Err(Error::AbovePerUse);
        }
        Ok(declared)
    }

    /// A call under all limits. Whether it succeeded by itself; an error if a limit forbids it, and then nothing happened.
    pub(super) fn act_within_limits(
        &mut self,
        agent: u64,
        session: u32,
        call: &Inner,
        reward: Option<(Account, Balance)>,
    ) -> Result<bool, Error> {
        let promised = reward.map_or(0, |(_, amount)| amount);
        let declared = self.check(agent, session, call, promised)?;
        let account = Self::account(agent);
        self.atomically(|model| {
            let before = model.bank.money(account).free;
            let done = model.atomically(|model| model.make(account, call)).is_ok();
            if let Some((runner, amount)) = reward.filter(|(_, amount)| *amount > 0) {
                model
                    .bank
                    .pay(account, runner, amount)
                    .map_err(|_| Error::InsufficientFunds)?;
            }
            let lost = before.saturating_sub(model.bank.money(account).free);
            let said = if done { declared } else { promised };
            model.charge(agent, session, said.max(lost))?;
            Ok(done)
        })
    }
}
