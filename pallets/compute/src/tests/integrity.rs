//! Parameters that make no sense are noticed.

use crate::mock::*;
use frame_support::traits::Hooks;
use sp_runtime::{Perbill, Permill};

fn check() {
    <Compute as Hooks<u32>>::integrity_test();
}

#[test]
fn the_parameters_of_the_mock_are_sound() {
    check();
}

#[test]
#[should_panic(expected = "`CloseLock` is 0")]
fn a_lock_of_no_time_is_noticed() {
    CloseLock::set(0);
    check();
}

#[test]
#[should_panic(expected = "`MinCap` is 0")]
fn a_channel_for_nothing_is_noticed() {
    MinCap::set(0);
    check();
}

#[test]
#[should_panic(expected = "`CutShare` is 0")]
fn a_cut_of_nothing_is_noticed() {
    CutShare::set(Permill::zero());
    check();
}

#[test]
#[should_panic(expected = "`CutShare` is 100 %")]
fn a_cut_of_everything_is_noticed() {
    CutShare::set(Permill::one());
    check();
}

#[test]
#[should_panic(expected = "`PayerShare` is 100 %")]
fn a_slash_that_costs_friends_nothing_is_noticed() {
    PayerShare::set(Perbill::one());
    check();
}

#[test]
#[should_panic(expected = "the payer gets 0 times")]
fn a_slash_that_does_not_make_good_is_noticed() {
    SlashFactor::set(1);
    check();
}

#[test]
#[should_panic(expected = "lower `MaxClaims`")]
fn a_call_that_fits_no_block_is_noticed() {
    MaxClaims::set(1_000_000);
    check();
}
