//! The state machine of a slot once more, written as a model that is as simple as it can be and
//! shares no logic with the pallet; and both side by side through random calls and blocks.
//!
//! The model foretells the result of every call, error for error, and the state of every slot after
//! every block. What it does not foretell is whom a draw hits: it takes that from the pallet and
//! checks that it was allowed.

use super::random_calls::{
    add_providers, any_step, config, remove_everything, At, Brings, Op, CAPACITIES,
};
use crate::{mock::*, CommitmentCount, Commitments, Deals, Error, SlotState};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type State = SlotState<u64, u64, u32>;
type Outcome = Result<(), Error<Test>>;

// The parameters of the mock, in numbers.
const DRAW_DELAY: u32 = 2;
const REDRAW_DELAY: u32 = 10;
const PROOF_DRAW_DELAY: u32 = 2;
const SEED_GAP: u32 = 4;
const PROVE_WINDOW: u32 = 10;
/// Every file of the model is smaller than a MiB.
const READY_WINDOW: u32 = 20 + 1;
const MATURING_DELAY: u32 = 100_000;
const MAX_FAILURES: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
struct ModelSlot {
    state: State,
    due: Option<u32>,
    passed_over: Option<u64>,
    failures: u8,
}

#[derive(Default)]
struct Model {
    now: u32,
    seeds: BTreeSet<u32>,
    inactive: BTreeSet<u64>,
    /// By index of the file and owner.
    deals: BTreeMap<(usize, u64), Vec<ModelSlot>>,
    /// Those that somebody held once.
    ever_held: BTreeSet<(usize, u64)>,
}

impl Model {
    fn seed_from(&self, block: u32) -> bool {
        self.seeds.range(block..=block + SEED_GAP).next().is_some()
    }

    fn provider_of_operator(&self, account: u64) -> Option<u64> {
        (0..CAPACITIES.len() as u64)
            .map(provider)
            .find(|who| operator_of(*who) == account)
    }

    fn commit(&mut self, at: &At, replicas: u8) -> Outcome {
        let key = (at.file, at.owner());
        if let Some(slots) = self.deals.get(&key) {
            return match slots.len() == usize::from(replicas) {
                true => Ok(()),
                false => Err(Error::ReplicasDiffer),
            };
        }
        if replicas == 0 {
            return Err(Error::NoReplicas);
        }
        if CAPACITIES.len() - self.inactive.len() < usize::from(replicas) {
            return Err(Error::NotEnoughProviders);
        }
        if at.owner() == PAUPER {
            return Err(Error::InsufficientDeposit);
        }
        let draw_at = self.now + DRAW_DELAY;
        let slot = ModelSlot {
            state: State::Drawing { draw_at, vain: 0 },
            due: Some(draw_at),
            passed_over: None,
            failures: 0,
        };
        self.ever_held.remove(&key);
        self.deals.insert(key, vec![slot; usize::from(replicas)]);
        Ok(())
    }

    fn slot(&mut self, at: &At) -> Result<&mut ModelSlot, Error<Test>> {
        let slots = self
            .deals
            .get_mut(&(at.file, at.owner()))
            .ok_or(Error::UnknownDeal)?;
        slots
            .get_mut(usize::from(at.slot))
            .ok_or(Error::UnknownSlot)
    }

    fn ready(&mut self, at: &At, who: u64) -> Outcome {
        let me = self.provider_of_operator(who).ok_or(Error::NotAnOperator)?;
        let now = self.now;
        let slot = self.slot(at)?;
        match slot.state {
            State::Assigned { provider, ready_by } if provider == me => {
                assert!(
                    u64::from(now) <= ready_by,
                    "a deadline passed and nothing happened"
                );
                *slot = proving(me, now, slot.failures);
                Ok(())
            }
            State::Proving { provider, .. } | State::Held { provider, .. } if provider == me => {
                Err(Error::NotAwaitingReady)
            }
            _ => Err(Error::NotAssignedToYou),
        }
    }

    fn prove(&mut self, at: &At, who: u64, brings: Brings) -> Outcome {
        let me = self.provider_of_operator(who).ok_or(Error::NotAnOperator)?;
        let now = self.now;
        let state = self.slot(at)?.state.clone();
        match state {
            State::Proving {
                provider,
                draw_at,
                prove_by,
            } if provider == me => {
                assert!(
                    u64::from(now) <= prove_by,
                    "a deadline passed and nothing happened"
                );
                if brings == Brings::TooFew {
                    return Err(Error::WrongProofCount);
                }
                if !self.seed_from(draw_at) {
                    return Err(match now <= draw_at + SEED_GAP {
                        true => Error::SeedNotDrawn,
                        false => Error::SeedForgotten,
                    });
                }
                if brings != Brings::Valid {
                    return Err(Error::WrongProof);
                }
                let state = State::Held {
                    provider,
                    since: now,
                    joined: None,
                    bounty: 0,
                };
                self.ever_held.insert((at.file, at.owner()));
                *self.slot(at)? = ModelSlot {
                    state,
                    due: Some(now + MATURING_DELAY),
                    passed_over: None,
                    failures: 0,
                };
                Ok(())
            }
            State::Assigned { provider, .. } | State::Held { provider, .. } if provider == me => {
                Err(Error::NotAwaitingProof)
            }
            _ => Err(Error::NotAssignedToYou),
        }
    }

    fn remove(&mut self, at: &At, replicas: u8) -> Outcome {
        let key = (at.file, at.owner());
        let slots = self.deals.get(&key).ok_or(Error::UnknownDeal)?;
        if slots.len() > usize::from(replicas) {
            return Err(Error::WitnessTooLow);
        }
        self.deals.remove(&key);
        Ok(())
    }

    fn resign(&mut self, at: &At, who: u64) -> Outcome {
        let operates = self.provider_of_operator(who);
        let now = self.now;
        let slot = self.slot(at)?;
        match slot.state.provider().copied() {
            Some(me) if who == me || operates == Some(me) => {
                *slot = dropped(me, now, slot.failures);
                Ok(())
            }
            _ => Err(Error::NotAssignedToYou),
        }
    }

    /// A deal that nobody ever held ends when a slot failed too often.
    fn lapse(&mut self, key: (usize, u64)) {
        let lapses = self
            .deals
            .get(&key)
            .is_some_and(|slots| slots.iter().any(|slot| slot.failures >= MAX_FAILURES));
        if lapses && !self.ever_held.contains(&key) {
            self.deals.remove(&key);
        }
    }

    /// What must come of `op`, and the model's own change of state.
    fn expect(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Commit { at, replicas } => self.commit(at, *replicas),
            Op::Ready { at, by } => self.ready(at, by.account(at)),
            Op::Prove { at, by, brings } => self.prove(at, by.account(at), *brings),
            Op::Remove { at, replicas } => self.remove(at, *replicas),
            Op::Resign { at, by } => self.resign(at, by.account(at)),
            Op::Blocks(_) => Ok(()),
            Op::SetActivity {
                provider: n,
                active,
            } => {
                match active {
                    true => self.inactive.remove(&provider(*n as u64)),
                    false => self.inactive.insert(provider(*n as u64)),
                };
                Ok(())
            }
        }
    }

    /// The block after this one. The pallet has been through it already.
    fn next_block(&mut self, with_seed: bool) {
        self.now += 1;
        if with_seed {
            self.seeds.insert(self.now);
        }
        let now = self.now;
        let keys: Vec<_> = self.deals.keys().copied().collect();
        for (file, owner) in keys {
            let slots = self.deals[&(file, owner)].clone();
            for (index, slot) in slots.iter().enumerate() {
                if slot.due != Some(now) {
                    continue;
                }
                let id = super::random_calls::files()[file].id();
                // Gone, if another slot of it failed once too often in this very block.
                let actual = || Deals::<Test>::get(id, owner)?.slot(index as u8).cloned();
                let next = self.run(slot, || actual().map(|slot| slot.state));
                self.deals.get_mut(&(file, owner)).unwrap()[index] = next;
            }
            self.lapse((file, owner));
        }
    }

    /// What becomes of a slot whose task is due now.
    fn run(&self, slot: &ModelSlot, actual: impl FnOnce() -> Option<State>) -> ModelSlot {
        let now = self.now;
        match slot.state {
            State::Drawing { draw_at, vain } if self.seed_from(draw_at) => match actual() {
                Some(State::Assigned { provider, .. }) => {
                    assert!(
                        !self.inactive.contains(&provider),
                        "an inactive provider was drawn"
                    );
                    assert_ne!(slot.passed_over, Some(provider), "not passed over");
                    let ready_by = now + READY_WINDOW;
                    let state = State::Assigned {
                        provider,
                        ready_by: ready_by.into(),
                    };
                    ModelSlot {
                        state,
                        due: Some(ready_by + 1),
                        passed_over: None,
                        failures: slot.failures,
                    }
                }
                _ => {
                    let draw_at = now + (REDRAW_DELAY << vain);
                    let vain = vain + 1;
                    let state = State::Drawing { draw_at, vain };
                    ModelSlot {
                        state,
                        due: Some(draw_at),
                        passed_over: None,
                        failures: slot.failures,
                    }
                }
            },
            State::Drawing { draw_at, .. } if now <= draw_at + SEED_GAP => ModelSlot {
                due: Some(now + 1),
                ..slot.clone()
            },
            State::Drawing { vain, .. } => {
                let draw_at = now + DRAW_DELAY;
                let state = State::Drawing { draw_at, vain };
                ModelSlot {
                    state,
                    due: Some(draw_at),
                    ..slot.clone()
                }
            }
            State::Assigned { provider, .. } => dropped(provider, now, slot.failures + 1),
            State::Proving {
                provider, draw_at, ..
            } => match self.seed_from(draw_at) {
                true => dropped(provider, now, slot.failures + 1),
                false => proving(provider, now, slot.failures),
            },
            State::Held { .. } => unreachable!("nothing becomes auditable so soon"),
        }
    }

    /// The pallet is in the model's state.
    fn compare(&self) {
        assert_eq!(Deals::<Test>::iter().count(), self.deals.len());
        let mut counts: BTreeMap<usize, CommitmentCount> = BTreeMap::new();
        for ((file, owner), slots) in &self.deals {
            let test_file = &super::random_calls::files()[*file];
            let deal = deal_of(test_file.id(), *owner);
            let actual: Vec<_> = deal
                .slots
                .iter()
                .map(|slot| ModelSlot {
                    state: slot.state.clone(),
                    due: slot.due,
                    passed_over: slot.passed_over,
                    failures: slot.failures,
                })
                .collect();
            assert_eq!(
                &actual, slots,
                "block {}, file {file}, owner {owner}",
                self.now
            );
            let held = slots
                .iter()
                .filter(|slot| matches!(slot.state, State::Held { .. }))
                .count();
            let count = counts.entry(*file).or_default();
            count.deals += 1;
            // More than half.
            count.active += u32::from(2 * held > slots.len());
        }
        for (file, count) in counts {
            let file = &super::random_calls::files()[file];
            assert_eq!(Commitments::<Test>::get(file.root, file.size), count);
        }
        for (provider, entry) in Registry::all() {
            assert!(
                entry.reserved <= entry.capacity,
                "{provider} has more than it has room for"
            );
        }
    }
}

fn dropped(provider: u64, now: u32, failures: u8) -> ModelSlot {
    let draw_at = now + DRAW_DELAY;
    let state = State::Drawing { draw_at, vain: 0 };
    ModelSlot {
        state,
        due: Some(draw_at),
        passed_over: Some(provider),
        failures,
    }
}

fn proving(provider: u64, now: u32, failures: u8) -> ModelSlot {
    let draw_at = now + PROOF_DRAW_DELAY;
    let prove_by = draw_at + PROVE_WINDOW;
    let state = State::Proving {
        provider,
        draw_at,
        prove_by: prove_by.into(),
    };
    ModelSlot {
        state,
        due: Some(prove_by + 1),
        passed_over: None,
        failures,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn model_and_pallet_agree(steps in prop::collection::vec(any_step(true), 1..120)) {
        new_test_ext().execute_with(|| {
            add_providers();
            // Leases are another model's.
            MaturingDelay::set(MATURING_DELAY);
            RoundLength::set(1_000_000_000);
            RoundEnds::put(1_000_000_000);
            let mut model = Model { now: 1, ..Model::default() };
            model.seeds.insert(1);
            for step in steps {
                let Some(op) = step.op() else { continue };
                let expected = model.expect(&op);
                let actual = op.call();
                assert_eq!(actual, expected.map_err(Into::into), "{op:?}");
                match op {
                    Op::SetActivity { provider: n, active } => {
                        Registry::set_activity(provider(n as u64), active);
                    }
                    Op::Blocks(blocks) => {
                        for (with_seed, _) in blocks {
                            match with_seed {
                                true => next_block(),
                                false => next_block_without_seed(),
                            }
                            model.next_block(with_seed);
                            model.compare();
                        }
                    }
                    _ => {}
                }
                model.compare();
                System::reset_events();
                check_invariants();
            }
            remove_everything();
        });
    }
}
