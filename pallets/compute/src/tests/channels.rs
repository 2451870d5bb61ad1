//! Channels: opened, topped up, closed, settled, removed.

use crate::{mock::*, Books, Call, ChannelState, Channels, Error, Pairs, Purses, Room};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{BondGate, Role};

fn open_call(service: u64, cap: u128) -> Call<Test> {
    Call::open {
        service,
        cap,
        lanes: 1,
        grant: grant(33),
    }
}

#[test]
fn open_reserves_the_cap_and_freezes_the_key() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let record = Channels::<Test>::get(channel).unwrap();
        assert_eq!(record.left, 100);
        assert_eq!(record.key, key(service_key(PROVIDER)));
        assert_eq!(record.state, ChannelState::Open);
        assert_eq!(funds(ALICE).1, 100);
        let book = Books::<Test>::get(account(PROVIDER)).unwrap();
        assert_eq!((book.channels, book.reserved), (1, 100));
    });
}

#[test]
fn open_what_cannot_be_is_refused() {
    build_and_execute(|| {
        assert_noop!(
            dispatch(ALICE, open_call(0, 100)),
            Error::<Test>::UnknownService
        );
        let service = announce(PROVIDER);
        assert_noop!(
            dispatch(PROVIDER, open_call(service, 100)),
            Error::<Test>::PayerIsProvider
        );
        assert_noop!(
            dispatch(ALICE, open_call(service, MinCap::get() - 1)),
            Error::<Test>::CapTooSmall
        );
        assert_noop!(
            dispatch(PAUPER, open_call(service, 500)),
            Error::<Test>::InsufficientFunds
        );
        Registry::set_active(PROVIDER, false);
        assert_noop!(
            dispatch(ALICE, open_call(service, 100)),
            Error::<Test>::ProviderInactive
        );
    });
}

#[test]
fn open_beyond_the_multiple_of_the_bond_is_refused() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let most = BOND * u128::from(CapPerBond::get());
        let channel = open(ALICE, service, most - 100);
        let info = Compute::provider_info(&account(PROVIDER));
        assert_eq!(info.room, Room::UpTo(100));
        assert_noop!(
            dispatch(BOB, open_call(service, 101)),
            Error::<Test>::CapAboveBond
        );
        assert_ok!(dispatch(BOB, open_call(service, 100)));
        let amount = 1;
        assert_noop!(
            dispatch(ALICE, Call::top_up { channel, amount }),
            Error::<Test>::CapAboveBond
        );
        // What was redeemed leaves room for others.
        let last = voucher(channel, 1, 0, 30);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 30)]));
        assert_ok!(dispatch(BOB, open_call(service, 30)));
    });
}

#[test]
fn top_up_adds_to_an_open_channel_of_ones_own() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_ok!(Compute::top_up(signed(ALICE), channel, 50));
        assert_eq!(left(channel), 150);
        assert_noop!(
            dispatch(BOB, Call::top_up { channel, amount: 1 }),
            Error::<Test>::NotYourChannel
        );
        assert_noop!(
            dispatch(ALICE, Call::top_up { channel, amount: 0 }),
            Error::<Test>::ZeroAmount
        );
        assert_noop!(
            dispatch(
                ALICE,
                Call::top_up {
                    channel: 7,
                    amount: 1
                }
            ),
            Error::<Test>::UnknownChannel
        );
        Registry::set_active(PROVIDER, false);
        assert_noop!(
            dispatch(ALICE, Call::top_up { channel, amount: 1 }),
            Error::<Test>::ProviderInactive
        );
        Registry::set_active(PROVIDER, true);
        assert_ok!(Compute::close(signed(ALICE), channel));
        assert_noop!(
            dispatch(ALICE, Call::top_up { channel, amount: 1 }),
            Error::<Test>::NotOpen
        );
    });
}

#[test]
fn close_by_the_payer_locks_for_what_was_the_lock_then() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_ok!(Compute::close(signed(ALICE), channel));
        let until = Tick::get() + 50;
        assert_eq!(
            Channels::<Test>::get(channel).unwrap().state,
            ChannelState::Closing { until }
        );
        // A later parameter, and asking again, change nothing.
        CloseLock::set(1_000_000);
        assert_noop!(
            dispatch(ALICE, Call::close { channel }),
            Error::<Test>::NotOpen
        );
        advance(49);
        let last = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 30)]));
        assert_noop!(
            dispatch(BOB, Call::settle { channel }),
            Error::<Test>::Locked
        );
        advance(1);
        assert_eq!(
            redeem(PROVIDER, vec![claim(last, 40)]),
            Err(Error::<Test>::ChannelOver.into())
        );
        assert_ok!(dispatch(BOB, Call::settle { channel }));
        let purse = Purses::<Test>::get(account(ALICE)).unwrap();
        assert_eq!((purse.balance, purse.reserved), (70, 0));
    });
}

#[test]
fn close_by_the_provider_is_at_once() {
    build_and_execute(|| {
        let (channel, service) = alice_opens(100);
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert_eq!(left(channel), 0);
        assert_ok!(Compute::withdraw(signed(ALICE), 100));
        // While the payer's lock runs, too.
        let channel = open(ALICE, service, 100);
        assert_ok!(Compute::close(signed(ALICE), channel));
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert_noop!(
            dispatch(PROVIDER, Call::close { channel }),
            Error::<Test>::AlreadySettled
        );
        assert_noop!(
            dispatch(ALICE, Call::settle { channel }),
            Error::<Test>::AlreadySettled
        );
    });
}

#[test]
fn close_by_others_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        for other in [BOB, RIVAL, operator_of(PROVIDER)] {
            assert_noop!(
                dispatch(other, Call::close { channel }),
                Error::<Test>::NotYourChannel
            );
        }
        assert_noop!(
            dispatch(ALICE, Call::settle { channel }),
            Error::<Test>::NotClosing
        );
        assert_noop!(
            dispatch(ALICE, Call::remove { channel }),
            Error::<Test>::NotSettled
        );
    });
}

#[test]
fn remove_is_the_payers_at_once_and_everybodys_after_the_window() {
    build_and_execute(|| {
        let before = funds(ALICE);
        let (channel, service) = alice_opens(100);
        let other = open(ALICE, service, 100);
        let last = voucher(other, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 40)]));
        for channel in [channel, other] {
            assert_ok!(Compute::close(signed(PROVIDER), channel));
        }
        assert_noop!(
            dispatch(PROVIDER, Call::remove { channel }),
            Error::<Test>::EvidencePossible
        );
        assert_ok!(dispatch(ALICE, Call::remove { channel }));
        advance(EvidenceWindow::get() - 1);
        let call = Call::remove { channel: other };
        assert_noop!(
            dispatch(STRANGER, call.clone()),
            Error::<Test>::EvidencePossible
        );
        advance(1);
        assert_ok!(dispatch(STRANGER, call));
        assert_ok!(Compute::withdraw(signed(ALICE), 160));
        assert_ok!(Compute::forget(signed(ALICE), account(PROVIDER)));
        assert_eq!(funds(ALICE), (before.0 - 40, 0, 0));
        assert!(Channels::<Test>::iter().next().is_none());
        assert!(crate::Sessions::<Test>::iter().next().is_none());
        assert!(crate::Lanes::<Test>::iter().next().is_none());
        assert!(Pairs::<Test>::iter().next().is_none());
    });
}

#[test]
fn remove_of_the_last_channel_takes_an_empty_purse_with_it() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(40);
        let last = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 40)]));
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert!(Purses::<Test>::contains_key(account(ALICE)));
        assert_ok!(Compute::remove(signed(ALICE), channel));
        assert!(!Purses::<Test>::contains_key(account(ALICE)));
    });
}

#[test]
fn channels_of_a_provider_that_has_left_still_pay_and_end() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        Registry::leave(PROVIDER);
        let last = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 40)]));
        assert_ok!(Compute::close(signed(ALICE), channel));
        advance(CloseLock::get());
        assert_ok!(Compute::settle(signed(ALICE), channel));
        assert_ok!(Compute::withdraw(signed(ALICE), 60));
    });
}

#[test]
fn unbond_keeps_what_open_channels_stand_on() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(2_001);
        // A quarter of it, rounded up.
        assert!(!Registry::unbond(PROVIDER, BOND - 500));
        assert!(Registry::unbond(PROVIDER, BOND - 501));
        assert_ok!(redeem(
            PROVIDER,
            vec![claim(voucher(channel, 1, 0, 1_000), 1_000)]
        ));
        assert!(Registry::unbond(PROVIDER, 250));
        assert!(!Registry::unbond(PROVIDER, 1));
        assert!(!Registry::may_leave(PROVIDER));
        assert!(Registry::may_leave(RIVAL));
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert!(Registry::may_leave(PROVIDER));
        assert!(Registry::unbond(PROVIDER, 1));
    });
}

#[test]
fn bonds_of_other_roles_do_not_stand_behind_channels() {
    build_and_execute(|| {
        alice_opens(2_000);
        for role in [Role::Storage, Role::DataAvailability] {
            assert!(<Compute as BondGate<AccountId, u128>>::may_shrink(
                role,
                &account(PROVIDER),
                1
            ));
            assert!(<Compute as BondGate<AccountId, u128>>::may_leave(
                role,
                &account(PROVIDER)
            ));
        }
    });
}
