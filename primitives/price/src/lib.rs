#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// One, in millionths.
pub const MILLION: u64 = 1_000_000;

/// How many times the base price what is scarce costs: (utilisation, multiplier) in millionths, linear in between.
pub const CURVE: [(u64, u64); 5] = [
    (0, MILLION),
    (500_000, MILLION),
    (800_000, 2_000_000),
    (950_000, 5_000_000),
    (MILLION, HIGHEST_MULTIPLIER),
];

/// The highest multiplier that there is, in millionths.
pub const HIGHEST_MULTIPLIER: u64 = 10_000_000;

/// The multiplier moves by at most this part of itself in a round: one in 16.
const STEP: u64 = 16;

/// What a GiB costs in the present round.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct PriceState<Balance> {
    /// The round that it is for.
    pub round: u32,
    /// Units per GiB and round at little use.
    pub base: Balance,
    /// The base of the next round.
    pub next_base: Balance,
    /// How many times the base, in millionths.
    pub multiplier: u64,
}

impl<Balance: Copy> PriceState<Balance> {
    /// The price of another round, at this utilisation in millionths.
    pub fn moved(&self, round: u32, utilisation: u64) -> Self {
        Self {
            round,
            base: self.next_base,
            next_base: self.next_base,
            multiplier: next_multiplier(self.multiplier, utilisation),
        }
    }
}

/// Bytes in use and free, summed over the blocks of a round: what the price of the next one follows. Seen in one block only, whoever takes its capacity back
/// for that block sets everybody's price.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Usage {
    /// In use.
    pub reserved: u128,
    /// Free with active providers.
    pub free: u128,
}

impl Usage {
    /// With what another block saw.
    pub fn and(&self, seen: &Self) -> Self {
        Self {
            reserved: self.reserved.saturating_add(seen.reserved),
            free: self.free.saturating_add(seen.free),
        }
    }

    /// The part that is in use, in millionths.
    pub fn utilisation(&self) -> u64 {
        utilisation(self.reserved, self.free)
    }
}

/// The part of all bytes that is reserved, in millionths. Where there is no capacity at all, all of it is.
pub fn utilisation(reserved: u128, free: u128) -> u64 {
    let all = reserved.saturating_add(free);
    multiply_by_rational_with_rounding(reserved, MILLION.into(), all, Rounding::Down)
        .and_then(|part| u64::try_from(part).ok())
        .unwrap_or(MILLION)
        .min(MILLION)
}

/// The multiplier to which the price tends at a utilisation, both in millionths.
pub fn curve(utilisation: u64) -> u64 {
    let at = utilisation.min(MILLION);
    CURVE
        .iter()
        .zip(CURVE.iter().skip(1))
        .find(|(_, (to, _))| at <= *to)
        .and_then(|((from, low), (to, high))| {
            let rise = high
                .saturating_sub(*low)
                .saturating_mul(at.saturating_sub(*from));
            let slope = rise.checked_div(to.saturating_sub(*from))?;
            Some(low.saturating_add(slope))
        })
        .unwrap_or(HIGHEST_MULTIPLIER)
}

/// The multiplier of the next round.
pub fn next_multiplier(multiplier: u64, utilisation: u64) -> u64 {
    let step = multiplier.checked_div(STEP).unwrap_or(0);
    let (low, high) = (
        multiplier.saturating_sub(step),
        multiplier.saturating_add(step),
    );
    curve(utilisation).max(low).min(high)
}

/// Units per GiB and round. `None` when it does not fit.
pub fn per_gib(base: u128, multiplier: u64) -> Option<u128> {
    multiply_by_rational_with_rounding(base, multiplier.into(), MILLION.into(), Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_models::leases as model;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prices_are_those_of_the_model(
            reserved: u64, free: u64, base in 1..=360_000_000_000_000u128, multiplier in MILLION..=HIGHEST_MULTIPLIER,
        ) {
            let used = utilisation(reserved.into(), free.into());
            prop_assert_eq!(used, model::utilisation(reserved.into(), free.into()));
            prop_assert_eq!(curve(used), model::curve(used));
            prop_assert_eq!(next_multiplier(multiplier, used), model::next_multiplier(multiplier, used));
            let price = model::Price { base, next_base: base, multiplier };
            prop_assert_eq!(per_gib(base, multiplier), Some(price.per_unit()));
            let state = PriceState { round: 3, base, next_base: base / 2, multiplier };
            let moved = price.moved(used);
            prop_assert_eq!(state.moved(4, used).multiplier, moved.multiplier);
            prop_assert_eq!(state.moved(4, used).base, base / 2);
        }

        #[test]
        fn multiplier_stays_between_one_and_ten(multiplier in MILLION..=HIGHEST_MULTIPLIER, used in 0..=MILLION) {
            let next = next_multiplier(multiplier, used);
            prop_assert!((MILLION..=HIGHEST_MULTIPLIER).contains(&next));
            prop_assert!(next.abs_diff(multiplier) <= multiplier / 16);
        }

        #[test]
        fn usage_is_that_of_the_model(seen in prop::collection::vec((any::<u64>(), any::<u64>()), 0..20)) {
            let (mut usage, mut of_model) = (Usage::default(), model::Usage::default());
            for (reserved, free) in seen {
                let (reserved, free) = (reserved.into(), free.into());
                usage = usage.and(&Usage { reserved, free });
                of_model.see(reserved, free);
            }
            prop_assert_eq!(usage.utilisation(), of_model.utilisation());
        }
    }

    #[test]
    fn curve_is_that_of_the_model() {
        assert_eq!(CURVE, model::CURVE);
        assert_eq!(MILLION, model::MILLION);
    }

    #[test]
    fn no_capacity_at_all_is_all_used() {
        assert_eq!(utilisation(0, 0), MILLION);
        assert_eq!(utilisation(u128::MAX, u128::MAX), MILLION);
        assert_eq!(utilisation(0, 1), 0);
    }
}
