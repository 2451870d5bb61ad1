//! Collateral, capacity and slashes as pure functions. Balances are `u128`, bytes `u64`; every
//! rounding is against the provider.

use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Bytes of a MiB, the unit in which collateral is stated.
pub const MIB: u128 = 1 << 20;

/// Bytes that `bond` covers at `per_mib` per MiB, rounded down. `u64::MAX` when it covers more than
/// that, or when no collateral is asked for.
pub fn backed_bytes(bond: u128, per_mib: u128) -> u64 {
    multiply_by_rational_with_rounding(bond, MIB, per_mib, Rounding::Down)
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(u64::MAX)
}

/// The smallest bond that covers `bytes` at `per_mib` per MiB. `u128::MAX` when there is none.
pub fn required_bond(bytes: u64, per_mib: u128) -> u128 {
    multiply_by_rational_with_rounding(u128::from(bytes), per_mib, MIB, Rounding::Up)
        .unwrap_or(u128::MAX)
}

/// `a * b / c`, rounded down, exact in between. `None` when it does not fit, or `c` is zero.
pub fn mul_div_down(a: u128, b: u128, c: u128) -> Option<u128> {
    multiply_by_rational_with_rounding(a, b, c, Rounding::Down)
}

/// `a * b / c`, rounded up, exact in between. `None` when it does not fit, or `c` is zero.
pub fn mul_div_up(a: u128, b: u128, c: u128) -> Option<u128> {
    multiply_by_rational_with_rounding(a, b, c, Rounding::Up)
}

/// The part of `stake` that counts beside `bond` as collateral: at most `max_percent` of it.
pub fn counted_stake(bond: u128, stake: u128, max_percent: u32) -> u128 {
    stake.min(percent_of(bond, max_percent))
}

/// `percent` hundredths of `amount`, rounded down. `u128::MAX` when it does not fit.
pub fn percent_of(amount: u128, percent: u32) -> u128 {
    mul_div_down(amount, percent.into(), 100).unwrap_or(u128::MAX)
}

/// Bytes that can still be assigned: what is both declared and covered, less what is reserved.
pub fn free_bytes(declared: u64, backed: u64, reserved: u64) -> u64 {
    declared.min(backed).saturating_sub(reserved)
}
