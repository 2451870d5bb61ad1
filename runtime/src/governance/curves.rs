//! Curves of the approval and support that a referendum needs: by percent of its decision period and
//! percent of votes. What makes no curve does not compile.

use pallet_referenda::Curve;
use sp_runtime::FixedI64;

const fn percent(value: u128) -> FixedI64 {
    FixedI64::from_rational(value, 100)
}

/// Falls steadily from `start` to `end`.
pub const fn line(start: u128, end: u128) -> Curve {
    line_until(100, start, end)
}

/// Falls steadily from `start` to `end` until `at` percent of the period, and stays there.
pub const fn line_until(at: u128, start: u128, end: u128) -> Curve {
    assert!(at > 0 && at <= 100 && end < start && start <= 100);
    Curve::make_linear(at, 100, percent(end), percent(start))
}

/// Falls from `start` to `end`, quickly at first: through `(percent of the period, level)`.
pub const fn hyperbola(start: u128, through: (u128, u128), end: u128) -> Curve {
    let (at, level) = through;
    // Above the straight line there is no such curve.
    assert!(at > 0 && at < 100 && end < level && level < start && start <= 100);
    assert!(level * 100 < start * (100 - at) + end * at);
    Curve::make_reciprocal(at, 100, percent(level), percent(end), percent(start))
}
