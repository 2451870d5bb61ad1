//! Random histories of all calls, right and wrong, on the pallet and on the model.

use super::beside::{file, key, round, Beside, OWNERS, PROVIDERS};
use crate::{mock::*, Call, SlotState};
use noema_models::leases::{self as model, FileSpec};
use noema_traits::Outcome;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeSet;

/// Numbers stand for whatever there is at the time; `said` is by how many more, or fewer, than there are a call says that a deal has replicas.
#[derive(Clone, Debug)]
enum Op {
    Commit {
        owner: usize,
        file: usize,
        replicas: u8,
        rounds: u32,
        max: Max,
    },
    CommitMany {
        owner: usize,
        files: Vec<(usize, u8)>,
        rounds: u32,
        max: Max,
    },
    Renew {
        payer: usize,
        deals: Vec<usize>,
        ahead: u32,
        max: Max,
    },
    TopUp {
        payer: usize,
        deal: usize,
        level: u64,
    },
    Remove {
        deal: usize,
        said: i8,
    },
    Expire {
        deal: usize,
        said: i8,
    },
    Offer {
        deal: usize,
        to: Option<usize>,
    },
    Accept {
        deal: usize,
        by: Option<usize>,
        said: i8,
    },
    Place {
        slot: usize,
        provider: usize,
        steps: u8,
    },
    Fail {
        slot: usize,
    },
    Undelivered {
        slot: usize,
    },
    Resign {
        slot: usize,
        by: Option<usize>,
    },
    HandOver {
        slot: usize,
    },
    Rounds(u8),
    Settle {
        provider: usize,
        outcome: u8,
    },
    Die {
        provider: usize,
    },
    Drop {
        provider: usize,
    },
    Activate {
        provider: usize,
    },
    SetBasePrice(u64),
}

#[derive(Clone, Copy, Debug)]
enum Max {
    Ample,
    Exact,
    OneLess,
}

impl Max {
    fn of(self, price: u128) -> u64 {
        match self {
            Self::Ample => AMPLE,
            Self::Exact => price as u64,
            Self::OneLess => (price as u64).saturating_sub(1),
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    let n = 0..64usize;
    let said = || prop_oneof![8 => Just(0), 1 => 1..=15i8, 1 => -3..=-1i8];
    let max = || prop_oneof![6 => Just(Max::Ample), 2 => Just(Max::Exact), 1 => Just(Max::OneLess)];
    prop_oneof![
        6 => (n.clone(), 0..5usize, 0..=5u8, 5..=14u32, max())
            .prop_map(|(owner, file, replicas, rounds, max)| Op::Commit { owner, file, replicas, rounds, max }),
        2 => (n.clone(), prop::collection::vec((0..5usize, 1..=3u8), 0..=4), 5..=14u32, max())
            .prop_map(|(owner, files, rounds, max)| Op::CommitMany { owner, files, rounds, max }),
        4 => (n.clone(), prop::collection::vec(n.clone(), 0..=3), 0..=30u32, max())
            .prop_map(|(payer, deals, ahead, max)| Op::Renew { payer, deals, ahead, max }),
        2 => (n.clone(), n.clone(), 0..3_000u64).prop_map(|(payer, deal, level)| Op::TopUp { payer, deal, level }),
        2 => (n.clone(), said()).prop_map(|(deal, said)| Op::Remove { deal, said }),
        2 => (n.clone(), said()).prop_map(|(deal, said)| Op::Expire { deal, said }),
        2 => (n.clone(), prop::option::weighted(0.8, n.clone())).prop_map(|(deal, to)| Op::Offer { deal, to }),
        2 => (n.clone(), prop::option::weighted(0.2, n.clone()), said())
            .prop_map(|(deal, by, said)| Op::Accept { deal, by, said }),
        24 => (n.clone(), n.clone(), 1..=4u8)
            .prop_map(|(slot, provider, steps)| Op::Place { slot, provider, steps }),
        2 => n.clone().prop_map(|slot| Op::Fail { slot }),
        1 => n.clone().prop_map(|slot| Op::Undelivered { slot }),
        4 => (n.clone(), prop::option::weighted(0.2, n.clone())).prop_map(|(slot, by)| Op::Resign { slot, by }),
        1 => n.clone().prop_map(|slot| Op::HandOver { slot }),
        10 => (1..=3u8).prop_map(Op::Rounds),
        10 => (n.clone(), 0..9u8).prop_map(|(provider, outcome)| Op::Settle { provider, outcome }),
        1 => n.clone().prop_map(|provider| Op::Die { provider }),
        2 => n.clone().prop_map(|provider| Op::Drop { provider }),
        1 => n.prop_map(|provider| Op::Activate { provider }),
        1 => (0..2_000_000u64).prop_map(Op::SetBasePrice),
    ]
}

/// Owners, and a provider.
fn payer(index: usize) -> u64 {
    [OWNERS[0], OWNERS[1], OWNERS[2], PROVIDERS[0]][index % 4]
}

fn spec(n: usize, replicas: u8) -> FileSpec {
    FileSpec {
        file: n as u64,
        sectors: file(n).1 / 256,
        replicas,
    }
}

impl Beside {
    fn nth_deal(&self, n: usize) -> Option<model::Key> {
        let keys: Vec<_> = self.model.deals().keys().copied().collect();
        keys.get(n.checked_rem(keys.len())?).copied()
    }

    fn nth_slot(
        &self,
        n: usize,
        wanted: impl Fn(&model::Slot) -> bool,
    ) -> Option<(model::Key, u8)> {
        let mut found = Vec::new();
        for (key, deal) in self.model.deals() {
            for (index, slot) in (0u8..).zip(&deal.slots) {
                if !self.model.is_over(*key) && wanted(slot) {
                    found.push((*key, index));
                }
            }
        }
        found.get(n.checked_rem(found.len())?).copied()
    }

    /// The pallet refuses more replicas than there are active providers, of which the model knows nothing.
    fn too_few(&self, replicas: u8) -> bool {
        let active = Registry::all()
            .values()
            .filter(|entry| entry.active)
            .count();
        active < usize::from(replicas)
    }

    fn place(&mut self, deal: model::Key, index: u8, from: usize, steps: u8) {
        for _ in 0..steps {
            if !self.model.deals().contains_key(&deal) {
                return;
            }
            let (file, owner) = key(deal);
            match slot_of(file, owner, index).state {
                SlotState::Drawing { .. } => {
                    let fits = |who: &&u64| {
                        let record = &self.model.deals()[&deal];
                        let slot = &record.slots[usize::from(index)];
                        !record.slots.iter().any(|slot| {
                            slot.state.provider() == Some(**who)
                                || slot.leaving.is_some_and(|old| old.provider == **who)
                        }) && slot.passed_over != Some(**who)
                            && self.model.providers()[*who].active
                    };
                    let order = (0..5).map(|next| &PROVIDERS[(from + next) % 5]);
                    let whom = order.collect::<Vec<_>>().into_iter().find(fits).copied();
                    if !self.draw(deal, index, whom) {
                        return;
                    }
                }
                SlotState::Assigned { .. } => self.ready(deal, index),
                SlotState::Proving { .. } => self.prove(deal, index),
                SlotState::Held { joined: None, .. } => self.mature(deal, index),
                SlotState::Held { .. } => return,
            }
        }
    }

    /// What a call says of how many replicas there are.
    fn witness(&mut self, deal: model::Key, said: i8) -> u8 {
        let there = self.model.deals()[&deal].replicas();
        let replicas = there.saturating_add_signed(said);
        self.note("a call that said too few replicas", replicas < there);
        replicas
    }

    fn commit(&mut self, owner: u64, n: usize, replicas: u8, rounds: u32, max: Max) {
        self.expire_over();
        if self.too_few(replicas) {
            return;
        }
        let spec = spec(n, replicas);
        let price = self
            .model
            .quote(&spec, rounds)
            .map_or(0, |quote| quote.total);
        let max = max.of(price);
        let ((root, size), now) = (file(n), round());
        if let Ok(quote) = Storage::quote(size, replicas, rounds) {
            assert_eq!((quote.round, u128::from(quote.total)), (now, price));
        }
        let of_pallet = dispatch(
            owner,
            Call::commit {
                root,
                size,
                replicas,
                rounds,
                max,
            },
        );
        let of_model = self.model.commit(owner, spec, rounds, max.into());
        let _ = self.same(of_model, of_pallet);
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Commit {
                owner,
                file,
                replicas,
                rounds,
                max,
            } => self.commit(payer(*owner), *file, *replicas, *rounds, *max),
            Op::CommitMany {
                owner,
                files,
                rounds,
                max,
            } => {
                self.expire_over();
                if files.iter().any(|(_, replicas)| self.too_few(*replicas)) {
                    return;
                }
                let owner = payer(*owner);
                let specs: Vec<_> = files
                    .iter()
                    .map(|(n, replicas)| spec(*n, *replicas))
                    .collect();
                let mut trial = self.model.clone();
                let price = trial
                    .commit_many(owner, &specs, *rounds, AMPLE.into())
                    .unwrap_or(0);
                let max = max.of(price);
                let files: Vec<_> = files
                    .iter()
                    .map(|(n, replicas)| (file(*n).0, file(*n).1, *replicas))
                    .collect();
                let of_pallet = dispatch(
                    owner,
                    Call::commit_many {
                        files: files.try_into().unwrap(),
                        rounds: *rounds,
                        max,
                    },
                );
                let of_model = self.model.commit_many(owner, &specs, *rounds, max.into());
                let _ = self.same(of_model, of_pallet);
            }
            Op::Renew {
                payer: who,
                deals,
                ahead,
                max,
            } => {
                let payer = payer(*who);
                let keys: Vec<_> = deals.iter().filter_map(|n| self.nth_deal(*n)).collect();
                let until = (self.model.round() + ahead).saturating_sub(2);
                let price = keys
                    .iter()
                    .map(|key| self.model.quote_renewal(*key, until).unwrap_or(0))
                    .sum();
                let max = max.of(price);
                let leases: Vec<_> = keys.iter().map(|deal| key(*deal)).collect();
                let of_pallet = dispatch(
                    payer,
                    Call::renew {
                        leases: leases.try_into().unwrap(),
                        until,
                        max,
                    },
                );
                let of_model = self.model.renew(payer, &keys, until, max.into());
                if let Ok(paid) = self.same(of_model, of_pallet) {
                    self.note("a lease was renewed", price > 0);
                    self.note("credit paid a renewal", paid < price);
                }
            }
            Op::TopUp {
                payer: who,
                deal,
                level,
            } => {
                let Some(deal) = self.nth_deal(*deal) else {
                    return;
                };
                let (file, owner) = key(deal);
                let payer = payer(*who);
                let level = *level;
                let of_pallet = dispatch(payer, Call::top_up { file, owner, level });
                let of_model = self.model.top_up(payer, deal, level.into());
                let _ = self.same(of_model, of_pallet);
            }
            Op::Remove { deal, said } => {
                let Some(deal) = self.nth_deal(*deal) else {
                    return;
                };
                let (file, owner) = key(deal);
                let replicas = self.witness(deal, *said);
                let of_pallet = dispatch(owner, Call::remove { file, replicas });
                let of_model = self.model.remove(deal.1, deal.0, replicas);
                let _ = self.same(of_model, of_pallet);
            }
            Op::Expire { deal, said } => {
                let Some(deal) = self.nth_deal(*deal) else {
                    return;
                };
                let (file, owner) = key(deal);
                let replicas = self.witness(deal, *said);
                let call = Call::expire {
                    file,
                    owner,
                    replicas,
                };
                let of_pallet = dispatch(PAUPER, call);
                let of_model = self.model.expire(deal, replicas);
                let _ = self.same(of_model, of_pallet);
            }
            Op::Offer { deal, to } => {
                let Some(deal) = self.nth_deal(*deal) else {
                    return;
                };
                let (file, owner) = key(deal);
                let to = to.map(payer);
                let of_pallet = dispatch(owner, Call::offer { file, to });
                let of_model = self.model.offer(deal.1, deal.0, to);
                let _ = self.same(of_model, of_pallet);
            }
            Op::Accept { deal, by, said } => {
                self.expire_over();
                let offers = self.model.deals().iter();
                let offered = offers
                    .filter(|(_, deal)| deal.offered_to.is_some())
                    .map(|(key, _)| *key)
                    .next();
                let Some(deal) = offered.or(self.nth_deal(*deal)) else {
                    return;
                };
                let offered = self.model.deals()[&deal].offered_to;
                let new = by.map(payer).or(offered).unwrap_or(ALICE);
                let (file, owner) = key(deal);
                let replicas = self.witness(deal, *said);
                let max = AMPLE;
                let call = Call::accept {
                    file,
                    owner,
                    replicas,
                    max,
                };
                let of_pallet = dispatch(new, call);
                let of_model = self.model.accept(new, deal, replicas, max.into());
                let accepted = self.same(of_model, of_pallet).is_ok();
                self.note("an owner changed", accepted);
            }
            Op::Place {
                slot,
                provider,
                steps,
            } => {
                let unfinished = |slot: &model::Slot| {
                    !matches!(
                        slot.state,
                        model::SlotState::Held {
                            joined: Some(_),
                            ..
                        }
                    )
                };
                if let Some((deal, index)) = self.nth_slot(*slot, unfinished) {
                    self.place(deal, index, *provider, *steps);
                }
            }
            Op::Fail { slot } => {
                if let Some((deal, index)) = self.nth_slot(*slot, on_the_way) {
                    self.fail(deal, index);
                }
            }
            Op::Undelivered { slot } => {
                let Some((deal, index)) = self.nth_slot(*slot, |slot| {
                    slot.state == model::SlotState::Drawing || on_the_way(slot)
                }) else {
                    return;
                };
                for from in 0..6 {
                    if !self.model.deals().contains_key(&deal) {
                        return;
                    }
                    if on_the_way(&self.model.deals()[&deal].slots[usize::from(index)]) {
                        self.fail(deal, index);
                    } else {
                        self.place(deal, index, from, 1);
                    }
                }
            }
            Op::Resign { slot, by } => self.resign(*slot, *by),
            Op::HandOver { slot } => {
                let Some((deal, index)) = self.nth_slot(*slot, |slot| slot.earner().is_some())
                else {
                    return;
                };
                let (file, owner) = key(deal);
                let who = self.model.deals()[&deal].slots[usize::from(index)]
                    .earner()
                    .map_or(0, |earner| earner.0);
                let call = Call::hand_over {
                    file,
                    owner,
                    slot: index,
                };
                let of_pallet = dispatch(PAUPER, call);
                let of_model = self.model.hand_over(who, deal, index);
                let _ = self.same(of_model, of_pallet);
            }
            Op::Rounds(count) => (0..*count).for_each(|_| self.begin_round()),
            Op::Settle { provider, outcome } => {
                self.expire_over();
                let outcome = match outcome {
                    0..=5 => Outcome::Passed,
                    6..=7 => Outcome::Missed,
                    _ => Outcome::Skipped,
                };
                self.settle(PROVIDERS[provider % 5], outcome);
            }
            Op::Die { provider } => {
                for _ in 0..6 {
                    self.begin_round();
                    self.expire_over();
                    self.settle(PROVIDERS[provider % 5], Outcome::Missed);
                }
            }
            Op::Drop { provider } => {
                self.expire_over();
                let losing = self.model.providers().iter();
                let losing: Vec<_> = losing
                    .filter(|(_, record)| record.dropping.is_some())
                    .map(|(who, _)| *who)
                    .collect();
                let who = losing.first().copied().unwrap_or(PROVIDERS[provider % 5]);
                self.drop_all(who);
            }
            Op::Activate { provider } => {
                let who = PROVIDERS[provider % 5];
                if self.model.activate(who).is_ok() {
                    Registry::set_activity(who, true);
                }
            }
            Op::SetBasePrice(price) => {
                let call = RuntimeCall::from(Call::set_base_price { price: *price });
                let of_pallet =
                    sp_runtime::traits::Dispatchable::dispatch(call, RuntimeOrigin::root());
                let of_model = self.model.set_base_price((*price).into());
                let _ = self.same(of_model, of_pallet);
            }
        }
    }

    fn resign(&mut self, slot: usize, by: Option<usize>) {
        let Some((deal, index)) = self.nth_slot(slot, |slot| {
            slot.state.provider().is_some() || slot.leaving.is_some()
        }) else {
            return;
        };
        let record = self.model.deals()[&deal].slots[usize::from(index)].clone();
        let whose = record
            .leaving
            .map(|old| old.provider)
            .or(record.state.provider())
            .unwrap_or(0);
        let who = by.map_or(whose, |n| PROVIDERS[n % 5]);
        let (file, owner) = key(deal);
        let call = Call::resign {
            file,
            owner,
            slot: index,
        };
        let of_pallet = dispatch(who, call);
        let of_model = self.model.resign(who, deal, index);
        let gone = self.same(of_model, of_pallet).is_ok();
        self.note(
            "a provider went without a replacement",
            gone && record.leaving.is_some(),
        );
        let now = self.model.deals().get(&deal);
        let leaving = now.is_some_and(|deal| deal.slots[usize::from(index)].leaving.is_some());
        self.note("a provider began to leave", gone && leaving);
    }
}

fn on_the_way(slot: &model::Slot) -> bool {
    matches!(
        slot.state,
        model::SlotState::Assigned { .. } | model::SlotState::Proving { .. }
    )
}

fn history(ops: &[Op]) -> BTreeSet<&'static str> {
    let mut met = BTreeSet::new();
    new_test_ext().execute_with(|| {
        let mut beside = Beside::new();
        beside.check();
        for op in ops {
            beside.run(op);
            beside.end_drops();
            System::reset_events();
            let waits = beside.nth_slot(0, |slot| slot.bounty > 0).is_some();
            beside.note("a bounty waits", waits);
            beside.check();
        }
        beside.empty_the_pot();
        met = beside.met;
    });
    met
}

proptest! {
    #![proptest_config(crate::tests::random_calls::config())]

    #[test]
    fn pallet_and_model_agree_on_every_balance(ops in prop::collection::vec(op(), 20..120)) {
        history(&ops);
    }
}

/// The histories are worth something.
#[test]
fn random_histories_meet_everything() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..24 {
        let ops = prop::collection::vec(op(), 110)
            .new_tree(&mut runner)
            .expect("it is a vector")
            .current();
        met.extend(history(&ops));
    }
    let expected = BTreeSet::from([
        "a bounty waits",
        "a call that said too few replicas",
        "a deal lapsed",
        "a drop ended",
        "a lease was over",
        "a lease was renewed",
        "a provider began to leave",
        "a provider was dropped",
        "a provider went without a replacement",
        "a replacement earns",
        "a round was carried",
        "a round was paid",
        "an owner changed",
        "credit paid a renewal",
        "rounds were settled late",
    ]);
    let missing: Vec<_> = expected.difference(&met).collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
}
