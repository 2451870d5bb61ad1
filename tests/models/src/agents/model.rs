//! The state.

use super::{Account, Agent, Balance, Error, Feedback, Parameters, Tick, FIRST_ACCOUNT};
use crate::leases::Bank;
use std::collections::BTreeMap;

/// All agents, and the market in which they act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What the chain decides.
    pub parameters: Parameters,
    /// The present tick.
    pub now: Tick,
    /// All money.
    pub bank: Bank,
    /// Gets the market's cut.
    pub treasury: Account,
    /// Agents by number.
    pub agents: BTreeMap<u64, Agent>,
    /// The number of the next agent.
    pub next_agent: u64,
    /// Ratings by agent and number.
    pub feedbacks: BTreeMap<(u64, u64), Feedback>,
    /// What was paid and not consumed, by payer and payee.
    pub paid: BTreeMap<(Account, Account), Balance>,
    /// What the market has reserved.
    pub reserved: BTreeMap<Account, Balance>,
}

impl Model {
    /// No agents, and nobody has anything.
    pub fn new(parameters: Parameters, treasury: Account) -> Self {
        Self {
            parameters,
            now: 0,
            bank: Bank::new(parameters.existential_deposit, treasury),
            treasury,
            agents: BTreeMap::new(),
            next_agent: 0,
            feedbacks: BTreeMap::new(),
            paid: BTreeMap::new(),
            reserved: BTreeMap::new(),
        }
    }

    /// Does something as a whole or not at all.
    pub(super) fn atomically<R>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut after = self.clone();
        let result = act(&mut after)?;
        *self = after;
        Ok(result)
    }

    /// The account of an agent.
    pub const fn account(agent: u64) -> Account {
        FIRST_ACCOUNT + agent
    }

    /// The agent that there is and whose account this is.
    pub fn agent_of(&self, account: Account) -> Option<u64> {
        let agent = account.checked_sub(FIRST_ACCOUNT)?;
        self.agents.contains_key(&agent).then_some(agent)
    }

    pub(super) fn agent(&self, agent: u64) -> Result<&Agent, Error> {
        self.agents.get(&agent).ok_or(Error::UnknownAgent)
    }

    /// An agent that the caller knows to be there.
    pub(super) fn change(&mut self, agent: u64) -> &mut Agent {
        self.agents.get_mut(&agent).expect("the caller looked")
    }

    /// Whether somebody owns an agent and may say so: no agent may.
    pub(super) fn is_owner(&self, who: Account, record: &Agent) -> bool {
        record.owner == who && self.agent_of(who).is_none()
    }

    pub(super) fn owned(&self, who: Account, agent: u64) -> Result<&Agent, Error> {
        let record = self.agent(agent)?;
        if self.is_owner(who, record) {
            Ok(record)
        } else {
            Err(Error::NotYourAgent)
        }
    }

    pub(super) fn own(&self, who: Account, agent: u64) -> Result<&Agent, Error> {
        let record = self.agent(agent)?;
        if Self::account(agent) == who || self.is_owner(who, record) {
            Ok(record)
        } else {
            Err(Error::NotYourAgent)
        }
    }

    /// Holds a deposit on an account, paid by `who`.
    pub(super) fn hold(
        &mut self,
        who: Account,
        account: Account,
        amount: Balance,
    ) -> Result<(), Error> {
        if who == account {
            self.bank.hold(account, amount)
        } else {
            self.bank.pay_into_hold(who, account, amount)
        }
        .map_err(|_| Error::InsufficientFunds)
    }

    /// What is held becomes `new` instead of `old`.
    pub(super) fn rehold(
        &mut self,
        who: Account,
        account: Account,
        old: Balance,
        new: Balance,
    ) -> Result<(), Error> {
        self.bank.release(account, old.saturating_sub(new));
        self.hold(who, account, new.saturating_sub(old))
    }
}
