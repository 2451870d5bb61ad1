//! Ends: over, lapsed, expired; and what the agenda does about them.

use crate::{mock::*, Config, Deals, EndReason, Error, Event, WeightInfo};
use frame_support::{assert_noop, assert_ok, dispatch::WithPostDispatchInfo, pallet_prelude::Pays};
use noema_traits::{FileCommitments, Frozen};

type W = <Test as Config>::WeightInfo;

/// Rounds of this many ticks, so that a lease ends in a test.
const SHORT: u64 = 200;

fn short_rounds() {
    RoundLength::set(SHORT);
    RoundEnds::put(TickNow::get() + SHORT);
    MaturingDelay::set(10);
}

fn reasons() -> Vec<EndReason> {
    take_events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Removed { reason, .. } => Some(reason),
            _ => None,
        })
        .collect()
}

#[test]
fn lease_that_is_over_is_cleaned_up_by_the_agenda() {
    build_and_execute(3, || {
        short_rounds();
        let file = TestFile::new(300, 9);
        let id = earning(&file, 2);
        let end = deal_of(id, ALICE).terms.last();
        while RoundNow::get() <= end {
            next_block();
        }
        assert!(Storage::is_stored(&file.root, file.size));
        assert_noop!(
            Storage::offer(signed(ALICE), id, None),
            Error::<Test>::UnknownDeal
        );
        take_events();
        // Within a quarter of a round, one slot a block.
        run_blocks(SHORT as u32 / 4 + 3);
        assert_eq!(Deals::<Test>::iter().count(), 0);
        assert!(!Storage::is_stored(&file.root, file.size));
        assert_eq!(reasons(), [EndReason::Over]);
        assert_eq!(held(ALICE), 0);
    });
}

#[test]
fn lease_ends_later_when_ticks_stand_still() {
    build_and_execute(2, || {
        short_rounds();
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        StandStill::set(true);
        run_blocks(20 * SHORT as u32);
        StandStill::set(false);
        assert!(deal_of(id, ALICE).due.is_some());
        assert!(!deal_of(id, ALICE).is_over(RoundNow::get()));
    });
}

#[test]
fn expire_cleans_up_once_for_a_fee() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        assert_noop!(
            dispatch(
                BOB,
                crate::Call::expire {
                    file: id,
                    owner: ALICE,
                    replicas: MOST
                }
            ),
            Error::<Test>::NotOver
        );
        next_rounds(deal_of(id, ALICE).terms.last() + 1);
        let info = Storage::expire(signed(BOB), id, ALICE, MOST).unwrap();
        assert_eq!(info.pays_fee, Pays::Yes);
        assert_noop!(
            dispatch(
                BOB,
                crate::Call::expire {
                    file: id,
                    owner: ALICE,
                    replicas: MOST
                }
            ),
            Error::<Test>::UnknownDeal.with_weight(W::witness_too_low())
        );
    });
}

#[test]
fn commit_of_what_is_over_waits_until_it_is_cleaned_up() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        next_rounds(deal_of(id, ALICE).terms.last() + 1);
        let commit = crate::Call::commit {
            root: file.root,
            size: file.size,
            replicas: 1,
            rounds: ROUNDS,
            max: AMPLE,
        };
        assert_noop!(dispatch(ALICE, commit.clone()), Error::<Test>::DealExists);
        assert_ok!(Storage::expire(signed(BOB), id, ALICE, MOST));
        assert_ok!(dispatch(ALICE, commit));
    });
}

#[test]
fn deal_that_is_never_delivered_lapses_with_a_refund() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        assigned(&file, 1);
        let placement = wealth(FUND) - 1;
        take_events();
        // Nobody ever says ready: three windows and draws.
        run_blocks(100);
        assert_eq!(reasons(), [EndReason::Lapsed]);
        assert_eq!(wealth(ALICE), ENDOWMENT - placement);
        assert_eq!((pot(), held(ALICE)), (0, 0));
    });
}

#[test]
fn deal_that_was_held_once_never_lapses() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let holder = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(holder), id, ALICE, 0));
        run_blocks(500);
        assert!(slot_of(id, ALICE, 0).failures > MaxFailures::get());
    });
}

#[test]
fn remove_while_a_round_is_drawn_is_refused() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let holder = provider_of(id, ALICE, 0);
        let remove = || {
            dispatch(
                ALICE,
                crate::Call::remove {
                    file: id,
                    replicas: 1,
                },
            )
        };
        FrozenAs::insert(holder, Frozen::Drawing);
        assert_noop!(remove(), Error::<Test>::RoundDrawing);
        FrozenAs::insert(holder, Frozen::Unsettled);
        assert_noop!(remove(), Error::<Test>::ProviderUnsettled);
        FrozenAs::remove(holder);
        assert_ok!(remove());
    });
}

#[test]
fn maturing_waits_while_a_round_is_drawn() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let holder = provider_of(id, ALICE, 0);
        FrozenAs::insert(holder, Frozen::Drawing);
        mature();
        assert!(slot_of(id, ALICE, 0).earner().is_none());
        assert!(slot_of(id, ALICE, 0).due.is_some());
        FrozenAs::remove(holder);
        run_blocks(DrawDelay::get());
        assert!(slot_of(id, ALICE, 0).earner().is_some());
    });
}

#[test]
fn last_rounds_bring_no_draw_until_the_lease_is_renewed() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let end = deal_of(id, ALICE).terms.last();
        next_rounds(end - 1);
        let holder = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(holder), id, ALICE, 0));
        assert_eq!(slot_of(id, ALICE, 0).due, None);
        run_blocks(50);
        let leases = vec![(id, ALICE)].try_into().unwrap();
        assert_ok!(Storage::renew(signed(BOB), leases, end + 5, AMPLE));
        run_blocks(DrawDelay::get());
        assert!(slot_of(id, ALICE, 0).state.provider().is_some());
    });
}
