//! Each invariant is noticed when it is broken.

use crate::{
    mock::*, Books, ChannelState, Channels, ChannelsOf, ChannelsWith, HoldReason, Lane, Lanes,
    NextChannel, NextPrice, NextService, Pairs, Pallet, Purses, Services, ServicesByKind,
    ServicesByModel, ServicesOf, Sessions,
};
use frame_support::{
    assert_ok,
    traits::{fungible::MutateHold, tokens::Precision},
};
use noema_compute_primitives::{Price, ServiceKind};

/// A market with something of everything; then a break, which must be noticed with these words.
fn noticed(words: &str, break_it: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        let (channel, service) = alice_opens(1_000);
        let settled = open(BOB, service, 100);
        assert_ok!(redeem(
            PROVIDER,
            vec![claim(voucher(channel, 1, 0, 100), 100)]
        ));
        assert_ok!(Compute::close(signed(PROVIDER), settled));
        Pallet::<Test>::do_try_state().unwrap();
        break_it();
        let error = Pallet::<Test>::do_try_state().unwrap_err();
        let sp_runtime::TryRuntimeError::Other(found) = error else {
            panic!("expected words, found {error:?}");
        };
        assert!(found.contains(words), "expected {words:?}, found {found:?}");
    });
}

fn alter_channel(channel: u64, alter: impl FnOnce(&mut crate::ChannelOf<Test>)) {
    Channels::<Test>::mutate(channel, |record| alter(record.as_mut().unwrap()));
}

#[test]
fn numbers_that_were_not_given_out_are_noticed() {
    noticed("a service has a number", || NextService::<Test>::put(0));
    noticed("a channel has a number", || NextChannel::<Test>::put(0));
    noticed("a session has a number", || {
        alter_channel(0, |record| record.next_session = 0);
    });
}

#[test]
fn descriptions_that_are_none_are_noticed() {
    let alter = |alter: fn(&mut crate::ServiceOf<Test>)| {
        Services::<Test>::mutate(0, |service| alter(service.as_mut().unwrap()));
    };
    noticed("a description that is none", || {
        alter(|service| service.descriptor.capacity = 0);
    });
    noticed("a description that is none", || {
        alter(|service| service.descriptor.endpoint = Default::default());
    });
    noticed("what its kind does not count", || {
        alter(|service| {
            service.next = Some(NextPrice {
                price: Price::Units { unit: 1 },
                from: 1,
            });
        });
    });
}

#[test]
fn lists_that_drift_are_noticed() {
    let provider = || account(PROVIDER);
    noticed("a service is missing", || {
        ServicesOf::<Test>::remove(provider(), 0);
    });
    noticed("a service is missing", || {
        ServicesByKind::<Test>::remove(ServiceKind::Chat, 0);
    });
    noticed("a service is missing", || {
        ServicesByModel::<Test>::remove(model("tiny/1"), 0);
    });
    noticed("a list has a service", || {
        ServicesByModel::<Test>::insert(model("other"), 0, ());
    });
    noticed("a channel is missing", || {
        ChannelsOf::<Test>::remove(account(ALICE), 0);
    });
    noticed("a channel is missing", || {
        ChannelsWith::<Test>::remove(provider(), 0);
    });
    noticed("a list has a channel", || {
        ChannelsWith::<Test>::insert(account(RIVAL), 0, ());
    });
}

#[test]
fn sessions_and_lanes_that_drift_are_noticed() {
    noticed("a session is of a channel", || {
        let session = Sessions::<Test>::get(0, 0).unwrap();
        Sessions::<Test>::insert(9, 0, session);
    });
    noticed("counts other sessions", || Sessions::<Test>::remove(0, 0));
    noticed("counts other sessions", || {
        alter_channel(0, |record| record.lanes = 1);
    });
    noticed("more sessions or lanes than it may", || MaxLanes::set(2));
    noticed("a session has no lanes", || {
        Sessions::<Test>::mutate(0, 0, |session| session.as_mut().unwrap().lanes = 0);
    });
    noticed("a lane is of a session", || {
        Lanes::<Test>::insert((0, 7), 0, Lane::default());
    });
    noticed("a lane too many", || {
        Lanes::<Test>::insert((0, 0), 3, Lane::default());
    });
    noticed("a lane is kept that paid nothing", || {
        Lanes::<Test>::insert((0, 0), 1, Lane::default());
    });
    noticed("a tick to come", || {
        Lanes::<Test>::mutate((0, 0), 0, |lane| {
            lane.as_mut().unwrap().at = Tick::get() + 1;
        });
    });
}

#[test]
fn books_that_drift_are_noticed() {
    let alter = |alter: fn(&mut crate::Book)| {
        Books::<Test>::mutate(account(PROVIDER), |book| alter(book.as_mut().unwrap()));
    };
    noticed("book differs", || alter(|book| book.services = 2));
    noticed("book differs", || alter(|book| book.channels = 0));
    noticed("book differs", || alter(|book| book.reserved += 1));
    noticed("book differs", || {
        Books::<Test>::insert(account(RIVAL), crate::Book::default());
    });
    noticed("a settled channel has something left", || {
        alter_channel(1, |record| record.left = 1);
    });
}

#[test]
fn purses_that_drift_are_noticed() {
    let alter = |who: u8, alter: fn(&mut crate::Purse)| {
        Purses::<Test>::mutate(account(who), |purse| alter(purse.as_mut().unwrap()));
    };
    noticed("reserved something else", || {
        alter(ALICE, |purse| purse.reserved -= 1);
    });
    noticed("counts them wrong", || {
        alter(BOB, |purse| purse.channels = 2);
    });
    noticed("reserved more than", || {
        alter(ALICE, |purse| purse.balance = 1);
    });
    noticed("an empty purse", || {
        Purses::<Test>::insert(account(STRANGER), crate::Purse::default());
    });
    noticed("a channel has no purse", || {
        Purses::<Test>::remove(account(BOB));
    });
    noticed("held for requests differs", || {
        alter(BOB, |purse| purse.balance += 1);
    });
}

#[test]
fn pairs_that_drift_are_noticed() {
    noticed("a channel has no pair", || {
        Pairs::<Test>::remove(account(ALICE), account(PROVIDER));
    });
    noticed("counts other channels", || {
        Pairs::<Test>::mutate(account(ALICE), account(PROVIDER), |pair| {
            pair.as_mut().unwrap().channels = 2;
        });
    });
}

#[test]
fn sums_that_drift_are_noticed() {
    noticed("than its lanes have paid", || {
        Lanes::<Test>::mutate((0, 0), 0, |lane| lane.as_mut().unwrap().redeemed = 99);
    });
    noticed("a channel has paid less", || {
        alter_channel(0, |record| record.redeemed = 99);
    });
    noticed("spent more than it may", || {
        Sessions::<Test>::mutate(0, 0, |record| {
            let record = record.as_mut().unwrap();
            let mut grant = record.session.grant().clone();
            grant.limits.total = 200;
            record.session = noema_session::Session::new(grant);
            record.session.spend(150).unwrap();
            // As if the limit had been lowered below what was spent.
            let mut encoded = codec::Encode::encode(&record.session);
            let at = encoded
                .windows(16)
                .position(|part| part == 200u128.to_le_bytes())
                .unwrap();
            encoded[at..at + 16].copy_from_slice(&149u128.to_le_bytes());
            record.session = codec::Decode::decode(&mut encoded.as_slice()).unwrap();
        });
        Lanes::<Test>::mutate((0, 0), 0, |lane| lane.as_mut().unwrap().redeemed = 150);
    });
    noticed("a channel pays its own payer", || {
        alter_channel(0, |record| record.provider = record.payer.clone());
    });
}

#[test]
fn deposits_that_drift_are_noticed() {
    for who in [PROVIDER, ALICE] {
        noticed("held as deposits differs", || {
            assert_ok!(Balances::release(
                &HoldReason::Deposit.into(),
                &account(who),
                1,
                Precision::Exact
            ));
        });
    }
    noticed("held as deposits differs", || {
        alter_channel(1, |record| record.deposit += 1);
    });
}

#[test]
fn holds_of_accounts_without_records_are_noticed() {
    let hold = |reason: HoldReason| {
        assert_ok!(Balances::hold(&reason.into(), &account(STRANGER), 1));
    };
    noticed("of an account without a purse", || hold(HoldReason::Purse));
    noticed("of an account without records", || {
        hold(HoldReason::Deposit);
    });
}

#[test]
fn the_scene_of_these_tests_is_what_it_says() {
    new_test_ext().execute_with(|| {
        let (_, service) = alice_opens(1_000);
        let settled = open(BOB, service, 100);
        assert_ok!(Compute::close(signed(PROVIDER), settled));
        let state = Channels::<Test>::get(settled).unwrap().state;
        assert!(matches!(state, ChannelState::Settled { .. }));
    });
}
