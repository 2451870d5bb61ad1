//! The list of voters, roughly in the order of their stake.
//!
//! An election counts only so many voters. Sorting all of them would be work without a bound, so each
//! stands in a bag by its stake, and the bags are emptied from the top.

use crate::{weights, Runtime, RuntimeEvent, Staking};
use frame_election_provider_support::VoteWeight;
use frame_support::{parameter_types, traits::ConstU32};

/// Number of bags.
pub const BAGS: usize = 200;

/// Upper bounds of the bags. Votes are parts of the issuance in units of 2^-64, so the top bag ends at the whole
/// of it; each of the others ends at eight ninths of the next, the lowest at 6.6 · 10^-11 of the issuance.
pub static THRESHOLDS: [VoteWeight; BAGS] = thresholds();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time, where both would be errors"
)]
const fn thresholds() -> [VoteWeight; BAGS] {
    let mut bounds = [VoteWeight::MAX; BAGS];
    let mut bag = BAGS - 1;
    while bag > 0 {
        bounds[bag - 1] = bounds[bag] / 9 * 8;
        bag -= 1;
    }
    bounds
}

parameter_types! {
    /// Upper bounds of the bags.
    pub const BagThresholds: &'static [VoteWeight] = &THRESHOLDS;
}

/// The list of everybody who votes for validators, validators themselves included.
pub type VoterBagsList = pallet_bags_list::Instance1;

impl pallet_bags_list::Config<VoterBagsList> for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ScoreProvider = Staking;
    type WeightInfo = weights::pallet_bags_list::WeightInfo<Runtime>;
    type BagThresholds = BagThresholds;
    type Score = VoteWeight;
    // Stakes change by rewards and slashes without a word to the list: idle blocks put a few right.
    type MaxAutoRebagPerBlock = ConstU32<5>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bags_widen_by_an_eighth_up_to_the_whole_issuance() {
        assert_eq!(THRESHOLDS[BAGS - 1], VoteWeight::MAX);
        for pair in THRESHOLDS.windows(2) {
            let ratio = pair[1] as f64 / pair[0] as f64;
            assert!((ratio - 1.125).abs() < 1e-6, "{pair:?}");
        }
        let lowest = THRESHOLDS[0] as f64 / 2f64.powi(64);
        assert!((6.5e-11..6.7e-11).contains(&lowest), "{lowest}");
    }
}
