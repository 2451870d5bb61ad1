#![doc = include_str!("../README.md")]

mod chain_view;
pub mod client;
pub mod config;
mod converge;
mod daemon;
mod deny;
mod directory;
pub mod frame;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod gc;
mod metrics;
mod penalty;
mod prove;
mod pull;
mod replies;
pub mod server;
pub mod store;
#[cfg(test)]
mod testing;
mod tls;
mod token;

pub use config::Config;
pub use daemon::{print_endpoint, run, run_until, DaemonError};
pub use deny::DenyListError;
pub use tls::{Tls, TlsError, TlsMode};
pub use token::{TokenError, UploadToken, MAX_AHEAD_SECONDS};

/// Seconds since 1970.
pub(crate) fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
