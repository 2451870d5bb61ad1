//! Tests by topic.

#[cfg(feature = "babe")]
mod babe;
mod forgetting;
mod invariants;
mod parameters;
mod reading;
mod recording;
