//! Free bytes, reservations and draws.

use super::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{ProviderDiscipline, ProviderRegistry};
use std::collections::BTreeMap;

fn free(who: AccountId) -> u64 {
    NoemaProviders::free_bytes(STORAGE, &who)
}

#[test]
fn free_bytes_is_what_is_both_declared_and_covered() {
    build_and_execute(|| {
        // 100 per MiB.
        assert_ok!(register_as(STORAGE, 1, 1_000, 101, 3 * MIB));
        assert_ok!(register_as(STORAGE, 2, 1_000, 102, u64::MAX));
        assert_ok!(register_as(STORAGE, 3, 1_050, 103, u64::MAX));
        assert_eq!(
            (free(1), free(2), free(3)),
            (3 * MIB, 10 * MIB, 10 * MIB + MIB / 2)
        );
        assert_eq!(free(4), 0);
    });
}

#[test]
fn set_capacity_changes_free_bytes() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 2 * MIB));
        assert_ok!(NoemaProviders::set_capacity(signed(1), STORAGE, 5 * MIB));
        assert_eq!(free(1), 3 * MIB);
        System::assert_last_event(
            Event::CapacitySet {
                role: STORAGE,
                provider: 1,
                capacity: 5 * MIB,
            }
            .into(),
        );
        // Less than what is in use: that stays, nothing new comes.
        assert_ok!(NoemaProviders::set_capacity(signed(1), STORAGE, MIB));
        assert_eq!((free(1), record(1).reserved), (0, 2 * MIB));
        assert_noop!(
            NoemaProviders::set_capacity(signed(101), STORAGE, MIB),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn reserve_and_release_move_free_bytes() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 4 * MIB));
        assert_eq!((free(1), record(1).reserved), (6 * MIB, 4 * MIB));
        assert_noop!(
            NoemaProviders::reserve(STORAGE, &1, 6 * MIB + 1),
            Error::<Test>::NotEnoughFreeBytes
        );
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, 6 * MIB));
        assert_eq!(free(1), 0);
        NoemaProviders::release(STORAGE, &1, 10 * MIB);
        assert_eq!((free(1), record(1).reserved), (10 * MIB, 0));
    });
}

#[test]
fn reserve_of_inactive_provider_fails_and_release_works() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, MIB));
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_noop!(
            NoemaProviders::reserve(STORAGE, &1, 1),
            Error::<Test>::NotEnoughFreeBytes
        );
        NoemaProviders::release(STORAGE, &1, MIB);
        assert_eq!(record(1).reserved, 0);
        assert_noop!(
            NoemaProviders::reserve(STORAGE, &2, 1),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
#[should_panic(expected = "more bytes are released than are reserved")]
fn release_of_more_than_reserved_is_a_defect() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        NoemaProviders::release(STORAGE, &1, 1);
    });
}

#[test]
fn draw_without_free_bytes_is_none() {
    build_and_execute(|| {
        assert_eq!(NoemaProviders::draw(STORAGE, &[7; 32]), None);
        assert_ok!(register_as(STORAGE, 1, 1_000, 101, 0));
        assert_eq!(NoemaProviders::active_count(STORAGE), 1);
        assert_eq!(NoemaProviders::draw(STORAGE, &[7; 32]), None);
        assert_ok!(register_as(Role::Compute, 2, 1_000, 102, MIB));
        assert_eq!(NoemaProviders::draw(STORAGE, &[7; 32]), None);
        assert_eq!(NoemaProviders::draw(Role::Compute, &[7; 32]), Some(2));
    });
}

/// Draws `count` times with independent seeds.
fn draws(count: u32) -> BTreeMap<AccountId, u32> {
    let mut drawn = BTreeMap::new();
    for index in 0..count {
        let random = sp_io::hashing::blake2_256(&index.to_le_bytes());
        let who = NoemaProviders::draw(STORAGE, &random).unwrap();
        *drawn.entry(who).or_default() += 1;
    }
    drawn
}

#[test]
fn draw_is_proportional_to_free_bytes() {
    build_and_execute(|| {
        for (who, capacity) in [(1, 10), (2, 20), (3, 70)] {
            assert_ok!(register_as(STORAGE, who, 10_000, who + 100, capacity * MIB));
        }
        let drawn = draws(10_000);
        // Within five standard deviations of 1,000, 2,000 and 7,000.
        assert!((850..=1_150).contains(&drawn[&1]), "{drawn:?}");
        assert!((1_800..=2_200).contains(&drawn[&2]), "{drawn:?}");
        assert!((6_770..=7_230).contains(&drawn[&3]), "{drawn:?}");
    });
}

#[test]
fn draw_never_finds_inactive_or_full_providers() {
    build_and_execute(|| {
        for who in 1..=6 {
            assert_ok!(register(who, 1_000));
        }
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_ok!(NoemaProviders::jail(STORAGE, &2, 5));
        assert_ok!(NoemaProviders::unbond(signed(3), STORAGE, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &4, 10 * MIB));
        assert_eq!(draws(500).into_keys().collect::<Vec<_>>(), [5, 6]);
    });
}

#[test]
fn draw_at_the_maximum_of_leaves_finds_first_and_last() {
    new_test_ext().execute_with(|| {
        // The highest leaf that the largest `MaxProviders` allows.
        crate::Censuses::<Test>::mutate(STORAGE, |census| census.next_leaf = 65_535);
        MaxProviders::set(65_536);
        assert_ok!(register(1, 1_000));
        assert_eq!(record(1).leaf, 65_535);
        assert_eq!(NoemaProviders::draw(STORAGE, &[9; 32]), Some(1));
        assert_noop!(register(2, 1_000), Error::<Test>::TooManyProviders);
    });
}
