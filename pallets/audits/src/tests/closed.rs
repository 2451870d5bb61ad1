//! Populations that are another one in each round: who is judged for which, and that nobody is forgotten.

use crate::{mock::*, Audited, Pace, PaceInForce, Running, Written};
use frame_support::{assert_ok, assert_storage_noop, instances::Instance1};
use noema_traits::{AuditFreeze, RoundIndex};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Record = crate::RecordOf<Test, Instance1>;
type Event = crate::Event<Test, Instance1>;
type Error = crate::Error<Test, Instance1>;

fn row_round() -> Option<RoundIndex> {
    Running::<Test, Instance1>::get().map(|round| round.index)
}

fn record(provider: u64) -> Option<Record> {
    Audited::<Test, Instance1>::get(provider)
}

fn is_row_open() -> bool {
    let tick = <RowAudits as noema_traits::Ticks>::now();
    Running::<Test, Instance1>::get().is_some_and(|round| round.open_seed(tick).is_some())
}

/// Blocks until the round can be answered.
fn to_open_round(round: RoundIndex) {
    pass_until(|| row_round() == Some(round) && is_row_open());
}

/// Blocks until nobody can answer the round any more.
fn to_closed_round(round: RoundIndex) {
    to_open_round(round);
    pass_until(|| !is_row_open());
}

fn poke_rows(provider: u64) -> frame_support::dispatch::DispatchResultWithPostInfo {
    RowAudits::poke(signed(POKER), provider)
}

fn assert_nothing_to_settle(provider: u64) {
    assert_storage_noop!({
        let error = poke_rows(provider).unwrap_err().error;
        assert_eq!(error, Error::NothingToSettle.into());
    });
}

/// Answers everything that is asked in the running round.
fn answer_rows(provider: u64) {
    let (round, _, challenges) = RowAudits::challenges(&provider).expect("it is challenged");
    let answers: Vec<_> = challenges
        .into_iter()
        .map(|(index, item, _)| (index, Proof::of(item)))
        .collect();
    let answers = answers.try_into().expect("no more than there can be");
    assert_ok!(RowAudits::answer(
        signed(operator_of(provider)),
        round,
        answers
    ));
}

/// What was decided of whom since the last look: passed or missed.
fn take_verdicts() -> Vec<(u64, RoundIndex, bool)> {
    let events = System::events();
    System::reset_events();
    events
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::RowAudits(Event::RoundPassed {
                provider, round, ..
            }) => Some((provider, round, true)),
            RuntimeEvent::RowAudits(Event::RoundMissed {
                provider, round, ..
            }) => Some((provider, round, false)),
            _ => None,
        })
        .collect()
}

fn run(providers: &[u64], test: impl FnOnce()) {
    build_and_execute(providers, || {
        PaceInForce::<Test, Instance1>::put(QUICK);
        test();
    });
}

#[test]
fn population_that_begins_later_is_judged_from_there_on() {
    run(&[1], || {
        pass_until(|| row_round() == Some(1));
        Rows::give(1, 4, 30);
        assert_eq!(record(1).unwrap().next, 1, "nothing was drawn of round 1");
        to_closed_round(2);
        assert_nothing_to_settle(1);
        assert!(
            RowAudits::challenges(&1).is_none(),
            "nothing is asked before"
        );
        to_open_round(4);
        answer_rows(1);
        assert_eq!(take_verdicts(), [(1, 4, true)]);
        assert_eq!(record(1), None, "nothing is left to say of it");
    });
}

#[test]
fn provider_that_never_answers_is_judged_by_poke() {
    run(&[1], || {
        pass_until(|| row_round() == Some(1));
        Rows::give(1, 3, 30);
        Rows::give(1, 6, 30);
        to_closed_round(7);
        take_verdicts();
        assert_ok!(poke_rows(1));
        assert_eq!(take_verdicts(), [(1, 3, false), (1, 6, false)]);
        assert_eq!(record(1).unwrap().next, 8);
        assert_nothing_to_settle(1);
    });
}

#[test]
fn gap_longer_than_what_is_settled_at_once_is_passed_over_at_once() {
    run(&[1], || {
        MaxSettle::set(2);
        pass_until(|| row_round() == Some(0));
        Rows::give(1, 2, 30);
        Rows::give(1, 12, 30);
        to_open_round(2);
        answer_rows(1);
        to_open_round(12);
        // Nine rounds had nothing for it: it need not be poked to answer.
        answer_rows(1);
        assert_eq!(record(1), None);
    });
}

#[test]
fn provider_enlisted_again_keeps_its_record() {
    run(&[1], || {
        pass_until(|| row_round() == Some(0));
        Rows::give(1, 2, 30);
        to_closed_round(2);
        assert_ok!(poke_rows(1));
        let missed = record(1).unwrap();
        assert!(missed.points > 0);
        RowAudits::enlist(&1);
        assert_eq!(record(1), Some(missed));
    });
}

#[test]
fn population_of_a_dropped_provider_is_not_asked_for() {
    run(&[1], || {
        pass_until(|| row_round() == Some(0));
        for round in 1..=9 {
            Rows::give(1, round, 30);
        }
        to_closed_round(4);
        take_verdicts();
        assert_ok!(poke_rows(1));
        assert_eq!(
            take_verdicts(),
            [(1, 1, false), (1, 2, false), (1, 3, false), (1, 4, false)]
        );
        assert!(RowAudits::is_dropping(&1));
        to_open_round(5);
        assert!(RowAudits::challenges(&1).is_none());
        Rows::finish_drop(1);
        assert!(!RowAudits::is_dropping(&1));
        to_closed_round(7);
        assert_nothing_to_settle(1);
        assert_eq!(take_verdicts(), []);
    });
}

#[test]
fn round_of_production_length_is_not_disturbed_by_whoever_is_enlisted() {
    run(&[1, 2], || {
        PaceInForce::<Test, Instance1>::put(Pace {
            round_ticks: 40,
            ..QUICK
        });
        pass_until(|| row_round() == Some(1));
        Rows::give(1, 2, 30);
        to_open_round(2);
        answer_rows(1);
        // It comes while the round is open, for a later one.
        Rows::give(2, 4, 30);
        assert_eq!(record(2).unwrap().next, 3);
        assert!(!Written::<Test, Instance1>::contains_key(2));
        to_closed_round(4);
        take_verdicts();
        assert_ok!(poke_rows(2));
        assert_eq!(take_verdicts(), [(2, 4, false)]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever pattern of populations: each provider is judged once for each round in which it had one, in order, and for no other.
    #[test]
    fn each_populated_round_is_judged_once_and_no_other(
        patterns in prop::collection::vec(prop::collection::btree_set(3u32..14, 0..9), 3),
        // Who answers a round, who is poked after it, of which rounds the seed is lost.
        answers in prop::collection::vec(any::<bool>(), 3 * 16),
        pokes in prop::collection::vec(any::<bool>(), 3 * 16),
        skipped in prop::collection::btree_set(3u32..14, 0..3),
        most in 1u32..4,
    ) {
        run(&[1, 2, 3], || {
            // So many misses that nobody is dropped.
            DropPoints::set(24 * 64);
            MaxSettle::set(most);
            pass_until(|| row_round() == Some(1));
            for (who, rounds) in (1u64..).zip(&patterns) {
                for round in rounds {
                    Rows::give(who, *round, 30);
                }
            }
            let mut judged: BTreeMap<u64, Vec<(u32, bool)>> = BTreeMap::new();
            let mut note = || {
                for (who, round, passed) in take_verdicts() {
                    judged.entry(who).or_default().push((round, passed));
                }
            };
            let mut answered = BTreeSet::new();
            for round in 2u32..15 {
                pass_until(|| row_round() == Some(round));
                note();
                while skipped.contains(&round) && Running::<Test, Instance1>::get().unwrap().is_drawing() {
                    pass(&without_seed());
                }
                if !skipped.contains(&round) {
                    to_open_round(round);
                    for who in 1u64..=3 {
                        let at = round as usize * 3 + who as usize - 1;
                        // Who is behind must be poked before it can answer.
                        while RowAudits::standing(&who).is_some_and(|found| found.unsettled > most) {
                            poke_rows(who).unwrap();
                        }
                        if answers[at] && RowAudits::challenges(&who).is_some() {
                            answer_rows(who);
                            answered.insert((who, round));
                        }
                    }
                    note();
                    pass_until(|| !is_row_open());
                }
                for who in 1u64..=3 {
                    if pokes[round as usize * 3 + who as usize - 1] {
                        poke_rows(who).ok();
                    }
                }
                note();
            }
            for who in 1u64..=3 {
                while poke_rows(who).is_ok() {}
            }
            note();
            for (who, rounds) in (1u64..).zip(&patterns) {
                let expected: Vec<_> = rounds
                    .difference(&skipped)
                    .map(|round| (*round, answered.contains(&(who, *round))))
                    .collect();
                assert_eq!(judged.remove(&who).unwrap_or_default(), expected, "provider {who}");
            }
        });
    }
}
