//! The chain of points against the machine that gives them.

use super::scene::{quick, Scene};
use crate::audits::{
    book::{Audits, Outcome},
    detection::{dropped_within, miss_probability, rounds_to_drop, rounds_to_miss, Misser},
    eager::Eager,
    strikes::Strikes,
    worth::Cheater,
};

const RULE: Strikes = Strikes::PRODUCTION;

/// Drives the model: so many providers have lost a share of a file of a thousand sectors, and
/// answer what they can. Returns the shares that were dropped, and that missed the first round.
fn drive(lost: f64, challenges: u32, rounds: u32) -> (f64, f64) {
    const PROVIDERS: u32 = 250;
    let mut parameters = quick();
    parameters.challenges.least = challenges;
    parameters.challenges.most = challenges;
    let accounts: Vec<u32> = (0..PROVIDERS).collect();
    let mut scene = Scene::<Eager>::new(parameters).with(&accounts);
    scene.go_to_calm();
    for account in &accounts {
        scene.give(*account, &[1_000]);
    }
    let first_lost = 1_000 - (lost * 1_000.0) as u64;
    let mut missed_first = 0;
    for round in 0..rounds {
        scene.go_to_open();
        for account in &accounts {
            if !scene.chain.book().is_dropping(*account) {
                let passed = scene.answer(*account, |item| item.sector < first_lost);
                missed_first += u32::from(round == 0 && !passed);
            }
        }
        scene.go_to_close();
    }
    let dropped = accounts
        .iter()
        .filter(|account| scene.chain.book().is_dropping(**account))
        .count();
    let all = f64::from(PROVIDERS);
    (dropped as f64 / all, f64::from(missed_first) / all)
}

#[test]
fn as_many_are_dropped_as_computed() {
    for (lost, challenges, rounds) in [(0.1, 8, 8), (0.1, 8, 20), (0.05, 8, 15), (0.25, 4, 6)] {
        let (dropped, missed) = drive(lost, challenges, rounds);
        let miss = miss_probability(lost, challenges);
        // Three and a half standard deviations of 250 providers, at most.
        let near = 3.5 * (0.25f64 / 250.0).sqrt();
        assert!((missed - miss).abs() < near, "{missed} {miss}");
        let computed = dropped_within(RULE, miss, rounds);
        assert!(
            (dropped - computed).abs() < near,
            "{lost} {challenges} {rounds}: {dropped} {computed}"
        );
    }
}

#[test]
fn expected_rounds_are_the_sum_of_what_is_left() {
    for miss in [0.08, 0.2, 0.57, 0.9, 1.0] {
        let mut misser = Misser::new(RULE, miss);
        let mut sum = 0.0;
        while misser.dropped() < 1.0 - 1e-12 {
            sum += 1.0 - misser.dropped();
            misser.round();
        }
        let solved = rounds_to_drop(RULE, miss);
        assert!((sum / solved - 1.0).abs() < 1e-6, "{sum} {solved}");
    }
    assert!((rounds_to_drop(RULE, 1.0) - 4.0).abs() < 1e-9);
    assert!((rounds_to_miss(0.25) - 4.0).abs() < 1e-12);
}

#[test]
fn levels_and_what_is_left_are_everything() {
    let mut misser = Misser::new(RULE, 0.4);
    let mut dropped = 0.0;
    for _ in 0..50 {
        let before = 1.0 - misser.dropped();
        let levels = misser.round();
        assert!((levels.iter().sum::<f64>() - 0.4 * before).abs() < 1e-12);
        dropped += levels[3];
        assert!((misser.dropped() - dropped).abs() < 1e-9);
    }
}

#[test]
fn who_never_misses_is_never_dropped() {
    assert!(dropped_within(RULE, 0.0, 1_000) < 1e-12);
}

#[test]
fn more_lost_and_more_challenges_are_found_no_later() {
    let mut before = f64::INFINITY;
    for lost in [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0] {
        let now = rounds_to_drop(RULE, miss_probability(lost, 8));
        assert!(now <= before);
        before = now;
        assert!(rounds_to_drop(RULE, miss_probability(lost, 16)) <= now);
    }
}

#[test]
fn one_challenge_a_round_makes_cheating_lose_wherever_storing_pays_at_all() {
    // The inequality of the note: q · pay ≥ x · cost whenever pay ≥ cost, since q = 1 - (1 - x)^k ≥
    // x.
    for challenges in [1, 2, 4, 8, 32] {
        for percent in 1..=100 {
            let lost = f64::from(percent) / 100.0;
            let cheater = Cheater { lost, challenges };
            assert!(cheater.break_even() >= 1.0 - 1e-9, "{cheater:?}");
        }
    }
}

#[test]
fn a_third_of_the_authors_does_not_make_cheating_pay() {
    use crate::audits::steering::steered_miss;
    for percent in 1..=100 {
        let lost = f64::from(percent) / 100.0;
        let miss = miss_probability(lost, 8);
        assert!(
            steered_miss(1.0 / 3.0, miss) >= lost - 1e-9,
            "{percent} %: {}",
            steered_miss(1.0 / 3.0, miss)
        );
    }
}

#[test]
fn outcomes_of_a_cheater_are_passes_and_misses() {
    let mut scene = Scene::<Eager>::new(super::scene::thorough()).with(&[1]);
    scene.go_to_calm();
    scene.give(1, &[100]);
    for _ in 0..30 {
        scene.go_to_open();
        scene.answer(1, |item| item.sector < 99);
        scene.go_to_close();
    }
    let outcomes = scene.outcomes(1);
    assert!(outcomes.contains(&Outcome::Passed) && outcomes.contains(&Outcome::Missed));
}
