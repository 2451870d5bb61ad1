//! Hand-over, drops and bounties.

use crate::{mock::*, DropReason, Drops, Error, Event, SlotState};
use frame_support::{
    assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo, pallet_prelude::Pays,
    traits::fungible::Mutate,
};
use noema_traits::{Auditable, Frozen, Outcome, Payroll};

#[test]
fn resign_of_what_earns_hands_over() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let old = provider_of(id, ALICE, 0);
        take_events();
        assert_ok!(Storage::resign(signed(old), id, ALICE, 0));
        assert_eq!(
            take_events(),
            [Event::HandOverStarted {
                file: id,
                owner: ALICE,
                slot: 0,
                provider: old
            }]
        );
        assert_noop!(
            Storage::resign(signed(old), id, ALICE, 0),
            Error::<Test>::HandOverRunning
        );
        // It stays in the population, and earns, until the other one does.
        assert_eq!(deal_of(id, ALICE).held, 1);
        run_blocks(DrawDelay::get());
        let new = provider_of(id, ALICE, 0);
        assert_ne!(new, old);
        make_held(&file, 0);
        assert!(Storage::population(&old, 0).units > 0);
        take_events();
        mature();
        assert_eq!(Storage::population(&old, 0).units, 0);
        assert!(Storage::population(&new, 0).units > 0);
        assert!(take_events().contains(&Event::ReplicaStopped {
            file: id,
            owner: ALICE,
            slot: 0,
            provider: old,
            reason: DropReason::Replaced,
            last: 0
        }));
    });
}

#[test]
fn leaving_provider_goes_after_the_hand_over_rounds() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let old = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(old), id, ALICE, 0));
        next_rounds(HandOverRounds::get());
        FrozenAs::insert(old, Frozen::Drawing);
        assert_noop!(
            dispatch(
                old,
                crate::Call::resign {
                    file: id,
                    owner: ALICE,
                    slot: 0
                }
            ),
            Error::<Test>::RoundDrawing
        );
        FrozenAs::remove(old);
        assert_ok!(Storage::resign(signed(old), id, ALICE, 0));
        assert_eq!(Storage::population(&old, 0).units, 0);
        assert_eq!(Registry::all()[&old].reserved, 0);
        assert_eq!(deal_of(id, ALICE).held, 0);
    });
}

fn hand_over(id: crate::FileId) -> DispatchResultWithPostInfo {
    let call = crate::Call::hand_over {
        file: id,
        owner: ALICE,
        slot: 0,
    };
    let slot = deal_of(id, ALICE).slots[0].clone();
    let due = slot
        .earner()
        .map(|old| Storage::to_hand_over(&old.provider));
    let done = dispatch(BOB, call);
    if slot.leaving.is_none() {
        assert_eq!(
            done.is_ok(),
            due.unwrap() > 0,
            "the runtime API says {due:?}"
        );
    }
    done
}

/// What the runtime API says that the provider is short of, and leaving, for how long; and how much of that is to be handed over.
fn short(who: u64) -> Option<((u64, u64), u64, u64)> {
    let found = Storage::uncovered(&who)?;
    assert_eq!(found.grace, RoundLength::get());
    let due = Storage::to_hand_over(&who);
    Some(((found.bytes, found.leaving), found.blocks, due))
}

#[test]
fn hand_over_is_for_who_no_longer_covers() {
    build_and_execute(1, || {
        RoundLength::set(50);
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let old = provider_of(id, ALICE, 0);
        assert_noop!(hand_over(id), Error::<Test>::StillCovered);
        Registry::set_capacity(old, 1);
        run_blocks(49);
        assert_noop!(hand_over(id), Error::<Test>::CoverMayCome);
        run_blocks(1);
        let info = hand_over(id).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        assert_noop!(hand_over(id), Error::<Test>::NotAssignedToYou);
        Registry::set_capacity(old, CAPACITY);
    });
}

/// Somebody delegates to a provider, waits until what that covers is used, and takes it back.
#[test]
fn provider_whose_cover_is_taken_away_loses_no_more_than_it_is_short_of() {
    build_and_execute(1, || {
        RoundLength::set(50);
        let ids: Vec<_> = (0..6u8)
            .map(|n| earning(&TestFile::new(300, n), 1))
            .collect();
        let who = provider(0);
        let each = Registry::all()[&who].reserved / 6;
        assert_eq!((short(who), Storage::to_hand_over(&who)), (None, 0));
        // One and a half of them are not covered any more.
        let covered = 4 * each + each / 2;
        Registry::set_capacity(who, covered);
        for id in &ids {
            assert_noop!(hand_over(*id), Error::<Test>::CoverMayCome);
        }
        // It bonds more before the round is over: the time begins anew.
        run_blocks(49);
        Registry::set_capacity(who, CAPACITY);
        assert_noop!(hand_over(ids[0]), Error::<Test>::StillCovered);
        Registry::set_capacity(who, covered);
        run_blocks(49);
        assert_noop!(hand_over(ids[0]), Error::<Test>::CoverMayCome);
        let wanting = each + each / 2;
        assert_eq!(short(who), Some(((wanting, 0), 49, 0)));
        // It does not: what is leaving makes up for what is missing.
        run_blocks(1);
        assert_eq!(short(who), Some(((wanting, 0), 50, wanting)));
        assert_ok!(hand_over(ids[0]));
        assert_eq!(short(who), Some(((wanting, each), 50, each / 2)));
        assert_ok!(hand_over(ids[1]));
        assert_eq!(short(who), Some(((wanting, 2 * each), 50, 0)));
        assert_eq!(crate::LeavingBytes::<Test>::get(who), 2 * each);
        for id in &ids[2..] {
            assert_noop!(hand_over(*id), Error::<Test>::StillCovered);
        }
        // With the slots it is over, however they go.
        next_rounds(HandOverRounds::get());
        assert_ok!(Storage::resign(signed(who), ids[0], ALICE, 0));
        assert_eq!(crate::LeavingBytes::<Test>::get(who), each);
        assert_ok!(Storage::remove(signed(ALICE), ids[1], MOST));
        assert_eq!(crate::LeavingBytes::<Test>::iter().count(), 0);
        assert_noop!(hand_over(ids[2]), Error::<Test>::StillCovered);
        Registry::set_capacity(who, CAPACITY);
    });
}

/// A provider with two replicas, which is dropped with this much of its own slashed.
fn dropped(taken: u64) -> ([TestFile; 2], u64) {
    let files = [TestFile::new(300, 1), TestFile::new(600, 2)];
    Next::put(provider(0));
    let ids = files.each_ref().map(|file| earning(file, 1));
    Next::kill();
    for id in ids {
        assert_eq!(provider_of(id, ALICE, 0), provider(0));
    }
    Audits::begin_drop(provider(0), taken);
    (files, provider(0))
}

#[test]
fn drop_takes_everything_with_bounties_out_of_the_fund() {
    build_and_execute(2, || {
        Balances::mint_into(&FUND, 1_000_000).unwrap();
        let (files, who) = dropped(1_000);
        assert_noop!(
            Storage::drop_replicas(signed(BOB), provider(1), 1),
            Error::<Test>::NotDropping
        );
        let fund = wealth(FUND);
        let info = Storage::drop_replicas(signed(BOB), who, 1).unwrap();
        assert_eq!(info.pays_fee, Pays::Yes);
        assert!(Drops::<Test>::contains_key(who));
        // The rest in a block of its own.
        next_block();
        assert_eq!(Drops::<Test>::get(who), None);
        assert!(!Dropping::contains_key(who));
        // Half of what was slashed, by sectors: two and three.
        let bounties = files
            .each_ref()
            .map(|file| slot_of(file.id(), ALICE, 0).bounty);
        assert_eq!(bounties, [200, 300]);
        assert_eq!(wealth(FUND), fund - 500);
        assert_eq!(Registry::all()[&who].reserved, 0);
    });
}

#[test]
fn bounty_is_paid_once_with_the_first_round() {
    build_and_execute(2, || {
        Balances::mint_into(&FUND, 1_000_000).unwrap();
        let (files, who) = dropped(1_000);
        next_block();
        run_blocks(DrawDelay::get());
        let file = &files[0];
        make_held(file, 0);
        mature();
        let new = provider_of(file.id(), ALICE, 0);
        assert_ne!(new, who);
        let rent = deal_of(file.id(), ALICE).terms.rent;
        next_rounds(2);
        let before = wealth(new);
        <Storage as Payroll<u64>>::settle(&new, 1, Outcome::Passed);
        assert_eq!(wealth(new), before + 200 + rent);
        <Storage as Payroll<u64>>::settle(&new, 2, Outcome::Passed);
        assert_eq!(wealth(new), before + 200 + 2 * rent);
    });
}

#[test]
fn bounty_comes_out_of_the_treasury_where_the_fund_is_short() {
    build_and_execute(2, || {
        let (files, who) = dropped(1_000);
        let spare = wealth(FUND) - 1;
        Balances::mint_into(&TREASURY, 100).unwrap();
        take_events();
        assert_ok!(Storage::drop_replicas(signed(BOB), who, u32::MAX));
        let bounties: u64 = files
            .each_ref()
            .map(|file| slot_of(file.id(), ALICE, 0).bounty)
            .iter()
            .sum();
        // Both give what they have, and no more.
        assert_eq!(bounties, spare + 100);
        assert_eq!((wealth(FUND), wealth(TREASURY)), (1, 1));
    });
}

#[test]
fn bounty_that_nobody_took_goes_back_with_the_end() {
    build_and_execute(1, || {
        Balances::mint_into(&FUND, 1_000_000).unwrap();
        let (files, who) = dropped(1_000);
        assert_ok!(Storage::drop_replicas(signed(BOB), who, u32::MAX));
        let fund = wealth(FUND);
        for file in &files {
            assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        }
        assert_eq!(wealth(FUND), fund + 500);
        assert_eq!(pot(), 0);
    });
}

#[test]
fn bounty_is_not_set_where_nobody_is_looked_for_any_more() {
    build_and_execute(2, || {
        Balances::mint_into(&FUND, 1_000_000).unwrap();
        let (files, who) = dropped(1_000);
        DropsPerBlock::set(1);
        let last = deal_of(files[0].id(), ALICE).terms.last();
        // One is taken while two rounds are left, the other one later.
        FrozenAs::insert(who, Frozen::Unsettled);
        next_rounds(last - MinRoundsLeft::get());
        FrozenAs::remove(who);
        assert_ok!(Storage::drop_replicas(signed(BOB), who, 1));
        let fund = wealth(FUND);
        let sum = || -> u64 {
            files
                .each_ref()
                .map(|file| slot_of(file.id(), ALICE, 0).bounty)
                .iter()
                .sum()
        };
        let first = sum();
        assert!(first == 200 || first == 300);
        FrozenAs::insert(who, Frozen::Unsettled);
        next_round();
        FrozenAs::remove(who);
        assert_ok!(Storage::drop_replicas(signed(BOB), who, u32::MAX));
        assert_eq!(sum(), first);
        assert!(wealth(FUND) >= fund);
    });
}

#[test]
fn dropping_provider_gets_nothing_new() {
    build_and_execute(2, || {
        let file = TestFile::new(900, 3);
        let id = assigned(&file, 1);
        make_held(&file, 0);
        let holder = provider_of(id, ALICE, 0);
        DropsPerBlock::set(1);
        Dropping::insert(holder, ());
        mature();
        // The audits say so before storage is told.
        assert!(slot_of(id, ALICE, 0).earner().is_none());
        Dropping::remove(holder);
        Audits::begin_drop(holder, 0);
        next_block();
        assert_ne!(slot_of(id, ALICE, 0).state.provider(), Some(&holder));
        assert!(matches!(
            slot_of(id, ALICE, 0).state,
            SlotState::Drawing { .. }
        ));
    });
}

#[test]
fn drop_of_who_has_nothing_ends_in_the_next_block() {
    build_and_execute(1, || {
        Audits::begin_drop(provider(0), 50);
        next_block();
        assert!(!Dropping::contains_key(provider(0)));
        assert_eq!(Drops::<Test>::iter().count(), 0);
    });
}

/// One whose rounds must be settled first does not hold the others up.
#[test]
fn stuck_drop_does_not_hold_others_up() {
    build_and_execute(3, || {
        for n in 0..2 {
            Next::put(provider(n));
            earning(&TestFile::new(300 + n * 300, n as u8), 1);
            Audits::begin_drop(provider(n), 0);
            FrozenAs::insert(provider(n), Frozen::Unsettled);
        }
        Next::kill();
        FrozenAs::remove(provider(1));
        run_blocks(60);
        assert!(!Dropping::contains_key(provider(1)));
        assert!(Dropping::contains_key(provider(0)));
        FrozenAs::remove(provider(0));
        run_blocks(60);
        assert!(!Dropping::contains_key(provider(0)));
    });
}
