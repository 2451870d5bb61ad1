//! `register`, and what a record's end leaves.

use super::*;
use crate::{Censuses, Error, Event, Leaves, Operators, Provider, ProviderState, TreeNodes};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::ProviderRegistry;

#[test]
fn register_with_minimum_is_active_and_holds_bond() {
    build_and_execute(|| {
        assert_ok!(register_as(STORAGE, 1, 1_000, 101, 5 * MIB));
        assert_eq!(
            record(1),
            Provider {
                operator: 101,
                endpoint: endpoint(GOOD),
                state: ProviderState::Active,
                declared: 5 * MIB,
                reserved: 0,
                bond: 1_000,
                unlocking: Default::default(),
                leaf: 0,
            }
        );
        assert_eq!(held(STORAGE, 1), 1_000);
        assert_eq!(Balances::balance(&1), FUNDS - 1_000);
        assert!(NoemaProviders::is_active(STORAGE, &1));
        assert_eq!(NoemaProviders::active_count(STORAGE), 1);
        assert_eq!(NoemaProviders::bond(STORAGE, &1), 1_000);
        assert_eq!(NoemaProviders::endpoint(STORAGE, &1), Some(GOOD.to_vec()));
        assert_eq!(NoemaProviders::provider_of_operator(STORAGE, &101), Some(1));
        System::assert_last_event(
            Event::Registered {
                role: STORAGE,
                provider: 1,
                operator: 101,
                bond: 1_000,
                capacity: 5 * MIB,
            }
            .into(),
        );
    });
}

#[test]
fn register_unsigned_fails() {
    build_and_execute(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                NoemaProviders::register(origin, STORAGE, 1_000, 101, GOOD.to_vec(), 1),
                sp_runtime::DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn register_in_every_role_keeps_bonds_apart() {
    build_and_execute(|| {
        for (role, bond) in Role::ALL.into_iter().zip([1_000, 2_000, 500]) {
            // One key may serve one provider per role.
            assert_ok!(register_as(role, 1, bond, 101, MIB));
        }
        assert_eq!(Role::ALL.map(|role| held(role, 1)), [1_000, 2_000, 500]);
        assert_eq!(Balances::balance(&1), FUNDS - 3_500);
    });
}

#[test]
fn register_twice_fails() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_noop!(
            register_as(STORAGE, 1, 1_000, 102, MIB),
            Error::<Test>::AlreadyRegistered
        );
    });
}

#[test]
fn register_under_minimum_fails() {
    build_and_execute(|| {
        assert_noop!(register(1, 999), Error::<Test>::BondTooSmall);
    });
}

#[test]
fn register_without_balance_fails() {
    build_and_execute(|| {
        assert_noop!(register(50, 1_000), Error::<Test>::InsufficientBalance);
        assert_noop!(
            register(1, FUNDS - ED + 1),
            Error::<Test>::InsufficientBalance
        );
        // The existential deposit stays free.
        assert_ok!(register(1, FUNDS - ED));
        assert_eq!(Balances::balance(&1), ED);
    });
}

#[test]
fn register_with_operator_of_another_fails() {
    build_and_execute(|| {
        assert_ok!(register_as(STORAGE, 1, 1_000, 101, MIB));
        assert_noop!(
            register_as(STORAGE, 2, 1_000, 101, MIB),
            Error::<Test>::OperatorInUse
        );
        assert_ok!(register_as(Role::Compute, 2, 1_000, 101, MIB));
    });
}

#[test]
fn register_as_own_operator_works() {
    build_and_execute(|| {
        assert_ok!(register_as(STORAGE, 1, 1_000, 1, MIB));
        assert_eq!(NoemaProviders::provider_of_operator(STORAGE, &1), Some(1));
    });
}

#[test]
fn register_with_bad_endpoint_fails() {
    build_and_execute(|| {
        let with = |endpoint: Vec<u8>| {
            NoemaProviders::register(signed(1), STORAGE, 1_000, 101, endpoint, MIB)
        };
        assert_noop!(with(vec![]), Error::<Test>::EndpointInvalid);
        assert_noop!(with(b"ftp://a".to_vec()), Error::<Test>::EndpointInvalid);
        assert_noop!(
            with(b"https://a\n".to_vec()),
            Error::<Test>::EndpointInvalid
        );
        assert_noop!(
            with(b"https://a".to_vec()),
            Error::<Test>::EndpointNotPinned
        );
        assert_noop!(
            with(b"http://a".to_vec()),
            Error::<Test>::EndpointNotEncrypted
        );
        let mut ten_kilobytes = b"http://localhost/".to_vec();
        ten_kilobytes.resize(10_240, b'x');
        assert_noop!(with(ten_kilobytes.clone()), Error::<Test>::EndpointTooLong);
        ten_kilobytes.truncate(129);
        assert_noop!(with(ten_kilobytes.clone()), Error::<Test>::EndpointTooLong);
        ten_kilobytes.truncate(128);
        assert_ok!(with(ten_kilobytes));
    });
}

#[test]
fn register_beyond_maximum_fails_until_one_leaves() {
    build_and_execute(|| {
        MaxProviders::set(3);
        for who in 1..=3 {
            assert_ok!(register(who, 1_000));
        }
        assert_noop!(register(4, 1_000), Error::<Test>::TooManyProviders);
        // Each role counts for itself.
        assert_ok!(register_as(Role::Compute, 4, 1_000, 104, MIB));
        leave(2);
        assert_ok!(register(4, 1_000));
        assert_noop!(register(5, 1_000), Error::<Test>::TooManyProviders);
    });
}

fn leave(who: AccountId) {
    assert_ok!(NoemaProviders::unbond(
        signed(who),
        STORAGE,
        record(who).bond
    ));
    advance(20);
    assert_ok!(NoemaProviders::withdraw(signed(who), STORAGE));
}

#[test]
fn register_after_others_left_reuses_their_leaves() {
    build_and_execute(|| {
        for who in 1..=5 {
            assert_ok!(register(who, 1_000));
        }
        leave(2);
        leave(4);
        let census = Censuses::<Test>::get(STORAGE);
        assert_eq!(
            (census.registered(), census.next_leaf, census.free_leaves),
            (3, 5, 2)
        );
        // Last given back, first taken.
        assert_ok!(register(6, 1_000));
        assert_ok!(register(7, 1_000));
        assert_ok!(register(8, 1_000));
        assert_eq!((record(6).leaf, record(7).leaf, record(8).leaf), (3, 1, 5));
        let census = Censuses::<Test>::get(STORAGE);
        assert_eq!(
            (census.registered(), census.next_leaf, census.free_leaves),
            (6, 6, 0)
        );
        assert_eq!(Leaves::<Test>::get(STORAGE, 3), Some(6));
    });
}

#[test]
fn last_withdraw_leaves_nothing_of_the_record() {
    build_and_execute(|| {
        assert_ok!(register(1, 5_000));
        leave(1);
        assert_eq!(Providers::<Test>::iter().count(), 0);
        assert_eq!(Operators::<Test>::iter().count(), 0);
        assert_eq!(Leaves::<Test>::iter().count(), 0);
        assert_eq!(TreeNodes::<Test>::iter().count(), 0);
        assert_eq!(held(STORAGE, 1), 0);
        assert_eq!(Balances::balance(&1), FUNDS);
        System::assert_last_event(
            Event::Deregistered {
                role: STORAGE,
                provider: 1,
            }
            .into(),
        );
        // The account and the key are free again.
        assert_ok!(register(1, 1_000));
    });
}
