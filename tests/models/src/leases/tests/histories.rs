//! Histories: each call made on both sides, and what must be true of it.

use super::{
    ops::{payer, spec, Max, Op, Said},
    pair::{both, Pair, DELEGATOR, OWNERS, PROVIDERS, REPORTER},
};
use crate::leases::{
    Account, Balance, Books, Deal, Error, FileSpec, Key, Outcome, Parameters, SlotState, FUND,
    MILLION, POT, TREASURY,
};

/// What a refused or repeated call leaves as it was.
fn balances(pair: &Pair) -> crate::leases::Bank {
    pair.sums.bank.clone()
}

impl Pair {
    /// What a call says of how many replicas there are.
    fn witness(&mut self, key: Key, said: Said) -> u8 {
        let there = self.sums.deals().get(&key).map_or(0, Deal::replicas);
        let replicas = said.of(there);
        self.note("a call that said too few replicas", replicas < there);
        replicas
    }

    fn key(&self, index: usize) -> Key {
        let live = self.live();
        match live.len() {
            // There is no such deal.
            0 => (99, 99),
            len => live[index % len],
        }
    }

    /// A slot of any deal.
    fn slot(&self, index: usize) -> (Key, u8) {
        let all: Vec<(Key, u8)> = self
            .live()
            .into_iter()
            .flat_map(|key| (0..self.sums.deals()[&key].replicas()).map(move |slot| (key, slot)))
            .collect();
        match all.len() {
            0 => ((99, 99), 0),
            len => all[index % len],
        }
    }

    fn limit(max: Max, price: Result<Balance, Error>) -> Balance {
        match (max, price) {
            (Max::Exact, Ok(price)) => price,
            (Max::OneLess, Ok(price)) => price.saturating_sub(1),
            _ => Balance::MAX / 2,
        }
    }

    /// Makes a payer's call: it costs no more than what it returns and no more than its maximum, and again it costs nothing.
    fn pay(
        &mut self,
        payer: Account,
        max: Balance,
        call: &mut dyn FnMut(&mut Self) -> Result<Balance, Error>,
    ) -> Result<Balance, Error> {
        // A deal that is over may be cleaned up on the way, which is no part of the price.
        self.sums.expire_all();
        let before = balances(self);
        let result = call(self);
        let free = self.sums.bank.money(payer).free;
        match result {
            Ok(paid) => {
                assert_eq!(
                    before.money(payer).free - free,
                    paid,
                    "what is said is paid"
                );
                assert!(paid <= max, "never more than the maximum signed");
                let paid_once = balances(self);
                let _refused_or_free = call(self);
                assert_eq!(paid_once, balances(self), "a retry charges nothing");
            }
            Err(_) => assert_eq!(before, balances(self), "what is refused changes nothing"),
        }
        result
    }

    fn note_paid_in(&mut self, keys: &[Key], before: &[Option<Balance>]) {
        for (key, before) in keys.iter().zip(before) {
            let Some(id) = self.id(*key) else { continue };
            let refund = self.sums.lease(*key).expect("it is there").refund;
            let paid = self.paid_in.entry(id).or_default();
            *paid += refund - before.unwrap_or(0);
        }
    }

    fn refunds(&self, keys: &[Key]) -> Vec<Option<Balance>> {
        keys.iter()
            .map(|key| {
                self.id(*key)
                    .and_then(|_| self.sums.lease(*key).ok())
                    .map(|lease| lease.refund)
            })
            .collect()
    }

    pub(super) fn run(&mut self, op: &Op) {
        if self.sums.parameters.deposit_base == 0 {
            // Whether a refund of dust finds its owner alive depends on what was refunded before it.
            self.sums.expire_all();
        }
        match op {
            Op::Commit {
                owner,
                file,
                replicas,
                rounds,
                max,
            } => {
                let (owner, file) = (payer(*owner), spec(*file, *replicas));
                let limit = Self::limit(
                    *max,
                    self.sums.quote(&file, *rounds).map(|quote| quote.total),
                );
                let new = self.id((file.file, owner)).is_none();
                let paid = self.pay(owner, limit, &mut |pair| {
                    both!(pair, commit(owner, file, *rounds, limit))
                });
                if let (Ok(_), true) = (paid, new) {
                    let quote = self.sums.quote(&file, *rounds).expect("it was bought");
                    let id = self.id((file.file, owner)).expect("it was made");
                    self.paid_in.insert(id, quote.escrow);
                    assert_eq!(paid, Ok(quote.total), "a quote holds to the unit");
                }
            }
            Op::CommitMany {
                owner,
                files,
                rounds,
                max,
            } => {
                let owner = payer(*owner);
                let files: Vec<FileSpec> = files
                    .iter()
                    .map(|(file, replicas)| spec(*file, *replicas))
                    .collect();
                let price = files
                    .iter()
                    .filter(|file| self.id((file.file, owner)).is_none())
                    .map(|file| self.sums.quote(file, *rounds).map(|quote| quote.total))
                    .sum();
                let limit = Self::limit(*max, price);
                let mut keys: Vec<Key> = files.iter().map(|file| (file.file, owner)).collect();
                keys.sort_unstable();
                keys.dedup();
                let before = self.refunds(&keys);
                let paid = self.pay(owner, limit, &mut |pair| {
                    both!(pair, commit_many(owner, &files, *rounds, limit))
                });
                if paid.is_ok() {
                    self.note_paid_in(&keys, &before);
                }
            }
            Op::Renew {
                payer: by,
                deals,
                ahead,
                max,
            } => {
                let (by, until) = (payer(*by), self.sums.round() + ahead);
                let keys: Vec<Key> = deals.iter().map(|index| self.key(*index)).collect();
                let mut once = keys.clone();
                once.sort_unstable();
                once.dedup();
                let price = once
                    .iter()
                    .map(|key| self.sums.quote_renewal(*key, until))
                    .sum();
                let limit = Self::limit(*max, price);
                let before = self.refunds(&once);
                let credits: Balance = once
                    .iter()
                    .filter_map(|key| self.sums.credit(*key).ok())
                    .sum();
                let paid = self.pay(by, limit, &mut |pair| {
                    both!(pair, renew(by, &keys, until, limit))
                });
                if let Ok(paid) = paid {
                    let price = price.expect("it was bought");
                    assert!(
                        paid <= price && price <= limit,
                        "the maximum bounds the price, credit included"
                    );
                    assert!(price - paid <= credits);
                    self.note("a lease was renewed out of credit", price > paid);
                    self.note(
                        "somebody else renewed",
                        paid > 0 && once.iter().any(|key| key.1 != by),
                    );
                    let before: Balance = before.into_iter().flatten().sum();
                    let after: Balance = self.refunds(&once).into_iter().flatten().sum();
                    assert_eq!(after - before, paid, "what is paid can be had back");
                    // Each deal's part: what its refund grew by.
                    self.spread(&once);
                }
            }
            Op::TopUp {
                payer: by,
                deal,
                level,
            } => {
                let (by, key) = (payer(*by), self.key(*deal));
                let paid = self.pay(by, *level, &mut |pair| both!(pair, top_up(by, key, *level)));
                if let (Ok(paid), Some(id)) = (paid, self.id(key)) {
                    *self.paid_in.entry(id).or_default() += paid;
                    assert!(self.sums.credit(key).is_ok_and(|credit| credit >= *level));
                }
            }
            Op::Remove { deal, said } => {
                let key = self.key(*deal);
                let replicas = self.witness(key, *said);
                let before = self.sums.bank.money(key.1);
                let expected = self.sums.lease(key).map(|lease| lease.refund);
                let deposit = self.sums.deals().get(&key).map_or(0, |deal| deal.deposit);
                if both!(self, remove(key.1, key.0, replicas)).is_ok() {
                    let (after, refund) =
                        (self.sums.bank.money(key.1), expected.expect("it was there"));
                    let received =
                        before.free > 0 || refund >= self.sums.parameters.existential_deposit;
                    self.note("an owner's refund was lost", !received && refund > 0);
                    let refund = if received { refund } else { 0 };
                    assert_eq!(after.free, before.free + deposit + refund);
                    assert_eq!(after.held, before.held - deposit);
                    assert!(both!(self, remove(key.1, key.0, replicas)).is_err());
                }
            }
            Op::Offer { deal, to } => {
                let key = self.key(*deal);
                let to = to.map(payer);
                let _ = both!(self, offer(key.1, key.0, to));
            }
            Op::Accept { deal, by, said } => {
                let key = self.key(*deal);
                let replicas = self.witness(key, *said);
                let offered = self.sums.deals().get(&key).and_then(|deal| deal.offered_to);
                let by = by.map(payer).or(offered).unwrap_or(OWNERS[0]);
                let accepted = self.pay(by, Balance::MAX, &mut |pair| {
                    both!(pair, accept(by, key, replicas, Balance::MAX))
                });
                self.note("an owner changed", accepted.is_ok());
            }
            Op::Place {
                slot,
                provider,
                steps,
            } => self.place(*slot, *provider, *steps),
            Op::Mature { slot } => {
                let (key, index) = self.slot(*slot);
                let _ = both!(self, mature(key, index));
            }
            Op::Fail { slot } => {
                let (key, index) = self.slot(*slot);
                let _ = both!(self, fail(key, index));
            }
            Op::Undelivered { slot } => {
                let (key, index) = self.slot(*slot);
                for provider in PROVIDERS.repeat(2) {
                    let _ = both!(self, draw(key, index, provider));
                    let before = self.live().len();
                    let _ = both!(self, fail(key, index));
                    self.note("a lapsed deal", self.live().len() < before);
                }
            }
            Op::Resign { slot, by } => {
                let (key, index) = self.slot(*slot);
                let holder = self.sums.deals().get(&key).and_then(|deal| {
                    let slot = &deal.slots[usize::from(index)];
                    slot.leaving
                        .map(|old| old.provider)
                        .or(slot.state.provider())
                });
                let by = by
                    .map(|by| PROVIDERS[by % PROVIDERS.len()])
                    .or(holder)
                    .unwrap_or(PROVIDERS[0]);
                let left = |pair: &Self| {
                    let deal = pair.sums.deals().get(&key)?;
                    deal.slots[usize::from(index)]
                        .leaving
                        .map(|old| old.provider)
                };
                let before = left(self);
                let _ = both!(self, resign(by, key, index));
                self.note(
                    "a provider went without a replacement",
                    before.is_some() && left(self).is_none(),
                );
            }
            Op::HandOver { slot } => {
                // The first one from this slot on that may be handed over, else this.
                let slots = (0..64).map(|next| self.slot(slot + next));
                let mut slots: Vec<(Key, u8, Account)> = slots
                    .filter_map(|(key, index)| {
                        let deal = self.sums.deals().get(&key)?;
                        let provider = deal.slots[usize::from(index)].state.provider()?;
                        Some((key, index, provider))
                    })
                    .collect();
                let tried = |pair: &Self, (key, index, provider): &(Key, u8, Account)| {
                    pair.sums.clone().hand_over(*provider, *key, *index)
                };
                let may_come = slots
                    .iter()
                    .any(|slot| tried(self, slot) == Err(Error::CoverMayCome));
                if may_come {
                    self.begin_round(0);
                }
                slots.sort_by_key(|slot| tried(self, slot).is_err());
                let Some((key, index, holder)) = slots.first().copied() else {
                    return;
                };
                let began = both!(self, hand_over(holder, key, index)).is_ok();
                self.note("whoever did not cover handed over", began);
            }
            Op::Rounds { count, utilisation } => {
                for _ in 0..*count {
                    self.begin_round(*utilisation);
                }
            }
            Op::Settle { provider, outcome } => {
                let provider = PROVIDERS[provider % PROVIDERS.len()];
                let Some(round) = self.sums.books.next(provider) else {
                    return;
                };
                if self.settle(provider, round, *outcome).is_ok() {
                    let before = balances(self);
                    assert!(
                        both!(self, settle(REPORTER, provider, round, Outcome::Passed)).is_err()
                    );
                    assert_eq!(before, balances(self), "no round is settled twice");
                }
            }
            Op::SettleWrong { provider, ahead } => {
                let provider = PROVIDERS[provider % PROVIDERS.len()];
                let Some(next) = self.sums.books.next(provider) else {
                    return;
                };
                let Some(round) = next.checked_add_signed((*ahead).into()) else {
                    return;
                };
                if round != next {
                    let refused = both!(self, settle(REPORTER, provider, round, Outcome::Passed));
                    let expected = if round < next {
                        Error::AlreadySettled
                    } else {
                        Error::OutOfOrder
                    };
                    assert_eq!(refused, Err(expected), "round {round}, next {next}");
                }
            }
            Op::SettleAll { outcome } => {
                for provider in PROVIDERS {
                    self.settle_all(provider, *outcome);
                }
            }
            Op::Die { provider } => {
                self.settle_all(PROVIDERS[provider % PROVIDERS.len()], Outcome::Missed);
            }
            Op::DropReplicas { provider, limit } => self.drop_some(*provider, *limit),
            Op::Activate { provider } => {
                let _ = both!(self, activate(PROVIDERS[provider % PROVIDERS.len()]));
            }
            Op::Bleed { provider, to } => {
                let provider = PROVIDERS[provider % PROVIDERS.len()];
                let Some(record) = self.sums.providers().get(&provider) else {
                    return;
                };
                let taken = record.bond.saturating_sub(*to);
                for (bank, providers) in [
                    (&mut self.naive.bank, &mut self.naive.providers),
                    (&mut self.sums.bank, &mut self.sums.providers),
                ] {
                    assert!(bank.pay_held(provider, FUND, taken));
                    providers.get_mut(&provider).expect("it is there").bond -= taken;
                }
            }
            Op::BondMore { provider, amount } => {
                let _ = both!(
                    self,
                    bond_more(PROVIDERS[provider % PROVIDERS.len()], *amount)
                );
            }
            Op::Deregister { provider } => {
                // What is over keeps a provider only until somebody cleans it up.
                self.sums.expire_all();
                let provider = PROVIDERS[provider % PROVIDERS.len()];
                if both!(self, deregister(provider)).is_ok() {
                    self.naive.bank.leave(provider, DELEGATOR);
                    self.sums.bank.leave(provider, DELEGATOR);
                }
            }
            Op::Register { provider } => {
                let provider = PROVIDERS[provider % PROVIDERS.len()];
                let bond = self.sums.parameters.min_bond * 3;
                for bank in [&mut self.naive.bank, &mut self.sums.bank] {
                    let _ = bank.pay(DELEGATOR, provider, 2 * bond);
                }
                let _ = both!(self, register(provider, bond, DELEGATOR, bond, 100_000));
            }
            Op::Expire { deal, said } => {
                let keys: Vec<Key> = self.sums.deals().keys().copied().collect();
                if let Some(key) = keys.get(deal % keys.len().max(1)) {
                    let over = self.sums.is_over(*key);
                    let there = self.sums.deals()[key].replicas();
                    let replicas = said.of(there);
                    let expired = self.sums.expire(*key, replicas).is_ok();
                    assert_eq!(expired, over && replicas >= there);
                }
            }
            Op::SetBasePrice { price } => {
                let _ = both!(self, set_base_price(*price));
            }
            Op::Donate { to_pot } => {
                for bank in [&mut self.naive.bank, &mut self.sums.bank] {
                    let _ = bank.pay(DELEGATOR, POT, *to_pot);
                }
            }
            Op::SpendFund => {
                let all = self.sums.bank.spendable(FUND);
                self.spent += all;
                for bank in [&mut self.naive.bank, &mut self.sums.bank] {
                    bank.pay(FUND, DELEGATOR, all).expect("it is there");
                }
            }
            Op::Leave { who } => {
                self.sums.expire_all();
                let who = payer(*who);
                self.naive.bank.leave(who, DELEGATOR);
                self.sums.bank.leave(who, DELEGATOR);
            }
        }
    }

    /// After a renewal: what each deal's refund grew by was paid into it.
    fn spread(&mut self, keys: &[Key]) {
        for key in keys {
            let (Some(id), Ok(lease)) = (self.id(*key), self.sums.lease(*key)) else {
                continue;
            };
            let begun = self.begun_of(id);
            self.paid_in.insert(id, lease.refund + begun);
        }
    }

    fn place(&mut self, slot: usize, provider: usize, steps: u8) {
        let (key, index) = self.slot(slot);
        for _ in 0..steps {
            let Some(state) = self
                .sums
                .deals()
                .get(&key)
                .map(|deal| deal.slots[usize::from(index)].state)
            else {
                return;
            };
            match state {
                SlotState::Drawing => {
                    let drawn = (0..PROVIDERS.len()).any(|next| {
                        let provider = PROVIDERS[(provider + next) % PROVIDERS.len()];
                        both!(self, draw(key, index, provider)).is_ok()
                    });
                    if !drawn {
                        let _ = both!(self, nobody_fits(key, index));
                        return;
                    }
                }
                SlotState::Assigned { provider } => {
                    both!(self, ready(provider, key, index)).expect("its turn");
                }
                SlotState::Proving { provider } => {
                    both!(self, prove(provider, key, index)).expect("its turn");
                }
                SlotState::Held { joined: None, .. } => {
                    let _ = both!(self, mature(key, index));
                }
                SlotState::Held { .. } => return,
            }
        }
    }

    fn drop_some(&mut self, provider: usize, limit: u32) {
        let losing = self
            .sums
            .providers()
            .iter()
            .filter(|(_, record)| record.dropping.is_some());
        let losing: Vec<Account> = losing.map(|(who, _)| *who).collect();
        let who = match losing.len() {
            0 => PROVIDERS[provider % PROVIDERS.len()],
            len => losing[provider % len],
        };
        let _ = self.drop_replicas(who, limit);
    }

    pub(super) fn history(deposit: bool, ops: &[Op], last: Outcome) -> Self {
        let mut parameters = Parameters::SMALL;
        if !deposit {
            // Nothing is held on an owner's account then, which may die with deals.
            parameters.deposit_base = 0;
            parameters.deposit_per_replica = 0;
        }
        assert_eq!(parameters.check(), Ok(()));
        let mut pair = Self::new(parameters);
        let commons = pair.sums.bank.wealth(FUND) + pair.sums.bank.wealth(TREASURY);
        pair.check();
        for (count, op) in ops.iter().enumerate() {
            pair.run(op);
            pair.check();
            pair.check_commons(commons);
            pair.note_state();
            if count % 32 == 31 {
                pair.clone().empty_the_pot(last);
            }
        }
        pair.empty_the_pot(last);
        pair
    }

    /// The fund and the treasury never lose by anything but governance; bounties never exceed their part of slashes.
    fn check_commons(&self, at_first: Balance) {
        let commons = self.sums.bank.wealth(FUND) + self.sums.bank.wealth(TREASURY);
        assert!(
            commons + self.spent >= at_first,
            "fund and treasury only gain"
        );
        // Everybody else together, whoever is in league with whom, has lost at least that part of every slash.
        let lost = commons + self.spent - at_first;
        assert!(
            lost * 10 >= self.own_slashed * 3,
            "lost {lost}, slashed {}",
            self.own_slashed
        );
        let back = self.bounties + self.to_reporters;
        assert!(
            back * Balance::from(MILLION)
                <= self.own_slashed
                    * Balance::from(
                        self.sums.parameters.reporter_share + self.sums.parameters.bounty_share
                    ),
            "what comes back of slashes is less than was taken",
        );
    }
}
