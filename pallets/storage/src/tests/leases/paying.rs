//! Rounds settled, and what becomes of pay that cannot be received.

use crate::{mock::*, Error, Event, RateChanges};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{Auditable, Outcome, Payroll};

/// One replica that earns 1,000 units a round, the file of 256 sectors at this base price.
fn one() -> (TestFile, u64) {
    BasePrice::set(8_192_000);
    crate::Price::<Test>::kill();
    next_block();
    let file = TestFile::new(256 * 256, 0);
    let id = earning(&file, 1);
    let provider = provider_of(id, ALICE, 0);
    assert_eq!(deal_of(id, ALICE).terms.rent, 1_000);
    (file, provider)
}

fn settle(provider: u64, round: u32, outcome: Outcome) {
    <Storage as Payroll<u64>>::settle(&provider, round, outcome);
}

#[test]
fn settle_passed_pays_the_rent_of_the_round() {
    build_and_execute(1, || {
        let (_, provider) = one();
        let before = (pot(), wealth(provider));
        assert_eq!(Storage::next(&provider), Some(1));
        next_round();
        take_events();
        settle(provider, 1, Outcome::Passed);
        assert_eq!(
            take_events(),
            [Event::RoundPaid {
                provider,
                round: 1,
                amount: 1_000
            }]
        );
        assert_eq!(
            (pot(), wealth(provider)),
            (before.0 - 1_000, before.1 + 1_000)
        );
        // Again, or for a round of long ago: nothing.
        settle(provider, 1, Outcome::Passed);
        settle(provider, 0, Outcome::Passed);
        assert!(take_events().is_empty());
        assert_eq!(Storage::next(&provider), Some(2));
    });
}

#[test]
fn settle_missed_pays_the_fund() {
    build_and_execute(1, || {
        let (_, provider) = one();
        let fund = wealth(FUND);
        next_round();
        take_events();
        settle(provider, 1, Outcome::Missed);
        assert_eq!(
            take_events(),
            [Event::RoundForfeited {
                provider,
                round: 1,
                amount: 1_000
            }]
        );
        assert_eq!(wealth(FUND), fund + 1_000);
    });
}

#[test]
fn settle_skipped_carries_to_the_next_round_that_is_not() {
    build_and_execute(1, || {
        let (_, provider) = one();
        next_rounds(3);
        take_events();
        settle(provider, 1, Outcome::Skipped);
        settle(provider, 2, Outcome::Skipped);
        assert_eq!(pay_of(provider).unwrap().carried, 2_000);
        let before = wealth(provider);
        settle(provider, 3, Outcome::Passed);
        assert_eq!(wealth(provider), before + 3_000);
        assert_eq!(
            take_events()
                .iter()
                .filter(|event| matches!(event, Event::RoundCarried { amount: 1_000, .. }))
                .count(),
            2
        );
    });
}

#[test]
fn settle_late_pays_what_was_owed_when_the_round_began() {
    build_and_execute(2, || {
        let (file, provider) = one();
        next_rounds(3);
        // The owner ends the lease in round 3: three rounds have begun.
        assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        let before = wealth(provider);
        for round in 1..=3 {
            settle(provider, round, Outcome::Passed);
        }
        assert_eq!(wealth(provider), before + 3_000);
        assert_eq!((pay_of(provider), pot()), (None, 0));
        assert_eq!(RateChanges::<Test>::iter().count(), 0);
    });
}

#[test]
fn settle_of_a_provider_without_a_record_pays_the_fund() {
    build_and_execute(1, || {
        let (file, provider) = one();
        next_round();
        assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        Providers::remove(provider);
        let fund = wealth(FUND);
        take_events();
        settle(provider, 1, Outcome::Passed);
        assert_eq!(
            take_events(),
            [Event::PayDiverted {
                provider,
                amount: 1_000
            }]
        );
        assert_eq!((wealth(FUND), pot()), (fund + 1_000, 0));
    });
}

#[test]
fn removed_in_the_round_of_maturing_has_earned_nothing() {
    build_and_execute(1, || {
        let (file, provider) = one();
        let placement = wealth(FUND);
        assert_ok!(Storage::remove(signed(ALICE), file.id(), MOST));
        assert_eq!((pay_of(provider), pot()), (None, 0));
        assert_eq!(wealth(ALICE) + placement, ENDOWMENT + 1);
        assert_eq!(Storage::population(&provider, 0).units, 0);
    });
}

#[test]
fn gift_to_the_pot_disturbs_nothing() {
    build_and_execute(1, || {
        let (_, _) = one();
        let held = pot();
        assert_ok!(Balances::transfer_allow_death(signed(BOB), POT, 77));
        assert_eq!(pot(), held);
        assert_eq!(wealth(POT), held + 78);
    });
}

#[test]
fn buying_without_a_pot_is_refused() {
    build_and_execute(1, || {
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), POT, 0);
        let file = TestFile::new(300, 0);
        assert_noop!(
            dispatch(
                ALICE,
                crate::Call::commit {
                    root: file.root,
                    size: file.size,
                    replicas: 1,
                    rounds: ROUNDS,
                    max: AMPLE
                }
            ),
            Error::<Test>::PotMissing
        );
    });
}

#[test]
fn buying_without_an_account_of_the_fund_pays_the_treasury() {
    build_and_execute(1, || {
        ExistentialDeposit::set(100);
        for (who, amount) in [(FUND, 0), (TREASURY, 100), (POT, 100)] {
            let _ = Balances::force_set_balance(RuntimeOrigin::root(), who, amount);
        }
        let file = TestFile::new(300, 0);
        let quote = Storage::quote(file.size, 1, ROUNDS).unwrap();
        assert!(quote.placement > 0 && quote.placement < 100);
        assert_ok!(buy(&file, 1));
        assert_eq!((wealth(FUND), wealth(TREASURY)), (0, 100 + quote.placement));
        // What is enough to open it does.
        let large = TestFile::new(1 << 20, 1);
        BasePrice::set(1_000_000);
        crate::Price::<Test>::kill();
        next_block();
        let quote = Storage::quote(large.size, 1, ROUNDS).unwrap();
        assert!(quote.placement >= 100);
        assert_ok!(Storage::commit(
            signed(ALICE),
            large.root,
            large.size,
            1,
            ROUNDS,
            AMPLE
        ));
        assert_eq!(wealth(FUND), quote.placement);
    });
}
