//! Populations stand still while a round is drawn, and what is drawn stays.

use crate::{mock::*, Audited, Event};
use frame_support::assert_storage_noop;
use noema_traits::{AuditFreeze, Auditable, Frozen};

const DRAWING: Refused = Refused::Frozen(Frozen::Drawing);
const UNSETTLED: Refused = Refused::Frozen(Frozen::Unsettled);

/// Why a population cannot change, if it cannot.
fn why(provider: &u64) -> Option<Frozen> {
    Audits::before_change(provider)
        .err()
        .map(|refusal| refusal.reason)
}

fn leaf(sectors: u64) -> Leaf {
    Leaf {
        replica: 77,
        sectors,
    }
}

/// Provider 1 with three replicas, in an open round.
fn scene() {
    to_calm();
    give(1, &[10, 20, 30]);
    to_open();
}

#[test]
fn before_change_while_drawing_is_refused_and_changes_nothing() {
    build_and_execute(&[1, 2], || {
        scene();
        to_draw();
        // A miss is unsettled, and stays so.
        assert_storage_noop!(assert_eq!(why(&1), Some(Frozen::Drawing)));
        assert_eq!(Replicas::insert(2, leaf(3)), Err(DRAWING));
        assert_eq!(Audited::<Test>::get(2), None);
        assert_eq!(Replicas::remove(1, 0), Err(DRAWING));
        to_open();
        assert!(Replicas::remove(1, 0).is_ok());
        assert!(Replicas::insert(2, leaf(3)).is_ok());
    });
}

#[test]
fn before_change_in_an_open_round_writes_down_what_was_drawn() {
    build_and_execute(&[1], || {
        scene();
        let before = Audits::challenges(&1).unwrap();
        assert_eq!(written(1), None);
        Replicas::remove(1, 0).unwrap();
        let drawn = written(1).unwrap();
        assert_eq!((drawn.round, drawn.answered), (round(), 0));
        assert_eq!(Audits::challenges(&1), Some(before.clone()));
        // Whatever comes after: nothing changes it.
        give(1, &[50, 60]);
        while Replicas::remove(1, 0).is_ok() {}
        assert_eq!(Replicas::leaves(1), []);
        assert_eq!(Audits::challenges(&1), Some(before));
        answer_all(1);
        assert_eq!(Wages::log(1), [(round(), Paid::Passed)]);
        assert_eq!(Wages::totals(1).paid, 60);
    });
}

#[test]
fn before_change_after_some_answers_keeps_them() {
    build_and_execute(&[1], || {
        scene();
        let answers = right(1);
        answer(1, round(), &answers[1..2]).unwrap();
        give(1, &[40]);
        assert_eq!(written(1).unwrap().answered, 0b10);
        let left: Vec<u8> = open_challenges(1)
            .into_iter()
            .map(|(index, _)| index)
            .collect();
        assert!(!left.contains(&1) && left.len() + 1 == answers.len());
        answer_all(1);
    });
}

#[test]
fn before_change_after_the_round_is_passed_writes_nothing() {
    build_and_execute(&[1], || {
        scene();
        answer_all(1);
        give(1, &[40]);
        assert_eq!(written(1), None);
        assert_eq!(Audits::challenges(&1), None);
        to_close();
        assert!(poke(1).is_err());
    });
}

#[test]
fn before_change_of_nothing_that_is_owed_something_writes_down_that_there_is_nothing() {
    build_and_execute(&[1], || {
        scene();
        answer_all(1);
        to_skipped();
        Replicas::remove(1, 0).unwrap();
        Replicas::remove(1, 0).unwrap();
        Replicas::remove(1, 0).unwrap();
        assert_eq!(Wages::carried(1), 60);
        to_open();
        give(1, &[5]);
        // It holds something now, and held nothing when the round was drawn.
        assert_eq!(written(1).map(|drawn| drawn.items.len()), Some(0));
        assert_eq!(Audits::challenges(&1), None);
        to_close();
        assert!(poke(1).is_ok());
        assert_eq!(record(1).points, 0);
        assert_eq!((Wages::carried(1), Wages::totals(1).paid), (0, 120));
        to_open();
        assert_eq!(open_challenges(1).len(), 2);
    });
}

#[test]
fn before_change_of_nothing_in_an_open_round_is_no_part_of_it() {
    build_and_execute(&[1], || {
        to_open();
        give(1, &[5]);
        assert_eq!((written(1), record(1).next), (None, round() + 1));
        assert_eq!(Audits::challenges(&1), None);
        to_close();
        assert!(poke(1).is_err());
        to_open();
        assert!(Audits::challenges(&1).is_some());
        assert_eq!(record(1).points, 0);
    });
}

#[test]
fn before_change_settles_what_is_over() {
    build_and_execute(&[1], || {
        scene();
        let missed = round();
        to_close();
        take_events();
        give(1, &[5]);
        assert_eq!((record(1).next, record(1).points), (missed + 1, 24));
        let events = take_events();
        assert!(matches!(
            events[0],
            Event::RoundMissed {
                settler: None,
                reward: 0,
                ..
            }
        ));
        assert_eq!(
            events[1..],
            [Event::Settled {
                provider: 1,
                next: missed + 1
            }]
        );
    });
}

#[test]
fn before_change_with_too_much_unsettled_is_refused_until_poked() {
    build_and_execute(&[1], || {
        MissPoints::set(1);
        DropPoints::set(100);
        MaxSettle::set(3);
        scene();
        pass_rounds(5);
        to_calm();
        assert_storage_noop!(assert_eq!(why(&1), Some(Frozen::Unsettled)));
        assert_eq!(Replicas::insert(1, leaf(1)), Err(UNSETTLED));
        poke(1).unwrap();
        assert!(Replicas::insert(1, leaf(1)).is_ok());
    });
}

#[test]
fn before_change_that_settles_the_drop_says_so_by_is_dropping() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 2);
        assert_eq!(record(1).points, 48);
        to_open();
        to_close();
        to_open();
        to_close();
        // The third and the fourth miss are settled by whoever wants to add something.
        assert_eq!(Replicas::insert(1, leaf(1)), Err(Refused::BeingDropped));
        assert!(
            !Audits::is_dropping(&1),
            "that was undone with everything else"
        );
        assert!(Replicas::remove(1, 0).is_ok());
        assert!(Audits::is_dropping(&1));
        assert_eq!(Replicas::insert(1, leaf(1)), Err(Refused::BeingDropped));
    });
}

#[test]
fn before_change_for_who_is_being_dropped_is_never_refused_for_a_draw() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 4);
        to_draw();
        assert_eq!(Replicas::take(1, 2), Ok(2));
        assert_eq!(written(1), None);
        assert_eq!(Replicas::take(1, 2), Ok(1));
        assert!(!Audits::is_dropping(&1));
    });
}

#[test]
fn before_change_before_the_first_round_is_free() {
    build_and_execute(&[1], || {
        give(1, &[5]);
        assert_eq!(record(1).next, 0);
        to_open();
        assert_eq!(round(), 0);
        assert_eq!(open_challenges(1).len(), 2);
        answer_all(1);
        // It joined in round 0, and earns from the next one on.
        assert_eq!(Wages::totals(1).paid, 0);
        to_close();
        to_open();
        answer_all(1);
        assert_eq!(Wages::totals(1).paid, 5);
    });
}

#[test]
fn removing_and_adding_the_same_again_does_not_change_what_is_asked() {
    build_and_execute(&[1], || {
        scene();
        let before = Audits::challenges(&1);
        let gone = Replicas::remove(1, 2).unwrap();
        Replicas::insert(1, gone).unwrap();
        assert_eq!(Audits::challenges(&1), before);
        assert_eq!(Replicas::population(&1, 0).units, 60);
    });
}

#[test]
fn who_takes_everything_out_while_it_is_asked_misses() {
    build_and_execute(&[1], || {
        scene();
        let asked = open_challenges(1).len();
        while Replicas::remove(1, 0).is_ok() {}
        to_close();
        take_events();
        poke(1).unwrap();
        assert!(matches!(
            take_events()[0],
            Event::RoundMissed { unanswered, .. } if unanswered == crate::math::bits(asked as u32)
        ));
        assert_eq!(record(1).points, 24);
        assert_eq!(Wages::totals(1).lost, 60);
    });
}
