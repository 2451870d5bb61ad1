//! Gateways and proxies over real HTTP on loopback, with an engine and a chain of the tests' own.
#![allow(missing_docs)]
#![allow(
    clippy::result_large_err,
    reason = "the errors of the chain are as large as they are"
)]

mod admission;
mod attacks;
mod bench;
mod chain;
mod charging;
mod cheating;
mod engine;
mod harness;
mod hostile;
mod jobs;
mod kills;
mod limits;
mod overhead;
mod providers;
mod proxy;
mod redeeming;
mod robbers;
mod routes;
mod rules;
