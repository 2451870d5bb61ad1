//! What a file costs at the price of a round. Pure arithmetic in `u128`, in integers; every rounding is against the buyer. How the price follows use: [`noema_price`].

pub use noema_price::{per_gib, PriceState, Usage, HIGHEST_MULTIPLIER, MILLION};
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Sectors of the GiB that the price is for: 2²² of 256 bytes.
pub const PRICE_SECTORS: u64 = 1 << 22;

/// Charged with every replica beside its own: 64 KiB, for what it costs in index, proofs and transactions. A file cut into pieces never costs less.
pub const OVERHEAD_SECTORS: u64 = 256;

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
        fn rents_are_those_of_the_model(
            base in 1..=360_000_000_000_000u128, multiplier in MILLION..=HIGHEST_MULTIPLIER, sectors in 1..=1u64 << 32,
        ) {
            let price = model::Price { base, next_base: base, multiplier };
            prop_assert_eq!(per_gib(base, multiplier), Some(price.per_unit()));
            prop_assert_eq!(rent(price.per_unit(), sectors), price.rent(&Parameters::NOEMA, sectors).ok());
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
        assert_eq!(PRICE_SECTORS, Parameters::NOEMA.price_sectors);
        assert_eq!(OVERHEAD_SECTORS, Parameters::NOEMA.overhead_sectors);
    }
}
