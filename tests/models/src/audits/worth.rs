//! What cheating is worth.

use crate::audits::{
    detection::{miss_probability, Misser},
    strikes::Strikes,
};

/// A provider that lost, or never stored, a share of its bytes. Amounts are in units of the pay of
/// a round for all it holds.
#[derive(Clone, Copy, Debug)]
pub struct Cheater {
    /// The share of its bytes that it has not.
    pub lost: f64,
    /// Challenges that it gets in a round.
    pub challenges: u32,
}

/// What comes to a cheater until it is dropped, expected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// Rounds.
    pub rounds: f64,
    /// Rounds missed, and not paid.
    pub missed: f64,
    /// Slashed beside the fees, in percent of the collateral of what it holds.
    pub slashed: f64,
}

impl Cheater {
    /// The probability of missing a round.
    pub fn miss(&self) -> f64 {
        miss_probability(self.lost, self.challenges)
    }

    /// What storing everything for a round must cost at least, in units of its pay, for cheating to
    /// break even: saved is `lost · cost`, lost `miss · 1`, and nothing else is counted, neither
    /// fees nor slashes nor the future.
    pub fn break_even(&self) -> f64 {
        self.miss() / self.lost
    }

    /// The whole course, from no points to the drop.
    pub fn course(&self, rule: Strikes, percent: [u32; 4]) -> Course {
        const LONGEST: u32 = 100_000;
        const DONE: f64 = 1e-9;
        let miss = self.miss();
        let mut misser = Misser::new(rule, miss);
        let mut course = Course::default();
        for _ in 0..LONGEST {
            let still_there = 1.0 - misser.dropped();
            if still_there < DONE {
                break;
            }
            course.rounds += still_there;
            course.missed += still_there * miss;
            let levels = misser.round();
            for (probability, percent) in levels.into_iter().zip(percent) {
                course.slashed += probability * f64::from(percent);
            }
        }
        course
    }
}

/// Bytes that are there, for each that is not, which bring the probability of missing a round down
/// to `miss`.
pub fn dilution(miss: f64, challenges: u32) -> f64 {
    let lost = 1.0 - (1.0 - miss).powf(1.0 / f64::from(challenges));
    1.0 / lost - 1.0
}
