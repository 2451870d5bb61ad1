//! Pure arithmetic: quorum, deposit, ready window. No storage, no configuration.

use sp_runtime::{traits::AtLeast32BitUnsigned, SaturatedConversion};

/// Bytes of one MiB, the unit in which deposits and ready windows grow.
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

/// What an owner must put up: `base + per_replica × replicas + per_mib × MiB × replicas`.
///
/// `None` when that is more than a balance can express.
pub(crate) fn deposit<Balance: AtLeast32BitUnsigned>(
    base: Balance,
    per_replica: Balance,
    per_mib: Balance,
    replicas: u8,
    size: u64,
) -> Option<Balance> {
    let replicas = Balance::from(replicas);
    let mib = Balance::try_from(mib(size)).ok()?;
    per_mib
        .checked_mul(&mib)?
        .checked_add(&per_replica)?
        .checked_mul(&replicas)?
        .checked_add(&base)
}

/// How many blocks a provider has to fetch a file: `base + per_mib × MiB`, at most what a block
/// number can express.
pub(crate) fn ready_window<BlockNumber: AtLeast32BitUnsigned>(
    base: BlockNumber,
    per_mib: BlockNumber,
    size: u64,
) -> BlockNumber {
    per_mib
        .saturating_mul(mib(size).saturated_into::<BlockNumber>())
        .saturating_add(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quorum_small_numbers_is_the_majority() {
        assert_eq!([1, 2, 3, 4, 5, 16].map(quorum), [1, 2, 2, 3, 3, 9]);
    }

    #[test]
    fn deposit_of_known_file_is_exact() {
        // 3 MiB and one byte are charged as 4 MiB.
        assert_eq!(
            deposit(100u128, 10, 2, 3, 3 * MIB + 1),
            Some(100 + 3 * 10 + 3 * 4 * 2)
        );
        assert_eq!(deposit(100u128, 10, 2, 1, 1), Some(112));
    }

    #[test]
    fn deposit_beyond_the_balance_type_is_none() {
        assert_eq!(deposit(0u32, 0, u32::MAX, 1, 2 * MIB), None);
        assert_eq!(deposit(u64::MAX, 1, 0, 1, 1), None);
        assert_eq!(deposit(0u32, 0, 1, 1, u64::MAX), None);
    }

    #[test]
    fn ready_window_beyond_the_block_number_type_is_its_maximum() {
        assert_eq!(ready_window(60u32, 1, 1), 61);
        assert_eq!(ready_window(60u32, 1, u64::MAX), u32::MAX);
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
        fn deposit_matches_the_formula_in_wide_numbers(
            base: u32, per_replica: u32, per_mib: u32, replicas in 1u8..=16, size in 1u64..1 << 40,
        ) {
            let wide = u128::from(base)
                + u128::from(per_replica) * u128::from(replicas)
                + u128::from(per_mib) * u128::from(mib(size)) * u128::from(replicas);
            prop_assert_eq!(
                deposit(u128::from(base), per_replica.into(), per_mib.into(), replicas, size),
                Some(wide)
            );
        }

        #[test]
        fn deposit_never_shrinks_with_size_or_replicas(
            per_replica: u32, per_mib: u32, replicas in 1u8..=15, size in 1u64..1 << 40, more in 0u64..1 << 40,
        ) {
            let of = |replicas, size| {
                deposit(7u128, per_replica.into(), per_mib.into(), replicas, size)
            };
            prop_assert!(of(replicas, size) <= of(replicas, size + more));
            prop_assert!(of(replicas, size) <= of(replicas + 1, size));
        }

        #[test]
        fn ready_window_never_shrinks_and_has_its_base(
            base in 1u32.., per_mib: u32, size in 1u64.., more: u64,
        ) {
            let window = ready_window(base, per_mib, size);
            prop_assert!(window >= base);
            prop_assert!(window <= ready_window(base, per_mib, size.saturating_add(more)));
        }
    }
}
