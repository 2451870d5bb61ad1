//! Vouchers, receipts and claims with their signatures, and as files.
//!
//! What is in them and how they are hashed is `noema-compute-primitives`; here they are signed by keys that programs hold, which are of sr25519, and checked.

mod json;
mod signed;

pub use json::JsonError;
pub use signed::{Claim, SignedReceipt, SignedVoucher};
