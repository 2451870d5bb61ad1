//! What daemons read.

use crate::{mock::*, Audited, StandingInfo};
use frame_support::assert_storage_noop;

#[test]
fn challenges_are_drawn_without_writing() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        assert_storage_noop!({
            let (of, until, challenges) = Audits::challenges(&1).unwrap();
            assert_eq!(of, round());
            assert!(
                matches!(running().state, crate::RoundState::Open { until: end, .. } if end == until)
            );
            assert_eq!(challenges.len(), 3);
            assert!(challenges.iter().all(|(_, _, answered)| !answered));
        });
    });
}

#[test]
fn challenges_say_what_is_answered() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        let answers = right(1);
        answer(1, round(), &answers[2..]).unwrap();
        let (_, _, challenges) = Audits::challenges(&1).unwrap();
        let answered: Vec<_> = challenges
            .iter()
            .map(|(index, _, answered)| (*index, *answered))
            .collect();
        assert_eq!(answered, [(0, false), (1, false), (2, true)]);
    });
}

#[test]
fn challenges_are_none_outside_of_the_window_and_for_who_has_none() {
    build_and_execute(&[1, 2], || {
        assert_eq!(Audits::challenges(&1), None);
        assert_eq!(Audits::round(), None);
        to_calm();
        give(1, &[10, 20]);
        assert_eq!(Audits::challenges(&1), None);
        to_draw();
        assert_eq!(Audits::challenges(&1), None);
        to_open();
        assert_eq!(Audits::challenges(&2), None);
        to_close();
        assert_eq!(Audits::challenges(&1), None);
        to_skipped();
        assert_eq!(Audits::challenges(&1), None);
        assert_eq!(Audits::round(), Some(running()));
    });
}

#[test]
fn challenges_are_what_they_will_be_when_everything_is_settled() {
    build_and_execute(&[1], || {
        MissPoints::set(1);
        DropPoints::set(100);
        MaxSettle::set(2);
        to_calm();
        give(1, &[10, 20]);
        pass_rounds(6);
        to_open();
        let before = Audits::challenges(&1).unwrap();
        while poke(1).is_ok() {}
        assert_eq!(Audits::challenges(&1), Some(before));
        // Who is to be dropped for what is unsettled will not be asked.
        DropPoints::set(10);
        pass_rounds(6);
        to_open();
        assert_eq!(Audits::challenges(&1), None);
        assert!(!record(1).is_dropping());
        while poke(1).is_ok() {}
        assert!(record(1).is_dropping());
    });
}

#[test]
fn standing_counts_what_is_over_and_unsettled() {
    build_and_execute(&[1, 2], || {
        assert_eq!(Audits::standing(&1), None);
        to_calm();
        give(1, &[10, 20]);
        let next = record(1).next;
        let mut expected = StandingInfo {
            next,
            unsettled: 0,
            points: 0,
            dropping: false,
        };
        for unsettled in 0..4 {
            expected.unsettled = unsettled;
            assert_eq!(Audits::standing(&1), Some(expected));
            to_open();
            assert_eq!(Audits::standing(&1), Some(expected));
            to_close();
        }
        while poke(1).is_ok() {}
        expected = StandingInfo {
            next: round() + 1,
            unsettled: 0,
            points: 72,
            dropping: true,
        };
        assert_eq!(Audits::standing(&1), Some(expected));
        assert!(Audited::<Test>::contains_key(1));
    });
}
