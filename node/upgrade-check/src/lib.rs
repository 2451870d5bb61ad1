#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::panic, clippy::unwrap_used)
)]

mod chain;
mod decode;
mod error;
mod events;
mod fetch;
mod metadata;
mod own_checks;
mod rehearsal;
mod report;
mod rules;
pub mod snapshot;
mod state;
mod storage;
#[cfg(test)]
mod testing;
mod types;

pub use error::Error;
pub use fetch::fetch;
pub use rehearsal::{rehearse, Upgrade, MAX_BLOCKS};
pub use report::{
    BlockFacts, ChangeKind, Finding, Report, StateFacts, StorageChange, Version, Writes,
};
pub use state::{State, Values, CHILD_PREFIX};
