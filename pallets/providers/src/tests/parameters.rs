//! Parameters that make no sense stop the runtime's tests, and changed ones are applied by
//! `refresh`.

use super::*;
use crate::{ChillReason, Error, Event, ProviderState, RoleParameters, UncoveredSince};
use frame_support::{assert_noop, assert_ok, dispatch::Pays, traits::Hooks};
use noema_traits::ProviderRegistry;
use sp_runtime::Perbill;

fn integrity_test() {
    new_test_ext().execute_with(NoemaProviders::integrity_test);
}

#[test]
fn integrity_test_accepts_the_mock() {
    integrity_test();
}

#[test]
#[should_panic(expected = "`MaxProviders` is 65537")]
fn integrity_test_refuses_more_providers_than_leaves() {
    MaxProviders::set(65_537);
    integrity_test();
}

#[test]
#[should_panic(expected = "`MaxProviders` is 0")]
fn integrity_test_refuses_no_providers() {
    MaxProviders::set(0);
    integrity_test();
}

#[test]
#[should_panic(expected = "`MaxUnlocking` is 0")]
fn integrity_test_refuses_no_chunks() {
    MaxUnlocking::set(0);
    integrity_test();
}

#[test]
#[should_panic(expected = "`UnbondingPeriod` is 0")]
fn integrity_test_refuses_immediate_unbonding() {
    UnbondingPeriod::set(0);
    integrity_test();
}

#[test]
#[should_panic(expected = "`MaxReporterShare` is 100 %")]
fn integrity_test_refuses_whole_share() {
    MaxReporterShare::set(Perbill::one());
    integrity_test();
}

#[test]
#[should_panic(expected = "the minimum bond of Storage is 9")]
fn integrity_test_refuses_minimum_under_existential_deposit() {
    StorageParameters::set(RoleParameters {
        minimum_bond: 9,
        collateral_per_mib: 1,
    });
    integrity_test();
}

#[test]
#[should_panic(expected = "the collateral of Storage is 0")]
fn integrity_test_refuses_free_capacity() {
    StorageParameters::set(RoleParameters {
        minimum_bond: 1_000,
        collateral_per_mib: 0,
    });
    integrity_test();
}

#[test]
#[should_panic(expected = "`MinDelegation` is 9")]
fn integrity_test_refuses_delegations_under_existential_deposit() {
    MinDelegation::set(9);
    integrity_test();
}

#[test]
#[should_panic(expected = "`CommissionNotice` is 0")]
fn integrity_test_refuses_a_commission_that_rises_at_once() {
    CommissionNotice::set(0);
    integrity_test();
}

#[test]
#[should_panic(expected = "`RewardDrip` is 0")]
fn integrity_test_refuses_rewards_that_do_not_drip() {
    RewardDrip::set(0);
    integrity_test();
}

#[test]
fn refresh_applies_a_lower_percentage_of_delegations() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        let staked = NoemaProviders::delegate(signed(2), STORAGE, 1, 2_000, zero);
        assert_ok!(staked);
        MaxDelegationPercent::set(50);
        assert!(NoemaProviders::do_try_state().is_err());
        assert_ok!(NoemaProviders::refresh(signed(9), STORAGE, 1));
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 15 * MIB);
    });
}

#[test]
fn refresh_of_a_provider_in_line_is_refused() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_noop!(
            NoemaProviders::refresh(signed(9), STORAGE, 1),
            Error::<Test>::NothingToRefresh
        );
        assert_noop!(
            NoemaProviders::refresh(signed(9), STORAGE, 2),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn refresh_notes_since_when_the_stake_covers_too_little() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        let all = NoemaProviders::free_bytes(STORAGE, &1);
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, all));
        let before = StorageParameters::get();
        StorageParameters::set(RoleParameters {
            collateral_per_mib: before.collateral_per_mib * 2,
            ..before
        });
        let call = NoemaProviders::refresh(signed(9), STORAGE, 1).unwrap();
        assert_eq!(call.pays_fee, Pays::No);
        let block = System::block_number();
        assert_eq!(UncoveredSince::<Test>::get(STORAGE, 1), Some(block));
        assert_noop!(
            NoemaProviders::refresh(signed(9), STORAGE, 1),
            Error::<Test>::NothingToRefresh
        );

        // As before: whoever falls short again is given its time from then on.
        StorageParameters::set(before);
        assert_ok!(NoemaProviders::refresh(signed(9), STORAGE, 1));
        assert_eq!(UncoveredSince::<Test>::get(STORAGE, 1), None);
    });
}

#[test]
fn refresh_applies_changed_parameters() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(register(2, 2_000));
        StorageParameters::set(RoleParameters {
            minimum_bond: 1_500,
            collateral_per_mib: 200,
        });
        assert!(NoemaProviders::do_try_state().is_err());
        for who in 1..=2 {
            assert_ok!(NoemaProviders::refresh(signed(9), STORAGE, who));
        }
        assert_eq!(record(1).state, ProviderState::Chilled);
        System::assert_has_event(
            Event::Chilled {
                role: STORAGE,
                provider: 1,
                reason: ChillReason::BondTooSmall,
            }
            .into(),
        );
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &2), 10 * MIB);
    });
}

#[test]
fn constants_state_the_parameters() {
    use frame_support::traits::PalletInfoAccess;
    let metadata = NoemaProviders::pallet_constants_metadata();
    assert_eq!(NoemaProviders::name(), "NoemaProviders");
    assert!(metadata
        .iter()
        .any(|constant| constant.name == "Parameters"));
}
