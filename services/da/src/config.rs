//! Settings: flags, then environment variables, then a TOML file, then defaults. `NOEMA_DA_SEAT_*` are the seat's, `NOEMA_DA_GATEWAY_*` the gateway's.

mod gateway;
mod key;
mod seat;

use std::time::Duration;

use clap::{Parser, Subcommand};
use noema_daemon::in_range;
pub use noema_daemon::{LogFormat, SettingsError as ConfigError};
use noema_transport::ConnectionLimits;

pub use gateway::{GatewayArgs, GatewaySetup};
pub use key::{KeyCommand, SetKeyArgs};
pub use seat::{SeatArgs, SeatSetup};

/// Holds and serves data availability on the Noema chain.
#[derive(Debug, Parser)]
#[command(name = "noema-da", version, about, long_about = None)]
pub struct Args {
    /// What to run.
    #[command(subcommand)]
    pub command: Command,
    /// How logs are written
    #[arg(
        long,
        global = true,
        env = "NOEMA_DA_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
}

/// What to run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A provider's seat: checks and keeps its rows, signs for them, serves them, answers audits
    Seat(Box<SeatArgs>),
    /// A gateway: takes blobs, codes and submits them, gathers signatures, reads blobs for others
    Gateway(Box<GatewayArgs>),
    /// The key with which a seat signs: make one, show it, set or retire it on chain
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Limits of connections, in all and of one peer.
fn connections(total: Option<u64>, per_peer: Option<u64>) -> Result<ConnectionLimits, ConfigError> {
    let count = |name, found: Option<u64>, usual: u64| {
        in_range(name, found.unwrap_or(usual), 1..=65_536, "1 to 65536").map(|n| n as usize)
    };
    Ok(ConnectionLimits {
        total: count("max-connections", total, 1024)?,
        per_peer: count("max-connections-per-peer", per_peer, 64)?,
    })
}

fn seconds(name: &'static str, found: Option<u64>, usual: u64) -> Result<Duration, ConfigError> {
    let expected = "1 to 86400 seconds";
    in_range(name, found.unwrap_or(usual), 1..=86_400, expected).map(Duration::from_secs)
}

fn requests(name: &'static str, found: Option<u64>, usual: u64) -> Result<usize, ConfigError> {
    let expected = "1 to 4096";
    in_range(name, found.unwrap_or(usual), 1..=4_096, expected).map(|n| n as usize)
}

#[cfg(test)]
mod tests;
