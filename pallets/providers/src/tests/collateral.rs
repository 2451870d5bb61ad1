//! What slashes are measured by: the collateral of what is promised, as far as they reach.

use super::*;
use frame_support::assert_ok;
use noema_traits::{ProviderDiscipline, ProviderRegistry};
use sp_runtime::Perbill;

/// What slashes of provider 1 are parts of.
fn collateral() -> Balance {
    NoemaProviders::collateral(STORAGE, &1)
}

fn slash(amount: Balance) {
    assert_ok!(NoemaProviders::slash(STORAGE, &1, amount, None));
}

fn undelegate(who: AccountId) {
    assert_ok!(NoemaProviders::undelegate(signed(who), STORAGE, 1, None));
}

fn withdraw(who: AccountId) {
    assert_ok!(NoemaProviders::withdraw_delegation(signed(who), STORAGE, 1));
}

#[test]
fn collateral_is_that_of_what_is_reserved_and_no_more_than_slashes_reach() {
    build_and_execute(|| {
        assert_eq!(collateral(), 0);
        assert_ok!(register(1, 2_000));
        assert_eq!(collateral(), 0);
        // A hundred for a MiB, and rounded up for a part of one.
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 15 * MIB + 1));
        assert_eq!(collateral(), 1_501);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 100));
        assert_eq!(collateral(), 1_501);
        // A bond of 1,300, and the 100 that are unbonding.
        slash(600);
        assert_eq!(collateral(), 1_400);
        advance(20);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(collateral(), 1_300);
        NoemaProviders::release(STORAGE, &1, 10 * MIB);
        assert_eq!(collateral(), 501);
    });
}

/// A seat promises with its whole weight, and reserves nothing.
#[test]
fn collateral_of_a_seat_is_all_that_slashes_reach() {
    build_and_execute(|| {
        let role = Role::DataAvailability;
        let collateral = || NoemaProviders::collateral(role, &1);
        assert_eq!(collateral(), 0);
        assert_ok!(register_as(role, 1, 9_000, 101, 1 << 40));
        assert_eq!(collateral(), 9_000);
        assert_ok!(NoemaProviders::unbond(signed(1), role, 500));
        assert_eq!(collateral(), 9_000);
        assert_ok!(NoemaProviders::slash(role, &1, 700, None));
        assert_eq!(collateral(), 8_300);
    });
}

#[test]
fn undelegate_does_not_make_the_collateral_smaller_before_it_is_withdrawn() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        for (who, amount) in [(2, 900), (3, 600)] {
            let delegated = NoemaProviders::delegate(signed(who), STORAGE, 1, amount, zero);
            assert_ok!(delegated);
        }
        // Promises to the last byte: a bond of 1,000, and 1,500 delegated.
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 25 * MIB));
        assert_eq!(collateral(), 2_500);
        undelegate(2);
        assert_eq!(collateral(), 2_500);
        undelegate(3);
        assert_eq!(collateral(), 2_500);
        // It carries no new promises: others may take over what is no longer covered.
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 1_000);
        assert!(NoemaProviders::shortfall(STORAGE, &1).is_some());
        // Others count for twice what is its own, as for its capacity.
        slash(400);
        assert_eq!(collateral(), 600 + 1_200);
        advance(20);
        withdraw(2);
        assert_eq!(collateral(), 600 + 600);
        withdraw(3);
        assert_eq!(collateral(), 600);
    });
}
