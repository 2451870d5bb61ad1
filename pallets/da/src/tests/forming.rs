//! Committees: who is drawn, when, by which seed, and what happens when there is nobody.

use crate::{
    forming::drawn, mock::*, Candidates, Committees, Event, Forming, FormingState, KeyRecord, Keys,
    NextEra, WeightInfo,
};
use frame_support::{assert_ok, weights::Weight};
use noema_da_primitives::MAX_SEATS;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Weights = crate::weights::SubstrateWeight<Test>;

#[test]
fn first_committee_is_of_the_era_that_runs_and_the_next_two_follow() {
    build_and_execute(|| {
        RoundNow::put(5);
        next_blocks(20);
        assert_eq!(NextEra::<Test>::get(), 0, "there is nobody to look at");
        (1..=4).for_each(|provider| give_seat(provider, 100 + u128::from(provider)));
        let committee = to_committee(5);
        assert_eq!(seats_of(5), [1, 2, 3, 4]);
        assert_eq!(committee.seats[2].stake, 103);
        to_committee(6);
        to_committee(7);
        next_blocks(40);
        assert_eq!(NextEra::<Test>::get(), 8);
        assert!(Da::committee(4).is_none());
        RoundNow::put(6);
        to_committee(8);
        assert_eq!(Da::seat_of(8, &3), Some(2));
        assert_eq!(Da::seat_of(8, &9), None);
    });
}

#[test]
fn candidates_are_fixed_before_their_seed_exists() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        next_block();
        let draw_at = System::block_number() + 8;
        assert_eq!(
            FormingState::<Test>::get(),
            Some(Forming::Drawing { era: 0, draw_at })
        );
        // What changes from here on is for later committees.
        Registry::change(1, |provider| provider.stake = 999);
        assert_ok!(set_key(2, 20));
        give_seat(6, 100);
        next_blocks(7);
        assert!(Da::committee(0).is_none());
        next_block();
        assert_eq!(System::block_number(), draw_at);
        assert_eq!(seats_of(0), [1, 2, 3, 4, 5]);
        assert_eq!(Da::committee(0).unwrap().seats[0].stake, 100);
        to_committee(1);
        assert_eq!(seats_of(1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(Da::committee(1).unwrap().seats[0].stake, 999);
    });
}

#[test]
fn rotation_and_retirement_leave_committees_as_they_are() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        let before = to_committee(2);
        assert_ok!(set_key(1, 11));
        assert_ok!(Da::retire_key(signed(2), 2));
        assert_eq!(Da::committee(2), Some(before));
        RoundNow::put(1);
        let after = to_committee(3);
        assert_eq!(seats_of(3), [1, 3, 4, 5]);
        assert_eq!(after.seats[0].key, key(11));
    });
}

#[test]
fn inactive_and_unsettled_providers_and_those_without_stake_are_not_drawn() {
    build_and_execute(|| {
        (1..=8).for_each(|provider| give_seat(provider, 100));
        Registry::change(2, |provider| provider.active = false);
        Registry::change(3, |provider| provider.behind = true);
        Registry::change(4, |provider| provider.stake = 0);
        to_committee(0);
        assert_eq!(seats_of(0), [1, 5, 6, 7, 8]);
    });
}

#[test]
fn too_few_candidates_leave_the_committee_before_in_its_place() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        to_committee(2);
        // Two leave, one is new: three of those before serve on, the new one does not.
        Registry::change(1, |provider| provider.active = false);
        assert_ok!(Da::retire_key(signed(2), 2));
        Registry::change(3, |provider| provider.stake = 50);
        MinSeats::set(5);
        give_seat(6, 100);
        RoundNow::put(1);
        let carried = to_committee(3);
        assert_eq!(seats_of(3), [3, 4, 5]);
        assert_eq!(carried.seats[0].stake, 50);
        assert_ne!(carried.id, Da::committee(2).unwrap().id);
        // When there are enough again, all are drawn.
        MinSeats::set(4);
        RoundNow::put(2);
        to_committee(4);
        assert_eq!(seats_of(4), [3, 4, 5, 6]);
    });
}

#[test]
fn lost_seed_leaves_the_committee_before_in_its_place() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        to_committee(2);
        give_seat(6, 100);
        RoundNow::put(1);
        next_block();
        let draw_at = System::block_number() + 8;
        (draw_at..=draw_at + MaxSeedGap::get()).for_each(|block| Seedless::insert(block, ()));
        next_blocks(8 + MaxSeedGap::get());
        assert!(Da::committee(3).is_none(), "a seed may still come");
        take_events();
        next_block();
        assert_eq!(seats_of(3), [1, 2, 3, 4, 5]);
        assert!(matches!(
            take_events()[..],
            [Event::CommitteeFormed {
                era: 3,
                seats: 5,
                carried: true,
                ..
            }]
        ));
    });
}

#[test]
fn nobody_left_is_told_and_tried_again() {
    build_and_execute(|| {
        (1..=4).for_each(|provider| give_seat(provider, 100));
        to_committee(2);
        (1..=4).for_each(|provider| Registry::change(provider, |one| one.active = false));
        RoundNow::put(3);
        next_blocks(12);
        assert!(System::events().is_empty() || Da::committee(3).is_none());
        assert_eq!(NextEra::<Test>::get(), 3);
        (1..=4).for_each(|provider| Registry::change(provider, |one| one.active = true));
        to_committee(3);
        to_committee(5);
        assert_eq!(seats_of(5), [1, 2, 3, 4]);
    });
}

#[test]
fn eras_that_passed_without_a_committee_get_none() {
    build_and_execute(|| {
        (1..=4).for_each(|provider| give_seat(provider, 100));
        to_committee(2);
        RoundNow::put(9);
        to_committee(9);
        assert!((3..9).all(|era| Da::committee(era).is_none()));
        to_committee(11);
    });
}

#[test]
fn full_blocks_only_delay() {
    build_and_execute(|| {
        KeysPerBlock::set(3);
        (1..=10).for_each(|provider| give_seat(provider, 100));
        (0..30).for_each(|_| next_block_with(Weight::zero()));
        assert_eq!(FormingState::<Test>::get(), None);
        // Weight for one key a block, then none, then for all.
        for _ in 0..5 {
            next_block_with(Weights::form_base() + Weights::collect(1));
        }
        assert_eq!(Candidates::<Test>::get().len(), 5);
        (0..30).for_each(|_| next_block_with(Weights::form_base()));
        assert_eq!(Candidates::<Test>::get().len(), 5);
        next_blocks(2);
        assert!(matches!(
            FormingState::<Test>::get(),
            Some(Forming::Drawing { .. })
        ));
        // So late that the draw point is long past, but remembered.
        (0..100).for_each(|_| next_block_with(Weights::form_base()));
        assert!(Da::committee(0).is_none());
        next_block();
        assert_eq!(seats_of(0), (1..=10).collect::<Vec<_>>());
    });
}

#[test]
fn keys_that_come_and_go_while_candidates_are_fixed_do_no_harm() {
    build_and_execute(|| {
        KeysPerBlock::set(2);
        (1..=9).for_each(|provider| give_seat(provider, 100));
        next_block();
        let Some(Forming::Collecting {
            after: Some(last), ..
        }) = FormingState::<Test>::get()
        else {
            panic!("it goes on in the next block");
        };
        // The very key at which it stopped.
        assert_ok!(Da::retire_key(signed(last), last));
        give_seat(20, 100);
        let mut seats = seats_of_after_forming();
        seats.retain(|seat| *seat != 20);
        let expected: Vec<u64> = (1..=9).filter(|seat| *seat != last).collect();
        assert_eq!(seats, expected);
    });
}

fn seats_of_after_forming() -> Vec<u64> {
    to_committee(0);
    seats_of(0)
}

#[test]
fn hundred_seats_are_drawn_of_more() {
    build_and_execute(|| {
        (1..=130).for_each(|provider| put_seat(provider, u128::from(provider)));
        to_committee(0);
        let seats = seats_of(0);
        assert_eq!(seats.len(), MAX_SEATS);
        assert!(seats.is_sorted());
        assert_ne!(seats, (1..=100).collect::<Vec<_>>());
        to_committee(1);
        assert_ne!(seats, seats_of(1), "each era draws anew");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drawn_are_so_many_different_ones_with_stake(
        stakes in prop::collection::vec(1u128..u128::MAX >> 21, 1..150),
        seats in 1usize..100,
        era: u32,
        seed: [u8; 32],
    ) {
        let places = drawn(&stakes, seats, era, &seed);
        prop_assert_eq!(places.len(), seats.min(stakes.len()));
        let different: BTreeSet<_> = places.iter().copied().collect();
        prop_assert_eq!(different.len(), places.len());
        prop_assert!(places.is_sorted());
        prop_assert!(places.iter().all(|place| *place < stakes.len()));
        prop_assert_eq!(&places, &drawn(&stakes, seats, era, &seed));
    }
}

/// Of two seats among three candidates with the stakes 1, 2 and 5, each pair is drawn as often as drawing without replacement says: the first with a probability in
/// proportion to all, the second to those that are left.
#[test]
fn drawing_is_in_proportion_to_stake() {
    let stakes = [1u128, 2, 5];
    let rounds = 20_000u32;
    let mut found: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
    for number in 0..rounds {
        let seed = sp_io::hashing::blake2_256(&number.to_le_bytes());
        *found.entry(drawn(&stakes, 2, 7, &seed)).or_default() += 1;
    }
    let pair = |a: f64, b: f64| a / 8.0 * b / (8.0 - a) + b / 8.0 * a / (8.0 - b);
    let expected = [
        (vec![0, 1], pair(1.0, 2.0)),
        (vec![0, 2], pair(1.0, 5.0)),
        (vec![1, 2], pair(2.0, 5.0)),
    ];
    let chi: f64 = expected
        .iter()
        .map(|(places, probability)| {
            let mean = probability * f64::from(rounds);
            (f64::from(found[places]) - mean).powi(2) / mean
        })
        .sum();
    // Two degrees of freedom: more than 18.4 comes once in ten thousand times, and the seeds are always the same.
    assert!(chi < 18.4, "{found:?}: chi-square {chi}");
}

#[test]
fn stakes_beyond_what_can_be_computed_with_are_capped() {
    build_and_execute(|| {
        (1..=4).for_each(|provider| give_seat(provider, u128::MAX));
        let committee = to_committee(0);
        let stakes: Vec<_> = committee.seats.iter().map(|seat| seat.stake).collect();
        assert!(noema_da_primitives::Committee::new(&stakes).is_ok());
    });
}

#[test]
fn too_few_with_a_key_when_it_is_drawn_are_no_committee() {
    build_and_execute(|| {
        (1..=4).for_each(|provider| give_seat(provider, 100));
        next_block();
        assert_ok!(Da::retire_key(signed(3), 3));
        next_blocks(20);
        assert!(Da::committee(0).is_none());
    });
}

#[test]
fn key_that_is_gone_when_it_is_drawn_has_no_seat() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        next_block();
        assert_ok!(Da::retire_key(signed(3), 3));
        to_committee(0);
        assert_eq!(seats_of(0), [1, 2, 4, 5]);
        let keys: Vec<KeyRecord<u128>> = Keys::<Test>::iter_values().collect();
        assert_eq!(keys.len(), 4);
        assert_eq!(Committees::<Test>::iter().count(), 1);
    });
}

#[test]
fn committee_of_an_era_that_is_over_is_not_made() {
    build_and_execute(|| {
        (1..=5).for_each(|provider| give_seat(provider, 100));
        next_blocks(3);
        assert!(matches!(
            FormingState::<Test>::get(),
            Some(Forming::Drawing { era: 0, .. })
        ));
        // Nothing ran for many rounds.
        RoundNow::put(9);
        to_committee(9);
        assert!(Da::committee(0).is_none());
        assert_eq!(Committees::<Test>::iter().count(), 1);
    });
}

/// Where a migration failed, records read as absent: nothing is done by them.
#[test]
fn other_layout_of_storage_stops_the_hook() {
    use frame_support::traits::{GetStorageVersion, StorageVersion};
    build_and_execute(|| {
        (1..=4).for_each(|provider| give_seat(provider, 100));
        StorageVersion::new(0).put::<Da>();
        next_blocks(30);
        assert_eq!(FormingState::<Test>::get(), None);
        Da::in_code_storage_version().put::<Da>();
        to_committee(0);
    });
}
