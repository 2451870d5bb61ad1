//! What work costs.
//!
//! [`block`] says how much of it a block may contain. The pallets of the SDK bring weights measured
//! on its reference hardware; those of our pallets are measured in this runtime (`make bench-weights`).

pub mod block;
pub mod consensus;
pub mod pallet_noema_entropy;
pub mod pallet_noema_providers;
pub mod pallet_noema_storage;
