//! Operator keys and what they may do; `set_operator`, `set_endpoint`.

use super::*;
use crate::{Error, Event, Operators, ProviderState};
use frame_support::{assert_noop, assert_ok};
use noema_traits::ProviderRegistry;

const MOVED: &[u8] = b"http://[::1]:80";

#[test]
fn set_operator_moves_the_authority() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::set_operator(signed(1), STORAGE, 200));
        assert_eq!(record(1).operator, 200);
        assert_eq!(NoemaProviders::provider_of_operator(STORAGE, &101), None);
        assert_eq!(NoemaProviders::provider_of_operator(STORAGE, &200), Some(1));
        System::assert_last_event(
            Event::OperatorSet {
                role: STORAGE,
                provider: 1,
                operator: 200,
            }
            .into(),
        );
        assert_noop!(
            NoemaProviders::chill(signed(101), STORAGE),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(NoemaProviders::chill(signed(200), STORAGE));
    });
}

#[test]
fn set_operator_refusals() {
    build_and_execute(|| {
        assert_noop!(
            NoemaProviders::set_operator(signed(1), STORAGE, 200),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(register(1, 1_000));
        assert_ok!(register(2, 1_000));
        assert_noop!(
            NoemaProviders::set_operator(signed(1), STORAGE, 102),
            Error::<Test>::OperatorInUse
        );
        // The operator cannot hand itself on.
        assert_noop!(
            NoemaProviders::set_operator(signed(101), STORAGE, 200),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn set_operator_to_the_same_key_works() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::set_operator(signed(1), STORAGE, 101));
        assert_eq!(Operators::<Test>::get(STORAGE, 101), Some(1));
    });
}

#[test]
fn set_endpoint_by_bonded_account_and_operator_works() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        for (signer, bytes) in [(1, MOVED), (101, GOOD)] {
            assert_ok!(NoemaProviders::set_endpoint(
                signed(signer),
                STORAGE,
                bytes.to_vec()
            ));
            assert_eq!(NoemaProviders::endpoint(STORAGE, &1), Some(bytes.to_vec()));
            System::assert_last_event(
                Event::EndpointSet {
                    role: STORAGE,
                    provider: 1,
                    endpoint: endpoint(bytes),
                }
                .into(),
            );
        }
    });
}

#[test]
fn set_endpoint_refusals() {
    build_and_execute(|| {
        let set = |signer, bytes: &[u8]| {
            NoemaProviders::set_endpoint(signed(signer), STORAGE, bytes.to_vec())
        };
        assert_noop!(set(1, GOOD), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 1_000));
        assert_noop!(set(9, GOOD), Error::<Test>::UnknownProvider);
        assert_noop!(set(1, b"http://"), Error::<Test>::EndpointInvalid);
        assert_noop!(set(1, &[b'a'; 10_240]), Error::<Test>::EndpointTooLong);
        // In another role the key says nothing.
        assert_noop!(
            NoemaProviders::set_endpoint(signed(101), Role::Compute, GOOD.to_vec()),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn chill_by_operator_stops_its_provider() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::chill(signed(101), STORAGE));
        assert_eq!(record(1).state, ProviderState::Chilled);
        // Coming back is the bonded account's decision.
        assert_noop!(
            NoemaProviders::activate(signed(101), STORAGE),
            Error::<Test>::UnknownProvider
        );
        assert_noop!(
            NoemaProviders::unjail(signed(101), STORAGE),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn signer_that_is_provider_and_operator_of_another_speaks_for_itself() {
    build_and_execute(|| {
        assert_ok!(register_as(STORAGE, 1, 1_000, 2, MIB));
        // Until it registers, 2 speaks for 1.
        assert_ok!(NoemaProviders::set_endpoint(
            signed(2),
            STORAGE,
            MOVED.to_vec()
        ));
        assert_eq!(record(1).endpoint, endpoint(MOVED));
        // A key that others named does not keep its account from registering.
        assert_ok!(register_as(STORAGE, 2, 1_000, 102, MIB));
        assert_ok!(NoemaProviders::chill(signed(2), STORAGE));
        assert_eq!(record(1).state, ProviderState::Active);
        assert_eq!(record(2).state, ProviderState::Chilled);
        assert_eq!(NoemaProviders::provider_of_operator(STORAGE, &2), Some(1));
    });
}
