//! While everything is being taken from a provider, and after.

use crate::{mock::*, Event, Standing};
use frame_support::assert_storage_noop;
use noema_traits::AuditFreeze;

/// Provider 1 with four replicas of ten sectors, from which everything is being taken.
fn scene() {
    to_calm();
    give(1, &[10, 10, 10, 10]);
    miss(1, 4);
    assert!(record(1).is_dropping());
}

#[test]
fn who_is_being_dropped_is_not_challenged_and_not_paid() {
    build_and_execute(&[1], || {
        scene();
        let lost = Wages::totals(1).lost;
        for _ in 0..5 {
            to_open();
            assert_eq!(Audits::challenges(&1), None);
            to_close();
            poke(1).unwrap();
        }
        let totals = Wages::totals(1);
        assert_eq!((totals.paid, totals.lost, totals.forfeited), (0, lost, 200));
        assert_eq!((record(1).points, Registry::funds(1).active), (72, false));
    });
}

#[test]
fn emptied_ends_the_drop_and_leaves_it_on_probation() {
    build_and_execute(&[1], || {
        scene();
        to_open();
        assert_eq!(Replicas::take(1, 3), Ok(3));
        assert!(Audits::is_dropping(&1));
        take_events();
        assert_eq!(Replicas::take(1, 3), Ok(1));
        let events = take_events();
        assert_eq!(events.last(), Some(&Event::DropEnded { provider: 1 }));
        assert_eq!((record(1).points, record(1).standing), (72, Standing::Good));
        assert_eq!(record(1).next, round() + 1);
        // All that it was owed is forfeited, this round's pay included.
        assert_eq!(Wages::log(1).last(), Some(&(round(), Paid::Forfeited)));
        assert_eq!(Wages::totals(1).paid, 0);
    });
}

#[test]
fn emptied_while_drawing_forfeits_the_round_that_is_drawn() {
    build_and_execute(&[1], || {
        scene();
        to_draw();
        assert_eq!(Replicas::take(1, 9), Ok(4));
        assert_eq!(record(1).next, round() + 1);
        to_open();
        give(1, &[7]);
        assert_eq!(Audits::challenges(&1), None);
        to_close();
        assert!(poke(1).is_err());
        to_open();
        answer_all(1);
        assert_eq!(Wages::totals(1).paid, 7);
    });
}

#[test]
fn emptied_of_who_is_not_being_dropped_is_harmless() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10]);
        assert_storage_noop!(Audits::emptied(&1));
        assert_storage_noop!(Audits::emptied(&2));
        to_open();
        answer(1, round(), &right(1)[..1]).unwrap();
        assert_storage_noop!(Audits::emptied(&1));
    });
}

#[test]
fn drop_of_who_has_everything_taken_at_once_ends_within_the_settling() {
    build_and_execute(&[1], || {
        DropAtOnce::set(true);
        to_calm();
        give(1, &[10, 10]);
        pass_rounds(9);
        to_calm();
        poke(1).unwrap();
        assert_eq!((record(1).points, record(1).standing), (72, Standing::Good));
        assert_eq!(record(1).next, round() + 1);
        let totals = Wages::totals(1);
        assert_eq!(
            (totals.paid, totals.lost + totals.forfeited),
            (0, totals.due)
        );
        assert!(poke(1).is_err());
    });
}

#[test]
fn who_comes_back_is_dropped_again_by_one_more_miss() {
    build_and_execute(&[1], || {
        scene();
        assert_eq!(Replicas::take(1, 9), Ok(4));
        while !Registry::activate(1) {
            next_block();
        }
        to_calm();
        give(1, &[10]);
        to_open();
        to_close();
        take_events();
        poke(1).unwrap();
        assert!(record(1).is_dropping());
        // The episode is a new one: what was taken before was handed over with the first drop.
        let taken = MissFee::get() + 10 * COLLATERAL / 10;
        assert_eq!(Drops::get(1), Some(taken));
    });
}

#[test]
fn who_comes_back_and_passes_works_its_points_off() {
    build_and_execute(&[1], || {
        scene();
        Replicas::take(1, 9).unwrap();
        to_calm();
        give(1, &[10]);
        to_open();
        answer_all(1);
        assert_eq!(record(1).points, 71);
        miss(1, 1);
        assert!(!record(1).is_dropping(), "95 points are not 96");
        miss(1, 1);
        assert!(record(1).is_dropping());
    });
}

#[test]
fn activation_waits_for_the_drop_however_long_the_term_is_over() {
    build_and_execute(&[1], || {
        scene();
        next_blocks(100);
        assert!(!Registry::activate(1));
        while record(1).next < round() {
            poke(1).unwrap();
        }
        Replicas::take(1, 3).unwrap();
        assert!(!Registry::activate(1));
        Replicas::take(1, 1).unwrap();
        assert!(Registry::activate(1));
    });
}

#[test]
fn taking_waits_while_too_much_is_unsettled() {
    build_and_execute(&[1], || {
        MaxSettle::set(3);
        scene();
        pass_rounds(6);
        assert_eq!(
            Replicas::take(1, 1),
            Err(Refused::Frozen(noema_traits::Frozen::Unsettled))
        );
        poke(1).unwrap();
        poke(1).unwrap();
        assert_eq!(Replicas::take(1, 9), Ok(4));
        assert_eq!(Wages::totals(1).paid, 0);
    });
}
