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
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod allowance;
mod grant;
mod session;
#[cfg(test)]
mod tests;

pub use allowance::{Allowance, AllowanceError, Window};
pub use grant::{Covers, Grant, GrantError, Limits};
pub use session::{Refused, Session};
