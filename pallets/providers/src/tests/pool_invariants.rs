//! Each invariant of pools detects a broken state.

use super::*;
use crate::{ClosedPools, Delegations, NextPool, Pools};
use frame_support::{
    assert_ok,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
    },
};
use noema_traits::ProviderDiscipline;
use sp_runtime::{Perbill, TryRuntimeError};

/// Two open pools and a closed one with something left, some of it unbonding and incoming; then breaks
/// something by hand, which this one invariant, and the sum of all, must notice.
#[track_caller]
fn detects(
    invariant: fn() -> Result<(), TryRuntimeError>,
    expected: &str,
    break_it: impl FnOnce(),
) {
    new_test_ext().execute_with(|| {
        let zero = Perbill::zero();
        for provider in 1..=3 {
            assert_ok!(register(provider, 3_000));
            let opened = NoemaProviders::open_pool(signed(provider), STORAGE, zero, 200);
            assert_ok!(opened);
            for who in 4..=5 {
                let staked = NoemaProviders::delegate(signed(who), STORAGE, provider, 500, zero);
                assert_ok!(staked);
                let left = NoemaProviders::undelegate(signed(who), STORAGE, provider, Some(100));
                assert_ok!(left);
            }
        }
        assert_ok!(NoemaProviders::reward(STORAGE, &6, &1, 1_000));
        assert_ok!(NoemaProviders::unbond(signed(3), STORAGE, 3_000));
        advance(20);
        assert_ok!(NoemaProviders::withdraw(signed(3), STORAGE));
        assert_ok!(NoemaProviders::collect_delegation(signed(9), 2, 4));
        assert_ok!(invariant());
        assert_ok!(NoemaProviders::do_try_state());
        break_it();
        let found = format!(
            "{:?}",
            invariant().expect_err("the broken state was not found")
        );
        assert!(
            found.contains(expected),
            "found {found}, expected {expected}"
        );
        assert!(NoemaProviders::do_try_state().is_err());
    });
}

fn change(who: AccountId, change: impl FnOnce(&mut PoolOf<Test>)) {
    Pools::<Test>::mutate(STORAGE, who, |pool| change(pool.as_mut().unwrap()));
}

fn fits() -> Result<(), TryRuntimeError> {
    NoemaProviders::try_state_pools_fit_providers(STORAGE)
}

#[test]
fn try_state_detects_pool_of_nobody() {
    detects(fits, "belongs to nobody", || {
        let pool = Pools::<Test>::take(STORAGE, 1).unwrap();
        Pools::<Test>::insert(STORAGE, 77, pool);
    });
}

#[test]
fn try_state_detects_clock_that_runs_for_nothing() {
    detects(fits, "clock does not fit", || {
        change(1, |pool| pool.leaves_at = Some(5));
    });
}

#[test]
fn try_state_detects_value_without_shares() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "value without shares",
        || change(1, |pool| pool.stake.shares = 0),
    );
}

#[test]
fn try_state_detects_shares_without_value() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "shares without value",
        || change(1, |pool| pool.unbonding.value = 0),
    );
}

#[test]
fn try_state_detects_depleted_pool() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "is depleted",
        || change(1, |pool| pool.stake.shares = 1 << 40),
    );
}

#[test]
fn try_state_detects_dear_unbonding() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "worth more than one unit",
        || change(1, |pool| pool.unbonding.shares -= 1),
    );
}

#[test]
fn try_state_detects_drip_for_nobody() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "drips for nobody",
        || {
            change(1, |pool| {
                pool.stake = Default::default();
                pool.incoming.amount = 1;
            });
        },
    );
}

#[test]
fn try_state_detects_empty_closed_pool() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "a closed pool is empty",
        || {
            ClosedPools::<Test>::mutate(2, |pool| {
                let pool = pool.as_mut().unwrap();
                pool.stake = Default::default();
                pool.unbonding = Default::default();
            });
        },
    );
}

#[test]
fn try_state_detects_closed_value_without_shares() {
    detects(
        NoemaProviders::try_state_pools_are_sound,
        "a closed pool has value without shares",
        || ClosedPools::<Test>::mutate(2, |pool| pool.as_mut().unwrap().stake.shares = 0),
    );
}

#[test]
fn try_state_detects_pool_without_hold() {
    detects(
        NoemaProviders::try_state_pots_equal_pools,
        "hold differs from its pool",
        || change(2, |pool| pool.stake.value += 1),
    );
}

#[test]
fn try_state_detects_hold_without_pool() {
    detects(
        NoemaProviders::try_state_pots_equal_pools,
        "hold differs from its pool",
        || change(1, |pool| pool.incoming.amount = 0),
    );
}

#[test]
fn try_state_detects_lost_hold_of_closed_pool() {
    detects(
        NoemaProviders::try_state_pots_equal_pools,
        "hold differs from its pool",
        || {
            let pot = NoemaProviders::pot_of(2).unwrap();
            let reason = NoemaProviders::delegation_reason();
            assert_ok!(Balances::burn_held(
                &reason,
                &pot,
                1,
                Precision::Exact,
                Fortitude::Force
            ));
        },
    );
}

#[test]
fn try_state_detects_number_used_twice() {
    detects(
        NoemaProviders::try_state_pots_equal_pools,
        "two pools have one number",
        || change(1, |pool| pool.id = 2),
    );
}

#[test]
fn try_state_detects_number_never_given_out() {
    detects(
        NoemaProviders::try_state_pots_equal_pools,
        "never given out",
        || NextPool::<Test>::put(2),
    );
}

#[test]
fn try_state_detects_lost_delegation() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "shares of stake differ",
        || Delegations::<Test>::remove(5, 2),
    );
}

#[test]
fn try_state_detects_changed_chunk() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "shares of unbonding differ",
        || {
            Delegations::<Test>::mutate(4, 0, |delegation| {
                delegation.as_mut().unwrap().unlocking[0].amount += 1;
            });
        },
    );
}

#[test]
fn try_state_detects_delegation_without_pool() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "a delegation has no pool",
        || {
            let delegation = Delegations::<Test>::get(4, 0).unwrap();
            Delegations::<Test>::insert(4, 9, delegation);
        },
    );
}

#[test]
fn try_state_detects_empty_delegation() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "a delegation is empty",
        || {
            let mut delegation = Delegations::<Test>::get(4, 0).unwrap();
            delegation.shares = 0;
            delegation.unlocking = Default::default();
            Delegations::<Test>::insert(7, 0, delegation);
        },
    );
}

#[test]
fn try_state_detects_empty_chunk_of_a_delegation() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "a chunk of a delegation is empty",
        || {
            Delegations::<Test>::mutate(4, 0, |delegation| {
                delegation.as_mut().unwrap().unlocking[0].amount = 0;
            });
        },
    );
}

#[test]
fn try_state_detects_disordered_chunks_of_a_delegation() {
    detects(
        NoemaProviders::try_state_delegations_equal_shares,
        "out of order",
        || {
            Delegations::<Test>::mutate(4, 0, |delegation| {
                let unlocking = &mut delegation.as_mut().unwrap().unlocking;
                let same = unlocking[0];
                unlocking.try_push(same).unwrap();
            });
        },
    );
}
