//! The formulas, against their definitions.

use crate::math::*;
use proptest::prelude::*;

#[test]
fn backed_bytes_examples() {
    assert_eq!(backed_bytes(1_000, 100), 10 << 20);
    assert_eq!(backed_bytes(0, 100), 0);
    // A third of a MiB, rounded down.
    assert_eq!(backed_bytes(1, 3), (1 << 20) / 3);
    assert_eq!(backed_bytes(1, 1 << 21), 0);
    assert_eq!(backed_bytes(u128::MAX, 1), u64::MAX);
    assert_eq!(backed_bytes(1, 0), u64::MAX);
}

#[test]
fn required_bond_examples() {
    assert_eq!(required_bond(10 << 20, 100), 1_000);
    assert_eq!(required_bond(0, 100), 0);
    assert_eq!(required_bond(1, 100), 1);
    assert_eq!(required_bond(u64::MAX, u128::MAX), u128::MAX);
}

proptest! {
    /// What is backed never takes more than the bond: `bytes * per_mib <= bond * 2^20`, and one byte
    /// more would.
    #[test]
    fn backed_bytes_rounds_against_provider(bond in 0u128..1 << 90, per_mib in 1u128..1 << 90) {
        let bytes = backed_bytes(bond, per_mib);
        if bytes < u64::MAX {
            let taken = sp_core::U512::from(bytes) * sp_core::U512::from(per_mib);
            let there = sp_core::U512::from(bond) * sp_core::U512::from(MIB);
            prop_assert!(taken <= there);
            prop_assert!(taken + sp_core::U512::from(per_mib) > there);
        }
    }

    /// The required bond covers the bytes, and one unit less does not.
    #[test]
    fn required_bond_is_the_smallest(bytes in any::<u64>(), per_mib in 1u128..1 << 60) {
        let bond = required_bond(bytes, per_mib);
        prop_assert!(backed_bytes(bond, per_mib) >= bytes);
        if let Some(less) = bond.checked_sub(1) {
            prop_assert!(backed_bytes(less, per_mib) < bytes);
        }
    }

    /// More bond never covers less; dearer collateral never covers more.
    #[test]
    fn backed_bytes_is_monotone(
        bond in any::<u128>(),
        more in any::<u128>(),
        per_mib in 1u128..,
        dearer in any::<u128>(),
    ) {
        let bytes = backed_bytes(bond, per_mib);
        prop_assert!(backed_bytes(bond.saturating_add(more), per_mib) >= bytes);
        prop_assert!(backed_bytes(bond, per_mib.saturating_add(dearer)) <= bytes);
    }

    #[test]
    fn free_bytes_stays_within_its_parts(
        declared in any::<u64>(),
        backed in any::<u64>(),
        reserved in any::<u64>(),
    ) {
        let free = free_bytes(declared, backed, reserved);
        prop_assert!(free <= declared && free <= backed);
        if free > 0 {
            prop_assert_eq!(free + reserved, declared.min(backed));
        } else {
            prop_assert!(reserved >= declared.min(backed));
        }
    }
}
