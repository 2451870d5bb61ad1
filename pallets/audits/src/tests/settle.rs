//! How rounds end for a provider, and who may have them settled.

use crate::{mock::*, Audited, Error, Event};
use frame_support::{assert_noop, dispatch::Pays, storage::with_storage_layer};
use noema_traits::Payroll;
use sp_runtime::{DispatchError, TransactionalError};

/// Provider 1 with two replicas, in an open round.
fn scene() -> u32 {
    to_calm();
    give(1, &[10, 20]);
    to_open();
    round()
}

#[track_caller]
fn nothing_to_settle(provider: u64) {
    assert_noop!(
        poke(provider).map_err(|failed| failed.error),
        Error::<Test>::NothingToSettle
    );
}

#[test]
fn poke_of_what_is_not_over_is_refused() {
    build_and_execute(&[1], || {
        nothing_to_settle(1);
        scene();
        nothing_to_settle(1);
        nothing_to_settle(7);
        answer_all(1);
        nothing_to_settle(1);
        to_close();
        nothing_to_settle(1);
        to_draw();
        nothing_to_settle(1);
    });
}

#[test]
fn poke_of_a_missed_round_is_free_and_pays_a_fifth_of_the_fee() {
    build_and_execute(&[1], || {
        let missed = scene();
        to_close();
        take_events();
        let info = poke(1).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        let fee = MissFee::get();
        assert_eq!(
            take_events(),
            [
                Event::RoundMissed {
                    provider: 1,
                    round: missed,
                    unanswered: u64::MAX,
                    points: 24,
                    level: crate::Level::First,
                    slashed: fee,
                    reward: fee / 5,
                    settler: Some(POKER),
                },
                Event::Settled {
                    provider: 1,
                    next: missed + 1
                },
            ]
        );
        assert_eq!(Rewards::get(POKER), fee / 5);
        assert_eq!(RepairFund::get(), fee - fee / 5);
        assert_eq!(Registry::funds(1).bond, BOND - fee);
        assert_eq!((Wages::totals(1).paid, Wages::totals(1).lost), (0, 30));
        nothing_to_settle(1);
    });
}

#[test]
fn poke_of_a_round_answered_in_part_names_what_is_missing() {
    build_and_execute(&[1], || {
        let missed = scene();
        let answers = right(1);
        assert_eq!(answers.len(), 3);
        answer(1, missed, &answers[1..2]).unwrap();
        to_close();
        take_events();
        poke(1).unwrap();
        assert!(matches!(
            take_events()[0],
            Event::RoundMissed {
                unanswered: 0b101,
                ..
            }
        ));
        assert_eq!(written(1), None);
    });
}

#[test]
fn poke_by_the_provider_itself_loses_four_fifths() {
    build_and_execute(&[1], || {
        scene();
        to_close();
        dispatch(1, crate::Call::poke { provider: 1 }).unwrap();
        assert_eq!(Rewards::get(1), MissFee::get() / 5);
        assert_eq!(RepairFund::get(), MissFee::get() - MissFee::get() / 5);
    });
}

#[test]
fn poke_that_settles_no_miss_costs_a_fee() {
    build_and_execute(&[1], || {
        scene();
        answer_all(1);
        to_skipped();
        let info = poke(1).unwrap();
        assert_eq!(info.pays_fee, Pays::Yes);
        assert_eq!(Rewards::get(POKER), 0);
    });
}

#[test]
fn poke_settles_no_more_than_max_settle_rounds() {
    build_and_execute(&[1], || {
        MissPoints::set(1);
        DropPoints::set(100);
        MaxSettle::set(3);
        let first = scene();
        pass_rounds(7);
        for left in [4, 1] {
            poke(1).unwrap();
            assert_eq!(Audits::standing(&1).unwrap().unsettled, left);
        }
        poke(1).unwrap();
        nothing_to_settle(1);
        assert_eq!(record(1).points, 7);
        assert_eq!(record(1).next, first + 7);
    });
}

#[test]
fn skipped_round_carries_its_pay_to_the_next_that_is_passed() {
    build_and_execute(&[1], || {
        let first = scene();
        answer_all(1);
        to_skipped();
        to_skipped();
        assert!(Audits::is_skipped(first + 1) && Audits::is_skipped(first + 2));
        to_open();
        assert_eq!(Wages::totals(1).paid, 30);
        answer_all(1);
        assert_eq!(Wages::totals(1).paid, 120);
        use Paid::{Passed, Skipped};
        let rounds = [
            (first, Passed),
            (first + 1, Skipped),
            (first + 2, Skipped),
            (first + 3, Passed),
        ];
        assert_eq!(Wages::log(1), rounds);
        assert_eq!(record(1).points, 0);
    });
}

#[test]
fn skipped_round_shares_the_fate_of_the_next_that_is_missed() {
    build_and_execute(&[1], || {
        scene();
        answer_all(1);
        to_skipped();
        to_open();
        to_close();
        poke(1).unwrap();
        assert_eq!((Wages::totals(1).paid, Wages::totals(1).lost), (30, 60));
        assert_eq!(record(1).points, 24);
    });
}

#[test]
fn skipped_round_takes_and_gives_no_points() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 1);
        to_skipped();
        poke(1).unwrap();
        assert_eq!(record(1).points, 24);
    });
}

#[test]
fn carried_pay_of_who_holds_nothing_any_more_is_paid_with_the_next_round() {
    build_and_execute(&[1], || {
        scene();
        answer_all(1);
        to_skipped();
        while Replicas::remove(1, 0).is_ok() {}
        assert_eq!(Wages::carried(1), 30);
        to_open();
        nothing_to_settle(1);
        to_close();
        poke(1).unwrap();
        assert_eq!((Wages::totals(1).paid, Wages::carried(1)), (60, 0));
        assert_eq!(Wages::next(&1), None);
        // Nothing is left to say.
        assert_eq!(Audited::<Test>::get(1), None);
    });
}

#[test]
fn rounds_without_anything_are_settled_at_once_however_many() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 1);
        while Replicas::remove(1, 0).is_ok() {}
        pass_rounds(40);
        to_calm();
        assert_eq!(Audits::standing(&1).unwrap().unsettled, 0);
        nothing_to_settle(1);
        give(1, &[5]);
        assert_eq!(record(1).next, round() + 1);
        assert_eq!(record(1).points, 24);
    });
}

#[test]
fn record_of_who_has_nothing_goes_with_a_poke_and_stays_with_points() {
    build_and_execute(&[1, 2], || {
        to_calm();
        give(1, &[10]);
        give(2, &[10]);
        miss(2, 1);
        poke(1).unwrap();
        MissPoints::set(24);
        to_open();
        answer_all(1);
        answer_all(2);
        Replicas::remove(1, 0).unwrap();
        Replicas::remove(2, 0).unwrap();
        to_close();
        for provider in [1, 2] {
            assert_eq!(record(provider).points, 23);
            nothing_to_settle(provider);
        }
        // As if all had been passed long ago.
        Audited::<Test>::mutate(1, |record| {
            record.as_mut().unwrap().points = 0;
            record.as_mut().unwrap().taken = 0;
        });
        assert_eq!(poke(1).unwrap().pays_fee, Pays::Yes);
        assert_eq!(Audited::<Test>::get(1), None);
        nothing_to_settle(1);
        assert!(Audited::<Test>::contains_key(2));
    });
}

#[test]
fn record_goes_with_the_last_answer_of_who_has_nothing_left() {
    build_and_execute(&[1], || {
        scene();
        let answers = right(1);
        while Replicas::remove(1, 0).is_ok() {}
        answer(1, round(), &answers).unwrap();
        assert_eq!(Audited::<Test>::get(1), None);
        assert_eq!(Wages::totals(1).paid, 30);
        // It comes back in the same round, and is no part of it any more.
        give(1, &[4]);
        assert_eq!(
            (record(1).next, Audits::challenges(&1)),
            (round() + 1, None)
        );
        to_open();
        answer_all(1);
    });
}

#[test]
fn three_hundred_rounds_unsettled_are_four_misses_the_drop_and_the_rest_forfeited() {
    build_and_execute(&[1], || {
        let first = scene();
        Eagerly::set(false);
        pass_rounds(300);
        let mut calls = 0;
        while poke(1).is_ok() {
            calls += 1;
        }
        assert_eq!(calls, 19);
        assert_eq!(record(1).next, first + 300);
        let log = Wages::log(1);
        assert!(log[..4].iter().all(|(_, paid)| *paid == Paid::Missed));
        assert!(log[4..].iter().all(|(_, paid)| *paid == Paid::Forfeited));
        assert_eq!(log.len(), 300);
        assert_eq!(Wages::totals(1).lost + Wages::totals(1).forfeited, 9_000);
        // Four fees and the percentages of what it holds, and no more.
        let collateral = 30 * COLLATERAL;
        let ladder = collateral / 100 + collateral * 4 / 100 + collateral / 10;
        assert_eq!(Registry::funds(1).bond, BOND - 4 * MissFee::get() - ladder);
        assert_eq!(Rewards::get(POKER), 4 * (MissFee::get() / 5));
    });
}

#[test]
fn settling_late_or_early_comes_to_the_same() {
    let play = |eagerly: bool| {
        let mut end = (0, 0, 0, Default::default());
        build_and_execute(&[1], || {
            scene();
            answer_all(1);
            for n in 0..14 {
                match n % 7 {
                    2 | 5 => to_skipped(),
                    _ => to_open(),
                }
                if n == 1 || n == 3 {
                    if eagerly {
                        let _ = poke(1);
                    }
                    answer_all(1);
                }
                to_close();
                if eagerly {
                    let _ = poke(1);
                }
            }
            while poke(1).is_ok() {}
            let funds = Registry::funds(1).bond;
            end = (record(1).points, record(1).next, funds, Wages::totals(1));
        });
        end
    };
    assert_eq!(play(true), play(false));
}

/// Whoever nested it deeply enough would otherwise have a miss settled with a slash of nothing.
#[test]
fn poke_nested_too_deeply_fails_as_a_whole() {
    build_and_execute(&[1], || {
        scene();
        to_close();
        for layers in [248, 250, 254, 255] {
            let error = nested(layers, &mut || poke(1).map_err(|error| error.error));
            assert_eq!(
                error,
                Err(TransactionalError::LimitReached.into()),
                "{layers}"
            );
        }
        take_events();
        // The block that the harness executes is a layer itself.
        assert!(nested(200, &mut || poke(1).map_err(|error| error.error)).is_ok());
        assert!(
            matches!(take_events()[0], Event::RoundMissed { slashed, .. } if slashed == MissFee::get())
        );
    });
}

fn nested<R>(
    layers: u32,
    call: &mut dyn FnMut() -> Result<R, DispatchError>,
) -> Result<R, DispatchError> {
    match layers {
        0 => call(),
        _ => with_storage_layer(|| nested(layers - 1, call)),
    }
}
