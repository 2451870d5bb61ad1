//! `open_pool`, `set_commission`, `set_delegation_terms`.

use super::*;
use crate::{Error, Event, NextPool, Pools};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::ProviderDiscipline;
use sp_runtime::Perbill;

fn open(who: AccountId, percent: u32) -> DispatchResult {
    let tenth = Perbill::from_percent(10);
    NoemaProviders::open_pool(signed(who), STORAGE, tenth, percent)
}

fn set(percent: u32) -> DispatchResult {
    NoemaProviders::set_commission(signed(1), STORAGE, Perbill::from_percent(percent))
}

fn commission() -> u32 {
    let pool = Pools::<Test>::get(STORAGE, 1).unwrap();
    pool.commission.at(System::block_number()).deconstruct() / 10_000_000
}

#[test]
fn open_pool_pays_the_deposit_of_the_pot() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(register(2, 1_000));
        assert_ok!(open(1, 150));
        assert_ok!(open(2, 200));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000 - ED);
        assert_ne!(NoemaProviders::pot_of(0), NoemaProviders::pot_of(1));
        assert_eq!(NextPool::<Test>::get(), 2);
        System::assert_has_event(
            Event::PoolOpened {
                role: STORAGE,
                provider: 1,
                pool: 0,
                commission: Perbill::from_percent(10),
                max_percent: 150,
            }
            .into(),
        );
    });
}

#[test]
fn open_pool_refusals() {
    build_and_execute(|| {
        assert_noop!(open(1, 200), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 1_000));
        assert_noop!(open(1, 201), Error::<Test>::PercentTooHigh);
        // The operator key has no say in money.
        assert_noop!(open(101, 200), Error::<Test>::UnknownProvider);
        assert_ok!(open(1, 200));
        assert_noop!(open(1, 200), Error::<Test>::PoolExists);
        assert_ok!(register(2, 1_000));
        assert_ok!(NoemaProviders::unbond(signed(2), STORAGE, 1_000));
        assert_noop!(open(2, 200), Error::<Test>::Leaving);
        assert_ok!(register(3, FUNDS - ED));
        assert_noop!(open(3, 200), Error::<Test>::InsufficientBalance);
    });
}

#[test]
fn pool_without_delegations_goes_with_its_provider() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(open(1, 200));
        // Whatever strangers send there goes to the provider, too.
        let pot = NoemaProviders::pot_of(0).unwrap();
        assert_ok!(Balances::transfer_allow_death(signed(5), pot, 70));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        advance(20);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert!(!Pools::<Test>::contains_key(STORAGE, 1));
        assert_eq!(Balances::balance(&1), FUNDS + 70);
        assert!(!System::account_exists(&pot));
        System::assert_has_event(Event::PoolRemoved { pool: 0 }.into());
    });
}

#[test]
fn commission_rises_by_a_step_after_its_notice() {
    build_and_execute(|| {
        assert_noop!(set(5), Error::<Test>::UnknownPool);
        assert_ok!(register(1, 1_000));
        assert_ok!(open(1, 200));
        assert_noop!(set(21), Error::<Test>::CommissionRiseTooSteep);
        assert_ok!(set(20));
        System::assert_last_event(
            Event::CommissionSet {
                role: STORAGE,
                provider: 1,
                commission: Perbill::from_percent(20),
                from: 16,
            }
            .into(),
        );
        // The step counts from what is in force, not from what is announced.
        assert_noop!(set(21), Error::<Test>::CommissionRiseTooSteep);
        advance(14);
        assert_eq!(commission(), 10);
        advance(1);
        assert_eq!(commission(), 20);
        assert_noop!(set(31), Error::<Test>::CommissionRiseTooSteep);
        assert_ok!(set(30));
        assert_eq!(commission(), 20);
    });
}

#[test]
fn commission_falls_at_once_and_a_new_notice_starts_again() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(open(1, 200));
        assert_ok!(set(20));
        advance(10);
        // Another rise: its notice begins now.
        assert_ok!(set(15));
        advance(14);
        assert_eq!(commission(), 10);
        // The same rate withdraws what was announced.
        assert_ok!(set(10));
        advance(100);
        assert_eq!(commission(), 10);
        assert_ok!(set(3));
        assert_eq!(commission(), 3);
        assert_noop!(set(14), Error::<Test>::CommissionRiseTooSteep);
    });
}

#[test]
fn reward_within_the_notice_pays_the_old_commission() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(open(1, 200));
        let one = Perbill::one();
        assert_ok!(NoemaProviders::delegate(signed(2), STORAGE, 1, 1_000, one));
        assert_ok!(set(20));
        advance(14);
        assert_ok!(NoemaProviders::reward(STORAGE, &3, &1, 200));
        let incoming = || Pools::<Test>::get(STORAGE, 1).unwrap().incoming.amount;
        assert_eq!(incoming(), 90);
        advance(1);
        let before = incoming();
        assert_ok!(NoemaProviders::reward(STORAGE, &3, &1, 0));
        let dripped = before - incoming();
        assert_ok!(NoemaProviders::reward(STORAGE, &3, &1, 200));
        // 1,007 of 2,007 units are the delegators' now, and a fifth of it the provider's.
        assert_eq!((dripped, incoming()), (7, 83 + 80));
    });
}

#[test]
fn set_delegation_terms_refusals() {
    build_and_execute(|| {
        let terms =
            |percent| NoemaProviders::set_delegation_terms(signed(1), STORAGE, true, percent);
        assert_noop!(terms(200), Error::<Test>::UnknownPool);
        assert_ok!(register(1, 1_000));
        assert_ok!(open(1, 200));
        assert_noop!(terms(201), Error::<Test>::PercentTooHigh);
        assert_ok!(terms(7));
        System::assert_last_event(
            Event::DelegationTermsSet {
                role: STORAGE,
                provider: 1,
                accepting: true,
                max_percent: 7,
            }
            .into(),
        );
    });
}
