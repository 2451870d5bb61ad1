//! Keys: who may set and retire them, and what is held.

use crate::{mock::*, Error, Event, HoldReason, Keys, Pallet};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{InspectHold, Mutate},
};

fn held(who: u64) -> u128 {
    Balances::balance_on_hold(&HoldReason::Deposit.into(), &who)
}

#[test]
fn set_key_by_operator_or_bonded_account_holds_the_deposit_once() {
    build_and_execute(|| {
        Registry::register(1, 100);
        assert_ok!(set_key(1, 1));
        let deposit = Pallet::<Test>::key_deposit();
        assert!(deposit > 0);
        assert_eq!(held(1), deposit);
        let record = Keys::<Test>::get(1).unwrap();
        assert_eq!((record.key, record.deposit), (key(1), deposit));
        let set = |number| Event::KeySet {
            provider: 1,
            key: key(number),
        };
        assert_eq!(take_events(), [set(1)]);
        assert_ok!(Da::set_key(signed(1), key(7), proof(1, 7), None));
        assert_eq!(take_events(), [set(7)]);
        assert_eq!(held(1), deposit);
        assert_eq!(Keys::<Test>::get(1).unwrap().key, key(7));
    });
}

#[test]
fn set_key_without_right_or_proof_fails() {
    build_and_execute(|| {
        Registry::register(1, 100);
        Registry::register(2, 100);
        assert_noop!(
            Da::set_key(signed(9), key(1), proof(9, 1), None),
            Error::<Test>::ProviderInactive
        );
        Registry::change(2, |provider| provider.active = false);
        assert_noop!(set_key(2, 2), Error::<Test>::ProviderInactive);
        // Another's proof, another key's proof, and a point that is none.
        let origin = || signed(operator_of(1));
        assert_noop!(
            Da::set_key(origin(), key(2), proof(2, 2), None),
            Error::<Test>::InvalidPossession
        );
        assert_noop!(
            Da::set_key(origin(), key(2), proof(1, 1), None),
            Error::<Test>::InvalidPossession
        );
        assert_noop!(
            Da::set_key(origin(), [0; 48], proof(1, 1), None),
            Error::<Test>::InvalidKey
        );
        let mut neutral = [0; 48];
        neutral[0] = 0xc0;
        assert_noop!(
            Da::set_key(origin(), neutral, proof(1, 1), None),
            Error::<Test>::InvalidKey
        );
        // A signature under the suite of signatures.
        let message = possession(1, &key(1));
        let signature = sign(1, &message).to_bytes();
        assert_noop!(
            Da::set_key(origin(), key(1), signature, None),
            Error::<Test>::InvalidPossession
        );
    });
}

#[test]
fn set_key_by_who_cannot_pay_or_of_too_many_fails() {
    build_and_execute(|| {
        Registry::register(500, 100);
        assert_noop!(set_key(500, 1), Error::<Test>::InsufficientDeposit);
        MaxKeys::set(4);
        (1..=4).for_each(|provider| give_seat(provider, 100));
        Registry::register(5, 100);
        assert_noop!(set_key(5, 5), Error::<Test>::TooManyKeys);
        // Rotation is no other key.
        assert_ok!(set_key(4, 40));
    });
}

#[test]
fn place_belongs_to_who_has_more_stake() {
    build_and_execute(|| {
        MaxKeys::set(3);
        give_seat(1, 100);
        give_seat(2, 200);
        give_seat(3, 300);
        Registry::register(5, 200);
        let set = |instead_of| {
            let origin = signed(operator_of(5));
            Da::set_key(origin, key(5), proof(5, 5), instead_of)
        };
        assert_noop!(set(Some(2)), Error::<Test>::StakeNotLess);
        assert_noop!(set(Some(3)), Error::<Test>::StakeNotLess);
        assert_noop!(set(Some(9)), Error::<Test>::NoKey);
        take_events();
        assert_ok!(set(Some(1)));
        let gone = Event::KeyRetired { provider: 1 };
        let came = Event::KeySet {
            provider: 5,
            key: key(5),
        };
        assert_eq!(take_events(), [gone, came]);
        assert_eq!((held(1), Keys::<Test>::get(1)), (0, None));
        assert_eq!(Keys::<Test>::count(), 3);
        // Its own rotation takes nobody's place.
        let rotated = Da::set_key(signed(operator_of(5)), key(50), proof(5, 50), Some(2));
        assert_ok!(rotated);
        assert!(Keys::<Test>::contains_key(2));
        // Nor does anybody while there is room.
        assert_ok!(Da::retire_key(signed(operator_of(3)), 3));
        Registry::register(6, 900);
        let origin = signed(operator_of(6));
        assert_ok!(Da::set_key(origin, key(6), proof(6, 6), Some(2)));
        assert!(Keys::<Test>::contains_key(2));
        // Who may not be drawn gives way to anybody who may.
        Registry::change(6, |provider| provider.active = false);
        Registry::register(7, 1);
        let origin = signed(operator_of(7));
        assert_ok!(Da::set_key(origin, key(7), proof(7, 7), Some(6)));
    });
}

#[test]
fn retire_key_gives_the_deposit_back() {
    build_and_execute(|| {
        give_seat(1, 100);
        give_seat(2, 100);
        assert_noop!(Da::retire_key(signed(9), 1), Error::<Test>::StillActive);
        assert_noop!(
            Da::retire_key(signed(operator_of(2)), 1),
            Error::<Test>::StillActive
        );
        assert_noop!(Da::retire_key(signed(1), 3), Error::<Test>::NoKey);
        assert_ok!(Da::retire_key(signed(operator_of(1)), 1));
        assert_eq!((held(1), Keys::<Test>::get(1)), (0, None));
        assert_eq!(
            take_events().last(),
            Some(&Event::KeyRetired { provider: 1 })
        );
        // Nobody can keep a place without a bond behind it.
        Registry::change(2, |provider| provider.active = false);
        assert_ok!(Da::retire_key(signed(9), 2));
        assert_eq!((held(2), Keys::<Test>::count()), (0, 0));
    });
}

/// Anybody can name any account as the operator of a provider of theirs: that takes nothing from it.
#[test]
fn bonded_account_that_is_another_ones_operator_speaks_for_itself() {
    build_and_execute(|| {
        let bonded = operator_of(2);
        Registry::register(bonded, 100);
        Registry::register(2, 100);
        assert_ok!(<Balances as Mutate<u64>>::mint_into(&bonded, FUNDS));
        assert_ok!(Da::set_key(signed(bonded), key(7), proof(bonded, 7), None));
        assert_eq!(Keys::<Test>::get(bonded).unwrap().key, key(7));
        assert_eq!(Keys::<Test>::get(2), None);
        assert_ok!(Da::retire_key(signed(bonded), bonded));
    });
}
