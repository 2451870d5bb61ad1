//! Each invariant finds a state that breaks it.

use crate::{mock::*, Committees, Forming, FormingState, Keys, LastCommittee, NextEra, Pallet};

/// With a committee of five, then broken by `change`, the check says this.
fn finds(change: impl FnOnce(), expected: &str) {
    new_test_ext().execute_with(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        to_committee(2);
        Pallet::<Test>::do_try_state().unwrap();
        change();
        let found = format!("{:?}", Pallet::<Test>::do_try_state().unwrap_err());
        assert!(found.contains(expected), "{found}");
    });
}

fn change_committee(change: impl FnOnce(&mut crate::CommitteeRecord<u64>)) {
    Committees::<Test>::mutate(2, |committee| change(committee.as_mut().unwrap()));
}

#[test]
fn point_of_another_key_is_found() {
    let change = || {
        Keys::<Test>::mutate(1, |record| {
            let record = record.as_mut().unwrap();
            record.point = crate::bls::point_of(&key(2)).unwrap();
        });
    };
    finds(change, "the point of a key");
}

#[test]
fn too_many_keys_are_found() {
    finds(|| MaxKeys::set(4), "too many");
}

#[test]
fn seats_out_of_order_are_found() {
    finds(
        || change_committee(|one| one.seats.as_mut().swap(0, 1)),
        "in order",
    );
}

#[test]
fn seat_without_stake_is_found() {
    finds(
        || change_committee(|one| one.seats.as_mut()[0].stake = 0),
        "without stake",
    );
}

#[test]
fn wrong_sum_and_name_are_found() {
    finds(
        || change_committee(|one| one.sum = one.seats[0].point),
        "sum",
    );
    finds(|| change_committee(|one| one.id.0[0] ^= 1), "name");
}

#[test]
fn enlisted_seat_that_there_is_not_is_found() {
    finds(|| change_committee(|one| one.enlisted.set(5)), "enlisted");
}

#[test]
fn committee_of_an_era_to_come_is_found() {
    finds(|| NextEra::<Test>::put(2), "not formed");
}

#[test]
fn unknown_last_committee_is_found() {
    finds(LastCommittee::<Test>::kill, "who served last");
}

#[test]
fn second_committee_of_an_era_is_found() {
    let forming = Forming::Drawing { era: 1, draw_at: 9 };
    finds(|| FormingState::<Test>::put(forming), "has one");
}
