//! The books as the pallet keeps them: one account per provider, and dated changes of its rate. Settling a round costs the same however many
//! replicas there are.

use super::{Balance, Books, DealId, Outcome, Replica, Round, Terms};
use std::collections::BTreeMap;

/// What is owed to a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The last round that is settled.
    pub settled: Round,
    /// What all its replicas earned in that round.
    pub rate: Balance,
    /// For all rounds after it, and `carried`.
    pub owed: Balance,
    /// Of rounds that were skipped.
    pub carried: Balance,
}

/// By how much a rate changes with a round. Only one of both is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateChange {
    /// More.
    pub begins: Balance,
    /// Less.
    pub ends: Balance,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// What each deal has that is owed to nobody.
    balances: BTreeMap<DealId, Balance>,
    accounts: BTreeMap<super::Account, Account>,
    changes: BTreeMap<(super::Account, Round), RateChange>,
}

/// In which direction an amount goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    More,
    Less,
}

impl Way {
    fn back(self) -> Self {
        match self {
            Self::More => Self::Less,
            Self::Less => Self::More,
        }
    }
}

impl Sums {
    /// The account of a provider, if anything is owed to it.
    pub fn account(&self, provider: super::Account) -> Option<&Account> {
        self.accounts.get(&provider)
    }

    /// How many changes of rate are written down for a provider.
    pub fn changes_of(&self, provider: super::Account) -> usize {
        self.changes
            .range((provider, 0)..=(provider, Round::MAX))
            .count()
    }

    /// What a deal has that is owed to nobody.
    pub fn balance(&self, deal: DealId) -> Balance {
        self.balances.get(&deal).copied().unwrap_or(0)
    }

    /// What a provider's replicas earn in a round that is not settled yet.
    pub fn rate_in(&self, provider: super::Account, round: Round) -> Balance {
        let Some(account) = self.accounts.get(&provider) else {
            return 0;
        };
        self.changes
            .range((provider, account.settled + 1)..=(provider, round))
            .fold(account.rate, |rate, (_, change)| {
                rate + change.begins - change.ends
            })
    }

    fn change(&mut self, provider: super::Account, round: Round, way: Way, amount: Balance) {
        if amount == 0 {
            return;
        }
        let change = self.changes.entry((provider, round)).or_default();
        match way {
            Way::More => change.begins += amount,
            Way::Less => change.ends += amount,
        }
        let common = change.begins.min(change.ends);
        change.begins -= common;
        change.ends -= common;
        if *change == RateChange::default() {
            self.changes.remove(&(provider, round));
        }
    }

    /// Adds to the rate from `first` to `last`, or takes away from it.
    fn span(
        &mut self,
        provider: super::Account,
        first: Round,
        last: Round,
        way: Way,
        amount: Balance,
    ) {
        self.change(provider, first, way, amount);
        self.change(provider, last + 1, way.back(), amount);
        let account = self.accounts.entry(provider).or_default();
        let sum = amount * Balance::from(last - first + 1);
        match way {
            Way::More => account.owed += sum,
            Way::Less => account.owed -= sum,
        }
    }

    /// Moves what a replica takes after `now` from the deal to its provider, or back.
    fn bind(&mut self, replica: Replica, terms: &Terms, now: Round, way: Way) {
        for (first, last, rent) in terms.after(now) {
            self.span(replica.provider, first, last, way, rent);
        }
        let sum = terms.cost_after(now);
        let balance = self.balances.entry(replica.deal).or_default();
        match way {
            Way::More => *balance -= sum,
            Way::Less => *balance += sum,
        }
    }

    fn open_account(&mut self, provider: super::Account, now: Round) {
        self.accounts.entry(provider).or_insert(Account {
            settled: now,
            ..Account::default()
        });
    }

    /// An account to which nothing is owed goes, and with it the one change that it may have: that of the next round to zero.
    fn close_account_if_empty(&mut self, provider: super::Account) {
        let Some(account) = self.accounts.get(&provider) else {
            return;
        };
        if account.owed == 0 {
            let next = account.settled + 1;
            self.changes.remove(&(provider, next));
            self.accounts.remove(&provider);
        }
    }
}

impl Books for Sums {
    const EAGER: bool = false;

    fn open(&mut self, deal: DealId, _replicas: u8, _terms: &Terms, _now: Round) {
        self.balances.insert(deal, 0);
    }

    fn pay_in(&mut self, deal: DealId, amount: Balance) {
        *self.balances.entry(deal).or_default() += amount;
    }

    fn join(&mut self, replica: Replica, terms: &Terms, now: Round, bounty: Balance) {
        self.open_account(replica.provider, now);
        self.bind(replica, terms, now, Way::More);
        self.span(replica.provider, now + 1, now + 1, Way::More, bounty);
        self.close_account_if_empty(replica.provider);
    }

    fn stop(&mut self, replica: Replica, terms: &Terms, now: Round, bounty: Balance) {
        if !self.accounts.contains_key(&replica.provider) {
            return;
        }
        self.bind(replica, terms, now, Way::Less);
        self.span(replica.provider, now + 1, now + 1, Way::Less, bounty);
        self.close_account_if_empty(replica.provider);
    }

    fn set_terms(
        &mut self,
        deal: DealId,
        earners: &[(u8, super::Account)],
        old: &Terms,
        new: &Terms,
        now: Round,
    ) {
        for (slot, provider) in earners {
            let replica = Replica {
                deal,
                slot: *slot,
                provider: *provider,
            };
            self.open_account(replica.provider, now);
            self.bind(replica, old, now, Way::Less);
            self.bind(replica, new, now, Way::More);
        }
    }

    fn next(&self, provider: super::Account) -> Option<Round> {
        self.accounts
            .get(&provider)
            .map(|account| account.settled + 1)
    }

    fn settle(&mut self, provider: super::Account, outcome: Outcome) -> Balance {
        let Some(account) = self.accounts.get_mut(&provider) else {
            return 0;
        };
        account.settled += 1;
        if let Some(change) = self.changes.remove(&(provider, account.settled)) {
            account.rate = account.rate + change.begins - change.ends;
        }
        if outcome == Outcome::Skipped {
            account.carried += account.rate;
            return 0;
        }
        let due = account.rate + std::mem::take(&mut account.carried);
        account.owed -= due;
        self.close_account_if_empty(provider);
        due
    }

    fn credit(&self, deal: DealId, terms: &Terms, empty: u8, now: Round) -> Balance {
        self.balance(deal) - Balance::from(empty) * terms.cost_after(now)
    }

    fn close(&mut self, deal: DealId, _now: Round) -> Balance {
        self.balances.remove(&deal).unwrap_or(0)
    }

    fn total(&self) -> Balance {
        let deals: Balance = self.balances.values().sum();
        let owed: Balance = self.accounts.values().map(|account| account.owed).sum();
        deals + owed
    }

    fn contradiction(&self, now: Round) -> Option<&'static str> {
        for (provider, account) in &self.accounts {
            if account.owed == 0 {
                return Some("an account to which nothing is owed is kept");
            }
            if account.settled > now {
                return Some("a round is settled that has not begun");
            }
            let mut rate = account.rate;
            let mut from = account.settled + 1;
            let mut owed = account.carried;
            for ((_, round), change) in self.changes.range((*provider, 0)..=(*provider, Round::MAX))
            {
                if *round < from {
                    return Some("a change of rate is kept for a settled round");
                }
                owed += rate * Balance::from(*round - from);
                from = *round;
                rate = match (rate + change.begins).checked_sub(change.ends) {
                    Some(rate) => rate,
                    None => return Some("a rate falls below zero"),
                };
            }
            if rate != 0 {
                return Some("a rate never ends");
            }
            if owed != account.owed {
                return Some("what is owed is not the sum of the rates to come");
            }
        }
        for ((provider, _), change) in &self.changes {
            if !self.accounts.contains_key(provider) {
                return Some("a change of rate has no account");
            }
            if (change.begins == 0) == (change.ends == 0) {
                return Some("a change of rate is not netted");
            }
        }
        None
    }
}
