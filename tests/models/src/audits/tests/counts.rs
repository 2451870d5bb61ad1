//! How many challenges there are.

use crate::audits::parameters::{ChallengeCount, Parameters};
use proptest::prelude::*;

fn count() -> ChallengeCount {
    Parameters::production().challenges
}

const GIB: u128 = 1 << 30;

#[test]
fn nothing_is_not_challenged_and_little_is() {
    assert_eq!(count().of(0), 0);
    assert_eq!(count().of(1), 8);
    assert_eq!(count().of(GIB - 1), 8);
}

#[test]
fn every_doubling_adds_one_until_the_most() {
    assert_eq!(count().of(GIB), 9);
    assert_eq!(count().of(3 * GIB), 10);
    assert_eq!(count().of(1024 * GIB), 18);
    assert_eq!(count().of(100 * 1024 * GIB), 24);
    assert_eq!(count().of(u128::MAX >> 8), 32);
}

proptest! {
    #[test]
    fn more_bytes_never_have_fewer_challenges(bytes in 0..u128::from(u64::MAX), more in 0..u128::from(u64::MAX)) {
        prop_assert!(count().of(bytes) <= count().of(bytes + more));
    }

    #[test]
    fn what_is_split_never_has_fewer_challenges_in_all(parts in prop::collection::vec(1..u128::from(u64::MAX), 1..20)) {
        let together = count().of(parts.iter().sum());
        let apart: u32 = parts.iter().map(|part| count().of(*part)).sum();
        prop_assert!(apart >= together);
    }
}
