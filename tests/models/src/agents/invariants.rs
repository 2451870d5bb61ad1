//! What is held for what, and what holds of every state.

use super::{Account, Balance, Data, Model, Scheduled, Session};
use std::collections::BTreeMap;

impl Model {
    pub(super) fn metadata_deposit(&self, length: usize) -> Balance {
        let length = Balance::try_from(length).expect("a few bytes");
        self.parameters.metadata_deposit + length * self.parameters.byte_deposit
    }

    pub(super) fn data_deposit(&self, data: &Data) -> Balance {
        let holders = Balance::try_from(data.holders.len()).expect("a few holders");
        self.parameters.data_deposit + holders * self.parameters.holder_deposit
    }

    pub(super) fn session_deposit(&self, session: &Session) -> Balance {
        let calls = Balance::try_from(session.grant.calls.len()).expect("a few calls");
        self.parameters.session_deposit + calls * self.parameters.call_deposit
    }

    pub(super) fn scheduled_deposit(&self, act: &Scheduled) -> Balance {
        self.parameters.scheduled_deposit + act.call.bytes() * self.parameters.byte_deposit
    }

    /// What is held on the account of an agent for it.
    pub fn deposits(&self, agent: u64) -> Balance {
        let record = &self.agents[&agent];
        let parameters = &self.parameters;
        let count = |entries: usize| Balance::try_from(entries).expect("a few entries");
        parameters.agent_deposit
            + Balance::from(record.endpoints) * parameters.endpoints_deposit
            + count(record.usages.len()) * parameters.usage_deposit
            + count(record.tags.len()) * parameters.tag_deposit
            + record
                .metadata
                .values()
                .map(|length| self.metadata_deposit(*length))
                .chain(record.data.values().map(|data| self.data_deposit(data)))
                .chain(record.sessions.values().map(|s| self.session_deposit(s)))
                .chain(
                    record
                        .scheduled
                        .values()
                        .map(|act| self.scheduled_deposit(act)),
                )
                .sum::<Balance>()
    }

    /// What does not hold, if anything does not.
    pub fn broken(&self) -> Option<&'static str> {
        self.limits_broken().or_else(|| self.holds_broken())
    }

    /// No key has spent more than it may, at once, in a period or in all.
    fn limits_broken(&self) -> Option<&'static str> {
        let sessions = self
            .agents
            .values()
            .flat_map(|agent| agent.sessions.values());
        for session in sessions {
            let within = session.acts.iter().all(|(tick, spent)| {
                *spent <= session.grant.per_use
                    && session.spent_in_period(*tick) <= session.grant.most
            });
            if !within || session.spent() > session.grant.total {
                return Some("a key has spent more than it may");
            }
        }
        None
    }

    /// On each account is held what records say, and what the market has reserved.
    fn holds_broken(&self) -> Option<&'static str> {
        let mut held: BTreeMap<Account, Balance> = self.reserved.clone();
        for (number, agent) in &self.agents {
            *held.entry(Self::account(*number)).or_default() += self.deposits(*number);
            for staged in agent.staged.values() {
                *held.entry(staged.by).or_default() += self.data_deposit(&staged.data);
            }
            if agent.owner == Self::account(*number) {
                return Some("an agent owns itself");
            }
        }
        for given in self.feedbacks.values() {
            *held.entry(given.giver).or_default() += self.parameters.feedback_deposit;
        }
        let wrong = held
            .iter()
            .any(|(who, sum)| self.bank.money(*who).held != *sum);
        wrong.then_some("what is held on an account is not what the records say")
    }
}
