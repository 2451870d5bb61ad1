//! Pay by lists: what a round earns, and that what is paid in is what leaves.

use crate::{mock::*, Accounts, Books, Drops, Event, Sums};
use frame_support::{assert_ok, traits::fungible::Mutate};
use noema_traits::{Auditable, Outcome, Payroll};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

fn next(provider: u64) -> Option<u32> {
    <Da as Payroll<u64>>::next(&provider)
}

/// Two blobs of two days, one of which seat 4 did not sign; nobody signed by seat 5.
fn two_blobs() -> (u128, u128) {
    available(1, 1_000, 2, &[0, 1, 2, 3]);
    available(2, 3_000, 2, &[0, 1, 2]);
    let list = book_of(0).lists[1];
    assert_eq!(list.units, 1_024 + 3_072);
    (list.pay, list.units.into())
}

#[test]
fn passed_round_pays_by_stake_and_units() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, units) = two_blobs();
        to_round(2);
        for (provider, stake, own) in [(1, 100, units), (3, 300, units), (4, 200, 1_024)] {
            let before = wealth(provider);
            settle(provider, 2, Outcome::Passed);
            let earned = pay * stake / 900 * own / units;
            assert_eq!(wealth(provider) - before, earned);
            assert!(earned > 0);
            // Once.
            settle(provider, 2, Outcome::Passed);
            settle(provider, 1, Outcome::Missed);
            assert_eq!(wealth(provider) - before, earned);
        }
        let before = wealth(5);
        settle(5, 2, Outcome::Passed);
        assert_eq!(wealth(5), before);
        assert_eq!(next(5), None);
        assert_eq!(next(1), Some(3));
    });
}

#[test]
fn what_nobody_earns_goes_to_the_fund_when_the_list_closes() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, units) = two_blobs();
        let fund = wealth(FUND);
        to_round(1);
        assert_eq!(wealth(FUND), fund);
        to_round(2);
        let earned: u128 = [(100, units), (200, units), (300, units), (200, 1_024)]
            .map(|(stake, own)| pay * stake / 900 * own / units)
            .iter()
            .sum();
        assert_eq!(wealth(FUND) - fund, (pay - earned) * 8);
        assert_eq!(pot(), earned * 8);
    });
}

#[test]
fn all_that_was_paid_for_a_window_leaves_with_it() {
    build_and_execute(|| {
        seat(&STAKES);
        let before = issuance();
        let fund = wealth(FUND);
        two_blobs();
        to_round(2);
        for round in 2..=9 {
            for provider in 1..=4 {
                let outcome = match (round + u32::try_from(provider).unwrap()) % 3 {
                    0 => Outcome::Missed,
                    1 => Outcome::Skipped,
                    _ => Outcome::Passed,
                };
                settle(provider, round, outcome);
            }
            next_round();
        }
        // What was carried last shares the fate of a round without challenges.
        for provider in 1..=4 {
            if let Some(round) = next(provider) {
                settle(provider, round, Outcome::Passed);
            }
        }
        assert_eq!(pot(), 0);
        assert_eq!(issuance(), before);
        assert!(wealth(FUND) > fund);
        assert_eq!(Accounts::<Test>::iter().count(), 0);
        assert_eq!(Sums::<Test>::iter().count(), 0);
        assert_eq!(Books::<Test>::iter().count(), 0);
        assert!(Da::committee(0).is_none());
    });
}

#[test]
fn skipped_rounds_share_the_fate_of_the_next() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, _) = two_blobs();
        let earned = pay * 100 / 900;
        to_round(6);
        let (own, fund) = (wealth(1), wealth(FUND));
        take_events();
        settle(1, 2, Outcome::Skipped);
        settle(1, 3, Outcome::Skipped);
        assert_eq!((wealth(1), next(1)), (own, Some(4)));
        settle(1, 4, Outcome::Passed);
        assert_eq!(wealth(1), own + 3 * earned);
        settle(1, 5, Outcome::Skipped);
        settle(1, 6, Outcome::Missed);
        assert_eq!(wealth(FUND), fund + 2 * earned);
        assert!(take_events().contains(&Event::RoundForfeited {
            provider: 1,
            round: 6,
            amount: 2 * earned
        }));
    });
}

#[test]
fn provider_that_cannot_be_paid_does_not_stop_anything() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, _) = two_blobs();
        to_round(2);
        // Its account is gone, and what it earns is less than the existential deposit.
        let all = wealth(1);
        assert_ok!(Balances::burn_from(
            &1,
            all,
            frame_support::traits::tokens::Preservation::Expendable,
            frame_support::traits::tokens::Precision::Exact,
            frame_support::traits::tokens::Fortitude::Force,
        ));
        let fund = wealth(FUND);
        let earned = pay * 100 / 900;
        settle(1, 2, Outcome::Passed);
        let got = wealth(1) + wealth(FUND) - fund;
        assert_eq!(got, earned);
    });
}

#[test]
fn settling_late_pays_the_same_when_everything_else_is_gone() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, units) = two_blobs();
        to_round(20);
        assert!(Da::committee(0).is_none());
        assert_eq!(crate::Entries::<Test>::iter().count(), 0);
        assert!(Books::<Test>::get(0).unwrap().finished);
        for (provider, stake, own) in [
            (1, 100, units),
            (2, 200, units),
            (3, 300, units),
            (4, 200, 1_024),
        ] {
            let before = wealth(provider);
            for round in 2..=9 {
                assert_eq!(next(provider), Some(round));
                settle(provider, round, Outcome::Passed);
            }
            assert_eq!(
                wealth(provider) - before,
                pay * stake / 900 * own / units * 8
            );
            assert_eq!(next(provider), None);
        }
        assert_eq!((pot(), Books::<Test>::iter().count()), (0, 0));
    });
}

#[test]
fn dropped_provider_loses_what_it_would_have_earned_and_is_asked_for_nothing() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, _) = two_blobs();
        let earned = pay * 300 / 900;
        to_round(4);
        settle(3, 2, Outcome::Passed);
        settle(3, 3, Outcome::Skipped);
        let (own, fund) = (wealth(3), wealth(FUND));
        let population = |round| <Da as Auditable<u64, u128>>::population(&3, round).units;
        assert!(population(4) > 0);
        Audits::begin_drop(3);
        assert_eq!((population(4), population(5)), (0, 0));
        // A begun round is forfeited by the audits.
        settle(3, 4, Outcome::Missed);
        assert_eq!(wealth(FUND), fund + 2 * earned);
        take_events();
        next_block();
        assert!(take_events().contains(&Event::Dropped { provider: 3 }));
        assert!(!Dropping::contains_key(3) && !Drops::<Test>::contains_key(3));
        // Rounds 5 to 9.
        assert_eq!(wealth(FUND), fund + 7 * earned);
        assert_eq!(wealth(3), own);
        assert_eq!((next(3), population(5)), (None, 0));
        assert_eq!(book_of(0).gone, bits(&[2]));
        let info = Da::submission_info(0).unwrap();
        let noema_da_primitives::Standing::Available {
            signed, holders, ..
        } = info.standing
        else {
            panic!("it is available")
        };
        assert_eq!(signed, bits(&[0, 1, 2, 3]).to_bytes());
        assert_eq!(holders, bits(&[0, 1, 3]).to_bytes());
    });
}

#[test]
fn drop_before_a_list_closes_leaves_its_part_to_the_fund() {
    build_and_execute(|| {
        seat(&STAKES);
        let (pay, units) = two_blobs();
        Audits::begin_drop(3);
        next_block();
        assert_eq!(book_of(0).seats, 3);
        let fund = wealth(FUND);
        to_round(2);
        let earned: u128 = [(100, units), (200, units), (200, 1_024)]
            .map(|(stake, own)| pay * stake / 900 * own / units)
            .iter()
            .sum();
        assert_eq!(wealth(FUND) - fund, (pay - earned) * 8);
    });
}

#[test]
fn drop_waits_until_closed_lists_are_noted() {
    build_and_execute(|| {
        seat(&STAKES);
        two_blobs();
        to_round(1);
        RoundNow::put(2);
        next_block_with(frame_support::weights::Weight::zero());
        // Paid before the list was noted, then dropped.
        settle(3, 2, Outcome::Passed);
        Audits::begin_drop(3);
        Da::do_try_state().unwrap();
        next_block();
        assert!(!Dropping::contains_key(3));
    });
}
