//! That each invariant is really checked: a state broken on purpose is found.

use crate::{
    mock::*, Audited, Clock, Drawn, RoundState, Running, SkippedRounds, Standing, Written,
};

/// Round 1 open after round 0 was skipped; provider 1 with something written down and a point, 2 being dropped, 3 with nothing; broken; and what is found.
fn broken(breaks: impl FnOnce()) -> String {
    let mut found = String::new();
    new_test_ext().execute_with(|| {
        for provider in 1..=3 {
            Registry::register(provider, BOND, 0);
        }
        to_calm();
        give(2, &[10]);
        miss(2, 4);
        give(1, &[10, 20]);
        miss(1, 1);
        to_skipped();
        to_open();
        let answers = right(1);
        answer(1, round(), &answers[..1]).unwrap();
        check_invariants();
        breaks();
        let error = Audits::do_try_state().expect_err("the broken state was not found");
        found = format!("{error:?}");
    });
    found
}

#[track_caller]
fn assert_found(expected: &str, breaks: impl FnOnce()) {
    let found = broken(breaks);
    assert!(
        found.contains(expected),
        "found {found}, expected {expected}"
    );
}

fn change_round(change: impl FnOnce(&mut crate::RoundOf<Test>)) {
    Running::<Test>::mutate(|round| change(round.as_mut().unwrap()));
}

fn change_record(provider: u64, change: impl FnOnce(&mut crate::RecordOf<Test>)) {
    Audited::<Test>::mutate(provider, |record| change(record.as_mut().unwrap()));
}

fn change_written(change: impl FnOnce(&mut crate::DrawnOf<Test>)) {
    Written::<Test>::mutate(1, |drawn| change(drawn.as_mut().unwrap()));
}

#[test]
fn clock_looked_at_in_a_block_to_come_is_found() {
    assert_found("in a block to come", || {
        Clock::<Test>::mutate(|clock| clock.polled = Some(System::block_number() + 1));
    });
}

#[test]
fn more_ticks_than_blocks_are_found() {
    assert_found("more ticks than blocks", || {
        Clock::<Test>::mutate(|clock| clock.tick = u64::from(System::block_number()) + 1);
    });
}

#[test]
fn round_of_a_block_to_come_is_found() {
    assert_found("began in a block to come", || {
        change_round(|round| round.began_at = System::block_number() + 1);
    });
}

#[test]
fn round_drawn_in_the_block_of_its_begin_is_found() {
    assert_found("drawn in the block of its begin", || {
        change_round(|round| round.draw_at = round.began_at);
    });
}

#[test]
fn round_drawn_by_a_seed_too_early_or_too_late_is_found() {
    for by in [-1i32, 3] {
        assert_found("by a seed that does not count", || {
            change_round(|round| {
                let at = round.draw_at;
                let RoundState::Open { drawn_at, .. } = &mut round.state else {
                    panic!()
                };
                *drawn_at = at.checked_add_signed(by).unwrap();
            });
        });
    }
}

#[test]
fn window_longer_than_it_was_set_is_found() {
    assert_found("longer than it was set", || {
        change_round(|round| {
            let RoundState::Open { until, .. } = &mut round.state else {
                panic!()
            };
            *until += 100;
        });
    });
}

#[test]
fn item_of_skipped_rounds_without_any_is_found() {
    assert_found("an item of skipped rounds has none", || {
        SkippedRounds::<Test>::insert(7, [0; 32]);
    });
}

#[test]
fn skipped_round_to_come_is_found() {
    assert_found("skipped that has not begun", || {
        SkippedRounds::<Test>::mutate(0, |item| item.as_mut().unwrap()[31] = 1);
    });
}

#[test]
fn open_round_among_those_skipped_is_found() {
    assert_found("the list of skipped rounds disagree", || {
        let (key, byte, mask) = crate::math::skipped_place(round());
        SkippedRounds::<Test>::mutate(key, |item| item.as_mut().unwrap()[byte] |= mask);
    });
}

#[test]
fn skipped_round_that_is_not_noted_is_found() {
    assert_found("the list of skipped rounds disagree", || {
        change_round(|round| round.state = RoundState::Skipped);
    });
}

#[test]
fn round_settled_before_it_begins_is_found() {
    assert_found("settled that has not begun", || {
        change_record(2, |record| record.next = round() + 2);
    });
}

#[test]
fn too_many_points_are_found() {
    assert_found("as many points as are too many", || {
        change_record(1, |record| record.points = 96);
    });
}

#[test]
fn something_taken_without_points_is_found() {
    assert_found("from a provider without points", || {
        change_record(1, |record| record.points = 0);
    });
}

#[test]
fn dropping_without_probation_is_found() {
    assert_found("not on probation", || {
        change_record(2, |record| record.points = 24);
    });
    assert_found("not on probation", || {
        change_record(2, |record| record.taken = 1);
    });
}

#[test]
fn dropping_and_asked_for_something_is_found() {
    assert_found("dropped is asked for something", || {
        let round = record(2).next;
        let items = Default::default();
        Written::<Test>::insert(
            2,
            Drawn {
                round,
                answered: 0,
                items,
            },
        );
    });
}

#[test]
fn dropping_and_active_is_found() {
    assert_found("dropped is active", || {
        FundsOf::mutate(2, |funds| funds.as_mut().unwrap().active = true);
    });
}

#[test]
fn written_for_who_is_not_on_record_is_found() {
    assert_found("not for the provider's first unsettled round", || {
        Audited::<Test>::remove(1);
    });
}

#[test]
fn written_for_another_round_is_found() {
    assert_found("not for the provider's first unsettled round", || {
        change_written(|drawn| drawn.round -= 1);
    });
}

#[test]
fn written_for_a_round_that_is_being_drawn_is_found() {
    assert_found("for a round that is not drawn", || {
        change_round(|round| round.state = RoundState::Drawing);
    });
}

#[test]
fn written_for_a_skipped_round_is_found() {
    assert_found("for a skipped round", || {
        let (key, byte, mask) = crate::math::skipped_place(round());
        SkippedRounds::<Test>::mutate(key, |item| item.as_mut().unwrap()[byte] |= mask);
        change_round(|round| round.state = RoundState::Skipped);
    });
}

#[test]
fn too_few_challenges_written_are_found() {
    assert_found("fewer challenges", || {
        change_written(|drawn| drawn.items.truncate(1));
    });
}

#[test]
fn answer_to_a_challenge_that_is_none_is_found() {
    assert_found("answered that is none", || {
        change_written(|drawn| drawn.answered |= 1 << 40);
    });
}

#[test]
fn everything_answered_and_not_settled_is_found() {
    assert_found("everything is answered", || {
        change_written(|drawn| drawn.answered = crate::math::bits(drawn.items.len() as u32));
    });
}

#[test]
fn population_of_who_is_not_on_record_is_found() {
    assert_found("not on record", || {
        Written::<Test>::remove(1);
        Audited::<Test>::remove(1);
    });
}

/// Those that only the mock can see.
#[test]
#[should_panic(expected = "who is being dropped")]
fn drop_that_storage_does_not_know_is_found() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10]);
        miss(1, 4);
        Drops::remove(1);
    });
}

#[test]
#[should_panic(expected = "who is being dropped")]
fn drop_that_audits_do_not_know_is_found() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10]);
        miss(1, 4);
        change_record(1, |record| record.standing = Standing::Good);
    });
}

#[test]
#[should_panic(expected = "assertion")]
fn challenges_that_were_not_drawn_are_found() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        give(1, &[1]);
        change_written(|drawn| drawn.items[0].sector += 1);
    });
}
