//! Settings: flags, then environment variables, then a TOML file, then defaults. `NOEMA_GATEWAY_*` are the gateway's, `NOEMA_PROXY_*` the proxy's.

mod applications;
mod gateway;
mod jobs;
mod proxy;

use clap::{Parser, Subcommand};
pub use noema_daemon::{LogFormat, SettingsError as ConfigError, Units};

pub use gateway::{GatewayArgs, GatewaySetup};
pub use proxy::{ProxyArgs, ProxySetup};

use crate::jobs::RunnerArgs;

/// Sells and buys inference on the Noema chain.
#[derive(Debug, Parser)]
#[command(name = "noema-compute", version, about, long_about = None)]
pub struct Args {
    /// What to run.
    #[command(subcommand)]
    pub command: Command,
    /// How logs are written
    #[arg(
        long,
        global = true,
        env = "NOEMA_COMPUTE_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
}

/// What to run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The provider's gateway: takes vouchers, has an engine work, gives receipts, redeems
    Gateway(Box<GatewayArgs>),
    /// The buyer's proxy: OpenAI's interface on this machine, paid and checked
    Proxy(Box<ProxyArgs>),
    /// Runs jobs of others for a gateway, which starts it
    #[command(hide = true)]
    JobRunner(RunnerArgs),
}

#[cfg(test)]
mod tests;
