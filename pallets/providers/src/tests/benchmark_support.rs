//! What benchmarks of other pallets get from `set_active`.

use super::*;
use crate::{Pools, ProviderState};
use frame_support::assert_ok;
use noema_traits::{ProviderDiscipline, ProviderRegistry};

#[test]
fn set_active_makes_a_stranger_drawable() {
    build_and_execute(|| {
        NoemaProviders::set_active(STORAGE, &50, &150, 1 << 40);
        assert!(NoemaProviders::is_active(STORAGE, &50));
        assert!(NoemaProviders::free_bytes(STORAGE, &50) >= 1 << 40);
        assert_eq!(
            NoemaProviders::provider_of_operator(STORAGE, &150),
            Some(50)
        );
        assert_eq!(NoemaProviders::draw(STORAGE, &[1; 32]), Some(50));
        assert_ok!(NoemaProviders::reserve(STORAGE, &50, 1 << 40));
    });
}

#[test]
fn set_active_puts_all_behind_it_that_slashes_and_rewards_can_meet() {
    build_and_execute(|| {
        NoemaProviders::set_active(STORAGE, &50, &150, 20 * MIB);
        assert_eq!(record(50).unlocking.len(), 4);
        let before = Pools::<Test>::get(STORAGE, 50).expect("it has a pool");
        assert!(before.stake.value > 0 && before.unbonding.value > 0);
        // A slash changes its weight while it is active, and reaches delegators once its own is gone.
        let free = NoemaProviders::free_bytes(STORAGE, &50);
        assert_ok!(NoemaProviders::slash(STORAGE, &50, 1, None));
        assert!(NoemaProviders::free_bytes(STORAGE, &50) < free);
        let own = record(50).bond + 4;
        assert_ok!(NoemaProviders::slash(STORAGE, &50, own + 10, None));
        let after = Pools::<Test>::get(STORAGE, 50).expect("it has a pool");
        assert!(after.stake.value < before.stake.value);
        assert!(after.unbonding.value < before.unbonding.value);
    });
}

#[test]
fn set_active_with_nothing_free_bonds_the_minimum() {
    build_and_execute(|| {
        NoemaProviders::set_active(STORAGE, &50, &150, 0);
        assert_eq!(record(50).bond, 1_000);
        assert_eq!(NoemaProviders::active_count(STORAGE), 1);
    });
}

#[test]
fn set_active_again_brings_a_provider_back_with_more() {
    build_and_execute(|| {
        NoemaProviders::set_active(STORAGE, &50, &150, 20 * MIB);
        assert_ok!(NoemaProviders::reserve(STORAGE, &50, 15 * MIB));
        assert_ok!(NoemaProviders::chill(signed(50), STORAGE));
        NoemaProviders::set_active(STORAGE, &50, &151, 30 * MIB);
        assert_eq!(record(50).state, ProviderState::Active);
        assert_eq!((record(50).operator, record(50).reserved), (151, 15 * MIB));
        assert!(NoemaProviders::free_bytes(STORAGE, &50) >= 30 * MIB);
    });
}

/// Not `build_and_execute`: leaves far apart stand for a long history that there was not, and the invariants notice.
#[test]
fn set_active_spreads_providers_over_the_tree() {
    new_test_ext().execute_with(|| {
        for n in 0..17 {
            NoemaProviders::set_active(STORAGE, &(50 + n), &(150 + n), 1 << 40);
        }
        let leaves: Vec<u32> = (0..17).map(|n| record(50 + n).leaf).collect();
        let expected: Vec<u32> = (0..16).map(|n| n << 12).chain([1 << 8]).collect();
        assert_eq!(leaves, expected);
    });
}
