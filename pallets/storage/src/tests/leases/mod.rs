//! Leases: the pallet beside the executable model, and by topic.

mod beside;
mod ending;
mod histories;
mod paying;
mod repair;
