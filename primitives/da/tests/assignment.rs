//! The assignment of rows: committed vectors, and what must hold for any stakes.

use noema_da_primitives::{
    Assignment, BundleHeader, Commitment, Committee, CommitteeId, Content, Hasher, RowOrder,
    RowSeed, SizeClass, Software, Window, MAX_SEATS, MAX_TOTAL_STAKE,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn array(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn hash(rows: impl Iterator<Item = u16>) -> [u8; 32] {
    let bytes: Vec<u8> = rows.flat_map(u16::to_le_bytes).collect();
    Software::sha2_256(&[&bytes])
}

/// The vectors come from a second implementation in another language, written from the documentation.
#[test]
fn assignment_follows_the_committed_vectors() {
    let text = include_str!("vectors/assignment.txt");
    let mut seen = BTreeSet::new();
    let blocks = text
        .split("\n\n")
        .filter(|block| block.starts_with("class"));
    for block in blocks {
        let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut seats = Vec::new();
        for line in block.lines() {
            let (name, rest) = line.split_once(' ').unwrap();
            let words: Vec<&str> = rest.split(' ').collect();
            match name {
                "seat" => seats.push(words),
                _ => assert!(fields.insert(name, words).is_none()),
            }
        }
        let class = SizeClass::ALL
            .into_iter()
            .find(|class| class.to_string() == fields["class"][0])
            .unwrap();
        let stakes: Vec<u128> = fields["stakes"]
            .iter()
            .map(|s| s.parse().unwrap())
            .collect();
        let keys: Vec<[u8; 48]> = (0..stakes.len()).map(|i| [i as u8 + 1; 48]).collect();
        let era = fields["era"][0].parse().unwrap();
        let id = CommitteeId::new::<Software>(era, keys.iter().zip(stakes.iter().copied()));
        assert_eq!(id.0, array(fields["committee"][0]));

        let commitment = Commitment(array(fields["commitment"][0]));
        let seed = RowSeed(array(fields["seed"][0]));
        let order = RowOrder::new::<Software>(class, &id, &commitment, &seed);
        assert_eq!(
            hash(order.as_slice().iter().copied()),
            array(fields["order"][0])
        );
        let first: Vec<String> = order
            .as_slice()
            .iter()
            .take(16)
            .map(u16::to_string)
            .collect();
        assert_eq!(first, fields["first"]);

        let committee = Committee::new(&stakes).unwrap();
        let assignment =
            Assignment::new::<Software>(class, &committee, &id, &commitment, &seed).unwrap();
        assert_eq!(seats.len(), stakes.len());
        for (seat, words) in seats.iter().enumerate() {
            let window = Window::of(class, &committee, seat).unwrap();
            assert_eq!(words[0], seat.to_string());
            assert_eq!(words[1], window.first.to_string());
            assert_eq!(words[2], window.len.to_string());
            assert_eq!(hash(assignment.rows(seat)), array(words[3]));
        }
        seen.insert((class, stakes));
    }
    assert_eq!(seen.len(), 26);
}

/// Stakes of very different spread: near equal, over many powers of two, one giant among dwarfs.
fn stakes() -> impl Strategy<Value = Vec<u128>> {
    let seats = 1..=MAX_SEATS;
    prop_oneof![
        prop::collection::vec(1_000u128..1_100, seats.clone()),
        prop::collection::vec((0u32..90).prop_map(|bits| 1u128 << bits), seats.clone()),
        prop::collection::vec(1u128..1_000_000, seats.clone()),
        (
            prop::collection::vec(1u128..10, seats.clone()),
            1u128..1_000_000_000
        )
            .prop_map(|(mut stakes, giant)| {
                let last = stakes.len() - 1;
                stakes[last / 2] = giant;
                stakes
            }),
        // Exactly as much in all as there may be, near even or with one giant.
        (prop::collection::vec(1u128..1_000, seats), any::<bool>()).prop_map(|(stakes, even)| {
            let count = stakes.len() as u128;
            let unit = if even {
                MAX_TOTAL_STAKE / count - 1_000
            } else {
                0
            };
            let mut stakes: Vec<u128> = stakes.into_iter().map(|stake| unit + stake).collect();
            let rest = MAX_TOTAL_STAKE - stakes.iter().sum::<u128>();
            *stakes.last_mut().unwrap() += rest;
            stakes
        }),
    ]
}

/// The class, less often one of those that take long.
fn class() -> impl Strategy<Value = SizeClass> {
    prop_oneof![
        2 => Just(SizeClass::Tiny),
        4 => Just(SizeClass::Small),
        4 => Just(SizeClass::Medium),
        2 => Just(SizeClass::Large),
        1 => Just(SizeClass::Huge),
    ]
}

fn assigned(class: SizeClass, stakes: &[u128], seed: [u8; 32]) -> (Committee, Assignment) {
    let committee = Committee::new(stakes).unwrap();
    let (id, commitment) = (CommitteeId([5; 32]), Commitment([6; 32]));
    let assignment =
        Assignment::new::<Software>(class, &committee, &id, &commitment, &RowSeed(seed)).unwrap();
    (committee, assignment)
}

/// ceil(part × rows / total), where the product need not fit.
fn share(part: u128, rows: u128, total: u128) -> u128 {
    let whole = part.checked_mul(rows).expect("a committee's stake fits");
    whole / total + u128::from(!whole.is_multiple_of(total))
}

proptest! {
    #[test]
    fn rows_every_seat_has_its_share_and_minimum_without_repeats(
        class in class(), stakes in stakes(), seed: [u8; 32],
    ) {
        let (committee, assignment) = assigned(class, &stakes, seed);
        let (total, rows) = (committee.total(), u128::from(class.rows()));
        let mut all = BTreeSet::new();
        for (seat, stake) in stakes.iter().enumerate() {
            let held = assignment.sorted_rows(seat);
            let distinct: BTreeSet<u16> = held.iter().copied().collect();
            prop_assert_eq!(distinct.len(), held.len());
            prop_assert_eq!(held.len(), usize::from(assignment.count(seat)));
            prop_assert!(distinct.iter().all(|row| *row < class.rows()));
            prop_assert!(held.len() >= usize::from(class.parameters().min_rows));
            // At least its share; at most a row more at either end, or the minimum.
            let share = share(*stake, rows, total);
            let count = held.len() as u128;
            prop_assert!(count >= share);
            prop_assert!(count <= (share + 1).max(class.parameters().min_rows.into()));
            for row in (0..class.rows()).step_by(usize::from(class.rows() / 5 + 1)) {
                prop_assert_eq!(assignment.holds(seat, row), distinct.contains(&row));
            }
            prop_assert_eq!(assignment.row(seat, assignment.count(seat)), None);
            all.extend(distinct);
        }
        // Together they hold everything.
        prop_assert_eq!(all.len(), usize::from(class.rows()));
        prop_assert_eq!(assignment.count(stakes.len()), 0);
        prop_assert_eq!(assignment.rows(stakes.len()).next(), None);
    }

    /// The guarantee: whichever seats remain, with the stake a of T they cover at least ceil(a 4K / T)
    /// rows, and so K with a quarter.
    #[test]
    fn rows_any_seats_with_a_quarter_of_the_stake_cover_enough(
        class in class(), stakes in stakes(), seed: [u8; 32],
        starts in prop::collection::vec(any::<prop::sample::Index>(), 3),
        shuffled in prop::collection::vec(any::<u64>(), MAX_SEATS),
    ) {
        let (committee, assignment) = assigned(class, &stakes, seed);
        let (total, rows) = (committee.total(), u128::from(class.rows()));
        let seats = stakes.len();
        let held: Vec<Vec<u16>> = (0..seats).map(|seat| assignment.sorted_rows(seat)).collect();
        // By stake; neighbours, whose windows overlap at each boundary and by the minimum; every other seat,
        // which share no boundary; random subsets. Each set grows seat by seat and is judged at each size.
        let mut by_stake: Vec<usize> = (0..seats).collect();
        by_stake.sort_by_key(|seat| stakes[*seat]);
        let mut orders = vec![by_stake.iter().rev().copied().collect(), by_stake];
        for start in &starts {
            let start = start.index(seats);
            for step in [1, 2] {
                let places = (0..step).flat_map(|first| (first..seats).step_by(step));
                orders.push(places.map(|place| (start + place) % seats).collect::<Vec<_>>());
            }
        }
        for turn in 0..4 {
            let mut order: Vec<usize> = (0..seats).collect();
            order.sort_by_key(|seat| shuffled[*seat].rotate_left(16 * turn) & 0xffff);
            orders.push(order);
        }
        for order in orders {
            let (mut stake, mut covered) = (0u128, BTreeSet::new());
            for seat in order {
                stake += stakes[seat];
                covered.extend(held[seat].iter().copied());
                prop_assert!(covered.len() as u128 >= share(stake, rows, total));
                if 4 * stake >= total {
                    prop_assert!(covered.len() >= usize::from(class.parameters().original));
                }
            }
            prop_assert_eq!(covered.len() as u128, rows);
        }
    }
}

/// With as much stake as there may be, no seat of any class loses its window.
#[test]
fn rows_at_the_most_stake_every_seat_has_its_window() {
    let even = vec![MAX_TOTAL_STAKE / 100; 100];
    for class in SizeClass::ALL {
        let (rows, least) = (class.rows(), class.parameters().min_rows);
        for stakes in [
            vec![MAX_TOTAL_STAKE],
            vec![3, MAX_TOTAL_STAKE - 3],
            vec![MAX_TOTAL_STAKE - 3, 3],
            vec![1, MAX_TOTAL_STAKE - 2, 1],
            even.clone(),
        ] {
            let (_, assignment) = assigned(class, &stakes, [1; 32]);
            let mut all = BTreeSet::new();
            for (seat, stake) in stakes.iter().enumerate() {
                let count = assignment.count(seat);
                assert!(count >= least && count > 0, "{class}, {stakes:?}");
                if *stake <= 3 {
                    assert_eq!(count, least);
                }
                all.extend(assignment.rows(seat));
            }
            assert_eq!(all.len(), usize::from(rows), "{class}, {stakes:?}");
        }
        let (_, assignment) = assigned(class, &[3, MAX_TOTAL_STAKE - 3], [1; 32]);
        assert_eq!(assignment.count(1), rows);
    }
}

/// The bound is sharp: seats with a little less than a quarter of the stake lack a row.
#[test]
fn rows_less_than_a_quarter_of_the_stake_cannot_rebuild() {
    for class in [SizeClass::Small, SizeClass::Medium] {
        // As many seats as divide the rows evenly, so that none holds a row beyond its share.
        let k = usize::from(class.parameters().original);
        for seats in [8, 16, 32] {
            let (_, assignment) = assigned(class, &vec![1; seats], [3; 32]);
            let covered = |seats: usize| -> BTreeSet<u16> {
                (0..seats).flat_map(|seat| assignment.rows(seat)).collect()
            };
            assert_eq!(covered(seats / 4).len(), k);
            assert_eq!(covered(seats / 4 - 1).len(), k - 4 * k / seats);
        }
    }
}

/// A seat is sent row 0 of a bundle, whoever else holds it; its own rows stay the same.
#[test]
fn shard_rows_of_a_bundle_have_row_zero_for_every_seat() {
    let (_, assignment) = assigned(SizeClass::Small, &[1; 8], [3; 32]);
    let root = [0; 32];
    let bundle = Content::Bundle(BundleHeader { count: 1, root });
    let mut holders = 0;
    for seat in 0..8 {
        let own = assignment.sorted_rows(seat);
        assert_eq!(assignment.shard_rows(seat, &Content::Plain), own);
        let sent = assignment.shard_rows(seat, &bundle);
        assert_eq!(sent[0], 0);
        let holds = assignment.holds(seat, 0);
        assert_eq!(sent[usize::from(!holds)..], own);
        holders += usize::from(holds);
    }
    assert_eq!(holders, 1);
}
