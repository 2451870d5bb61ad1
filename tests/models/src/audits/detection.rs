//! How soon lost bytes are found: the strike rule as a Markov chain over points, computed exactly
//! up to the rounding of `f64`.

use crate::audits::strikes::{Level, Strikes};

/// Probability that at least one of `challenges` sectors, drawn with replacement, is among the
/// share `lost` of all.
pub fn miss_probability(lost: f64, challenges: u32) -> f64 {
    1.0 - (1.0 - lost).powf(f64::from(challenges))
}

/// A provider that misses every round with the same probability, independently.
#[derive(Clone, Debug)]
pub struct Misser {
    rule: Strikes,
    /// Probability of missing a round.
    miss: f64,
    /// Probabilities of being at each number of points below `drop_at`.
    at: Vec<f64>,
}

impl Misser {
    /// One without points.
    pub fn new(rule: Strikes, miss: f64) -> Self {
        let mut at = vec![0.0; usize::try_from(rule.drop_at).unwrap_or(0)];
        if let Some(none) = at.first_mut() {
            *none = 1.0;
        }
        Self { rule, miss, at }
    }

    /// One more round. Returns the probability of each level in it, everything before included that
    /// was not dropped.
    pub fn round(&mut self) -> [f64; 4] {
        let mut levels = [0.0; 4];
        let mut next = vec![0.0; self.at.len()];
        for (points, probability) in (0u32..).zip(&self.at) {
            let (after, level) = self.rule.missed(points);
            let missed = probability * self.miss;
            let [first, second, third, drop] = &mut levels;
            match level {
                Level::First => *first += missed,
                Level::Second => *second += missed,
                Level::Third => *third += missed,
                Level::Drop => *drop += missed,
            }
            add(&mut next, after, missed);
            add(&mut next, self.rule.passed(points), probability - missed);
        }
        self.at = next;
        levels
    }

    /// The probability of having been dropped until now.
    pub fn dropped(&self) -> f64 {
        (1.0 - self.at.iter().sum::<f64>()).max(0.0)
    }
}

/// Adds to a place, if it is one: what is beyond the last has left the chain.
fn add(to: &mut [f64], place: u32, amount: f64) {
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    if let Some(at) = to.get_mut(place) {
        *at += amount;
    }
}

/// The probability of being dropped within `rounds`.
pub fn dropped_within(rule: Strikes, miss: f64, rounds: u32) -> f64 {
    let mut misser = Misser::new(rule, miss);
    for _ in 0..rounds {
        misser.round();
    }
    misser.dropped()
}

/// Rounds until the first miss, expected.
pub fn rounds_to_miss(miss: f64) -> f64 {
    1.0 / miss
}

/// Rounds until the drop, expected: the solution of `e(p) = 1 + miss · e(p + miss points) + (1 -
/// miss) · e(p - 1)`, where e is 0 from `drop_at` on.
///
/// Solved from the top: `e(p) = a(p) + b(p) · e(p - 1)`, since a pass leads one down and a miss
/// further up.
pub fn rounds_to_drop(rule: Strikes, miss: f64) -> f64 {
    let states = usize::try_from(rule.drop_at).unwrap_or(0);
    // e(p) for p in 0..states as `constant + factor · e(down(p))`, found from the highest down by
    // substituting e(p + miss points), which is itself a chain of such steps down to p.
    let mut steps: Vec<(f64, f64)> = vec![(0.0, 0.0); states];
    for points in (0..rule.drop_at).rev() {
        let (up, level) = rule.missed(points);
        // e(up) = constant + factor · e(points), by following the steps down.
        let (mut constant, mut factor) = (0.0, 0.0);
        if level != Level::Drop {
            factor = 1.0;
            let mut at = up;
            while at > points {
                let place = usize::try_from(at).unwrap_or(usize::MAX);
                let (step, scale) = steps.get(place).copied().unwrap_or_default();
                constant += factor * step;
                factor *= scale;
                at = rule.passed(at);
            }
        }
        // e(points) · (1 - miss · factor) = 1 + miss · constant + (1 - miss) · e(down)
        let scale = 1.0 - miss * factor;
        let place = usize::try_from(points).unwrap_or(usize::MAX);
        if let Some(step) = steps.get_mut(place) {
            *step = ((1.0 + miss * constant) / scale, (1.0 - miss) / scale);
        }
    }
    // At no points, a pass stays: e = constant + factor · e.
    let (constant, factor) = steps.first().copied().unwrap_or_default();
    constant / (1.0 - factor)
}
