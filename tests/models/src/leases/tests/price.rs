//! The price, within its bounds and beyond them.

use super::town::{noema, GIB};
use crate::leases::{
    curve, mul_div_down, mul_div_up, next_multiplier, utilisation, Balance, Error, FileSpec,
    Parameters, Price, CURVE, MILLION,
};
use proptest::prelude::*;

fn price(base: Balance, multiplier: u64) -> Price {
    Price {
        base,
        next_base: base,
        multiplier,
    }
}

#[test]
fn the_curve_passes_through_its_points() {
    for (at, multiplier) in CURVE {
        assert_eq!(curve(at), multiplier);
    }
    assert_eq!(curve(650_000), 1_500_000);
    assert_eq!(curve(u64::MAX), 10 * MILLION);
}

#[test]
fn without_capacity_all_of_it_is_used() {
    assert_eq!(utilisation(0, 0), MILLION);
    assert_eq!(utilisation(0, 1), 0);
    assert_eq!(utilisation(u128::MAX, u128::MAX), MILLION);
    assert_eq!(utilisation(1, 2), 333_333);
}

#[test]
fn a_gib_year_at_little_use_is_a_tenth_of_its_collateral() {
    let model = noema();
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    let year = rent * 4 * 365;
    let part = year * 1_000 / model.parameters.collateral;
    assert!((104..=106).contains(&part), "{part} thousandths");
}

#[test]
fn the_price_doubles_in_12_rounds_and_is_tenfold_in_38() {
    let rounds_to = |goal: u64| {
        let mut multiplier = MILLION;
        (1..).find(|_| {
            multiplier = next_multiplier(multiplier, MILLION);
            multiplier >= goal
        })
    };
    assert_eq!(rounds_to(2 * MILLION), Some(12));
    assert_eq!(rounds_to(5 * MILLION), Some(27));
    assert_eq!(rounds_to(10 * MILLION), Some(38));
}

#[test]
fn the_largest_purchase_within_the_parameters_fits_with_room() {
    let mut model = noema();
    model.price = price(model.parameters.max_base_price, 10 * MILLION);
    let Parameters {
        max_sectors,
        max_replicas,
        max_rounds,
        grace_rounds,
        ..
    } = model.parameters;
    let spec = FileSpec {
        file: 0,
        sectors: max_sectors,
        replicas: max_replicas,
    };
    let quote = model.quote(&spec, max_rounds - grace_rounds).unwrap();
    assert!(quote.total < 1 << 83);
}

proptest! {
    #[test]
    fn the_curve_and_the_step_are_monotone_and_bounded(
        a in 0..=MILLION, b in 0..=MILLION, multiplier in MILLION..=10 * MILLION,
    ) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(curve(low) <= curve(high));
        prop_assert!((MILLION..=10 * MILLION).contains(&curve(a)));
        prop_assert!(next_multiplier(multiplier, low) <= next_multiplier(multiplier, high));
        let next = next_multiplier(multiplier, a);
        prop_assert!((MILLION..=10 * MILLION).contains(&next));
        prop_assert!(next.abs_diff(multiplier) <= multiplier / 16);
    }

    #[test]
    fn utilisation_is_monotone_in_both(reserved: u64, free: u64, more: u32) {
        let (reserved, free) = (u128::from(reserved), u128::from(free));
        let at = utilisation(reserved, free);
        prop_assert!(at <= MILLION);
        prop_assert!(at <= utilisation(reserved + u128::from(more), free));
        if reserved + free > 0 {
            prop_assert!(at >= utilisation(reserved, free + u128::from(more)));
        }
    }

    #[test]
    fn rent_is_monotone_in_base_multiplier_and_size_and_never_zero(
        base in 1..1u128 << 70, more_base in 0..1u128 << 70,
        multiplier in MILLION..=10 * MILLION, more in 0..MILLION,
        sectors in 1..1u64 << 40, more_sectors in 0..1u64 << 40,
    ) {
        let parameters = Parameters::NOEMA;
        let rent = price(base, multiplier).rent(&parameters, sectors).unwrap();
        prop_assert!(rent >= 1);
        for dearer in [
            price(base + more_base, multiplier).rent(&parameters, sectors),
            price(base, multiplier + more).rent(&parameters, sectors),
            price(base, multiplier).rent(&parameters, sectors + more_sectors),
        ] {
            prop_assert!(rent <= dearer.unwrap());
        }
    }

    #[test]
    fn rounding_never_costs_the_provider_a_unit(base in 1..1u128 << 60, sectors in 1..1u64 << 32) {
        let parameters = Parameters::NOEMA;
        let rent = price(base, MILLION).rent(&parameters, sectors).unwrap();
        let charged = base * u128::from(sectors + parameters.overhead_sectors);
        prop_assert!(rent * u128::from(GIB) >= charged);
        prop_assert!(rent == 1 || (rent - 1) * u128::from(GIB) < charged);
    }

    #[test]
    fn a_file_in_pieces_never_costs_less(base in 1..1u128 << 60, pieces in prop::collection::vec(1..1u64 << 26, 1..8)) {
        let parameters = Parameters::NOEMA;
        let price = price(base, MILLION);
        let whole = price.rent(&parameters, pieces.iter().sum()).unwrap();
        let apart: u128 = pieces.iter().map(|piece| price.rent(&parameters, *piece).unwrap()).sum();
        prop_assert!(whole <= apart);
    }

    #[test]
    fn products_in_256_bits_are_exact(a: u128, b: u128, c in 1u128..) {
        let exact = (a % c == 0).then(|| (a / c).checked_mul(b)).flatten();
        if let Some(exact) = exact {
            prop_assert_eq!(mul_div_down(a, b, c), Some(exact));
            prop_assert_eq!(mul_div_up(a, b, c), Some(exact));
        }
        prop_assert_eq!(mul_div_down(a, b, c), mul_div_down(b, a, c));
        prop_assert_eq!(mul_div_down(a, c, c), Some(a));
        if let (Some(down), Some(up)) = (mul_div_down(a, b, c), mul_div_up(a, b, c)) {
            prop_assert!(up - down <= 1);
        }
        // Against the remainder, in wrapping arithmetic: a × b = quotient × c + rest, rest < c.
        if let Some(down) = mul_div_down(a, b, c) {
            let rest = a.wrapping_mul(b).wrapping_sub(down.wrapping_mul(c));
            prop_assert!(rest < c);
        }
    }

    /// Whatever anyone asks for is quoted or refused, in every state of the price.
    #[test]
    fn no_size_number_or_term_overflows(
        sectors: u64, replicas: u8, rounds: u32, base in 1u128.., multiplier in MILLION..=10 * MILLION,
        max_sectors in prop_oneof![Just(1u64 << 32), any::<u64>()], deposit: u128, small in any::<bool>(),
    ) {
        let mut model = noema();
        model.price = price(base, multiplier);
        model.parameters.max_sectors = max_sectors;
        model.parameters.max_replicas = u8::MAX;
        model.parameters.max_rounds = u32::MAX;
        model.parameters.deposit_per_replica = if small { 1 } else { deposit };
        let spec = FileSpec { file: 0, sectors, replicas };
        let refused = model.commit(1, spec, rounds, u128::MAX).err();
        match model.quote(&spec, rounds) {
            Ok(quote) => {
                prop_assert!(quote.escrow >= u128::from(replicas) * u128::from(rounds));
                prop_assert!(matches!(refused, None | Some(Error::InsufficientFunds)));
            }
            Err(error) => prop_assert_eq!(refused, Some(error)),
        }
        let _ = model.quote_renewal((0, 1), u32::MAX);
        let _ = model.renew(2, &[(0, 1)], rounds, u128::MAX);
        let _ = model.top_up(2, (0, 1), u128::MAX);
        prop_assert_eq!(model.broken(), None);
    }
}

/// Whoever takes capacity back steers by the part of the round for which it does without: a block is a block's worth.
#[test]
fn capacity_withdrawn_for_a_part_of_the_round_counts_for_that_part() {
    const BLOCKS: u128 = 21_600;
    let with = |blocks_without: u128| {
        let mut usage = crate::leases::Usage::default();
        for block in 0..BLOCKS {
            // Half of all is reserved; nine tenths of what is free are one provider's.
            let free = if block < BLOCKS - blocks_without {
                500
            } else {
                50
            };
            usage.see(500, free);
        }
        usage.utilisation()
    };
    assert_eq!(with(0), 500_000);
    assert_eq!(with(BLOCKS), 909_090);
    // The last block, or ten, or a quarter of an hour.
    assert_eq!((with(1), with(10), with(900)), (500_010, 500_104, 509_554));
    // In the last block of each round: a twenty thousandth of the price.
    assert!(curve(with(1)) - MILLION < MILLION / 20_000);
    // A whole step of the price takes half an hour without any draw.
    let step = MILLION + MILLION / 16;
    assert!(curve(with(1_700)) < step && curve(with(1_740)) >= step);
}
