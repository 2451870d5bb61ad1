//! That each invariant is really checked: a state broken on purpose is found.

use crate::{
    mock::*, Agenda, AgendaCursor, Assignments, CommitmentCount, Commitments, Deals, DealsOf,
    NextToken, SlotState, Task,
};
use frame_support::traits::{fungible::MutateHold, tokens::Precision};

/// A deal of Alice's with a held, a proving and an assigned slot; broken; and what is found.
fn broken(breaks: impl FnOnce(&TestFile)) -> String {
    let mut found = String::new();
    new_test_ext().execute_with(|| {
        for n in 0..8 {
            Registry::insert(provider(n), operator_of(provider(n)), CAPACITY);
        }
        let file = TestFile::new(300, 0);
        assigned(&file, 3);
        make_held(&file, 0);
        make_ready(file.id(), 1);
        check_invariants();
        breaks(&file);
        let error = Storage::do_try_state().expect_err("the broken state was not found");
        found = format!("{error:?}");
    });
    found
}

#[track_caller]
fn assert_found(expected: &str, breaks: impl FnOnce(&TestFile)) {
    let found = broken(breaks);
    assert!(
        found.contains(expected),
        "found {found}, expected {expected}"
    );
}

fn change(file: &TestFile, change: impl FnOnce(&mut crate::DealOf<Test>)) {
    Deals::<Test>::mutate(file.id(), ALICE, |deal| change(deal.as_mut().unwrap()));
}

#[test]
fn deal_under_wrong_file_id_is_found() {
    assert_found("under another file id", |file| {
        change(file, |deal| deal.size += 1);
    });
}

#[test]
fn deal_without_slots_is_found() {
    assert_found("has no slots", |file| {
        change(file, |deal| deal.slots.clear());
    });
}

#[test]
fn miscounted_held_slots_are_found() {
    assert_found("miscounts its held slots", |file| {
        change(file, |deal| deal.held += 1);
    });
}

#[test]
fn provider_with_two_slots_is_found() {
    assert_found("two slots of one deal", |file| {
        change(file, |deal| {
            let first = *deal.slots[0].state.provider().unwrap();
            let SlotState::Assigned { provider, .. } = &mut deal.slots[2].state else {
                panic!()
            };
            *provider = first;
        });
    });
}

#[test]
fn token_from_the_future_is_found() {
    assert_found("not given out yet", |_| NextToken::<Test>::put(1));
}

#[test]
fn token_used_twice_is_found() {
    assert_found("the same token", |file| {
        change(file, |deal| deal.slots[1].token = deal.slots[0].token);
    });
}

#[test]
fn deal_not_listed_is_found() {
    assert_found("not listed for its owner", |file| {
        DealsOf::<Test>::remove(ALICE, file.id());
    });
}

#[test]
fn deal_listed_that_is_not_there_is_found() {
    assert_found("for an owner that has none", |file| {
        DealsOf::<Test>::insert(BOB, file.id(), ());
    });
}

#[test]
fn hold_less_than_the_deposits_is_found() {
    assert_found("not the sum of its deposits", |_| {
        let reason = crate::HoldReason::Deposit.into();
        Balances::release(&reason, &ALICE, 1, Precision::Exact).unwrap();
    });
}

#[test]
fn hold_more_than_the_deposits_is_found() {
    assert_found("not the sum of its deposits", |file| {
        change(file, |deal| deal.deposit -= 1);
    });
}

#[test]
fn miscounted_deals_are_found() {
    assert_found("miscounted", |file| {
        Commitments::<Test>::mutate(file.root, file.size, |count| count.deals += 1);
    });
}

#[test]
fn miscounted_active_deals_are_found() {
    assert_found("miscounted", |file| {
        Commitments::<Test>::mutate(file.root, file.size, |count| count.active += 1);
    });
}

#[test]
fn counted_file_without_deal_is_found() {
    assert_found("counted that has no deal", |file| {
        Commitments::<Test>::insert(
            file.root,
            7,
            CommitmentCount {
                deals: 1,
                active: 0,
            },
        );
    });
}

#[test]
fn assignment_not_listed_is_found() {
    assert_found("not listed for its provider", |file| {
        Assignments::<Test>::remove(provider_of(file.id(), ALICE, 0), (file.id(), ALICE));
    });
}

#[test]
fn assignment_of_another_slot_is_found() {
    assert_found("not listed for its provider", |file| {
        Assignments::<Test>::insert(provider_of(file.id(), ALICE, 0), (file.id(), ALICE), 2);
    });
}

#[test]
fn assignment_that_is_none_is_found() {
    assert_found("that does not have it", |file| {
        Assignments::<Test>::insert(BOB, (file.id(), ALICE), 0);
    });
}

#[test]
fn slot_without_task_is_found() {
    assert_found("waits for something has no task", |file| {
        change(file, |deal| deal.slots[1].due = None);
    });
}

#[test]
fn held_slot_with_task_elsewhere_is_found() {
    assert_found("not where its slot or deal says", |file| {
        change(file, |deal| deal.slots[0].due = Some(500));
    });
}

#[test]
fn task_missing_from_the_agenda_is_found() {
    assert_found("task is not on the agenda", |file| {
        Agenda::<Test>::remove(slot_of(file.id(), ALICE, 1).due.unwrap());
    });
}

#[test]
fn task_in_another_block_is_found() {
    assert_found("not where its slot or deal says", |file| {
        let due = slot_of(file.id(), ALICE, 1).due.unwrap();
        let tasks = Agenda::<Test>::take(due);
        Agenda::<Test>::insert(due + 1, tasks);
    });
}

#[test]
fn task_for_another_slot_is_found() {
    assert_found("or for another", |file| {
        let due = slot_of(file.id(), ALICE, 1).due.unwrap();
        Agenda::<Test>::mutate(due, |tasks| tasks[0].slot = 2);
    });
}

#[test]
fn task_on_the_agenda_twice_is_found() {
    assert_found("on the agenda twice", |file| {
        let due = slot_of(file.id(), ALICE, 1).due.unwrap();
        let task = tasks_at(due).remove(0);
        Agenda::<Test>::try_append(due + 1, task).unwrap();
    });
}

#[test]
fn task_that_no_slot_waits_for_is_found() {
    assert_found("that nothing waits for", |file| {
        let task = Task {
            file: file.id(),
            owner: ALICE,
            slot: 0,
            token: 0,
            kind: crate::TaskKind::Slot,
        };
        Agenda::<Test>::try_append(500, task).unwrap();
    });
}

#[test]
fn empty_agenda_block_is_found() {
    assert_found("an empty agenda block", |_| {
        Agenda::<Test>::insert(500, frame_support::BoundedVec::default());
    });
}

#[test]
fn task_before_the_cursor_is_found() {
    assert_found("before the cursor", |_| AgendaCursor::<Test>::put(5_000));
}

#[test]
fn cursor_ahead_of_the_chain_is_found() {
    assert_found("ahead of the chain", |file| {
        Storage::remove(signed(ALICE), file.id(), MOST).unwrap();
        AgendaCursor::<Test>::put(5_000);
    });
}

/// The one that only the mock registry can see.
#[test]
#[should_panic(expected = "bytes reserved of provider")]
fn bytes_reserved_wrongly_are_found() {
    build_and_execute(1, || {
        assigned(&TestFile::new(300, 0), 1);
        Providers::mutate(provider(0), |entry| entry.as_mut().unwrap().reserved += 1);
    });
}
