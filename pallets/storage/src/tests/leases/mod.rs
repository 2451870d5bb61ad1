//! Leases: the pallet beside the executable model, and by topic.

mod beside;
mod buying;
mod ending;
mod histories;
mod paying;
mod repair;
mod state;
