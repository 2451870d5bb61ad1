//! What the tests over zombienet's networks share.
//!
//! Nothing here comes from the crates of this repository: the node and the command line are met as programs, over RPC and metrics, as zombienet
//! meets those of any chain.

pub mod chain;
pub mod environment;
pub mod metrics;
pub mod network;
pub mod noema;
