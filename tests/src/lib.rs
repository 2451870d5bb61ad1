//! What the tests over the real binaries share: a network, the command line as a person types it, a proxy that stands between a daemon and
//! the world, and the books that are kept while processes are killed.

pub mod attack;
pub mod audits;
pub mod blobs;
pub mod books;
pub mod buyer;
pub mod chain_events;
pub mod cli;
pub mod compute_cheat;
pub mod compute_market;
pub mod compute_robber;
pub mod da_cheat;
pub mod daemon;
pub mod engine;
pub mod files;
pub mod finality;
pub mod fleet;
pub mod full_blocks;
pub mod gets;
pub mod log_lines;
pub mod memory;
pub mod mutate;
pub mod network;
pub mod preload;
pub mod proxy;
pub mod puts;
pub mod referendum;
pub mod tamper;
pub mod tour;
pub mod transfers;
pub mod versions;
