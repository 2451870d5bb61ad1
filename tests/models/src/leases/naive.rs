//! The books as one would write the rules down: each deal has its money, each of its rounds a rent, each of its replicas a tenure; a round is
//! settled by walking through all of them.

use super::{Account, Balance, Books, DealId, Outcome, Replica, Round, Terms};
use std::collections::BTreeMap;

/// A time in which a provider earned for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tenure {
    slot: u8,
    provider: Account,
    first: Round,
    /// `None` while it lasts.
    last: Option<Round>,
    /// Paid with the first round.
    bounty: Balance,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Escrow {
    money: Balance,
    replicas: u8,
    /// The rent of each round, as bought.
    rents: BTreeMap<Round, Balance>,
    tenures: Vec<Tenure>,
    closed: bool,
}

impl Escrow {
    fn write_rents(&mut self, terms: &Terms, now: Round) {
        self.rents.retain(|round, _| *round <= now);
        for round in now + 1..=terms.last() {
            self.rents.insert(round, terms.rent_in(round));
        }
    }

    /// What one tenure earns in one round.
    fn earned(&self, tenure: &Tenure, round: Round) -> Balance {
        let within = tenure.first <= round && tenure.last.is_none_or(|last| round <= last);
        if !within {
            return 0;
        }
        let rent = self.rents.get(&round).copied().unwrap_or(0);
        if round == tenure.first {
            rent + tenure.bounty
        } else {
            rent
        }
    }

    /// What one tenure earns in a span of rounds.
    fn earned_in(&self, tenure: &Tenure, rounds: std::ops::RangeInclusive<Round>) -> Balance {
        rounds.map(|round| self.earned(tenure, round)).sum()
    }

    /// Rents of one replica after `now`.
    fn to_come(&self, now: Round) -> Balance {
        self.rents.range(now + 1..).map(|(_, rent)| rent).sum()
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naive {
    deals: BTreeMap<DealId, Escrow>,
    /// The last round that was settled with each provider.
    settled: BTreeMap<Account, Round>,
    /// Of skipped rounds, by provider and deal.
    carried: BTreeMap<Account, BTreeMap<DealId, Balance>>,
    /// The last round of any deal ever.
    horizon: Round,
}

impl Naive {
    fn settled(&self, provider: Account) -> Round {
        self.settled.get(&provider).copied().unwrap_or(0)
    }

    /// What is owed to a provider, rounds to come included.
    fn owed(&self, provider: Account) -> Balance {
        let from = self.settled(provider) + 1;
        let rents: Balance = self
            .deals
            .values()
            .flat_map(|escrow| escrow.tenures.iter().map(move |tenure| (escrow, tenure)))
            .filter(|(_, tenure)| tenure.provider == provider)
            .map(|(escrow, tenure)| escrow.earned_in(tenure, from..=self.horizon + 1))
            .sum();
        rents + self.carried_of(provider)
    }

    /// Rounds for which nothing is owed need no settling.
    fn begin_anew_if_idle(&mut self, provider: Account, now: Round) {
        if self.owed(provider) == 0 {
            self.settled.insert(provider, now);
        }
    }

    fn carried_of(&self, provider: Account) -> Balance {
        self.carried
            .get(&provider)
            .map_or(0, |deals| deals.values().sum())
    }

    /// What of a deal's money belongs to rounds that have begun and are not settled, and to bounties not paid yet.
    fn bound(&self, deal: DealId, now: Round) -> Balance {
        let Some(escrow) = self.deals.get(&deal) else {
            return 0;
        };
        let rents: Balance = escrow
            .tenures
            .iter()
            .map(|tenure| {
                let unsettled = self.settled(tenure.provider) + 1;
                // A bounty is bound from the joining on, in the round before the one in which it is due.
                let bounty = if tenure.first == now + 1 && tenure.last.is_none() {
                    tenure.bounty
                } else {
                    0
                };
                escrow.earned_in(tenure, unsettled..=now) + bounty
            })
            .sum();
        let carried: Balance = self
            .carried
            .values()
            .filter_map(|deals| deals.get(&deal))
            .sum();
        rents + carried
    }

    /// Forgets what nobody waits for.
    fn forget_closed(&mut self) {
        self.deals
            .retain(|_, escrow| !escrow.closed || escrow.money > 0);
    }
}

impl Books for Naive {
    const EAGER: bool = true;

    fn open(&mut self, deal: DealId, replicas: u8, terms: &Terms, now: Round) {
        let mut escrow = Escrow {
            replicas,
            ..Escrow::default()
        };
        escrow.write_rents(terms, now);
        self.deals.insert(deal, escrow);
        self.horizon = self.horizon.max(terms.last());
    }

    fn pay_in(&mut self, deal: DealId, amount: Balance) {
        self.deals.entry(deal).or_default().money += amount;
    }

    fn join(&mut self, replica: Replica, _terms: &Terms, now: Round, bounty: Balance) {
        let Replica {
            deal,
            slot,
            provider,
        } = replica;
        self.begin_anew_if_idle(provider, now);
        let escrow = self.deals.entry(deal).or_default();
        escrow.money += bounty;
        escrow.tenures.push(Tenure {
            slot,
            provider,
            first: now + 1,
            last: None,
            bounty,
        });
    }

    fn stop(&mut self, replica: Replica, _terms: &Terms, now: Round, bounty: Balance) {
        let escrow = self.deals.entry(replica.deal).or_default();
        escrow.money -= bounty;
        for tenure in &mut escrow.tenures {
            if tenure.slot == replica.slot && tenure.last.is_none() {
                tenure.last = Some(now);
                tenure.bounty -= bounty;
            }
        }
    }

    fn set_terms(
        &mut self,
        deal: DealId,
        earners: &[(u8, Account)],
        _old: &Terms,
        new: &Terms,
        now: Round,
    ) {
        for (_, provider) in earners {
            self.begin_anew_if_idle(*provider, now);
        }
        self.deals.entry(deal).or_default().write_rents(new, now);
        self.horizon = self.horizon.max(new.last());
    }

    fn next(&self, provider: Account) -> Option<Round> {
        (self.owed(provider) > 0).then(|| self.settled(provider) + 1)
    }

    fn settle(&mut self, provider: Account, outcome: Outcome) -> Balance {
        let round = self.settled(provider) + 1;
        self.settled.insert(provider, round);
        let mut due = 0;
        for (id, escrow) in &mut self.deals {
            let earned: Balance = escrow
                .tenures
                .iter()
                .filter(|tenure| tenure.provider == provider)
                .map(|tenure| escrow.earned(tenure, round))
                .sum();
            let carried = self.carried.entry(provider).or_default();
            if outcome == Outcome::Skipped {
                if earned > 0 {
                    *carried.entry(*id).or_default() += earned;
                }
                continue;
            }
            let paid = earned + carried.remove(id).unwrap_or(0);
            escrow.money -= paid;
            due += paid;
            let over = |tenure: &Tenure| {
                tenure.provider == provider && tenure.last.is_some_and(|last| last <= round)
            };
            escrow.tenures.retain(|tenure| !over(tenure));
        }
        self.forget_closed();
        due
    }

    fn credit(&self, deal: DealId, _terms: &Terms, _empty: u8, now: Round) -> Balance {
        let Some(escrow) = self.deals.get(&deal) else {
            return 0;
        };
        escrow.money - self.bound(deal, now) - Balance::from(escrow.replicas) * escrow.to_come(now)
    }

    fn close(&mut self, deal: DealId, now: Round) -> Balance {
        let bound = self.bound(deal, now);
        let Some(escrow) = self.deals.get_mut(&deal) else {
            return 0;
        };
        let refund = escrow.money - bound;
        escrow.money = bound;
        escrow.closed = true;
        self.forget_closed();
        refund
    }

    fn total(&self) -> Balance {
        self.deals.values().map(|escrow| escrow.money).sum()
    }

    fn contradiction(&self, now: Round) -> Option<&'static str> {
        let covered = self.deals.iter().all(|(id, escrow)| {
            let to_come = if escrow.closed {
                0
            } else {
                Balance::from(escrow.replicas) * escrow.to_come(now)
            };
            escrow.money >= self.bound(*id, now) + to_come
        });
        (!covered).then_some("a deal has less than what is owed and to come")
    }
}
