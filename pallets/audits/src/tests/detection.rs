//! What is lost is found as soon as the note says: the rows of its table for eight challenges, driven through the pallet.

use crate::{mock::*, Audited};
use noema_models::audits::{
    detection::{dropped_within, miss_probability},
    strikes::Strikes,
};

const PROVIDERS: u64 = 200;
const SECTORS: u64 = 1_000;
const CHALLENGES: u32 = 8;

/// What so many providers came to.
struct Measured {
    /// Rounds that they were in.
    rounds: f64,
    /// Of these, missed.
    missed: f64,
    /// The share that was dropped until the end of each round.
    dropped: Vec<f64>,
}

/// Every provider has lost a share of a replica of a thousand sectors, and answers what it can.
fn drive(lost: f64, rounds: u32) -> Measured {
    let mut measured = Measured {
        rounds: 0.0,
        missed: 0.0,
        dropped: Vec::new(),
    };
    let first_lost = SECTORS - (lost * SECTORS as f64).round() as u64;
    build_and_execute(&[], || {
        Eagerly::set(false);
        MinChallenges::set(CHALLENGES);
        MaxChallenges::set(CHALLENGES);
        to_calm();
        for provider in 0..PROVIDERS {
            Registry::register(provider, BOND, 0);
            give(provider, &[SECTORS]);
        }
        for _ in 0..rounds {
            to_open();
            let in_it: Vec<u64> = (0..PROVIDERS)
                .filter(|who| !record(*who).is_dropping())
                .collect();
            for provider in &in_it {
                let batch: Vec<_> = right(*provider)
                    .into_iter()
                    .filter(|(_, proof)| proof.of.sector < first_lost)
                    .collect();
                if !batch.is_empty() {
                    answer(*provider, round(), &batch).unwrap();
                }
            }
            to_close();
            for provider in &in_it {
                // Nothing is left of a round that was passed.
                measured.missed += f64::from(u8::from(poke(*provider).is_ok()));
            }
            measured.rounds += in_it.len() as f64;
            let dropped = Audited::<Test>::iter_values()
                .filter(|record| record.is_dropping())
                .count();
            measured.dropped.push(dropped as f64 / PROVIDERS as f64);
        }
    });
    measured
}

/// Four standard deviations of a share `p` of so many: what is outside happens once in sixteen thousand times.
fn bound(p: f64, of: f64) -> f64 {
    4.0 * (p * (1.0 - p) / of).sqrt() + 1e-9
}

fn check(lost: f64, rounds: u32) {
    let measured = drive(lost, rounds);
    let miss = miss_probability(lost, CHALLENGES);
    let found = measured.missed / measured.rounds;
    assert!(
        (found - miss).abs() <= bound(miss, measured.rounds),
        "{lost} lost: {found} of {} rounds were missed, expected {miss}",
        measured.rounds
    );
    for (round, found) in (1u32..).zip(&measured.dropped) {
        let computed = dropped_within(Strikes::PRODUCTION, miss, round);
        assert!(
            (found - computed).abs() <= bound(computed, PROVIDERS as f64),
            "{lost} lost: {found} are dropped after {round} rounds, expected {computed}"
        );
    }
}

#[test]
fn one_percent_lost_is_found_as_computed() {
    check(0.01, 30);
}

#[test]
fn two_percent_lost_is_found_as_computed() {
    check(0.02, 30);
}

#[test]
fn five_percent_lost_is_found_as_computed() {
    check(0.05, 30);
}

#[test]
fn ten_percent_lost_is_found_as_computed() {
    check(0.1, 25);
}

#[test]
fn a_quarter_lost_is_found_as_computed() {
    check(0.25, 12);
}

#[test]
fn half_lost_is_found_as_computed() {
    check(0.5, 8);
}

#[test]
fn everything_lost_is_found_in_four_rounds() {
    let measured = drive(1.0, 4);
    assert_eq!(measured.dropped, [0.0, 0.0, 0.0, 1.0]);
    assert!((measured.missed - measured.rounds).abs() < 1e-9);
}
