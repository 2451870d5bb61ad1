//! `bond_more`, `unbond`, `rebond`, `withdraw`.

use super::*;
use crate::{Chunk, Error, Event, ProviderState};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::{ProviderDiscipline, ProviderRegistry};

fn chunks(who: AccountId) -> Vec<(Balance, u32)> {
    record(who)
        .unlocking
        .iter()
        .map(|chunk| (chunk.amount, chunk.matures_at))
        .collect()
}

fn slash(who: AccountId, amount: Balance) {
    assert_ok!(NoemaProviders::slash(STORAGE, &who, amount, None));
}

#[test]
fn bond_more_adds_to_bond_and_capacity() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 10 * MIB);
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 500));
        assert_eq!(record(1).bond, 1_500);
        assert_eq!(held(STORAGE, 1), 1_500);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 15 * MIB);
        System::assert_last_event(
            Event::Bonded {
                role: STORAGE,
                provider: 1,
                amount: 500,
                bond: 1_500,
            }
            .into(),
        );
    });
}

#[test]
fn bond_more_refusals() {
    build_and_execute(|| {
        let more = |amount| NoemaProviders::bond_more(signed(1), STORAGE, amount);
        assert_noop!(more(1), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 1_000));
        assert_noop!(more(0), Error::<Test>::ZeroAmount);
        assert_noop!(
            more(FUNDS - 1_000 - ED + 1),
            Error::<Test>::InsufficientBalance
        );
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_noop!(more(1_000), Error::<Test>::Leaving);
    });
}

#[test]
fn unbond_part_keeps_funds_held_until_maturity() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
        assert_eq!(record(1).bond, 2_500);
        assert_eq!(chunks(1), [(500, 21)]);
        assert_eq!(record(1).state, ProviderState::Active);
        assert_eq!(held(STORAGE, 1), 3_000);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 25 * MIB);
        System::assert_last_event(
            Event::Unbonded {
                role: STORAGE,
                provider: 1,
                amount: 500,
                matures_at: 21,
            }
            .into(),
        );
        advance(19);
        assert_noop!(
            NoemaProviders::withdraw(signed(1), STORAGE),
            Error::<Test>::NothingMatured
        );
        advance(1);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(held(STORAGE, 1), 2_500);
        assert_eq!(Balances::balance(&1), FUNDS - 2_500);
        System::assert_last_event(
            Event::Withdrawn {
                role: STORAGE,
                provider: 1,
                amount: 500,
            }
            .into(),
        );
    });
}

#[test]
fn unbond_in_same_block_merges_chunks() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 200));
        advance(1);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1));
        assert_eq!(chunks(1), [(700, 21), (1, 22)]);
    });
}

#[test]
fn unbond_after_period_was_shortened_keeps_order() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
        UnbondingPeriod::set(5);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 200));
        assert_eq!(chunks(1), [(200, 6), (500, 21)]);
        UnbondingPeriod::set(20);
    });
}

#[test]
fn unbond_refusals() {
    build_and_execute(|| {
        let unbond = |amount| NoemaProviders::unbond(signed(1), STORAGE, amount);
        assert_noop!(unbond(1), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 3_000));
        assert_noop!(unbond(0), Error::<Test>::ZeroAmount);
        assert_noop!(unbond(3_001), Error::<Test>::NotEnoughBond);
        assert_noop!(unbond(2_001), Error::<Test>::BondTooSmall);
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 20 * MIB));
        assert_noop!(unbond(3_000), Error::<Test>::StillReserved);
        assert_noop!(unbond(1_001), Error::<Test>::ReservedNotCovered);
        assert_ok!(unbond(1_000));
        assert_noop!(unbond(1), Error::<Test>::ReservedNotCovered);
    });
}

#[test]
fn unbond_into_too_many_chunks_fails_until_withdrawn() {
    build_and_execute(|| {
        assert_ok!(register(1, 10_000));
        for _ in 0..4 {
            assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 10));
            advance(1);
        }
        assert_noop!(
            NoemaProviders::unbond(signed(1), STORAGE, 10),
            Error::<Test>::TooManyUnlocking
        );
        advance(16);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(chunks(1).len(), 3);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 9_960));
        assert_eq!(
            record(1).state,
            ProviderState::Leaving { jailed_until: None }
        );
    });
}

#[test]
fn unbond_all_from_every_state_leaves() {
    build_and_execute(|| {
        for who in 1..=3 {
            assert_ok!(register(who, 1_000));
        }
        assert_ok!(NoemaProviders::chill(signed(2), STORAGE));
        assert_ok!(NoemaProviders::jail(STORAGE, &3, 1_000));
        for who in 1..=3 {
            assert_ok!(NoemaProviders::unbond(signed(who), STORAGE, 1_000));
            System::assert_last_event(
                Event::LeaveStarted {
                    role: STORAGE,
                    provider: who,
                }
                .into(),
            );
            assert!(!NoemaProviders::is_active(STORAGE, &who));
            assert_noop!(
                NoemaProviders::unbond(signed(who), STORAGE, 0),
                Error::<Test>::Leaving
            );
        }
        assert_eq!(NoemaProviders::active_count(STORAGE), 0);
        assert_eq!(
            record(3).state,
            ProviderState::Leaving {
                jailed_until: Some(1_001)
            }
        );
        // A jail term does not strand the funds.
        advance(20);
        for who in 1..=3 {
            assert_ok!(NoemaProviders::withdraw(signed(who), STORAGE));
            assert_eq!(Balances::balance(&who), FUNDS);
        }
    });
}

#[test]
fn unbond_of_slashed_out_provider_with_zero_leaves() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        slash(1, 1_000);
        assert_eq!(held(STORAGE, 1), 0);
        assert_noop!(
            NoemaProviders::withdraw(signed(1), STORAGE),
            Error::<Test>::NothingMatured
        );
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 0));
        assert!(chunks(1).is_empty());
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert!(!Providers::<Test>::contains_key(STORAGE, 1));
    });
}

#[test]
fn rebond_takes_latest_chunks_first() {
    build_and_execute(|| {
        assert_ok!(register(1, 5_000));
        for amount in [100, 200, 300] {
            assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, amount));
            advance(1);
        }
        assert_ok!(NoemaProviders::rebond(signed(1), STORAGE, 350));
        assert_eq!(chunks(1), [(100, 21), (150, 22)]);
        assert_eq!(record(1).bond, 4_750);
        assert_eq!(held(STORAGE, 1), 5_000);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 4_750 * MIB / 100);
        System::assert_last_event(
            Event::Rebonded {
                role: STORAGE,
                provider: 1,
                amount: 350,
                bond: 4_750,
            }
            .into(),
        );
    });
}

#[test]
fn rebond_refusals() {
    build_and_execute(|| {
        let rebond = |amount| NoemaProviders::rebond(signed(1), STORAGE, amount);
        assert_noop!(rebond(1), Error::<Test>::UnknownProvider);
        assert_ok!(register(1, 2_000));
        assert_noop!(rebond(0), Error::<Test>::ZeroAmount);
        assert_noop!(rebond(1), Error::<Test>::NotEnoughUnbonding);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 2_000));
        assert_noop!(rebond(2_001), Error::<Test>::NotEnoughUnbonding);
        assert_noop!(rebond(999), Error::<Test>::BondTooSmall);
    });
}

#[test]
fn rebond_of_leaving_provider_makes_it_chilled() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 2_000));
        assert_ok!(NoemaProviders::rebond(signed(1), STORAGE, 1_000));
        assert_eq!(record(1).state, ProviderState::Chilled);
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
        assert_eq!(record(1).bond, 1_000);
    });
}

#[test]
fn rebond_does_not_shorten_jail() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 50));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 2_000));
        assert_ok!(NoemaProviders::rebond(signed(1), STORAGE, 2_000));
        assert_eq!(record(1).state, ProviderState::Jailed { until: 51 });
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::StillJailed
        );
    });
}

#[test]
fn rebond_under_minimum_of_staying_provider_works() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_200));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 200));
        slash(1, 900);
        assert_eq!(
            (record(1).bond, record(1).state),
            (100, ProviderState::Chilled)
        );
        assert_ok!(NoemaProviders::rebond(signed(1), STORAGE, 200));
        assert_eq!(
            (record(1).bond, record(1).state),
            (300, ProviderState::Chilled)
        );
    });
}

#[test]
fn withdraw_takes_only_what_matured() {
    build_and_execute(|| {
        assert_ok!(register(1, 5_000));
        for amount in [100, 200, 300] {
            assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, amount));
            advance(5);
        }
        advance(10);
        // Block 26: chunks mature in 21, 26 and 31.
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(chunks(1), [(300, 31)]);
        assert_eq!(held(STORAGE, 1), 4_700);
    });
}

#[test]
fn withdraw_of_leaving_provider_keeps_record_until_last_chunk() {
    build_and_execute(|| {
        assert_ok!(register(1, 5_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        advance(10);
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 4_000));
        advance(10);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(chunks(1), [(4_000, 31)]);
        // Still slashable.
        slash(1, 1_000);
        assert_eq!(
            record(1).unlocking.to_vec(),
            [Chunk {
                amount: 3_000,
                matures_at: 31
            }]
        );
        advance(10);
        assert_ok!(NoemaProviders::withdraw(signed(1), STORAGE));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000);
        assert!(!Providers::<Test>::contains_key(STORAGE, 1));
        assert_noop!(
            NoemaProviders::withdraw(signed(1), STORAGE),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn withdraw_refunds_the_weight_of_a_removal() {
    build_and_execute(|| {
        use crate::WeightInfo;
        assert_ok!(register(1, 5_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        advance(20);
        let info = NoemaProviders::withdraw(signed(1), STORAGE).unwrap();
        assert_eq!(
            info.actual_weight,
            Some(<<Test as crate::Config>::WeightInfo as WeightInfo>::withdraw_some())
        );
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 4_000));
        advance(20);
        let info = NoemaProviders::withdraw(signed(1), STORAGE).unwrap();
        assert_eq!(
            info.actual_weight,
            Some(<<Test as crate::Config>::WeightInfo as WeightInfo>::withdraw_last())
        );
    });
}

#[test]
fn operator_cannot_touch_money() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        let operator = signed(101);
        let unknown: sp_runtime::DispatchError = Error::<Test>::UnknownProvider.into();
        assert_noop!(
            NoemaProviders::bond_more(operator.clone(), STORAGE, 1),
            unknown
        );
        assert_noop!(
            NoemaProviders::unbond(operator.clone(), STORAGE, 1),
            unknown
        );
        assert_noop!(
            NoemaProviders::rebond(operator.clone(), STORAGE, 1),
            unknown
        );
        assert_noop!(NoemaProviders::withdraw(operator, STORAGE), unknown);
    });
}

#[test]
fn unbond_below_what_another_pallet_promised_is_refused() {
    build_and_execute(|| {
        let role = STORAGE;
        assert_ok!(register(1, 2_000));
        Promised::set(Some((role, 1, 1_200)));
        assert_noop!(
            NoemaProviders::unbond(signed(1), role, 801),
            Error::<Test>::ReservedNotCovered
        );
        assert_ok!(NoemaProviders::unbond(signed(1), role, 800));
        assert_noop!(
            NoemaProviders::unbond(signed(1), role, 1_200),
            Error::<Test>::StillReserved
        );
        // A slash asks nobody.
        slash(1, 500);
        Promised::set(None);
        assert_ok!(NoemaProviders::unbond(signed(1), role, 700));
    });
}
