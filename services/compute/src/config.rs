//! Settings: flags, then environment variables, then a TOML file, then defaults. `NOEMA_GATEWAY_*` are the gateway's, `NOEMA_PROXY_*` the proxy's.

mod applications;
mod gateway;
mod jobs;
mod proxy;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Parser, Subcommand, ValueEnum};
use noema_chain_client::{KeyError, SigningKey};
use noema_transport::{read_secret, SecretError, TlsError};
use serde::{de::DeserializeOwned, Deserialize};

pub use gateway::{GatewayArgs, GatewaySetup};
pub use proxy::{ProxyArgs, ProxySetup};

use crate::{engine::UrlEngineError, jobs::RunnerArgs};

/// Where the node is if nothing is said.
const NODE: &str = "ws://127.0.0.1:9944";

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

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why the settings are not usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Something needed is not given.
    #[error("{0} is not set: give --{0}, the environment variable, or an entry in the configuration file")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what is expected.
    #[error("{path} is no configuration: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key file cannot be read, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key file holds no secret.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the secret.
        source: KeyError,
    },
    /// Two keys are given.
    #[error("both a file and a development key are given as {0}: give one of them")]
    TwoKeys(&'static str),
    /// The development key's name is none.
    #[error("development key: {0}")]
    DevKey(KeyError),
    /// Key, mode and address do not fit together.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The engine of a service.
    #[error("service {service}: {source}")]
    Engine {
        /// Its number.
        service: u64,
        /// What is wrong.
        source: UrlEngineError,
    },
    /// Something is not in the form that is expected.
    #[error("{name} is {found:?}: expected {expected}")]
    Form {
        /// The setting.
        name: &'static str,
        /// What was given.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A number is out of range.
    #[error("{name} is {found}: expected {expected}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// The value given.
        found: u64,
        /// What is allowed.
        expected: &'static str,
    },
}

/// Reads the configuration file, if there is one.
fn from_file<T: DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, ConfigError> {
    let Some(path) = path else {
        return Ok(T::default());
    };
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|e| ConfigError::Syntax {
        path: path.to_owned(),
        reason: e.message().to_owned(),
    })
}

/// A key from a file that nobody else can read, or a well-known one; None when neither is given.
fn key(
    name: &'static str,
    file: Option<&Path>,
    dev: Option<&str>,
) -> Result<Option<SigningKey>, ConfigError> {
    match (file, dev) {
        (Some(_), Some(_)) => Err(ConfigError::TwoKeys(name)),
        (Some(path), None) => {
            let secret = read_secret(path)?;
            let key = SigningKey::from_suri(&secret).map_err(|source| ConfigError::Key {
                path: path.to_owned(),
                source,
            })?;
            Ok(Some(key))
        }
        (None, Some(dev)) => SigningKey::dev(dev).map(Some).map_err(ConfigError::DevKey),
        (None, None) => Ok(None),
    }
}

fn in_range(
    name: &'static str,
    found: u64,
    allowed: std::ops::RangeInclusive<u64>,
    expected: &'static str,
) -> Result<u64, ConfigError> {
    match allowed.contains(&found) {
        true => Ok(found),
        false => Err(ConfigError::OutOfRange {
            name,
            found,
            expected,
        }),
    }
}

/// An amount of the smallest unit. Text in files, since TOML has no numbers of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Units(pub u128);

impl std::str::FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('_', "");
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain
            .then(|| digits.parse().ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is no amount: expected a whole number of the smallest unit")
            })
    }
}

impl TryFrom<String> for Units {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
