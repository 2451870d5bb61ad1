//! `noema-node`: the client of the Noema chain.
//!
//! It hosts the wasm runtime, authors blocks with BABE, finalises them with GRANDPA, keeps the database, talks to the
//! other nodes and serves JSON-RPC. It holds no rule of the chain: those are in the runtime, which is upgraded on chain.
//! `README.md` beside this crate is the operator's view.

#![allow(
    clippy::result_large_err,
    reason = "the SDK's error types are large, and are returned a few times in the life of a process"
)]

mod benchmarking;
mod chain_spec;
mod check_upgrade;
mod cli;
mod clock;
mod command;
mod consensus;
mod equivocation;
mod executor;
mod export_chain_spec;
mod finality;
mod genesis;
mod missing_blocks;
mod pruning;
mod rpc;
mod service;
mod wasm_cache;

fn main() -> sc_cli::Result<()> {
    command::run()
}
