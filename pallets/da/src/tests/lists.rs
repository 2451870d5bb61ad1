//! Lists, sums, and what can be asked of a seat.

use crate::{
    lists::{self, List},
    mock::*,
    records::CHUNK,
    Entries, Running, Sums,
};
use frame_support::assert_ok;
use noema_da_primitives::{Assignment, Committee, RowSeed, Shape, SizeClass, Software};
use noema_traits::{Auditable, Population};
use std::collections::BTreeMap;

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

fn population(provider: u64, round: u32) -> Population {
    <Da as Auditable<u64, u128>>::population(&provider, round)
}

fn next_populated(provider: u64, from: u32) -> Option<u32> {
    <Da as Auditable<u64, u128>>::next_populated(&provider, from)
}

fn item_at(provider: u64, round: u32, target: u128) -> Option<crate::AskedRow> {
    <Da as Auditable<u64, u128>>::item_at(&provider, round, target)
}

#[test]
fn population_is_what_was_signed_in_the_rounds_that_are_paid() {
    build_and_execute(|| {
        seat(&STAKES);
        available(1, 100, 1, &[0, 1, 2]);
        let second = available(2, 1_000, 2, &[0, 2, 3]);
        assert_ok!(attest(second, &[1]));
        let (tiny, small) = (128, 8 * 128);
        let units = |provider, round| population(provider, round).units;
        for (provider, of) in [(1, tiny + small), (3, tiny + small), (4, small), (5, 0)] {
            assert_eq!(units(provider, 1), 0);
            assert_eq!(units(provider, 2), of);
            assert_eq!(units(provider, 5), of);
            assert_eq!(units(provider, 6), if provider == 5 { 0 } else { small });
            assert_eq!(units(provider, 9), if provider == 5 { 0 } else { small });
            assert_eq!(units(provider, 10), 0);
        }
        assert_eq!(next_populated(1, 0), Some(2));
        assert_eq!(next_populated(1, 8), Some(8));
        assert_eq!(next_populated(1, 10), None);
        assert_eq!(next_populated(5, 0), None);
        // About four times the units, by the part of the stake.
        assert_eq!(population(3, 6).bytes, 4 * small * 300 / 900);
        // The same after the lists are closed and noted.
        to_round(2);
        assert_eq!(units(1, 2), tiny + small);
        assert_eq!(Sums::<Test>::get(0, 1).unwrap().sums[..2], [128, 1_024]);
        assert_eq!(units(4, 6), small);
    });
}

#[test]
fn every_draw_finds_a_row_of_the_seats_own_by_its_bits() {
    build_and_execute(|| {
        seat(&STAKES);
        let mut blobs = BTreeMap::new();
        for number in 0..6u8 {
            let size = [10, 500, 1_000, 60_000, 70_000, 0][usize::from(number)];
            let seats: &[u8] = if number % 2 == 0 {
                &[0, 1, 2]
            } else {
                &[1, 2, 3]
            };
            let id = available(number, size, 1 + number % 3, seats);
            let batch = crate::Batches::<Test>::get(record_of(id).batch).unwrap();
            blobs.insert(commitment(number), (size, seats, batch.block));
        }
        to_round(2);
        let committee = Da::committee(0).unwrap();
        let stakes = Committee::new(&STAKES).unwrap();
        for (provider, seat) in [(1u64, 0u8), (3, 2), (4, 3)] {
            let all = population(provider, 2).units;
            let mut found: BTreeMap<_, u128> = BTreeMap::new();
            for target in (0..all).step_by(97) {
                let row = item_at(provider, 2, target).unwrap();
                let (size, seats, block) = blobs[&row.commitment];
                assert!(seats.contains(&seat), "a seat is asked for what it signed");
                assert_eq!(row.size, size);
                let shape = Shape::of(size.into()).unwrap();
                assert_eq!(row.class, shape.class());
                if row.class < SizeClass::Medium || target % 31 == 0 {
                    let seed = RowSeed(Seeds::of(block + 2));
                    let assignment = Assignment::new::<Software>(
                        shape.class(),
                        &stakes,
                        &committee.id,
                        &row.commitment,
                        &seed,
                    )
                    .unwrap();
                    assert!(assignment.holds(seat.into(), row.row), "the row is its own");
                }
                *found.entry(row.commitment).or_default() += 1;
            }
            // In proportion to the units.
            for (commitment, count) in found {
                let units: u128 = Shape::of(blobs[&commitment].0.into())
                    .unwrap()
                    .data_bytes()
                    .into();
                assert!((count * 97).abs_diff(units) <= 97 * 2);
            }
            assert_eq!(item_at(provider, 2, all), None);
        }
        assert_eq!(item_at(5, 2, 0), None);
    });
}

#[test]
fn lists_of_many_chunks_have_running_sums_and_find_every_entry() {
    build_and_execute(|| {
        seat(&STAKES);
        let count = CHUNK * 2 + 5;
        for number in 0..count {
            let id = submit(ALICE, (number % 200) as u8, number % 500, 1);
            if number % 8 == 7 || number == count - 1 {
                next_blocks(2);
                for id in (id - u64::from(number % 8))..=id {
                    let seats = if id % 3 == 0 { &[0, 1, 2] } else { &[1, 2, 3] };
                    assert_ok!(attest(id, seats));
                }
            }
        }
        assert_eq!(book_of(0).lists[0].entries, count);
        assert_eq!(Entries::<Test>::get((0, 0, 2)).len(), 5);
        let last = Running::<Test>::get((0, 0, 2));
        assert_eq!(u128::from(last.of(0)), population(1, 2).units);
        to_round(2);
        // Walk through all entries of seat 0 by their units.
        let mut target = 0;
        let mut seen = 0;
        while let Some(row) = item_at(1, 2, target) {
            target += u128::from(Shape::of(row.size.into()).unwrap().data_bytes());
            seen += 1;
        }
        assert_eq!(seen, count.div_ceil(3));
        assert_eq!(target, population(1, 2).units);
        // Everything goes with its last round.
        to_round(6);
        assert_eq!(
            Entries::<Test>::iter().count() + Running::<Test>::iter().count(),
            0
        );
    });
}

#[test]
fn closed_lists_never_change() {
    build_and_execute(|| {
        AttestTicks::set(1_000);
        seat(&STAKES);
        let id = available(1, 1_000, 1, &[0, 1, 2]);
        next_round();
        assert_ok!(attest(id, &[3]));
        let signed = signature(id, &[4]);
        RoundNow::put(2);
        let before: Vec<_> = (1..=5).map(|provider| population(provider, 2)).collect();
        assert!(attest_with(id, &[4], signed).is_err());
        next_block();
        let after: Vec<_> = (1..=5).map(|provider| population(provider, 2)).collect();
        assert_eq!(before, after);
        assert!(book_of(0).is_noted(0));
    });
}

#[test]
fn draws_work_before_the_agenda_noted_the_list() {
    build_and_execute(|| {
        seat(&STAKES);
        available(1, 1_000, 1, &[0, 1, 2]);
        RoundNow::put(2);
        next_block_with(frame_support::weights::Weight::zero());
        assert!(!book_of(0).is_noted(0));
        let asked: Vec<_> = (0..100).map(|target| item_at(1, 2, target * 10)).collect();
        assert!(asked.iter().all(Option::is_some));
        next_block();
        assert!(book_of(0).is_noted(0));
        let again: Vec<_> = (0..100).map(|target| item_at(1, 2, target * 10)).collect();
        assert_eq!(asked, again);
    });
}

#[test]
fn era_of_which_nothing_was_attested_forgets_its_committee() {
    build_and_execute(|| {
        seat(&STAKES);
        submit(ALICE, 1, 100, 1);
        to_round(1);
        assert!(Da::committee(0).is_some());
        to_round(2);
        assert!(Da::committee(0).is_none());
        assert!(Da::committee(1).is_some());
    });
}

#[test]
fn days_of_the_note_are_those_of_the_lists() {
    assert_eq!(lists::last_of_day(7, 13), 7 + lists::LAST_ROUND);
    assert_eq!(List::all().count(), lists::LISTS);
}
