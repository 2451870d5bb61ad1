//! What payers hold.

use crate::{mock::*, Call, Error, Purses};
use frame_support::{assert_noop, assert_ok, traits::fungible::MutateFreeze};

#[test]
fn deposit_holds_and_withdraw_gives_back() {
    build_and_execute(|| {
        let before = funds(ALICE);
        assert_ok!(Compute::deposit(signed(ALICE), 500));
        assert_eq!(funds(ALICE).1, 500);
        assert_ok!(Compute::withdraw(signed(ALICE), 200));
        assert_eq!(funds(ALICE).1, 300);
        assert_ok!(Compute::withdraw(signed(ALICE), 300));
        assert_eq!(funds(ALICE), before);
        assert!(Purses::<Test>::get(account(ALICE)).is_none());
    });
}

#[test]
fn deposit_of_nothing_or_too_much_is_refused() {
    build_and_execute(|| {
        assert_noop!(
            dispatch(ALICE, Call::deposit { amount: 0 }),
            Error::<Test>::ZeroAmount
        );
        for amount in [FUNDS, u128::MAX] {
            assert_noop!(
                dispatch(ALICE, Call::deposit { amount }),
                Error::<Test>::InsufficientFunds
            );
        }
    });
}

#[test]
fn deposit_of_what_is_frozen_is_refused_however_it_is_cut() {
    build_and_execute(|| {
        assert_ok!(Balances::set_freeze(&[1], &account(ALICE), 600_000));
        // The deposit for the purse comes back, and so counts towards what is frozen.
        let free = FUNDS - 600_000;
        assert_noop!(
            dispatch(ALICE, Call::deposit { amount: free + 1 }),
            Error::<Test>::InsufficientFunds
        );
        assert_ok!(Compute::deposit(signed(ALICE), free - 100));
        // What is held counts towards what is frozen: with another deposit it would be paid out.
        assert_noop!(
            dispatch(ALICE, Call::deposit { amount: 101 }),
            Error::<Test>::InsufficientFunds
        );
        assert_ok!(Compute::deposit(signed(ALICE), 100));
        let service = announce(PROVIDER);
        let channel = open(ALICE, service, 10_000);
        let call = Call::top_up {
            channel,
            amount: 10_000,
        };
        // Out of the purse, whatever is frozen.
        assert_ok!(dispatch(ALICE, call));
    });
}

#[test]
fn withdraw_of_what_is_reserved_is_refused() {
    build_and_execute(|| {
        assert_noop!(
            dispatch(ALICE, Call::withdraw { amount: 1 }),
            Error::<Test>::NoPurse
        );
        assert_ok!(Compute::deposit(signed(ALICE), 500));
        alice_opens(400);
        assert_noop!(
            dispatch(ALICE, Call::withdraw { amount: 101 }),
            Error::<Test>::Reserved
        );
        assert_noop!(
            dispatch(ALICE, Call::withdraw { amount: 0 }),
            Error::<Test>::ZeroAmount
        );
        assert_ok!(Compute::withdraw(signed(ALICE), 100));
    });
}

#[test]
fn open_takes_what_lies_in_the_purse_first() {
    build_and_execute(|| {
        assert_ok!(Compute::deposit(signed(ALICE), 150));
        let (_, service) = alice_opens(100);
        assert_eq!(funds(ALICE).1, 150);
        open(ALICE, service, 100);
        assert_eq!(funds(ALICE).1, 200);
        let purse = Purses::<Test>::get(account(ALICE)).unwrap();
        assert_eq!((purse.reserved, purse.unreserved()), (200, 0));
    });
}
