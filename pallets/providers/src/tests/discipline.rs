//! `slash` and `reward`.

use super::*;
use crate::{ChillReason, Error, Event, ProviderState};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use noema_traits::{ProviderDiscipline, ProviderRegistry, SlashOutcome};
use sp_runtime::{Perbill, TokenError};

fn slash(
    who: AccountId,
    amount: Balance,
    reporter: Option<(AccountId, u32)>,
) -> SlashOutcome<Balance> {
    let issuance = Balances::total_issuance();
    let reporter = reporter.map(|(who, percent)| (who, Perbill::from_percent(percent)));
    let reporter = reporter.as_ref().map(|(who, share)| (who, *share));
    let outcome = NoemaProviders::slash(STORAGE, &who, amount, reporter).unwrap();
    assert_eq!(Balances::total_issuance(), issuance, "a slash moves funds");
    assert_eq!(outcome.slashed, outcome.to_reporter + outcome.to_fund);
    assert!(outcome.own <= outcome.slashed && outcome.to_reporter <= outcome.own);
    outcome
}

#[test]
fn slash_takes_bond_first_and_hands_it_to_the_fund() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_eq!(
            slash(1, 500, None),
            SlashOutcome {
                slashed: 500,
                own: 500,
                to_reporter: 0,
                to_fund: 500
            }
        );
        assert_eq!(
            (record(1).bond, record(1).unlocking[0].amount),
            (1_500, 1_000)
        );
        assert_eq!(record(1).state, ProviderState::Active);
        assert_eq!(held(STORAGE, 1), 2_500);
        assert_eq!(Balances::balance(&FUND), ED + 500);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 15 * MIB);
        System::assert_last_event(
            Event::Slashed {
                role: STORAGE,
                provider: 1,
                amount: 500,
                to_reporter: 0,
                to_fund: 500,
                bond: 1_500,
            }
            .into(),
        );
    });
}

#[test]
fn slash_beyond_bond_takes_latest_chunks() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        for _ in 0..3 {
            assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
            advance(1);
        }
        assert_eq!(slash(1, 2_200, None).slashed, 2_200);
        let chunks: Vec<_> = record(1)
            .unlocking
            .iter()
            .map(|chunk| chunk.amount)
            .collect();
        assert_eq!((record(1).bond, chunks), (0, vec![500, 300]));
    });
}

#[test]
fn slash_of_more_than_there_is_takes_all() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 500));
        assert_eq!(slash(1, Balance::MAX, None).slashed, 3_000);
        assert_eq!(record(1).bond, 0);
        assert!(record(1).unlocking.is_empty());
        assert_eq!(held(STORAGE, 1), 0);
        assert_eq!(Balances::balance(&1), FUNDS - 3_000);
        assert_eq!(slash(1, 1, None).slashed, 0);
    });
}

#[test]
fn slash_under_minimum_chills() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 10 * MIB));
        slash(1, 1, None);
        assert_eq!(record(1).state, ProviderState::Chilled);
        assert_eq!(NoemaProviders::active_count(STORAGE), 0);
        System::assert_has_event(
            Event::Chilled {
                role: STORAGE,
                provider: 1,
                reason: ChillReason::BondTooSmall,
            }
            .into(),
        );
        // What was reserved stays reserved although it is not covered any more.
        assert_eq!(record(1).reserved, 10 * MIB);
    });
}

#[test]
fn slash_above_minimum_leaves_reserved_bytes_uncovered() {
    build_and_execute(|| {
        assert_ok!(register(1, 2_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 20 * MIB));
        slash(1, 500, None);
        assert_eq!(record(1).state, ProviderState::Active);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 0);
        NoemaProviders::release(STORAGE, &1, 6 * MIB);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), MIB);
    });
}

#[test]
fn slash_of_jailed_or_leaving_provider_keeps_its_state() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(register(2, 1_000));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 10));
        assert_ok!(NoemaProviders::unbond(signed(2), STORAGE, 1_000));
        slash(1, 700, None);
        slash(2, 700, None);
        assert_eq!(record(1).state, ProviderState::Jailed { until: 11 });
        assert_eq!(
            record(2).state,
            ProviderState::Leaving { jailed_until: None }
        );
        assert_eq!(held(STORAGE, 2), 300);
    });
}

#[test]
fn slash_pays_reporter_its_share() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_eq!(
            slash(1, 1_001, Some((2, 10))),
            SlashOutcome {
                slashed: 1_001,
                own: 1_001,
                to_reporter: 100,
                to_fund: 901
            }
        );
        assert_eq!(Balances::balance(&2), FUNDS + 100);
        assert_eq!(Balances::balance(&FUND), ED + 901);
    });
}

#[test]
fn slash_caps_share_so_that_self_report_loses() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        assert_eq!(
            slash(1, 1_000, Some((1, 100))),
            SlashOutcome {
                slashed: 1_000,
                own: 1_000,
                to_reporter: 500,
                to_fund: 500
            }
        );
        assert_eq!(Balances::balance(&1), FUNDS - 3_000 + 500);
    });
}

#[test]
fn slash_gives_unpayable_share_to_the_fund() {
    build_and_execute(|| {
        assert_ok!(register(1, 3_000));
        // Account 77 does not exist and 9 are less than the existential deposit.
        assert_eq!(
            slash(1, 90, Some((77, 10))),
            SlashOutcome {
                slashed: 90,
                own: 90,
                to_reporter: 0,
                to_fund: 90
            }
        );
        assert_eq!(Balances::balance(&77), 0);
        assert_eq!(slash(1, 100, Some((77, 10))).to_reporter, 10);
    });
}

#[test]
fn slash_in_one_role_leaves_others_alone() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(register_as(Role::Compute, 1, 1_000, 101, MIB));
        slash(1, 5_000, None);
        assert_eq!((held(STORAGE, 1), held(Role::Compute, 1)), (0, 1_000));
        assert!(NoemaProviders::is_active(Role::Compute, &1));
    });
}

#[test]
fn slash_of_unknown_provider_fails() {
    build_and_execute(|| {
        assert_noop!(
            NoemaProviders::slash(STORAGE, &1, 10, None),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn slash_when_records_exceed_holds_changes_nothing() {
    new_test_ext().execute_with(|| {
        assert_ok!(register(1, 1_000));
        // Broken by hand: the record promises more than is held.
        Providers::<Test>::mutate(STORAGE, 1, |record| record.as_mut().unwrap().bond = 2_000);
        assert_noop!(
            NoemaProviders::slash(STORAGE, &1, 2_000, None),
            Error::<Test>::Inconsistent
        );
        assert_eq!(Balances::total_issuance(), 9 * FUNDS + ED);
    });
}

#[test]
fn reward_reaches_bonded_account_at_once() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reward(STORAGE, &2, &1, 300));
        assert_eq!(Balances::balance(&1), FUNDS - 1_000 + 300);
        assert_eq!(Balances::balance(&2), FUNDS - 300);
        System::assert_last_event(
            Event::Rewarded {
                role: STORAGE,
                provider: 1,
                payer: 2,
                amount: 300,
            }
            .into(),
        );
    });
}

#[test]
fn reward_refusals() {
    build_and_execute(|| {
        assert_noop!(
            NoemaProviders::reward(STORAGE, &2, &1, 300),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(register(1, 1_000));
        assert_noop!(
            NoemaProviders::reward(STORAGE, &2, &1, FUNDS),
            TokenError::NotExpendable
        );
        assert_noop!(
            NoemaProviders::reward(STORAGE, &2, &1, FUNDS + 1),
            TokenError::FundsUnavailable
        );
        assert_ok!(NoemaProviders::reward(STORAGE, &2, &1, FUNDS - ED));
    });
}
