//! `remove`.

use crate::{
    mock::*, Agenda, Assignments, Commitments, Config, Deals, DealsOf, Error, Event, WeightInfo,
};
use frame_support::{assert_noop, assert_ok, dispatch::WithPostDispatchInfo};

type W = <Test as Config>::WeightInfo;

fn assert_no_trace() {
    assert_eq!(held(ALICE), 0);
    // The placement is gone for good.
    assert_eq!(Balances::free_balance(ALICE) + wealth(FUND), ENDOWMENT + 1);
    assert_eq!(pot(), 0);
    assert_eq!(Deals::<Test>::iter().count(), 0);
    assert_eq!(DealsOf::<Test>::iter().count(), 0);
    assert_eq!(Assignments::<Test>::iter().count(), 0);
    assert_eq!(Commitments::<Test>::iter().count(), 0);
    assert_eq!(Agenda::<Test>::iter().count(), 0);
    assert!(Registry::all()
        .values()
        .all(|provider| provider.reserved == 0));
}

#[test]
fn remove_while_drawing_leaves_no_trace() {
    build_and_execute(3, || {
        let file = TestFile::new(300, 0);
        assert_ok!(buy(&file, 3));
        let deposit = held(ALICE);
        take_events();
        assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        assert_eq!(
            take_events(),
            [Event::Removed {
                file: file.id(),
                owner: ALICE,
                refunded: deposit + 3 * 12,
                reason: crate::EndReason::Removed,
            }]
        );
        assert_no_trace();
    });
}

#[test]
fn remove_in_every_state_at_once_leaves_no_trace() {
    build_and_execute(4, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 4);
        make_held(&file, 0);
        make_ready(id, 1);
        let third = provider_of(id, ALICE, 2);
        assert_ok!(Storage::resign(signed(third), id, ALICE, 2));
        assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        assert_no_trace();
        // Nothing happens later.
        take_events();
        run_blocks(40);
        assert!(take_events().is_empty());
    });
}

#[test]
fn remove_active_file_leaves_no_trace() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let weight = Storage::remove(signed(ALICE), id, MOST)
            .unwrap()
            .actual_weight
            .unwrap();
        assert!(weight.all_lt(W::remove(16)));
        assert_no_trace();
    });
}

#[test]
fn remove_one_of_two_deals_keeps_the_other() {
    build_and_execute(2, || {
        let (first, second) = (TestFile::new(300, 0), TestFile::new(70_000, 1));
        assigned(&first, 2);
        let deposit = held(ALICE);
        assigned(&second, 1);
        assert_ok!(Storage::remove(signed(ALICE), second.id(), MOST));
        assert_eq!(held(ALICE), deposit);
        assert!(Deals::<Test>::contains_key(first.id(), ALICE));
    });
}

#[test]
fn remove_of_another_owner_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        for stranger in [BOB, provider(0)] {
            assert_noop!(
                Storage::remove(signed(stranger), id, MOST),
                Error::<Test>::UnknownDeal.with_weight(W::witness_too_low())
            );
        }
    });
}

#[test]
fn remove_twice_is_refused() {
    build_and_execute(1, || {
        let id = assigned(&TestFile::new(300, 0), 1);
        assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        assert_noop!(
            Storage::remove(signed(ALICE), id, MOST),
            Error::<Test>::UnknownDeal.with_weight(W::witness_too_low())
        );
    });
}

#[test]
fn remove_and_commit_again_starts_anew() {
    build_and_execute(3, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 2);
        make_held(&file, 0);
        let old = deal_of(id, ALICE);
        assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        assert_ok!(buy(&file, 3));
        let new = deal_of(id, ALICE);
        assert_eq!((new.held, new.replicas()), (0, 3));
        let newest = old.slots.iter().map(|slot| slot.token).max().unwrap();
        assert!(new.slots.iter().all(|slot| slot.token > newest));
    });
}

/// Otherwise the agenda could be filled for the price of fees alone.
#[test]
fn remove_and_commit_again_and_again_does_not_fill_the_agenda() {
    build_and_execute(16, || {
        MaxTasksPerBlock::set(2);
        AgendaSearch::set(7);
        for _ in 0..100 {
            assert_ok!(Storage::commit(
                signed(ALICE),
                [1; 32],
                300,
                16,
                ROUNDS,
                AMPLE
            ));
            let id = DealsOf::<Test>::iter_key_prefix(ALICE).next().unwrap();
            assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        }
        assert_eq!(Agenda::<Test>::iter().count(), 0);
    });
}
