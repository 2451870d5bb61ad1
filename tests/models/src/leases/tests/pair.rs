//! Both books side by side, and a third record beside them that knows nothing of either: who stood where when each round began.

use crate::leases::{
    Account, Balance, Books, DealId, Error, Key, Model, Naive, Outcome, Parameters, Round, Settled,
    SlotState, Sums, FUND, TREASURY,
};
use std::collections::{BTreeMap, BTreeSet};

/// Owners; the last one has nothing.
pub(super) const OWNERS: [Account; 3] = [1, 2, 3];
/// Providers; the first one is an owner, too.
pub(super) const PROVIDERS: [Account; 5] = [11, 12, 13, 14, 15];
/// Has delegated to all of them.
pub(super) const DELEGATOR: Account = 90;
/// Reports misses, has nothing.
pub(super) const REPORTER: Account = 77;
/// More replicas than any deal has: what a call says that is to be charged for any.
pub(super) const ALL: u8 = u8::MAX;
/// What an owner begins with.
pub(super) const WEALTH: Balance = 1_000_000;

/// A call of the model on both sides: the results must be the same.
macro_rules! both {
    ($pair:expr, $call:ident($($argument:expr),*)) => {{
        let of_naive = $pair.naive.$call($($argument),*);
        let of_sums = $pair.sums.$call($($argument),*);
        assert_eq!(of_naive, of_sums, "{} differs", stringify!($call));
        of_sums
    }};
}
pub(super) use both;

/// A chain with some owners and providers.
pub(super) fn chain<B: Books>(parameters: Parameters) -> Model<B> {
    let mut model = Model::<B>::new(parameters);
    for owner in &OWNERS[..2] {
        model.bank.endow(*owner, WEALTH);
    }
    model.bank.endow(DELEGATOR, 10 * WEALTH);
    for (count, provider) in (1u32..).zip(PROVIDERS) {
        model.bank.endow(provider, WEALTH);
        let bond = parameters.min_bond * Balance::from(6 + count);
        // None, a little and much beside the bond; commission from nothing to everything.
        let stake = bond * Balance::from(count - 1) / 2;
        let commission = u64::from(count - 1) * 250_000;
        model
            .register(provider, bond, DELEGATOR, stake, commission)
            .expect("enough is there");
    }
    model
}

/// Both books, and the record.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) naive: Model<Naive>,
    pub(super) sums: Model<Sums>,
    issuance: Balance,
    /// What a round brings a provider if it passes, as it stood when the round began.
    roster: BTreeMap<(Account, Round), Balance>,
    carried: BTreeMap<Account, Balance>,
    /// What was paid into each deal.
    pub(super) paid_in: BTreeMap<DealId, Balance>,
    /// What its begun rounds took.
    begun: BTreeMap<DealId, Balance>,
    /// Taken of providers' own, paid to reporters and as bounties set.
    pub(super) own_slashed: Balance,
    pub(super) to_reporters: Balance,
    pub(super) bounties: Balance,
    /// What the fund or the treasury sent away by the hand of governance.
    pub(super) spent: Balance,
    /// What was met on the way.
    pub(super) met: BTreeSet<&'static str>,
}

impl Pair {
    pub(super) fn new(parameters: Parameters) -> Self {
        let sums = chain::<Sums>(parameters);
        Self {
            naive: chain(parameters),
            issuance: sums.bank.issuance(),
            sums,
            roster: BTreeMap::new(),
            carried: BTreeMap::new(),
            paid_in: BTreeMap::new(),
            begun: BTreeMap::new(),
            own_slashed: 0,
            to_reporters: 0,
            bounties: 0,
            spent: 0,
            met: BTreeSet::new(),
        }
    }

    pub(super) fn note(&mut self, what: &'static str, met: bool) {
        if met {
            self.met.insert(what);
        }
    }

    /// What the present state is an example of.
    pub(super) fn note_state(&mut self) {
        let now = self.sums.round();
        let mut seen = Vec::new();
        for (key, deal) in self.sums.deals() {
            let over = self.sums.is_over(*key);
            seen.push(("a lease was over and not cleaned up", over));
            seen.push((
                "a lease had a next segment",
                deal.terms.next.is_some_and(|next| next.end > now),
            ));
            seen.push((
                "a lease came to its next segment",
                deal.terms.next.is_some() && deal.terms.end < now && !over,
            ));
            seen.push((
                "a deal had credit",
                self.sums.credit(*key).is_ok_and(|credit| credit > 0),
            ));
            for slot in &deal.slots {
                let maturing = matches!(slot.state, SlotState::Held { joined: None, .. });
                seen.push(("a provider was leaving", slot.leaving.is_some()));
                seen.push((
                    "a replacement was proven and not auditable",
                    slot.leaving.is_some() && maturing,
                ));
                seen.push(("a bounty waited", slot.bounty > 0 && !over));
                seen.push((
                    "a bounty waited in a deal that was over",
                    slot.bounty > 0 && over,
                ));
                let taken = slot
                    .earner()
                    .is_some_and(|(_, joined, bounty)| bounty > 0 && joined == now);
                seen.push(("a bounty was taken", taken));
            }
        }
        seen.push((
            "a provider was dropped",
            self.sums
                .providers()
                .values()
                .any(|record| record.dropping.is_some()),
        ));
        seen.push((
            "a round was carried",
            self.carried.values().any(|carried| *carried > 0),
        ));
        for (what, met) in seen {
            self.note(what, met);
        }
    }

    pub(super) fn id(&self, key: Key) -> Option<DealId> {
        self.sums
            .deals()
            .get(&key)
            .filter(|_| !self.sums.is_over(key))
            .map(|deal| deal.id)
    }

    pub(super) fn begun_of(&self, id: DealId) -> Balance {
        self.begun.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn live(&self) -> Vec<Key> {
        self.sums
            .deals()
            .keys()
            .copied()
            .filter(|key| !self.sums.is_over(*key))
            .collect()
    }

    /// The next round, and the record of who stands where.
    pub(super) fn begin_round(&mut self, utilisation: u64) {
        self.naive.begin_round(utilisation);
        self.sums.begin_round(utilisation);
        let round = self.sums.round();
        for key in self.live() {
            let deal = &self.sums.deals()[&key];
            for slot in &deal.slots {
                let Some((provider, joined, bounty)) = slot.earner() else {
                    continue;
                };
                let rent = deal.terms.rent_in(round);
                assert!(joined < round, "whoever stands there joined before");
                let with_bounty = if joined + 1 == round {
                    rent + bounty
                } else {
                    rent
                };
                if with_bounty > 0 {
                    *self.roster.entry((provider, round)).or_default() += with_bounty;
                }
                *self.begun.entry(deal.id).or_default() += rent;
            }
        }
    }

    /// Settles, and holds what is paid against the record.
    pub(super) fn settle(
        &mut self,
        provider: Account,
        round: Round,
        outcome: Outcome,
    ) -> Result<Settled, Error> {
        let record = self.sums.providers().get(&provider);
        let dropping = record.is_some_and(|record| record.dropping.is_some());
        let outcome = if dropping {
            Outcome::Forfeited
        } else {
            outcome
        };
        let settled = both!(self, settle(REPORTER, provider, round, outcome))?;
        let earned = self.roster.remove(&(provider, round)).unwrap_or(0);
        let carried = self.carried.remove(&provider).unwrap_or(0);
        if outcome == Outcome::Skipped {
            assert_eq!(settled.due, 0, "a skipped round pays nothing");
            self.carried.insert(provider, carried + earned);
        } else {
            assert_eq!(
                settled.due,
                earned + carried,
                "exactly the rents of the round, and of those carried"
            );
        }
        match outcome {
            Outcome::Passed => {
                assert!(settled.paid == settled.due || settled.paid == 0);
                self.note("pay could not be received", settled.paid < settled.due);
                self.note(
                    "a skipped round was paid later",
                    carried > 0 && settled.paid > 0,
                );
            }
            Outcome::Missed | Outcome::Skipped | Outcome::Forfeited => assert_eq!(settled.paid, 0),
        }
        self.note(
            "a skipped round was lost later",
            carried > 0 && outcome == Outcome::Missed,
        );
        self.note(
            "pay was forfeited during a drop",
            settled.due > 0 && outcome == Outcome::Forfeited,
        );
        self.note("delegators were slashed", settled.stake_slashed > 0);
        self.note("rounds were settled late", round + 3 < self.sums.round());
        self.own_slashed += settled.own_slashed;
        self.to_reporters += settled.to_reporter;
        let unsettled = self.roster.range((provider, 0)..(provider, round)).next();
        assert_eq!(unsettled, None, "no round before it was passed over");
        Ok(settled)
    }

    /// Takes slots from a dropped provider; with the last one it forfeits what is owed.
    pub(super) fn drop_replicas(&mut self, provider: Account, limit: u32) -> Result<u32, Error> {
        // A bounty that waited in a deal that is over comes back when somebody cleans up; until then the treasury may have to stand in for the
        // fund. Here it is compared to the unit, so that both must have the same.
        self.sums.expire_all();
        let commons = |pair: &Self| pair.sums.bank.wealth(FUND) + pair.sums.bank.wealth(TREASURY);
        let record = self.sums.providers().get(&provider);
        let budget = record
            .and_then(|record| record.dropping)
            .map_or(0, |drop| drop.left);
        let before = commons(self);
        let dropped = both!(self, drop_replicas(provider, limit))?;
        let mut forfeited = 0;
        let left = match self.sums.providers()[&provider].dropping {
            Some(drop) => drop.left,
            None => {
                let now = self.sums.round();
                self.roster.retain(|(who, round), due| {
                    let over = *who == provider && *round <= now;
                    forfeited += if over { *due } else { 0 };
                    !over
                });
                forfeited += self.carried.remove(&provider).unwrap_or(0);
                // The record of the drop is gone; what bounties took is seen in the funds.
                budget - (before + forfeited - commons(self))
            }
        };
        let bounties = budget - left;
        assert_eq!(
            commons(self),
            before + forfeited - bounties,
            "fund and treasury pay the bounties, nobody else"
        );
        self.bounties += bounties;
        self.note("a bounty was set", bounties > 0);
        self.note("a dropped provider forfeited at the end", forfeited > 0);
        Ok(dropped)
    }

    /// Settles what can be settled.
    pub(super) fn settle_all(&mut self, provider: Account, outcome: Outcome) {
        while let Some(round) = self
            .sums
            .books
            .next(provider)
            .filter(|next| *next <= self.sums.round())
        {
            self.settle(provider, round, outcome)
                .expect("it is the next");
        }
    }

    /// Everything that must hold between two calls.
    pub(super) fn check(&self) {
        assert_eq!(self.naive.broken(), None);
        assert_eq!(self.sums.broken(), None);
        assert_eq!(
            self.naive.bank.issuance(),
            self.issuance,
            "nothing is minted or lost"
        );
        assert_eq!(
            self.sums.bank.issuance(),
            self.issuance,
            "nothing is minted or lost"
        );
        self.check_deals();
        if self.sums.deals().keys().any(|key| self.sums.is_over(*key)) {
            let mut cleaned = self.sums.clone();
            cleaned.expire_all();
            self.compare(&cleaned);
        } else {
            self.compare(&self.sums);
        }
    }

    fn compare(&self, sums: &Model<Sums>) {
        assert_eq!(self.naive.bank, sums.bank, "every balance");
        assert_eq!(self.naive.deals(), sums.deals(), "every deal");
        assert_eq!(self.naive.providers(), sums.providers(), "every provider");
        assert_eq!(self.naive.books.total(), sums.books.total());
        for key in sums.deals().keys() {
            assert_eq!(self.naive.credit(*key), sums.credit(*key), "every credit");
        }
        for provider in PROVIDERS {
            assert_eq!(self.naive.books.next(provider), sums.books.next(provider));
        }
    }

    /// What a deal would give back is what was paid in, less the rents of begun rounds; and rates are those of its earners.
    fn check_deals(&self) {
        let now = self.sums.round();
        let mut rates: BTreeMap<Account, Balance> = BTreeMap::new();
        for (key, deal) in self.sums.deals() {
            let lease = self.sums.lease(*key).expect("it is there");
            let paid = self.paid_in.get(&deal.id).copied().unwrap_or(0);
            let begun = self.begun_of(deal.id);
            assert_eq!(
                lease.refund,
                paid - begun,
                "refunds + begun rounds = what was paid in"
            );
            for (provider, joined, bounty) in deal.slots.iter().filter_map(|slot| slot.earner()) {
                let bounty = if joined == now { bounty } else { 0 };
                *rates.entry(provider).or_default() += deal.terms.rent_in(now + 1) + bounty;
            }
        }
        for provider in PROVIDERS {
            let rate = rates.get(&provider).copied().unwrap_or(0);
            assert_eq!(
                self.sums.books.rate_in(provider, now + 1),
                rate,
                "the rate is that of the earners"
            );
        }
    }

    /// The owners end what they have, the providers settle what they are owed: nothing is left in the pot.
    pub(super) fn empty_the_pot(&mut self, outcome: Outcome) {
        let mut calls = self.sums.deals().len();
        for (file, owner) in self.live() {
            both!(self, remove(owner, file, ALL)).expect("owners may always end a deal");
        }
        self.sums.expire_all();
        for provider in PROVIDERS {
            calls += (self.sums.round() + 2) as usize;
            self.settle_all(provider, outcome);
            let _ = self.drop_replicas(provider, 0);
        }
        self.check();
        let carried: Balance = self.carried.values().sum();
        if carried > 0 {
            // Waits for a round that is not skipped, which a provider without replicas passes.
            self.begin_round(0);
            for provider in PROVIDERS {
                self.settle_all(provider, Outcome::Passed);
            }
            self.check();
        }
        assert!(calls < 1_000, "a bounded number of calls");
        assert_eq!(
            self.sums.bank.money(crate::leases::POT).held,
            0,
            "nobody's money is stuck"
        );
        assert!(self.sums.deals().is_empty());
        assert!(
            self.roster.is_empty(),
            "every round that brought something was settled"
        );
    }
}
