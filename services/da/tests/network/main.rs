//! Seats and gateways over HTTP on loopback, with a chain in memory that has the real primitives and checks real signatures.
#![allow(
    clippy::result_large_err,
    reason = "errors are those of the chain's client"
)]

mod audits;
mod bundling;
mod chain;
mod cheats;
mod disperser;
mod harness;
mod kills;
mod liars;
mod limits;
mod putting;
mod restarts;
