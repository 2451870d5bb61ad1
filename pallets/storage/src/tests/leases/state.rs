//! That each invariant about money is really checked: a state broken on purpose is found. And what is stored in which form.

use crate::{
    mock::*, Accounts, Call, Deals, Drops, Event, HoldReason, LeafCounts, LeafNodes, Leaves,
    RateChange, RateChanges, Reserved, SlotState, Task, TaskKind,
};
use codec::Encode;
use frame_support::traits::{
    fungible::{Mutate, MutateHold},
    tokens::Precision,
};
use noema_traits::Auditable;

/// Alice's deal with an earning and an open replica; broken; and what is found.
#[track_caller]
fn assert_found(expected: &str, breaks: impl FnOnce(&TestFile, u64)) {
    let mut found = String::new();
    new_test_ext().execute_with(|| {
        for n in 0..2 {
            Registry::insert(provider(n), operator_of(provider(n)), CAPACITY);
        }
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 2);
        make_held(&file, 0);
        mature();
        check_invariants();
        breaks(&file, provider_of(id, ALICE, 0));
        let error = Storage::do_try_state().expect_err("the broken state was not found");
        found = format!("{error:?}");
    });
    assert!(
        found.contains(expected),
        "found {found}, expected {expected}"
    );
}

fn change(file: &TestFile, change: impl FnOnce(&mut crate::DealOf<Test>)) {
    Deals::<Test>::mutate(file.id(), ALICE, |deal| change(deal.as_mut().unwrap()));
}

#[test]
fn pot_with_less_or_more_is_found() {
    assert_found("does not hold exactly what it owes", |_, _| {
        let reason = HoldReason::Escrow.into();
        Balances::release(&reason, &POT, 1, Precision::Exact).unwrap();
    });
    assert_found("does not hold exactly what it owes", |file, _| {
        change(file, |deal| deal.slots[1].bounty += 1);
    });
}

#[test]
fn pot_that_does_not_live_by_itself_is_found() {
    assert_found("does not live by itself", |_, _| {
        Balances::burn_from(
            &POT,
            1,
            frame_support::traits::tokens::Preservation::Expendable,
            Precision::BestEffort,
            frame_support::traits::tokens::Fortitude::Force,
        )
        .ok();
        frame_system::Account::<Test>::mutate(POT, |account| account.data.free = 0);
    });
}

#[test]
fn deal_with_less_than_it_must_have_is_found() {
    assert_found("less than its rounds to come take", |file, who| {
        let owed = Accounts::<Test>::get(who).unwrap().owed;
        let balance = deal_of(file.id(), ALICE).balance;
        change(file, |deal| deal.balance = 0);
        // So that the pot adds up.
        let rounds = 2;
        Accounts::<Test>::mutate(who, |account| {
            account.as_mut().unwrap().owed = owed + balance;
        });
        assert!(rounds > 0);
    });
}

#[test]
fn account_that_does_not_add_up_is_found() {
    assert_found("not the sum of the rates to come", |file, who| {
        Accounts::<Test>::mutate(who, |account| account.as_mut().unwrap().owed -= 1);
        change(file, |deal| deal.balance += 1);
    });
}

#[test]
fn change_of_rate_that_is_not_netted_is_found() {
    assert_found("not netted", |_, who| {
        RateChanges::<Test>::insert(who, 5, RateChange { begins: 1, ends: 1 });
    });
}

#[test]
fn change_of_rate_without_account_is_found() {
    assert_found("has no account", |_, _| {
        RateChanges::<Test>::insert(BOB, 5, RateChange { begins: 1, ends: 0 });
    });
}

#[test]
fn round_settled_before_it_begins_is_found() {
    assert_found("has not begun", |_, who| {
        Accounts::<Test>::mutate(who, |account| account.as_mut().unwrap().settled = 1);
    });
}

#[test]
fn rate_that_is_not_the_rents_is_found() {
    assert_found("than its replicas pay", |file, _| {
        change(file, |deal| {
            let SlotState::Held { bounty, .. } = &mut deal.slots[0].state else {
                panic!()
            };
            *bounty = 3;
        });
    });
}

#[test]
fn leaf_that_is_missing_or_of_another_replica_is_found() {
    assert_found("is no leaf", |_, who| Leaves::<Test>::remove(who, 0));
    assert_found("of another replica", |_, who| {
        Leaves::<Test>::mutate(who, 0, |leaf| leaf.as_mut().unwrap().slot = 1);
    });
    assert_found("no replica that earns", |file, who| {
        let leaf = crate::Leaf {
            file: file.id(),
            owner: ALICE,
            slot: 1,
        };
        Leaves::<Test>::insert(who, 1, leaf);
    });
}

#[test]
fn leaves_counted_or_weighed_wrongly_are_found() {
    assert_found("miscounted", |_, who| LeafCounts::<Test>::insert(who, 2));
    assert_found("has sectors", |_, who| {
        LeafNodes::<Test>::remove(who, (0, 0));
    });
    assert_found("hangs nowhere", |_, who| {
        LeafNodes::<Test>::insert(who, (0, 3_000), noema_sum_tree::Node::default());
    });
}

#[test]
fn reserved_bytes_that_are_no_sum_are_found() {
    assert_found("not the sum of the slots", |_, _| {
        Reserved::<Test>::mutate(|all| *all += 1);
    });
}

#[test]
fn bytes_being_left_that_are_no_sum_are_found() {
    assert_found("not the sum of its slots", |_, who| {
        crate::LeavingBytes::<Test>::insert(who, 1);
    });
    assert_found("it is not counted", |file, who| {
        Storage::resign(signed(who), file.id(), ALICE, 0).unwrap();
        crate::LeavingBytes::<Test>::remove(who);
    });
}

#[test]
fn drop_that_audits_do_not_know_is_found() {
    let drop = crate::Drop {
        budget: 1,
        left: 1,
        bytes: 1,
    };
    assert_found("audits do not know", |_, who| {
        Drops::<Test>::insert(who, drop);
    });
    assert_found("more left than its budget", |_, who| {
        Drops::<Test>::insert(who, crate::Drop { left: 2, ..drop });
    });
}

#[test]
fn drop_without_a_record_is_found() {
    assert_found("loses everything and keeps it", |_, who| {
        Dropping::insert(who, ());
    });
    // And of somebody who has nothing.
    assert_found("loses everything and keeps it", |_, _| {
        Dropping::insert(BOB, ());
    });
}

#[test]
fn slot_with_two_earners_is_found() {
    assert_found("two earners", |file, _| {
        change(file, |deal| {
            deal.slots[0].leaving = Some(crate::Leaving {
                provider: BOB,
                leaf: 0,
                joined: 0,
                since: 0,
                bounty: 0,
            });
        });
    });
}

#[test]
fn next_segment_before_the_running_one_is_found() {
    assert_found("ends before the running one", |file, _| {
        change(file, |deal| {
            let end = deal.terms.end;
            deal.terms.next = Some(crate::Segment { rent: 1, end });
        });
        // So that it has what its rounds take.
        let more = 1_000_000;
        change(file, |deal| deal.balance += more);
        Balances::mint_into(&POT, more).unwrap();
        Balances::hold(&HoldReason::Escrow.into(), &POT, more).unwrap();
    });
}

#[test]
fn account_kept_with_nothing_owed_is_found() {
    assert_found("nothing is owed is kept", |_, _| {
        Accounts::<Test>::insert(BOB, crate::Account::default());
    });
}

#[test]
fn change_kept_for_a_settled_round_is_found() {
    assert_found("kept for a settled round", |_, who| {
        RateChanges::<Test>::insert(who, 0, RateChange { begins: 1, ends: 0 });
    });
}

#[test]
fn rate_below_zero_or_without_end_is_found() {
    assert_found("falls below zero", |_, who| {
        let rent = 1_000_000;
        RateChanges::<Test>::insert(
            who,
            2,
            RateChange {
                begins: 0,
                ends: rent,
            },
        );
    });
    assert_found("never ends", |_, who| {
        let last = RateChanges::<Test>::iter_key_prefix(who).max().unwrap();
        RateChanges::<Test>::remove(who, last);
    });
}

#[test]
fn earner_without_account_is_found() {
    assert_found("earns and has no account", |file, who| {
        let owed = Accounts::<Test>::take(who).unwrap().owed;
        let _ = RateChanges::<Test>::clear_prefix(who, u32::MAX, None);
        // So that the pot adds up.
        change(file, |deal| deal.balance += owed);
    });
}

#[test]
fn deal_without_a_task_for_its_end_is_found() {
    assert_found("no task for its end", |file, _| {
        change(file, |deal| {
            Storage::unschedule(deal.due.take().unwrap(), deal.token);
        });
    });
}

#[test]
fn earning_slot_with_a_task_is_found() {
    assert_found("earns has a task", |file, _| {
        change(file, |deal| deal.slots[0].due = Some(5_000));
    });
}

#[test]
fn sum_tree_that_does_not_add_up_is_found() {
    assert_found("does not add up", |_, who| {
        // A leaf more in a node that is not the leaf's.
        LeafNodes::<Test>::mutate(who, (1, 0), |node| *node = None);
    });
}

#[test]
fn population_has_an_item_for_each_sector_in_the_order_of_leaves() {
    build_and_execute(1, || {
        let files: Vec<_> = (1..=4u8)
            .map(|n| TestFile::new(256 * u64::from(n), n))
            .collect();
        for file in &files {
            earning(file, 1);
        }
        let who = provider(0);
        let population = Storage::population(&who, 0);
        assert_eq!((population.units, population.bytes), (10, 2_560));
        let items = |units| -> Vec<_> {
            (0..units)
                .map(|target| Storage::item_at(&who, 0, target).unwrap())
                .map(|item| (item.size / 256, item.sector))
                .collect()
        };
        let expected: Vec<_> = (1..=4u64)
            .flat_map(|n| (0..n).map(move |sector| (n, sector)))
            .collect();
        assert_eq!(items(10), expected);
        assert_eq!(Storage::item_at(&who, 0, 10), None);
        // The last one takes the place of the first.
        Storage::remove(signed(ALICE), files[0].id(), MOST).unwrap();
        let sizes: Vec<_> = items(9).into_iter().map(|(size, _)| size).collect();
        assert_eq!(sizes, [4, 4, 4, 4, 2, 2, 3, 3, 3]);
        // Each has a proof of its own.
        let item = Storage::item_at(&who, 0, 5).unwrap();
        let proof = files[1].sector_proof(item.sector);
        assert_eq!(Storage::check(&item, &proof), Ok(()));
        assert_eq!(Storage::verify(&item, &proof), Ok(()));
        let other = files[2].sector_proof(0);
        assert_eq!(
            Storage::check(&item, &other),
            Err(noema_traits::ProofFault::WrongLength)
        );
        let wrong = files[1].sector_proof(1 - item.sector);
        assert_eq!(
            Storage::verify(&item, &wrong),
            Err(noema_traits::ProofFault::WrongProof)
        );
    });
}

#[test]
fn indices_of_calls_events_and_kinds_are_those_of_the_design() {
    let file = [1; 32];
    let index = |call: Call<Test>| call.encode()[0];
    let slot = 0;
    assert_eq!(
        [
            index(Call::remove { file, replicas: 1 }),
            index(Call::resign {
                file,
                owner: 1,
                slot
            }),
            index(Call::top_up {
                file,
                owner: 1,
                level: 0
            }),
            index(Call::expire {
                file,
                owner: 1,
                replicas: 1
            }),
            index(Call::drop_replicas {
                provider: 1,
                limit: 1
            }),
            index(Call::set_base_price { price: 1 }),
        ],
        [3, 4, 7, 10, 12, 13]
    );
    let drop_ended = Event::<Test>::DropEnded {
        provider: 1,
        forfeited: 2,
    };
    assert_eq!(drop_ended.encode()[0], 25);
    let task = Task {
        file,
        owner: 1u64,
        slot: 3,
        token: 7,
        kind: TaskKind::End,
    };
    // That of layout 1, and the kind behind it.
    assert_eq!(task.encode(), (file, 1u64, 3u8, 7u64, 1u8).encode());
    let state = SlotState::<u64, u64, u32>::Drawing {
        draw_at: 5,
        vain: 2,
    };
    assert_eq!(state.encode(), (0u8, 5u32, 2u8).encode());
}
