//! Every sector is drawn as often as any other.

use crate::audits::{
    draw::{challenge_hash, challenges, target},
    parameters::ChallengeCount,
    population::{Leaf, Population},
};
use sp_crypto_hashing::blake2_256;
use std::collections::BTreeMap;

const WEIGHTS: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 129];

fn population() -> Population {
    let mut population = Population::default();
    for (replica, sectors) in (0u64..).zip(WEIGHTS) {
        population.insert(Leaf { replica, sectors });
    }
    population
}

/// Draws of many rounds, each with a seed of its own, of a fixed beginning.
fn draws(rounds: u32) -> Vec<(u64, u64)> {
    let count = ChallengeCount {
        least: 8,
        most: 8,
        unit: 1 << 30,
    };
    let population = population();
    (0..rounds)
        .flat_map(|round| {
            let seed = blake2_256(&round.to_le_bytes());
            challenges(&count, &seed, 7, round, &population)
        })
        .map(|item| (item.replica, item.sector))
        .collect()
}

/// Pearson's statistic of how often each thing was seen against how often it was expected.
fn chi_square(seen_and_expected: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    seen_and_expected
        .into_iter()
        .map(|(seen, expected)| (seen - expected).powi(2) / expected)
        .sum()
}

#[test]
fn replicas_are_drawn_in_proportion_to_their_sectors_and_sectors_evenly() {
    let draws = draws(6_000);
    let total: u64 = WEIGHTS.iter().sum();
    let mut replicas = BTreeMap::<u64, f64>::new();
    let mut sectors = BTreeMap::<(u64, u64), f64>::new();
    for (replica, sector) in &draws {
        *replicas.entry(*replica).or_default() += 1.0;
        *sectors.entry((*replica, *sector)).or_default() += 1.0;
    }
    let each = draws.len() as f64 / total as f64;
    let by_replica = (0u64..).zip(WEIGHTS).map(|(replica, weight)| {
        (
            replicas.get(&replica).copied().unwrap_or(0.0),
            weight as f64 * each,
        )
    });
    // 7 degrees of freedom: 24.3 is exceeded once in a thousand.
    assert!(chi_square(by_replica) < 24.3);
    let all = (0u64..)
        .zip(WEIGHTS)
        .flat_map(|(replica, weight)| (0..weight).map(move |sector| (replica, sector)));
    let by_sector = all.map(|key| (sectors.get(&key).copied().unwrap_or(0.0), each));
    // 255 degrees of freedom: 330 is exceeded once in a thousand.
    assert!(chi_square(by_sector) < 330.0);
}

#[test]
fn rounds_providers_seeds_and_indices_draw_independently() {
    let seed = blake2_256(b"one");
    let other = blake2_256(b"another");
    let all = [
        challenge_hash(&seed, 1, 1, 0),
        challenge_hash(&seed, 1, 1, 1),
        challenge_hash(&seed, 1, 2, 0),
        challenge_hash(&seed, 2, 1, 0),
        challenge_hash(&other, 1, 1, 0),
    ];
    for (place, hash) in all.iter().enumerate() {
        assert!(!all[..place].contains(hash));
    }
}

#[test]
fn a_draw_is_what_the_note_says_byte_for_byte() {
    // A vector for the pallet: seed 0x11…, provider 1, round 2, index 3.
    let hash = challenge_hash(&[0x11; 32], 1, 2, 3);
    let mut message = b"noema/audits/challenge/v1\0".to_vec();
    message.extend([0x11; 32]);
    message.extend([&[1u8][..], &[0; 31]].concat());
    message.extend([2, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(hash, blake2_256(&message));
    let low = u128::from_le_bytes(hash[..16].try_into().unwrap());
    assert_eq!(target(&hash, 1_000), low % 1_000);
}

#[test]
fn the_last_leaf_moves_where_one_is_taken_out() {
    let mut population = population();
    assert_eq!(population.remove(1).unwrap().replica, 1);
    let order: Vec<u64> = population
        .leaves()
        .iter()
        .map(|leaf| leaf.replica)
        .collect();
    assert_eq!(order, [0, 7, 2, 3, 4, 5, 6]);
    assert_eq!(population.item_at(1).unwrap().replica, 7);
    assert_eq!(population.item_at(population.units()), None);
    assert_eq!(population.remove(7), None);
}
