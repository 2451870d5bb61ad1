//! `delegate`, `undelegate`, `withdraw_delegation`, and what stake is good for.

use super::*;
use crate::{Delegations, Error, Event, Pools, UncoveredSince};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::{ProviderDiscipline, ProviderRegistry, Shortfall};
use sp_runtime::Perbill;

/// Provider 1 with a bond of 1,000 and a pool that takes 200 % of it and keeps a tenth.
fn open() {
    assert_ok!(register(1, 1_000));
    let tenth = Perbill::from_percent(10);
    assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, tenth, 200));
}

fn delegate(who: AccountId, amount: Balance) -> DispatchResult {
    NoemaProviders::delegate(signed(who), STORAGE, 1, amount, Perbill::one())
}

fn undelegate(who: AccountId, amount: Option<Balance>) -> DispatchResult {
    NoemaProviders::undelegate(signed(who), STORAGE, 1, amount)
}

fn withdraw(who: AccountId) -> DispatchResult {
    NoemaProviders::withdraw_delegation(signed(who), STORAGE, 1)
}

fn pool() -> PoolOf<Test> {
    Pools::<Test>::get(STORAGE, 1).expect("the pool is open")
}

#[test]
fn delegate_moves_funds_onto_hold_in_the_pot() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 500));
        assert_eq!(Balances::balance(&2), FUNDS - 500);
        let pot = NoemaProviders::pot_of(0).unwrap();
        assert_eq!(Balances::balance(&pot), ED);
        assert_eq!(
            Balances::balance_on_hold(&NoemaProviders::delegation_reason(), &pot),
            500
        );
        assert_eq!(pool().stake.value, 500);
        System::assert_last_event(
            Event::Delegated {
                role: STORAGE,
                provider: 1,
                pool: 0,
                delegator: 2,
                amount: 500,
                shares: 500,
            }
            .into(),
        );
    });
}

#[test]
fn delegate_refusals() {
    build_and_execute(|| {
        assert_noop!(delegate(2, 99), Error::<Test>::DelegationTooSmall);
        assert_noop!(delegate(2, 100), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 1_000));
        assert_noop!(delegate(2, 100), Error::<Test>::UnknownPool);
        let tenth = Perbill::from_percent(10);
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, tenth, 200));
        assert_noop!(
            NoemaProviders::delegate(signed(2), STORAGE, 1, 100, Perbill::from_percent(9)),
            Error::<Test>::CommissionAboveLimit
        );
        assert_noop!(delegate(2, 2_001), Error::<Test>::DelegationLimitReached);
        assert_noop!(delegate(20, 200), Error::<Test>::InsufficientBalance);
        assert_ok!(NoemaProviders::set_delegation_terms(
            signed(1),
            STORAGE,
            false,
            200
        ));
        assert_noop!(delegate(2, 100), Error::<Test>::NotAccepting);
        assert_ok!(NoemaProviders::set_delegation_terms(
            signed(1),
            STORAGE,
            true,
            50
        ));
        assert_noop!(delegate(2, 501), Error::<Test>::DelegationLimitReached);
        assert_ok!(delegate(2, 500));
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_noop!(delegate(2, 100), Error::<Test>::NotActive);
    });
}

#[test]
fn delegate_leaves_the_existential_deposit() {
    build_and_execute(|| {
        assert_ok!(register(1, 99_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        assert_noop!(
            delegate(2, FUNDS - ED + 1),
            Error::<Test>::InsufficientBalance
        );
        assert_ok!(delegate(2, FUNDS - ED));
        assert_eq!(Balances::balance(&2), ED);
    });
}

#[test]
fn delegate_counts_an_announced_commission() {
    build_and_execute(|| {
        open();
        assert_ok!(NoemaProviders::set_commission(
            signed(1),
            STORAGE,
            Perbill::from_percent(20)
        ));
        let accepting = |percent| {
            NoemaProviders::delegate(signed(2), STORAGE, 1, 100, Perbill::from_percent(percent))
        };
        assert_noop!(accepting(19), Error::<Test>::CommissionAboveLimit);
        assert_ok!(accepting(20));
    });
}

#[test]
fn delegate_pays_for_whole_shares_only() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 100));
        // A share is worth four units and a half now.
        assert_ok!(NoemaProviders::reward(STORAGE, &3, &1, 4_280));
        advance(12);
        assert_ok!(delegate(4, 102));
        assert_eq!((pool().stake.shares, pool().stake.value), (122, 450 + 99));
        assert_eq!(Balances::balance(&4), FUNDS - 99);
    });
}

#[test]
fn delegate_of_less_than_a_share_is_refused() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 100));
        Pools::<Test>::mutate(STORAGE, 1, |pool| {
            let pool = pool.as_mut().unwrap();
            pool.stake.value = 20_000;
        });
        assert_noop!(delegate(3, 199), Error::<Test>::AmountBuysNoShare);
        Pools::<Test>::mutate(STORAGE, 1, |pool| pool.as_mut().unwrap().stake.value = 100);
    });
}

#[test]
fn stake_counts_as_collateral_up_to_its_percentage() {
    build_and_execute(|| {
        open();
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 10 * MIB);
        assert_ok!(delegate(2, 2_000));
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 30 * MIB);
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 3_000);
        assert_eq!(NoemaProviders::bond(STORAGE, &1), 1_000);
        // A reward does not count before it has dripped, nor beyond the percentage.
        assert_ok!(NoemaProviders::reward(STORAGE, &3, &1, 900));
        advance(12);
        assert_ok!(undelegate(2, Some(100)));
        assert_eq!(pool().stake.value, 2_440);
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 3_000);
        // What is reserved stays reserved when delegators leave.
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 30 * MIB));
        assert_ok!(undelegate(2, None));
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 1_000);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 0);
        NoemaProviders::release(STORAGE, &1, 25 * MIB);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 5 * MIB);
    });
}

#[test]
fn stake_of_a_stranger_is_nothing() {
    build_and_execute(|| assert_eq!(NoemaProviders::stake(STORAGE, &1), 0));
}

#[test]
fn unbond_of_a_part_keeps_bond_and_capacity_under_delegations() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        assert_ok!(delegate(2, 3_000));
        let unbond = |amount| NoemaProviders::unbond(signed(1), STORAGE, amount);
        assert_noop!(unbond(501), Error::<Test>::DelegationsNotLed);
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 46 * MIB));
        assert_noop!(unbond(500), Error::<Test>::ReservedNotCovered);
        NoemaProviders::release(STORAGE, &1, MIB);
        assert_ok!(unbond(500));
        // Everything is always possible.
        NoemaProviders::release(STORAGE, &1, 45 * MIB);
        assert_ok!(unbond(1_500));
    });
}

#[test]
fn undelegate_and_withdraw_return_what_was_paid() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 500));
        assert_ok!(undelegate(2, Some(200)));
        assert_eq!((pool().stake.value, pool().unbonding.value), (300, 200));
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 1_300);
        System::assert_last_event(
            Event::Undelegated {
                role: STORAGE,
                provider: 1,
                pool: 0,
                delegator: 2,
                amount: 200,
                shares: 200,
                matures_at: 21,
            }
            .into(),
        );
        advance(19);
        assert_noop!(withdraw(2), Error::<Test>::NothingMatured);
        assert_ok!(undelegate(2, None));
        advance(1);
        assert_ok!(withdraw(2));
        assert_eq!(Balances::balance(&2), FUNDS - 300);
        advance(19);
        assert_ok!(withdraw(2));
        assert_eq!(Balances::balance(&2), FUNDS);
        assert!(!Delegations::<Test>::contains_key(2, 0));
        assert_noop!(withdraw(2), Error::<Test>::UnknownDelegation);
        System::assert_last_event(
            Event::DelegationWithdrawn {
                pool: 0,
                delegator: 2,
                amount: 300,
            }
            .into(),
        );
    });
}

#[test]
fn undelegate_refusals() {
    build_and_execute(|| {
        assert_noop!(undelegate(2, None), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 1_000));
        assert_noop!(undelegate(2, None), Error::<Test>::UnknownPool);
        assert_noop!(withdraw(2), Error::<Test>::UnknownPool);
        assert_ok!(NoemaProviders::open_pool(
            signed(1),
            STORAGE,
            Perbill::zero(),
            200
        ));
        assert_noop!(undelegate(2, None), Error::<Test>::UnknownDelegation);
        assert_ok!(delegate(2, 500));
        assert_noop!(undelegate(2, Some(0)), Error::<Test>::ZeroAmount);
        assert_noop!(undelegate(2, Some(501)), Error::<Test>::NotEnoughDelegated);
        assert_noop!(
            undelegate(2, Some(Balance::MAX)),
            Error::<Test>::NotEnoughDelegated
        );
        assert_noop!(undelegate(2, Some(401)), Error::<Test>::DelegationTooSmall);
        for _ in 0..4 {
            assert_ok!(undelegate(2, Some(10)));
            advance(1);
        }
        assert_noop!(undelegate(2, Some(10)), Error::<Test>::TooManyUnlocking);
        advance(16);
        assert_ok!(withdraw(2));
        assert_ok!(undelegate(2, None));
        assert_noop!(undelegate(2, None), Error::<Test>::NotEnoughDelegated);
    });
}

/// Whoever takes back what covers a provider's promises cannot be kept from it; but it is written down since when they are not covered.
#[test]
fn undelegate_of_what_is_needed_is_noted_until_it_is_covered_again() {
    build_and_execute(|| {
        let shortfall = || <NoemaProviders as ProviderRegistry<_, _>>::shortfall(STORAGE, &1);
        open();
        assert_ok!(delegate(2, 100));
        let free = NoemaProviders::free_bytes(STORAGE, &1);
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, free));
        assert_eq!(shortfall(), None);
        advance(5);
        assert_ok!(undelegate(2, None));
        let short = shortfall().unwrap();
        assert!(short.bytes > 0 && short.bytes < free);
        assert_eq!(short.blocks, 0);
        // Whatever else happens to it does not begin the time anew.
        advance(7);
        assert_ok!(NoemaProviders::set_capacity(signed(1), STORAGE, free));
        assert_eq!(shortfall(), Some(Shortfall { blocks: 7, ..short }));
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 100));
        assert_eq!(shortfall(), None);
        assert_eq!(UncoveredSince::<Test>::iter().count(), 0);
        NoemaProviders::release(STORAGE, &1, free);
    });
}

#[test]
fn undelegate_works_whatever_the_state_of_the_provider() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 1_000));
        assert_ok!(NoemaProviders::set_delegation_terms(
            signed(1),
            STORAGE,
            false,
            0
        ));
        assert_ok!(undelegate(2, Some(100)));
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_ok!(undelegate(2, Some(100)));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 1_000));
        assert_ok!(undelegate(2, Some(100)));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_ok!(undelegate(2, None));
    });
}

#[test]
fn reward_is_shared_after_commission_and_drips() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 600));
        assert_ok!(delegate(3, 400));
        let before = Balances::balance(&1);
        // Half of it is the delegators', and a tenth of that the provider's.
        assert_ok!(NoemaProviders::reward(STORAGE, &4, &1, 1_001));
        assert_eq!(Balances::balance(&1), before + 551);
        assert_eq!(Balances::balance(&4), FUNDS - 1_001);
        assert_eq!(pool().incoming.amount, 450);
        System::assert_has_event(
            Event::PoolRewarded {
                role: STORAGE,
                provider: 1,
                pool: 0,
                to_delegators: 450,
                commission: 50,
            }
            .into(),
        );
        advance(4);
        assert_ok!(undelegate(3, None));
        // A third of 450 has dripped, two fifths of it for account 3.
        assert_eq!(pool().unbonding.value, 460);
        assert_eq!((pool().stake.value, pool().incoming.amount), (690, 300));
        advance(8);
        assert_ok!(undelegate(2, Some(1)));
        assert_eq!((pool().stake.value, pool().incoming.amount), (989, 0));
    });
}

#[test]
fn reward_of_a_provider_without_delegators_is_its_own() {
    build_and_execute(|| {
        open();
        let before = Balances::balance(&1);
        assert_ok!(NoemaProviders::reward(STORAGE, &4, &1, 1_001));
        assert_eq!(Balances::balance(&1), before + 1_001);
        assert_eq!(pool().held(), 0);
    });
}

#[test]
fn reward_that_cannot_be_paid_changes_nothing() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 600));
        advance(1);
        assert!(NoemaProviders::reward(STORAGE, &4, &1, FUNDS).is_err());
        assert_eq!((pool().held(), pool().incoming.since), (600, 1));
        assert_eq!(Balances::balance(&4), FUNDS);
    });
}

#[test]
fn sniping_a_payout_of_an_empty_pool_leaves_it_to_the_provider() {
    build_and_execute(|| {
        open();
        let before = Balances::balance(&1);
        assert_ok!(delegate(2, 2_000));
        assert_ok!(NoemaProviders::reward(STORAGE, &4, &1, 3_000));
        assert_eq!(pool().incoming.amount, 1_800);
        assert_ok!(undelegate(2, None));
        assert_eq!(pool().unbonding.value, 2_000);
        assert_eq!(Balances::balance(&1), before + 3_000);
        System::assert_last_event(
            Event::IncomingReturned {
                role: STORAGE,
                provider: 1,
                pool: 0,
                amount: 1_800,
            }
            .into(),
        );
    });
}

#[test]
fn incoming_for_a_provider_whose_account_is_gone_goes_to_the_fund() {
    build_and_execute(|| {
        open();
        assert_ok!(delegate(2, 100));
        assert_ok!(NoemaProviders::reward(STORAGE, &4, &1, 40));
        assert_eq!(pool().incoming.amount, 2);
        // All of the bond is slashed, and the provider gives everything away.
        assert_ok!(NoemaProviders::slash(STORAGE, &1, 1_000, None));
        assert_ok!(Balances::transfer_all(signed(1), 9, false));
        assert!(!System::account_exists(&1));
        let fund = Balances::balance(&FUND);
        assert_ok!(undelegate(2, None));
        assert_eq!(Balances::balance(&FUND), fund + 2);
        advance(20);
        assert_ok!(withdraw(2));
        assert_eq!(Balances::balance(&2), FUNDS);
    });
}
