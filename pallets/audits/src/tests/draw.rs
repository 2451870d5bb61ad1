//! What is drawn.

use crate::{math, mock::*};
use noema_models::audits::{
    draw,
    parameters::ChallengeCount,
    population::{Leaf as ModelLeaf, Population as ModelPopulation},
};
use noema_traits::{Auditable, Population, Role};
use std::collections::BTreeMap;

fn leaves(provider: u64, sectors: &[u64]) -> ModelPopulation {
    to_calm();
    give(provider, sectors);
    let mut population = ModelPopulation::default();
    for leaf in Replicas::leaves(provider) {
        population.insert(ModelLeaf {
            replica: leaf.replica,
            sectors: leaf.sectors,
        });
    }
    population
}

#[test]
fn draw_gives_what_the_model_draws() {
    build_and_execute(&[1], || {
        let model = leaves(1, &[5, 1, 30, 17, 64, 2]);
        let count = ChallengeCount {
            least: 2,
            most: 6,
            unit: 16 * 256,
        };
        let population = Replicas::population(&1, 0);
        for round in 0..50u32 {
            let seed = sp_io::hashing::blake2_256(&round.to_le_bytes());
            let expected: Vec<_> = draw::challenges(&count, &seed, 1, round, &model)
                .into_iter()
                .map(|item| (item.replica, item.sector))
                .collect();
            let found: Vec<_> = Audits::draw(&1, &population, &seed, round)
                .into_iter()
                .map(|item| (item.replica, item.sector))
                .collect();
            assert_eq!(found, expected);
        }
    });
}

#[test]
fn draw_of_nothing_is_nothing() {
    build_and_execute(&[1], || {
        let population = Replicas::population(&1, 0);
        assert_eq!(Audits::draw(&1, &population, &[1; 32], 0).len(), 0);
        // Bytes without units would have nothing to be drawn from.
        let population = Population {
            units: 0,
            bytes: 1 << 40,
        };
        assert_eq!(Audits::draw(&1, &population, &[1; 32], 0).len(), 0);
    });
}

#[test]
fn draw_hits_every_sector_as_often_as_any_other() {
    build_and_execute(&[1], || {
        leaves(1, &[1, 2, 4, 8, 16, 1]);
        let population = Replicas::population(&1, 0);
        let mut hits = BTreeMap::new();
        let mut all = 0u32;
        for round in 0..4_000u32 {
            let seed = sp_io::hashing::blake2_256(&round.to_le_bytes());
            for item in Audits::draw(&1, &population, &seed, round) {
                *hits.entry((item.replica, item.sector)).or_insert(0u32) += 1;
                all += 1;
            }
        }
        assert_eq!(hits.len(), 32);
        let expected = f64::from(all) / 32.0;
        // Chi-squared of 31 degrees of freedom: above 61.1 with one in a thousand.
        let chi: f64 = hits
            .values()
            .map(|hit| (f64::from(*hit) - expected).powi(2) / expected)
            .sum();
        assert!(chi < 61.1, "{chi}");
    });
}

#[test]
fn draw_depends_on_role_seed_provider_round_and_index() {
    let hash = |role, seed: u8, provider: u8, round, index| {
        math::challenge_hash(role, &[seed; 32], &[provider; 32], round, index)
    };
    let all = [
        hash(Role::Storage, 1, 1, 1, 1),
        hash(Role::DataAvailability, 1, 1, 1, 1),
        hash(Role::Storage, 2, 1, 1, 1),
        hash(Role::Storage, 1, 2, 1, 1),
        hash(Role::Storage, 1, 1, 2, 1),
        hash(Role::Storage, 1, 1, 1, 2),
    ];
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn challenge_hash_is_that_of_the_documented_bytes() {
    let mut message = b"noema/audits/challenge/v1".to_vec();
    message.push(1);
    message.extend([3; 32]);
    message.extend([4; 32]);
    message.extend(5u32.to_le_bytes());
    message.extend(6u32.to_le_bytes());
    assert_eq!(
        math::challenge_hash(Role::DataAvailability, &[3; 32], &[4; 32], 5, 6),
        sp_io::hashing::blake2_256(&message)
    );
}
