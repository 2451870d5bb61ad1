#![doc = include_str!("../README.md")]

pub mod bounds;
pub mod chain;
pub mod config;
pub mod engine;
pub mod gateway;
pub mod jobs;
pub mod openai;
pub mod proxy;
pub mod receipts;
#[cfg(test)]
mod samples;
pub mod sse;
pub mod wire;

pub use noema_chain_client::compute::{Signature, SignedReceipt, SignedVoucher};
pub use noema_journal::JournalError;

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
