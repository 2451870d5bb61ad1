//! The price of a round, and what a file costs in it. Pure arithmetic in `u128`, in integers; every rounding but that of the utilisation and of the curve is against
//! the buyer.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// One, in millionths.
pub const MILLION: u64 = 1_000_000;

/// Sectors of the GiB that the price is for: 2²² of 256 bytes.
pub const PRICE_SECTORS: u64 = 1 << 22;

/// Charged with every replica beside its own: 64 KiB, for what it costs in index, proofs and transactions. A file cut into pieces never costs less.
pub const OVERHEAD_SECTORS: u64 = 256;

/// How many times the base price what is scarce costs: (utilisation, multiplier) in millionths, linear in between.
pub const CURVE: [(u64, u64); 5] = [
    (0, MILLION),
    (500_000, MILLION),
    (800_000, 2_000_000),
    (950_000, 5_000_000),
    (MILLION, HIGHEST_MULTIPLIER),
];

/// The highest that there is, in millionths.
pub const HIGHEST_MULTIPLIER: u64 = 10_000_000;

/// The multiplier moves by at most this part of itself in a round: one in 16.
const STEP: u64 = 16;

/// What storage costs in the present round.
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
    pub round: RoundIndex,
    /// Units per GiB and round at little use.
    pub base: Balance,
    /// The base of the next round.
    pub next_base: Balance,
    /// How many times the base, in millionths.
    pub multiplier: u64,
}

impl<Balance: Copy> PriceState<Balance> {
    /// The price of another round, at this utilisation in millionths.
    pub(crate) fn moved(&self, round: RoundIndex, utilisation: u64) -> Self {
        Self {
            round,
            base: self.next_base,
            next_base: self.next_base,
            multiplier: next_multiplier(self.multiplier, utilisation),
        }
    }
}

/// Bytes reserved and free, summed over the blocks of a round: what the price of the next one follows. Seen in one block only, whoever takes its capacity back for that
/// block sets everybody's price.
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
    /// Reserved by slots.
    pub reserved: u128,
    /// Free with active providers.
    pub free: u128,
}

impl Usage {
    /// With what another block saw.
    pub(crate) fn and(&self, seen: &Self) -> Self {
        Self {
            reserved: self.reserved.saturating_add(seen.reserved),
            free: self.free.saturating_add(seen.free),
        }
    }

    /// The part that is reserved, in millionths.
    pub(crate) fn utilisation(&self) -> u64 {
        utilisation(self.reserved, self.free)
    }
}

/// The part of all bytes that is reserved, in millionths. Where there is no capacity at all, all of it is.
pub(crate) fn utilisation(reserved: u128, free: u128) -> u64 {
    let all = reserved.saturating_add(free);
    multiply_by_rational_with_rounding(reserved, MILLION.into(), all, Rounding::Down)
        .and_then(|part| u64::try_from(part).ok())
        .unwrap_or(MILLION)
        .min(MILLION)
}

/// The multiplier to which the price tends at a utilisation, both in millionths.
pub(crate) fn curve(utilisation: u64) -> u64 {
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
pub(crate) fn next_multiplier(multiplier: u64, utilisation: u64) -> u64 {
    let step = multiplier.checked_div(STEP).unwrap_or(0);
    let (low, high) = (
        multiplier.saturating_sub(step),
        multiplier.saturating_add(step),
    );
    curve(utilisation).max(low).min(high)
}

/// Units per GiB and round. `None` when it does not fit.
pub(crate) fn per_gib(base: u128, multiplier: u64) -> Option<u128> {
    multiply_by_rational_with_rounding(base, multiplier.into(), MILLION.into(), Rounding::Up)
}

/// Units that a replica of this many padded sectors earns in a round, at least 1. `None` when it does not fit.
pub(crate) fn rent(per_gib: u128, padded_sectors: u64) -> Option<u128> {
    let charged = u128::from(padded_sectors).saturating_add(u128::from(OVERHEAD_SECTORS));
    multiply_by_rational_with_rounding(per_gib, charged, PRICE_SECTORS.into(), Rounding::Up)
        .map(|rent| rent.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_models::leases::{self as model, Parameters};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prices_are_those_of_the_model(
            reserved: u64, free: u64, base in 1..=360_000_000_000_000u128, multiplier in MILLION..=HIGHEST_MULTIPLIER, sectors in 1..=1u64 << 32,
        ) {
            let used = utilisation(reserved.into(), free.into());
            prop_assert_eq!(used, model::utilisation(reserved.into(), free.into()));
            prop_assert_eq!(curve(used), model::curve(used));
            prop_assert_eq!(next_multiplier(multiplier, used), model::next_multiplier(multiplier, used));
            let price = model::Price { base, next_base: base, multiplier };
            prop_assert_eq!(per_gib(base, multiplier), Some(price.per_unit()));
            prop_assert_eq!(rent(price.per_unit(), sectors), price.rent(&Parameters::NOEMA, sectors).ok());
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
        fn rent_grows_with_size_and_price(per_gib in 1..1u128 << 80, sectors in 1..1u64 << 32, more in 0..1u64 << 32) {
            let of = |price, sectors| rent(price, sectors).unwrap();
            prop_assert!(of(per_gib, sectors) <= of(per_gib, sectors + more));
            prop_assert!(of(per_gib, sectors) <= of(per_gib + 1, sectors));
            prop_assert!(of(per_gib, sectors) >= 1);
        }

        #[test]
        fn pieces_cost_no_less_than_the_whole(per_gib in 1..1u128 << 60, one in 1..1u64 << 31, other in 1..1u64 << 31) {
            let of = |sectors| rent(per_gib, sectors).unwrap();
            prop_assert!(of(one) + of(other) >= of(one + other));
        }
    }

    #[test]
    fn constants_are_those_of_the_model() {
        assert_eq!(CURVE, model::CURVE);
        assert_eq!(PRICE_SECTORS, Parameters::NOEMA.price_sectors);
        assert_eq!(OVERHEAD_SECTORS, Parameters::NOEMA.overhead_sectors);
        assert_eq!(MILLION, model::MILLION);
    }

    proptest! {
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
    fn no_capacity_at_all_is_all_used() {
        assert_eq!(utilisation(0, 0), MILLION);
        assert_eq!(utilisation(u128::MAX, u128::MAX), MILLION);
        assert_eq!(utilisation(0, 1), 0);
    }
}
