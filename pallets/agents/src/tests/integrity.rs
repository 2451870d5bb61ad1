//! Parameters that make no sense are noticed.

use crate::mock::*;
use frame_support::traits::Hooks;

fn check() {
    <Agents as Hooks<u32>>::integrity_test();
}

#[test]
fn the_parameters_of_the_mock_are_sound() {
    check();
}

#[test]
#[should_panic(expected = "`MinFeedback` is 9")]
fn praise_that_costs_next_to_nothing_is_noticed() {
    MinFeedback::set(ED - 1);
    check();
}

#[test]
#[should_panic(expected = "`MaxData` is 0")]
fn no_room_for_data_is_noticed() {
    MaxData::set(0);
    check();
}

#[test]
#[should_panic(expected = "lower what an agent can have")]
fn a_call_that_fits_no_block_is_noticed() {
    MaxData::set(10_000_000);
    check();
}
