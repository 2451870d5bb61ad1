//! Who gets what, and when.

use crate::{mock::*, Pallet, Pending};
use frame_support::{
    traits::{
        fungible::{Balanced, Inspect},
        Hooks, Imbalance, OnUnbalanced, SuppressedDrop,
    },
    weights::{Weight, WeightMeter},
};
use sp_runtime::Permill;

/// What the author and the treasury gained.
fn gained() -> (u128, u128) {
    let gained = |who| Balances::total_balance(&who) - LEAST;
    (gained(WRITER), gained(TREASURY))
}

fn with_room() -> WeightMeter {
    WeightMeter::new()
}

fn without_room() -> WeightMeter {
    WeightMeter::with_limit(Weight::from_parts(1, 1))
}

#[test]
fn nothing_is_paid_before_the_next_block() {
    new_test_ext().execute_with(|| {
        charge(1_000, 50);
        charge(500, 0);
        assert_eq!(gained(), (0, 0));
        next_block(with_room());
        assert_eq!(gained(), (300 + 50, 1_200));
        assert!(Pending::<Test>::get().is_none());
    });
}

#[test]
fn the_payment_happens_once() {
    new_test_ext().execute_with(|| {
        charge(1_000, 0);
        next_block(with_room());
        next_block(with_room());
        assert_eq!(gained(), (200, 800));
    });
}

#[test]
fn the_author_is_the_one_of_the_block_that_collected() {
    new_test_ext().execute_with(|| {
        charge(1_000, 0);
        Author::set(Some(9));
        next_block(with_room());
        assert_eq!(gained(), (200, 800));
        assert_eq!(Balances::total_balance(&9), 0);
    });
}

#[test]
fn the_authors_share_is_rounded_up() {
    new_test_ext().execute_with(|| {
        charge(101, 0);
        next_block(with_room());
        assert_eq!(gained(), (21, 80));
    });
}

#[test]
fn without_an_author_the_rest_gets_all() {
    new_test_ext().execute_with(|| {
        Author::set(None);
        charge(1_000, 50);
        next_block(with_room());
        assert_eq!(gained(), (0, 1_050));
    });
}

#[test]
fn an_author_without_account_gets_what_can_open_one_and_no_less() {
    new_test_ext().execute_with(|| {
        Author::set(Some(9));
        charge(5 * (LEAST - 1), 0);
        next_block(with_room());
        assert_eq!(Balances::total_balance(&9), 0);
        assert_eq!(gained(), (0, 5 * (LEAST - 1)));
        charge(5 * LEAST, 0);
        next_block(with_room());
        assert_eq!(Balances::total_balance(&9), LEAST);
    });
}

#[test]
fn what_finds_no_room_waits_for_the_author() {
    new_test_ext().execute_with(|| {
        charge(1_000, 50);
        next_block(without_room());
        assert_eq!(gained(), (0, 0));
        next_block(with_room());
        assert_eq!(gained(), (250, 800));
    });
}

#[test]
fn what_is_added_in_a_later_block_has_no_author() {
    new_test_ext().execute_with(|| {
        charge(1_000, 50);
        next_block(without_room());
        Author::set(Some(9));
        charge(1_000, 50);
        next_block(with_room());
        assert_eq!(gained(), (0, 2_100));
        assert_eq!(Balances::total_balance(&9), 0);
    });
}

#[test]
fn a_share_of_everything_or_nothing_is_possible() {
    for (percent, expected) in [(0, (0, 1_000)), (100, (1_000, 0))] {
        new_test_ext().execute_with(|| {
            AuthorShare::set(Permill::from_percent(percent));
            charge(1_000, 0);
            next_block(with_room());
            assert_eq!(gained(), expected);
        });
    }
}

#[test]
fn a_single_credit_is_a_fee_and_nothing_is_no_record() {
    new_test_ext().execute_with(|| {
        charge(0, 0);
        Fees::on_unbalanceds([].into_iter());
        assert!(Pending::<Test>::get().is_none());
        Fees::on_unbalanced(Balances::issue(7));
        let pending = Pending::<Test>::get().unwrap();
        assert_eq!(pending.fees.as_ref().peek(), 7);
        assert_eq!(pending.tips.as_ref().peek(), 0);
    });
}

#[test]
#[should_panic(expected = "nothing would ever be paid out")]
fn a_block_without_room_for_the_hook_is_noticed() {
    BlockWeights::set(frame_system::limits::BlockWeights::simple_max(
        Weight::from_parts(1_000, u64::MAX),
    ));
    <Fees as Hooks<u32>>::integrity_test();
}

#[test]
fn a_record_of_more_than_was_issued_is_noticed() {
    new_test_ext().execute_with(|| {
        charge(1_000, 0);
        Pallet::<Test>::do_try_state().unwrap();
        pallet_balances::TotalIssuance::<Test>::put(999);
        assert!(Pallet::<Test>::do_try_state().is_err());
    });
}
