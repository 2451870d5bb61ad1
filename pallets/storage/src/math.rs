//! Pure arithmetic: quorum, deposit, ready window, placement. No storage, no configuration.

use noema_traits::Tick;
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, traits::AtLeast32BitUnsigned, Rounding,
};

/// Bytes of one MiB, the unit in which ready windows grow.
const MIB: u64 = 1 << 20;

/// How many of `replicas` must be held for a deal to be active: the majority (1 of 1, 2 of 2,
/// 2 of 3, 3 of 4).
pub const fn quorum(replicas: u8) -> u8 {
    // At most 127 + 1, so this never saturates.
    (replicas >> 1).saturating_add(1)
}

/// `size` bytes in MiB, rounded up.
pub(crate) const fn mib(size: u64) -> u64 {
    size.div_ceil(MIB)
}

/// Sectors of one MiB.
const SECTORS_PER_MIB: u64 = 1 << 12;

/// What an owner must put up: `base + per_replica × replicas`. `None` when that is more than a balance can express.
pub(crate) fn deposit<Balance: AtLeast32BitUnsigned>(
    base: Balance,
    per_replica: Balance,
    replicas: u8,
) -> Option<Balance> {
    per_replica
        .checked_mul(&Balance::from(replicas))?
        .checked_add(&base)
}

/// How many ticks a provider has to fetch a file: `base + per_mib × MiB`, at most what a number of ticks can express.
pub(crate) const fn ready_window(base: Tick, per_mib: Tick, size: u64) -> Tick {
    per_mib.saturating_mul(mib(size)).saturating_add(base)
}

/// Rounds whose rent is the charge for the placement of a replica: `rounds`, and one more for each `mib_per_round` MiB of the padded file, rounded up.
pub(crate) fn placement_rounds(rounds: u32, mib_per_round: u32, padded_sectors: u64) -> u32 {
    let sectors = u64::from(mib_per_round.max(1)).saturating_mul(SECTORS_PER_MIB);
    let window = u32::try_from(padded_sectors.div_ceil(sectors)).unwrap_or(u32::MAX);
    rounds.saturating_add(window)
}

/// `part` of `whole`, of `amount`: rounded down, and nothing of no whole.
pub(crate) fn share(amount: u128, part: u128, whole: u128) -> u128 {
    multiply_by_rational_with_rounding(amount, part, whole, Rounding::Down)
        .unwrap_or(0)
        .min(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_models::leases::Parameters;
    use proptest::prelude::*;

    #[test]
    fn quorum_small_numbers_is_the_majority() {
        assert_eq!([1, 2, 3, 4, 5, 16].map(quorum), [1, 2, 2, 3, 3, 9]);
    }

    #[test]
    fn deposit_is_exact_or_none() {
        assert_eq!(deposit(100u128, 10, 3), Some(130));
        assert_eq!(deposit(0u32, u32::MAX, 2), None);
        assert_eq!(deposit(u64::MAX, 1, 1), None);
    }

    #[test]
    fn ready_window_beyond_what_ticks_express_is_its_maximum() {
        assert_eq!(ready_window(60, 1, 1), 61);
        assert_eq!(ready_window(60, u64::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn share_of_nothing_is_nothing() {
        assert_eq!(share(10, 1, 0), 0);
        assert_eq!(share(10, 2, 1), 10);
        assert_eq!(share(10, 1, 3), 3);
    }

    proptest! {
        #[test]
        fn quorum_is_a_majority_and_reachable(replicas in 1u8..) {
            let quorum = u16::from(quorum(replicas));
            prop_assert!(2 * quorum > u16::from(replicas));
            prop_assert!(2 * (quorum - 1) <= u16::from(replicas));
            prop_assert!(quorum <= u16::from(replicas));
        }

        #[test]
        fn two_quorums_always_share_a_replica(replicas in 1u8..) {
            prop_assert!(2 * u16::from(quorum(replicas)) > u16::from(replicas));
        }

        #[test]
        fn mib_covers_the_size_and_not_more(size in 0..u64::MAX) {
            let mib = u128::from(mib(size));
            let size = u128::from(size);
            prop_assert!(mib * u128::from(MIB) >= size);
            prop_assert!(mib * u128::from(MIB) < size + u128::from(MIB));
        }

        #[test]
        fn placement_rounds_are_those_of_the_model(sectors in 1..=1u64 << 32) {
            prop_assert_eq!(placement_rounds(4, 21_600, sectors), Parameters::NOEMA.placement_rounds_of(sectors));
        }

        #[test]
        fn ready_window_never_shrinks_and_has_its_base(base in 1u64..1 << 32, per_mib in 0..1u64 << 20, size in 1u64.., more: u64) {
            let window = ready_window(base, per_mib, size);
            prop_assert!(window >= base);
            prop_assert!(window <= ready_window(base, per_mib, size.saturating_add(more)));
        }
    }
}
