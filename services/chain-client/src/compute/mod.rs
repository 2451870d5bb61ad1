//! Vouchers, receipts and claims with their signatures, as files and as texts.
//!
//! What is in them and how they are hashed is `noema-compute-primitives`; here they are signed by keys that programs hold, which are of sr25519, and checked.

mod json;
mod signature;
mod signed;
mod text;

pub use crate::json::JsonError;
pub use signature::Signature;
pub use signed::{Claim, SignedReceipt, SignedVoucher};
pub use text::{TextError, MAX_TEXT};
