//! Units of the native token and of data.

use crate::Balance;

/// Decimals of the native token; 18, so that EVM tools will show it right.
pub const DECIMALS: u8 = 18;
/// Symbol of the native token.
pub const SYMBOL: &str = "NOEMA";
/// SS58 address prefix: the generic Substrate one, which every wallet knows.
pub const SS58_PREFIX: u16 = 42;

/// One whole token.
#[allow(clippy::as_conversions, reason = "from u8, in a constant")]
pub const NOEMA: Balance = 10_u128.pow(DECIMALS as u32);
/// A thousandth of a token.
pub const MILLI: Balance = NOEMA / 1_000;
/// A millionth of a token.
pub const MICRO: Balance = MILLI / 1_000;
/// A billionth of a token.
pub const NANO: Balance = MICRO / 1_000;

/// 2^10 bytes.
pub const KIB: u64 = 1 << 10;
/// 2^20 bytes.
pub const MIB: u64 = 1 << 20;
/// 2^30 bytes.
pub const GIB: u64 = 1 << 30;
/// 2^40 bytes.
pub const TIB: u64 = 1 << 40;
