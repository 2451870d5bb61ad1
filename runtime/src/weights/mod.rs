//! What work costs.
//!
//! [`block`] says how much of it a block may contain. The pallets of the SDK bring weights measured
//! on its reference hardware.

pub mod block;
