//! What holds of every state: the `try_state` of the pallet.

use super::{Account, Balance, Model};
use std::collections::BTreeMap;

impl Model {
    /// What does not hold, if anything does not.
    pub fn broken(&self) -> Option<&'static str> {
        self.caps_broken()
            .or_else(|| self.holds_broken())
            .or_else(|| self.bonds_broken())
    }

    /// No channel has paid more than its cap, no key more than it may, and no purse promises more than it has.
    fn caps_broken(&self) -> Option<&'static str> {
        for channel in self.channels.values() {
            if channel.paid() > channel.cap {
                return Some("a channel has paid more than was reserved for it");
            }
            let overspent = |session: &super::Session| session.spent() > session.grant.total;
            if channel.sessions.values().any(overspent) {
                return Some("a key has spent more than it may");
            }
            if !self.purses.contains_key(&channel.payer) {
                return Some("a channel has no purse");
            }
        }
        let overcommitted = |(who, balance): (&Account, &Balance)| self.reserved(*who) > *balance;
        self.purses
            .iter()
            .any(overcommitted)
            .then_some("channels have reserved more than a purse has")
    }

    /// On each account what is held is its purse and its deposits.
    fn holds_broken(&self) -> Option<&'static str> {
        let mut held: BTreeMap<Account, Balance> = BTreeMap::new();
        for service in self.services.values() {
            *held.entry(service.provider).or_default() += self.parameters.service_deposit;
        }
        for channel in self.channels.values() {
            let sessions: Balance = channel
                .sessions
                .values()
                .map(|session| self.session_deposit(session.lanes))
                .sum();
            *held.entry(channel.payer).or_default() += self.parameters.channel_deposit + sessions;
        }
        for (who, balance) in &self.purses {
            *held.entry(*who).or_default() += balance + self.parameters.purse_deposit;
        }
        for (payer, _) in self.pairs.keys() {
            *held.entry(*payer).or_default() += self.parameters.pair_deposit;
        }
        let wrong = held
            .iter()
            .any(|(who, sum)| self.bank.money(*who).held != *sum);
        wrong.then_some("what is held on an account is not its purse and its deposits")
    }

    fn bonds_broken(&self) -> Option<&'static str> {
        let bonds: Balance = self.providers.values().map(|provider| provider.bond).sum();
        (self.bank.spendable(self.vault) != bonds).then_some("the vault has not exactly the bonds")
    }
}
