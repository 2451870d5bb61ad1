//! Parameters that make no sense stop the runtime's tests.

use crate::mock::*;
use frame_support::traits::Hooks;

#[test]
fn integrity_test_accepts_the_mock() {
    new_test_ext().execute_with(NoemaEntropy::integrity_test);
}

#[test]
#[should_panic(expected = "`MaxGap` is 257")]
fn integrity_test_refuses_expensive_gap() {
    MaxGap::set(257);
    new_test_ext().execute_with(NoemaEntropy::integrity_test);
}

#[test]
#[should_panic(expected = "`History` is 9")]
fn integrity_test_refuses_short_history() {
    History::set(9);
    new_test_ext().execute_with(NoemaEntropy::integrity_test);
}
