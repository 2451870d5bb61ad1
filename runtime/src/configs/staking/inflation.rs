//! What validators and their nominators are paid, and what the treasury gets beside it.
//!
//! Let *x* be the staked part of the issuance and *i* = 50 % the part that should be. A year pays stakers
//!
//! ```text
//! 2 % + (8 % − 2 %) · x / i                    of the issuance, for x ≤ i,
//! 2 % + (8 % − 2 %) · 2^((i − x) / 5 %)        of the issuance, for x > i,
//! ```
//!
//! and the treasury what remains of 8 %. (Source of the form: the reward curve of nominated proof of stake,
//! "Token economics" of the Web3 Foundation's research pages.) The token is issued at 8 % a year whatever is staked; staking decides
//! only who gets it.

use super::SESSIONS_PER_ERA;
use crate::Balance;
use frame_support::parameter_types;
use noema_core::time::{EPOCH_DURATION_IN_BLOCKS, MILLISECS_PER_BLOCK};
use sp_runtime::curve::PiecewiseLinear;
use sp_staking::EraPayout;

// In 40 straight pieces, each off by 0.5 % of the issuance at most.
pallet_staking_reward_curve::build! {
    const CURVE: PiecewiseLinear<'static> = curve!(
        min_inflation: 0_020_000,
        max_inflation: 0_080_000,
        ideal_stake: 0_500_000,
        falloff: 0_050_000,
        max_piece_count: 40,
        test_precision: 0_005_000,
    );
}

parameter_types! {
    /// The curve.
    pub const RewardCurve: &'static PiecewiseLinear<'static> = &CURVE;
}

/// Milliseconds of an era that are paid at most: two eras as planned. A chain that stood still for a month does not pay a
/// month.
pub const LONGEST_PAID_ERA: u64 =
    2 * SESSIONS_PER_ERA as u64 * EPOCH_DURATION_IN_BLOCKS as u64 * MILLISECS_PER_BLOCK;

/// Pays an era along the curve.
pub struct Inflation;

impl EraPayout<Balance> for Inflation {
    fn era_payout(staked: Balance, issuance: Balance, era_millis: u64) -> (Balance, Balance) {
        <pallet_staking::ConvertCurve<RewardCurve> as EraPayout<Balance>>::era_payout(
            staked,
            issuance,
            era_millis.min(LONGEST_PAID_ERA),
        )
    }
}
