//! Slashes that reach delegators, providers that leave, and pools that close.

use super::*;
use crate::{pool::Side, ClosedPools, Delegations, Error, Event, Pools, ProviderState};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::{ProviderDiscipline, ProviderRegistry, SlashOutcome};
use sp_runtime::Perbill;

/// Provider 1 with a bond of 1,000, and 1,500 delegated: 900 by account 2, 600 by account 3.
fn begin() {
    assert_ok!(register(1, 1_000));
    let zero = Perbill::zero();
    assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
    for (who, amount) in [(2, 900), (3, 600)] {
        assert_ok!(NoemaProviders::delegate(
            signed(who),
            STORAGE,
            1,
            amount,
            zero
        ));
    }
}

fn slash(amount: Balance, reporter: Option<(AccountId, u32)>) -> SlashOutcome<Balance> {
    let issuance = Balances::total_issuance();
    let reporter = reporter.map(|(who, percent)| (who, Perbill::from_percent(percent)));
    let reporter = reporter.as_ref().map(|(who, share)| (who, *share));
    let outcome = NoemaProviders::slash(STORAGE, &1, amount, reporter).unwrap();
    assert_eq!(Balances::total_issuance(), issuance, "a slash moves funds");
    outcome
}

fn undelegate(who: AccountId, amount: Option<Balance>) -> DispatchResult {
    NoemaProviders::undelegate(signed(who), STORAGE, 1, amount)
}

fn withdraw(who: AccountId) -> DispatchResult {
    NoemaProviders::withdraw_delegation(signed(who), STORAGE, 1)
}

fn collect(who: AccountId) -> DispatchResult {
    NoemaProviders::collect_delegation(signed(9), 0, who)
}

fn pool() -> PoolOf<Test> {
    Pools::<Test>::get(STORAGE, 1).expect("the pool is open")
}

#[test]
fn slash_within_the_bond_leaves_delegators_alone() {
    build_and_execute(|| {
        begin();
        assert_eq!(slash(1_000, None).slashed, 1_000);
        assert_eq!(pool().stake.value, 1_500);
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 0);
    });
}

#[test]
fn slash_beyond_bond_and_chunks_is_shared_by_delegators_pro_rata() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        for (who, amount) in [(2, 900), (3, 600)] {
            let delegated = NoemaProviders::delegate(signed(who), STORAGE, 1, amount, zero);
            assert_ok!(delegated);
        }
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
        assert_ok!(undelegate(2, Some(500)));
        // The reporter is paid for the 2,000 of the offender only.
        assert_eq!(
            slash(2_501, Some((7, 10))),
            SlashOutcome {
                slashed: 2_501,
                own: 2_000,
                to_reporter: 200,
                to_fund: 2_301,
            }
        );
        assert_eq!(held(STORAGE, 1), 0);
        // A third of both sides; the odd unit is stake's.
        assert_eq!((pool().stake.value, pool().unbonding.value), (666, 333));
        System::assert_has_event(
            Event::PoolSlashed {
                role: STORAGE,
                provider: 1,
                pool: 0,
                from_stake: 334,
                from_unbonding: 167,
            }
            .into(),
        );
        System::assert_last_event(
            Event::Slashed {
                role: STORAGE,
                provider: 1,
                amount: 2_000,
                to_reporter: 200,
                to_fund: 1_800,
                bond: 0,
            }
            .into(),
        );
        advance(20);
        assert_ok!(withdraw(2));
        assert_eq!(Balances::balance(&2), FUNDS - 900 + 333);
    });
}

#[test]
fn self_report_takes_nothing_out_of_the_pool() {
    build_and_execute(|| {
        begin();
        let before = Balances::balance(&1);
        slash(Balance::MAX, Some((1, 100)));
        assert_eq!(Balances::balance(&1), before + 500);
    });
}

#[test]
fn undelegating_before_the_report_does_not_dodge() {
    build_and_execute(|| {
        begin();
        assert_ok!(undelegate(2, None));
        advance(19);
        assert_eq!(slash(1_750, None).slashed, 1_750);
        assert_eq!((pool().stake.value, pool().unbonding.value), (300, 450));
        // Matured, but not withdrawn: slashable as the provider's own chunks are.
        advance(1);
        slash(250, None);
        assert_eq!((pool().stake.value, pool().unbonding.value), (200, 300));
        assert_ok!(withdraw(2));
        assert_eq!(Balances::balance(&2), FUNDS - 900 + 300);
        assert_eq!(slash(Balance::MAX, None).slashed, 200);
    });
}

#[test]
fn delegation_after_a_slash_buys_at_the_new_price() {
    build_and_execute(|| {
        begin();
        slash(1_750, None);
        assert_eq!((pool().stake.shares, pool().stake.value), (1_500, 750));
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 2_000));
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::delegate(signed(4), STORAGE, 1, 500, zero));
        assert_eq!(Delegations::<Test>::get(4, 0).unwrap().shares, 1_000);
        assert_ok!(undelegate(2, None));
        assert_eq!(pool().unbonding.value, 450);
        assert_eq!((pool().stake.shares, pool().stake.value), (1_600, 800));
    });
}

#[test]
fn slash_of_everything_closes_the_pool() {
    build_and_execute(|| {
        begin();
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, MIB));
        assert_ok!(undelegate(3, Some(100)));
        assert_eq!(slash(Balance::MAX, None).slashed, 2_500);
        assert!(!Pools::<Test>::contains_key(STORAGE, 1));
        assert_eq!(ClosedPools::<Test>::get(0).unwrap().stake.value, 0);
        System::assert_has_event(
            Event::PoolClosed {
                role: STORAGE,
                provider: 1,
                pool: 0,
                stake: 0,
                unbonding: 0,
            }
            .into(),
        );
        assert_noop!(undelegate(2, None), Error::<Test>::UnknownPool);
        // The provider starts again, and nobody is delegated to it unasked.
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 1_000));
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        assert_eq!((pool().id, pool().stake), (1, Side::default()));
        // The records of the old pool go, and with the last one its deposit is returned.
        assert_ok!(collect(2));
        let before = Balances::balance(&1);
        assert_ok!(collect(3));
        assert_eq!(Balances::balance(&1), before + ED);
        assert_eq!(ClosedPools::<Test>::iter().count(), 0);
        assert_noop!(collect(3), Error::<Test>::UnknownPool);
    });
}

#[test]
fn depleted_pool_releases_what_is_left() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        let who = 50;
        let rich = 3 << 20;
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), 1, 3 << 20);
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), who, rich + ED);
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 2 << 20));
        assert_ok!(NoemaProviders::delegate(
            signed(who),
            STORAGE,
            1,
            rich,
            zero
        ));
        let own = record(1).bond;
        slash(own + rich - 3, None);
        assert_eq!(pool().stake.value, 3);
        slash(1, None);
        assert!(!Pools::<Test>::contains_key(STORAGE, 1));
        assert_noop!(
            NoemaProviders::collect_delegation(signed(9), 0, 2),
            Error::<Test>::UnknownDelegation
        );
        assert_ok!(collect(who));
        assert_eq!(Balances::balance(&who), ED + 2);
    });
}

#[test]
fn leaving_provider_stays_slashable_with_its_delegators_until_the_end() {
    build_and_execute(|| {
        begin();
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_eq!(pool().leaves_at, Some(21));
        advance(19);
        assert_eq!(slash(1_150, None).slashed, 1_150);
        assert_eq!(pool().stake.value, 1_350);
        // No chunk is left, but evidence may still come.
        assert_noop!(
            NoemaProviders::withdraw(signed(1), STORAGE),
            Error::<Test>::NothingMatured
        );
        assert_ok!(undelegate(3, None));
        advance(1);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        // The pool is closed: nobody can be slashed, and everybody has everything at once.
        assert_noop!(
            NoemaProviders::slash(STORAGE, &1, 1, None),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(collect(2));
        assert_eq!(Balances::balance(&2), FUNDS - 900 + 810);
        assert_ok!(collect(3));
        assert_eq!(Balances::balance(&3), FUNDS - 600 + 540);
        assert_eq!(Balances::balance(&1), FUNDS - 1_000);
    });
}

#[test]
fn provider_slashed_to_zero_cannot_take_its_delegators_out_at_once() {
    build_and_execute(|| {
        begin();
        slash(1_000, None);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 0));
        let leave = || NoemaProviders::withdraw(signed(1), STORAGE);
        assert_noop!(leave(), Error::<Test>::NothingMatured);
        advance(19);
        assert_noop!(leave(), Error::<Test>::NothingMatured);
        assert_eq!(slash(500, None).slashed, 500);
        advance(1);
        assert_ok!(leave());
    });
}

#[test]
fn provider_whose_delegators_are_gone_leaves_at_once() {
    build_and_execute(|| {
        begin();
        for who in [2, 3] {
            assert_ok!(undelegate(who, None));
        }
        slash(1_000, None);
        advance(20);
        for who in [2, 3] {
            assert_ok!(withdraw(who));
        }
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 0));
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000);
    });
}

#[test]
fn matured_bond_of_a_leaving_provider_is_paid_while_delegators_keep_its_record() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        let zero = Perbill::zero();
        assert_ok!(NoemaProviders::open_pool(signed(1), STORAGE, zero, 200));
        assert_ok!(NoemaProviders::delegate(signed(2), STORAGE, 1, 200, zero));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        advance(10);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        // The slash takes the later chunk, so that the earlier one is the last.
        slash(1_000, None);
        advance(10);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert!(Providers::<Test>::contains_key(STORAGE, 1));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000 - ED);
        advance(10);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_ok!(collect(2));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000);
    });
}

#[test]
fn rebond_stops_the_clock_of_the_pool() {
    build_and_execute(|| {
        begin();
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_ok!(NoemaProviders::rebond(signed(1), STORAGE, 1_000));
        assert_eq!(pool().leaves_at, None);
        assert_eq!(record(1).state, ProviderState::Chilled);
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
        assert_eq!(NoemaProviders::stake(STORAGE, &1), 2_500);
    });
}

#[test]
fn incoming_belongs_to_the_shares_when_the_provider_goes() {
    build_and_execute(|| {
        begin();
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        advance(19);
        assert_ok!(NoemaProviders::reward(STORAGE, &4, &1, 150));
        assert_eq!(pool().incoming.amount, 150);
        advance(1);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_ok!(collect(2));
        assert_ok!(collect(3));
        assert_eq!(Balances::balance(&2), FUNDS + 90);
        assert_eq!(Balances::balance(&3), FUNDS + 60);
    });
}

#[test]
fn dust_of_a_delegator_whose_account_is_gone_goes_to_the_fund() {
    build_and_execute(|| {
        begin();
        let zero = Perbill::zero();
        assert_ok!(Balances::transfer_allow_death(signed(9), 50, 120));
        assert_ok!(NoemaProviders::delegate(signed(50), STORAGE, 1, 100, zero));
        assert_ok!(Balances::transfer_all(signed(50), 9, false));
        assert!(!System::account_exists(&50));
        slash(1_000 + 1_520, None);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 0));
        advance(20);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        let fund = Balances::balance(&FUND);
        assert_ok!(collect(50));
        assert_eq!(Balances::balance(&FUND), fund + 5);
        // What is enough for an account makes one.
        assert_ok!(Balances::transfer_all(signed(2), 9, false));
        assert!(!System::account_exists(&2));
        assert_ok!(collect(2));
        assert_eq!(Balances::balance(&2), 45);
    });
}

#[test]
fn slash_when_the_pool_exceeds_its_pot_changes_nothing() {
    new_test_ext().execute_with(|| {
        begin();
        // Broken by hand: the pool promises more than is held.
        Pools::<Test>::mutate(STORAGE, 1, |pool| pool.as_mut().unwrap().stake.value += 1);
        assert_noop!(
            NoemaProviders::slash(STORAGE, &1, Balance::MAX, None),
            Error::<Test>::Inconsistent
        );
    });
}
