#![doc = include_str!("../README.md")]

mod audit;
mod chain_view;
pub mod client;
pub mod config;
mod converge;
mod daemon;
mod deny;
mod directory;
mod doctor;
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
mod scrub;
pub mod server;
pub mod store;
#[cfg(test)]
mod testing;
mod token;
mod tracked;
mod units;

pub use config::Config;
pub use daemon::{print_endpoint, run, run_until, DaemonError};
pub use deny::DenyListError;
pub use doctor::{examine, Check, CheckStatus, Report};
pub use noema_transport::{Tls, TlsError, TlsMode};
pub use token::{TokenError, UploadToken, MAX_AHEAD_SECONDS};
pub use units::{ByteSize, ByteSizeError, Reserve};

/// Seconds since 1970.
pub(crate) fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
