//! The pallet and the model side by side through random calls, blocks and rounds, right and wrong: the same result of every call, error for error, the same
//! balances, bits, numbers and populations after each, with seeds that are missing, blocks without room for hooks, late seats, extensions and drops; and that
//! everything was reached.

mod compare;
mod reached;
mod steps;

use crate::{bls::SignatureBytes, mock::*, Call};
use noema_da_primitives::{BundleFront, Content};
use noema_models::da::{self as model, Bundle, Model, Parameters};
use noema_models::leases::Price;
use noema_traits::{Outcome, Payroll};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reached::REACHED;
use sp_runtime::DispatchError;
use std::collections::{BTreeMap, BTreeSet};
use steps::{any_steps, Step};

/// Committees of five: 2/3 of 900 are 600.
const STAKES: [u128; 5] = [100, 200, 300, 200, 100];
/// Somebody with little.
const PAUPER: u64 = 600;

/// Both sides.
struct Both {
    model: Model,
    /// Bundles, by the submission that has them.
    fronts: BTreeMap<u64, BundleFront>,
    /// Names of calls and how they ended.
    seen: BTreeSet<String>,
    /// Whether the hooks of this block had room.
    hooked: bool,
}

fn parameters() -> Parameters {
    Parameters {
        existential_deposit: ED,
        attest_ticks: AttestTicks::get(),
        draw_delay: RowDrawDelay::get().into(),
        seed_gap: MaxSeedGap::get().into(),
        max_in_flight: MaxInFlight::get(),
        record_fee: RecordFee::get(),
        sending_fee: SendingFee::get(),
        namespace_fee: Da::namespace_fee(&space(99)).unwrap(),
        submission_deposit: Da::submission_deposit().unwrap(),
        member_deposit: Da::member_deposit().unwrap(),
    }
}

/// The namespace with this number.
fn space(number: u8) -> noema_da_primitives::Namespace {
    noema_da_primitives::Namespace([number; 28])
}

/// Everybody whose money is looked at.
fn accounts() -> Vec<u64> {
    (1..=5)
        .chain([ALICE, BOB, PAUPER, POT, FUND, TREASURY])
        .collect()
}

impl Both {
    /// The model of a chain on which there are committees and no submissions.
    fn new() -> Self {
        use frame_support::traits::fungible::Mutate;
        MaxInFlight::set(1 << 27);
        seat(&STAKES);
        frame_support::assert_ok!(Balances::mint_into(&PAUPER, 3_000));
        let state = Da::price();
        let price = Price {
            base: state.base,
            next_base: state.next_base,
            multiplier: state.multiplier,
        };
        let mut model = Model::new(parameters(), price, [POT, FUND, TREASURY]);
        model.capacity = 1 << 40;
        model.block = System::block_number().into();
        model.tick = TickNow::get();
        // A round to begin with: from here on the price is the model's own.
        for who in accounts() {
            model.bank.endow(who, wealth(who));
        }
        let mut both = Self {
            model,
            fronts: BTreeMap::new(),
            seen: BTreeSet::new(),
            hooked: true,
        };
        both.round(true);
        both.model.price = {
            let state = Da::price();
            Price {
                base: state.base,
                next_base: state.next_base,
                multiplier: state.multiplier,
            }
        };
        both
    }

    fn learn_committees(&mut self) {
        for (era, record) in crate::Committees::<Test>::iter() {
            let seats = record
                .seats
                .iter()
                .map(|seat| (seat.provider, seat.stake))
                .collect();
            self.model.committees.entry(era).or_insert(seats);
        }
    }

    /// The next block on both sides.
    fn block(&mut self, has_seed: bool, hooks: bool) {
        let number = System::block_number() + 1;
        if !has_seed {
            Seedless::insert(number, ());
        }
        match hooks {
            true => next_block(),
            false => next_block_with(frame_support::weights::Weight::zero()),
        }
        self.model.next_block(has_seed, hooks);
        self.hooked = hooks;
        self.learn_committees();
    }

    /// The next round, with time to form a committee; or one block of it without hooks.
    fn round(&mut self, hooks: bool) {
        RoundNow::mutate(|round| *round += 1);
        self.model.next_round();
        match hooks {
            true => (0..ROUND_BLOCKS).for_each(|_| self.block(true, true)),
            false => self.block(true, false),
        }
    }

    /// A bundle's submission, counted back from the last.
    fn bundle_id(&self, back: u64) -> u64 {
        let ids: Vec<_> = self.fronts.keys().rev().collect();
        let place = usize::try_from(back).unwrap();
        ids.get(place).map_or(u64::MAX, |id| **id)
    }

    /// Notes how something ended, so that a test can say what was reached.
    fn note(&mut self, call: &str, result: &Result<(), String>) {
        let end = result.as_ref().map_or_else(String::as_str, |()| "done");
        self.seen.insert(format!("{call}: {end}"));
    }

    /// Makes a call, and compares how it ended.
    fn call(
        &mut self,
        who: u64,
        name: &str,
        call: Call<Test>,
        of_model: Result<(), model::Error>,
    ) -> Result<(), TestCaseError> {
        let of_pallet = dispatch(who, call).map(drop).map_err(|error| {
            let name: &'static str = error.error.into();
            assert!(matches!(error.error, DispatchError::Module(_)), "{name}");
            name.to_string()
        });
        self.note(name, &of_pallet);
        prop_assert_eq!(
            of_pallet,
            of_model.map_err(|error| error.to_string()),
            "{}",
            name
        );
        Ok(())
    }

    /// Notes row seeds that were found lost in this block.
    fn note_lost(&mut self) {
        let lost = |event: &crate::Event<Test>| matches!(event, crate::Event::RowSeedLost { .. });
        if take_events().iter().any(lost) {
            self.note("seed", &Err("lost".into()));
        }
    }

    /// A submission, counted back from the last.
    fn id(&self, back: u64) -> u64 {
        self.model.next_submission.saturating_sub(1 + back)
    }

    fn sign(&self, id: u64, seats: &[u8], rightly: bool) -> SignatureBytes {
        let signs = crate::Submissions::<Test>::get(id).is_some_and(|record| {
            matches!(Da::seed_of(&record), crate::SeedState::Drawn(_))
                && Da::committee(record.era).is_some_and(|committee| {
                    seats
                        .iter()
                        .all(|seat| usize::from(*seat) < committee.seats.len())
                })
        });
        match signs && !seats.is_empty() {
            true if rightly => signature(id, seats),
            // One of them signed for another submission.
            true => sign_together(&[1], b"something else"),
            false => [0; 96],
        }
    }

    fn submit(&mut self, step: &steps::Submit) -> Result<(), TestCaseError> {
        let steps::Submit {
            who,
            number,
            size,
            days,
            namespace,
            sizes,
            tight,
            seeded,
        } = step;
        let front = (!sizes.is_empty()).then(|| bundle(sizes));
        let size = front.as_ref().map_or(*size, BundleFront::size);
        let content = front
            .as_ref()
            .map_or(Content::Plain, |front| Content::Bundle(*front.header()));
        let max_fee = match tight {
            None => AMPLE,
            Some(less) => Da::quote(size, &space(*namespace), *days)
                .map_or(AMPLE, |quote| quote.total - u128::from(*less)),
        };
        let call = Call::submit {
            commitment: commitment(*number),
            size,
            content,
            namespace: space(*namespace),
            days: *days,
            max_fee,
        };
        let possible = front.as_ref().map(|_| Bundle { possible: true });
        let of_model = self
            .model
            .submit(*who, *number, size, possible, *namespace, *days, max_fee);
        if let (Ok(id), Some(front)) = (of_model, front) {
            self.fronts.insert(id, front);
        }
        self.call(*who, "submit", call, of_model.map(drop))?;
        if *seeded {
            self.block(true, true);
            self.block(true, true);
            if !sizes.is_empty() {
                // So that there are bundles whose members can be recorded.
                return self.attest(self.id(0), &[0, 1, 2], true);
            }
        }
        Ok(())
    }

    fn attest(&mut self, id: u64, seats: &[u8], signed: bool) -> Result<(), TestCaseError> {
        let signature = self.sign(id, seats, signed);
        let call = Call::attest {
            submission: id,
            bits: bits(seats),
            signature,
        };
        let set = seats.iter().copied().collect();
        let of_model = self.model.attest(id, &set, signed);
        let name = match of_model {
            Ok(true) => "attest first",
            _ => "attest",
        };
        self.call(BOB, name, call, of_model.map(drop))
    }

    fn submit_member(&mut self, step: &steps::SubmitMember) -> Result<(), TestCaseError> {
        let steps::SubmitMember {
            who,
            back,
            index,
            days,
            namespace,
            shown,
        } = step;
        let id = self.bundle_id(*back);
        let Some(proof) = self
            .fronts
            .get(&id)
            .and_then(|front| front.prover().prove(*index).ok())
        else {
            return Ok(());
        };
        let mut proof = proof;
        if !shown {
            proof.id.0[3] ^= 1;
        }
        let of_model = self.model.submit_member(
            *who,
            id,
            (*index, proof.size, *shown),
            *namespace,
            *days,
            AMPLE,
        );
        self.call(
            *who,
            "submit_member",
            member_call(id, proof, space(*namespace), *days),
            of_model,
        )
    }

    /// The audits settle the first round of a provider for which something is owed.
    fn settle(&mut self, provider: u64, outcome: u8) {
        let Some(round) = <Da as Payroll<u64>>::next(&provider) else {
            return;
        };
        if round > RoundNow::get() {
            return;
        }
        let outcome = if self.model.dropping.contains(&provider) {
            1
        } else {
            outcome
        };
        let (of_pallet, of_model) = [
            (Outcome::Passed, model::Outcome::Passed),
            (Outcome::Missed, model::Outcome::Missed),
            (Outcome::Skipped, model::Outcome::Skipped),
        ][usize::from(outcome)];
        settle(provider, round, of_pallet);
        self.model.settle(provider, round, of_model);
        self.note("settle", &Err(format!("{of_pallet:?}")));
    }

    fn expire(&mut self, id: u64) -> Result<(), TestCaseError> {
        let of_model = self.model.expire(id);
        self.call(BOB, "expire", Call::expire { submission: id }, of_model)
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Block { seed, hooks } => self.block(*seed, *hooks),
            Step::Round { hooks } => self.round(*hooks),
            Step::Drought => {
                for _ in 0..6 {
                    self.block(false, true);
                    self.note_lost();
                }
            }
            Step::Submit(submit) => self.submit(submit)?,
            Step::Attest {
                back,
                seats,
                signed,
            } => {
                self.attest(self.id(*back), seats, *signed)?;
            }
            Step::Extend { who, back, days } => {
                let id = self.id(*back);
                let call = Call::extend {
                    submission: id,
                    days: *days,
                    max_fee: AMPLE,
                };
                let of_model = self.model.extend(*who, id, *days, AMPLE);
                self.call(*who, "extend", call, of_model)?;
            }
            Step::Expire { nth } => {
                // The oldest that there are, and some that there are not.
                let id = self.model.submissions.keys().nth(*nth).copied();
                self.expire(id.unwrap_or(self.model.next_submission))?;
            }
            Step::Overdue => {
                let oldest = self.model.submissions.keys().next().copied();
                for _ in 0..8 {
                    self.round(false);
                }
                self.expire(oldest.unwrap_or(self.model.next_submission))?;
            }
            Step::SubmitMember(step) => self.submit_member(step)?,
            Step::ExpireMember { namespace, nth } => {
                // The oldest of a namespace that there are, and some that there are not.
                let mut known = self.model.members.keys().filter(|key| key.0 == *namespace);
                let index = known.nth(*nth).map_or(u64::MAX, |key| key.1);
                let call = Call::expire_member {
                    namespace: space(*namespace),
                    index,
                };
                let of_model = self.model.expire_member(*namespace, index);
                self.call(BOB, "expire_member", call, of_model)?;
            }
            Step::Settle { provider, outcome } => self.settle(*provider, *outcome),
            Step::Drop { provider } => {
                Audits::begin_drop(*provider);
                self.model.begin_drop(*provider);
                self.note("drop", &Ok(()));
            }
        }
        self.compare()
    }
}

fn run(steps: &[Step], to_the_end: bool) -> Result<BTreeSet<String>, TestCaseError> {
    new_test_ext().execute_with(|| {
        let mut both = Both::new();
        let issued = issuance();
        for step in steps {
            both.step(step)?;
        }
        prop_assert_eq!(issuance(), issued);
        if to_the_end {
            both.wind_up()?;
        }
        prop_assert_eq!(issuance(), issued);
        Ok(both.seen)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn pallet_does_what_the_model_does(steps in any_steps(60)) {
        run(&steps, true)?;
    }
}

#[test]
fn random_histories_reach_what_they_are_for() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..24 {
        let steps = any_steps(160).new_tree(&mut runner).unwrap().current();
        seen.extend(run(&steps, false).unwrap());
    }
    let missing: Vec<_> = REACHED.iter().filter(|end| !seen.contains(**end)).collect();
    assert!(missing.is_empty(), "never: {missing:?}; seen: {seen:?}");
}
