//! The assignment of rows: committed vectors, and what must hold for any stakes.

use noema_da_primitives::{
    Assignment, Commitment, Committee, CommitteeId, Hasher, RowOrder, SizeClass, Software, Window,
    MAX_SEATS,
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
        let order = RowOrder::new::<Software>(class, &id, &commitment);
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
        let assignment = Assignment::new::<Software>(class, &committee, &id, &commitment);
        assert_eq!(seats.len(), stakes.len());
        for (seat, words) in seats.iter().enumerate() {
            let window = Window::of(class, &committee, seat).unwrap();
            assert_eq!(words[0], seat.to_string());
            assert_eq!(words[1], window.first.to_string());
            assert_eq!(words[2], window.len.to_string());
            assert_eq!(hash(assignment.rows(seat)), array(words[3]));
        }
        seen.insert((class, stakes.len()));
    }
    assert_eq!(seen.len(), 21);
}

/// Stakes of very different spread: near equal, over many powers of two, one giant among dwarfs.
fn stakes() -> impl Strategy<Value = Vec<u128>> {
    let seats = 1..=MAX_SEATS;
    prop_oneof![
        prop::collection::vec(1_000u128..1_100, seats.clone()),
        prop::collection::vec((0u32..90).prop_map(|bits| 1u128 << bits), seats.clone()),
        prop::collection::vec(1u128..1_000_000, seats.clone()),
        (
            prop::collection::vec(1u128..10, seats),
            1u128..1_000_000_000
        )
            .prop_map(|(mut stakes, giant)| {
                let last = stakes.len() - 1;
                stakes[last / 2] = giant;
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

fn assigned(class: SizeClass, stakes: &[u128], commitment: [u8; 32]) -> (Committee, Assignment) {
    let committee = Committee::new(stakes).unwrap();
    let id = CommitteeId([5; 32]);
    let assignment = Assignment::new::<Software>(class, &committee, &id, &Commitment(commitment));
    (committee, assignment)
}

proptest! {
    #[test]
    fn rows_every_seat_has_its_share_and_minimum_without_repeats(
        class in class(), stakes in stakes(), commitment: [u8; 32],
    ) {
        let (committee, assignment) = assigned(class, &stakes, commitment);
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
            let share = (stake * rows).div_ceil(total);
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
        class in class(), stakes in stakes(), commitment: [u8; 32], turns in prop::collection::vec(any::<prop::sample::Index>(), 4),
        ascending: bool,
    ) {
        let (committee, assignment) = assigned(class, &stakes, commitment);
        let (total, rows) = (committee.total(), u128::from(class.rows()));
        let held: Vec<Vec<u16>> = (0..stakes.len()).map(|seat| assignment.sorted_rows(seat)).collect();
        // Sets as small as they can be: seats one after the other from anywhere, and by stake, until it is enough.
        let mut by_stake: Vec<usize> = (0..stakes.len()).collect();
        by_stake.sort_by_key(|seat| stakes[*seat]);
        if !ascending {
            by_stake.reverse();
        }
        let mut orders = vec![by_stake];
        for turn in &turns {
            let start = turn.index(stakes.len());
            orders.push((0..stakes.len()).map(|i| (start + i * 7) % stakes.len()).collect());
        }
        for order in orders {
            let mut remaining = BTreeSet::new();
            let mut covered = BTreeSet::new();
            for seat in order {
                remaining.insert(seat);
                covered.extend(held[seat].iter().copied());
                let stake: u128 = remaining.iter().map(|seat| stakes[*seat]).sum();
                prop_assert!(covered.len() as u128 >= (stake * rows).div_ceil(total));
                if 4 * stake >= total {
                    prop_assert!(covered.len() >= usize::from(class.parameters().original));
                }
            }
        }
    }
}

/// The bound is sharp: with less than a quarter, no more than the share is promised, and in a class
/// without minimum no more is there.
#[test]
fn rows_less_than_a_quarter_of_the_stake_cannot_rebuild() {
    // Eight seats of an eighth each: four rows, K = 8.
    let (_, assignment) = assigned(SizeClass::Small, &[1; 8], [3; 32]);
    for seat in 0..8 {
        assert_eq!(assignment.count(seat), 4);
    }
    let two: BTreeSet<u16> = assignment.rows(0).chain(assignment.rows(5)).collect();
    assert_eq!(two.len(), 8);
}
