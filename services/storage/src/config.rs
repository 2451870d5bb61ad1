//! Settings: flags, then environment variables `NOEMA_STORAGE_*`, then a TOML file, then defaults.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, Subcommand, ValueEnum};
use noema_chain_client::{AccountId, KeyError, SigningKey};
use noema_transport::{read_secret, ConnectionLimits, SecretError, Tls, TlsError, TlsMode};
use serde::Deserialize;

use crate::{
    deny::{DenyList, DenyListError},
    store::StoreOptions,
    units::{ByteSize, Reserve},
};

/// The least limits, in bytes per second: below, a segment that is one of many under way takes longer than its sender waits.
const LEAST_TRANSFER: u64 = 1 << 20;
const LEAST_SCRUB: u64 = 64 << 10;
/// What the scrub reads in a second if nothing is said: a terabyte in a day and a half.
const USUAL_SCRUB: u64 = 8 << 20;
/// A day.
const USUAL_INTERVAL: u64 = 24 * 60 * 60;

/// Everything the daemon is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Node to follow the chain through.
    pub node: String,
    /// Bonded account of this provider.
    pub provider: AccountId,
    /// Key that acts for it.
    pub operator: SigningKey,
    /// Where files and index are.
    pub data_dir: PathBuf,
    /// Where to answer; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How long data is kept after its last deal ended.
    pub grace: Duration,
    /// Uploads of segments at the same time.
    pub max_uploads: usize,
    /// Answers with data at the same time.
    pub max_downloads: usize,
    /// Connections at the same time, in all and of one peer.
    pub connections: ConnectionLimits,
    /// The key that the daemon shows.
    pub tls: Tls,
    /// Roots that it does not hold.
    pub(crate) denied: DenyList,
    /// How the store works.
    pub store: StoreOptions,
    /// How much is moved in a second.
    pub rates: Rates,
    /// The least time from the beginning of a scrub to that of the next.
    pub scrub_interval: Duration,
    /// Whether replicas that the provider's stake has not covered for a round are handed over.
    pub hand_over: bool,
    /// Whether rounds that others missed are settled for the reward, and what their stakes do not cover is handed over.
    pub poke_others: bool,
}

/// Limits in bytes per second; 0 is none, and for the scrub that there is no scrub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Data from owners.
    pub upload: u64,
    /// Data to anyone.
    pub download: u64,
    /// Data from peers.
    pub pull: u64,
    /// What the scrub reads.
    pub scrub: u64,
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
    /// The key file cannot be read, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The key file holds no secret.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the secret.
        source: KeyError,
    },
    /// Two keys are given.
    #[error("both an operator key file and a development operator are given: give one of them")]
    TwoKeys,
    /// The development key's name is none.
    #[error("development operator: {0}")]
    DevKey(KeyError),
    /// Key, mode and address do not fit together.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The deny-list cannot be used.
    #[error(transparent)]
    DenyList(#[from] DenyListError),
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

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What to do instead of running the daemon.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check settings, keys, data directory, disk, index, node, registration and endpoint, and say what to do
    ///
    /// Takes the settings of the daemon and changes nothing. Ends with 1 if a check failed. The index is checked while no daemon runs
    /// with the data directory.
    Doctor(DoctorArgs),
}

/// How to examine.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DoctorArgs {
    /// Configuration file of the daemon
    #[arg(long, env = "NOEMA_STORAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read and verify every byte that is stored
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

impl DoctorArgs {
    /// Whether the report is for a program.
    pub fn wants_json(&self) -> bool {
        self.json
    }
}

/// Holds files for the Noema chain: takes them from their owners, proves them, serves them.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "noema-storage", version, about, long_about = None)]
pub struct Args {
    /// Configuration file (TOML; the names of the flags with _ for -)
    #[arg(long, env = "NOEMA_STORAGE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Make the TLS key if there is none, print the endpoint to announce, and end
    #[arg(long)]
    pub print_endpoint: bool,
    /// What to do instead of running the daemon.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

/// The settings that flags, environment and file share.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Node to follow the chain through [default: ws://127.0.0.1:9944]
    #[arg(long, env = "NOEMA_STORAGE_NODE", value_name = "URL")]
    node: Option<String>,
    /// Bonded account of this provider (SS58 or 0x hex)
    #[arg(long, env = "NOEMA_STORAGE_PROVIDER", value_name = "ACCOUNT")]
    provider: Option<AccountId>,
    /// File with the operator key's secret (phrase, 0x seed or derivation); permissions 600
    #[arg(long, env = "NOEMA_STORAGE_OPERATOR_KEY", value_name = "FILE")]
    operator_key: Option<PathBuf>,
    /// A well-known development key as operator, such as Alice: for local networks only
    #[arg(long, env = "NOEMA_STORAGE_DEV_OPERATOR", value_name = "NAME")]
    dev_operator: Option<String>,
    /// Directory for files and index [default: ./noema-storage]
    #[arg(long, env = "NOEMA_STORAGE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:8201]
    #[arg(long, env = "NOEMA_STORAGE_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Seconds that data is kept after its last deal ended [default: 3600]
    #[arg(long, env = "NOEMA_STORAGE_GRACE_SECONDS", value_name = "SECONDS")]
    grace_seconds: Option<u64>,
    /// Uploads of segments at the same time [default: 64]
    #[arg(long, env = "NOEMA_STORAGE_MAX_UPLOADS", value_name = "NUMBER")]
    max_uploads: Option<u64>,
    /// Answers with data at the same time [default: 64]
    #[arg(long, env = "NOEMA_STORAGE_MAX_DOWNLOADS", value_name = "NUMBER")]
    max_downloads: Option<u64>,
    /// Connections at the same time [default: 1024]
    #[arg(long, env = "NOEMA_STORAGE_MAX_CONNECTIONS", value_name = "NUMBER")]
    max_connections: Option<u64>,
    /// Connections of one peer at the same time [default: 64]
    #[arg(
        long,
        env = "NOEMA_STORAGE_MAX_CONNECTIONS_PER_PEER",
        value_name = "NUMBER"
    )]
    max_connections_per_peer: Option<u64>,
    /// When connections are encrypted: auto is everywhere but on loopback [default: auto]
    #[arg(long, env = "NOEMA_STORAGE_TLS", value_name = "MODE")]
    tls: Option<TlsMode>,
    /// File with the TLS key (PEM; permissions 600), instead of tls.key in the data directory
    #[arg(long, env = "NOEMA_STORAGE_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// File with the certificates for that key (PEM)
    #[arg(long, env = "NOEMA_STORAGE_TLS_CERTIFICATES", value_name = "FILE")]
    tls_certificates: Option<PathBuf>,
    /// File with roots not to hold, one in a line; read again when it changes
    #[arg(long, env = "NOEMA_STORAGE_DENY_LIST", value_name = "FILE")]
    deny_list: Option<PathBuf>,
    /// Memory for pages of the index, in MiB [default: 16]
    #[arg(long, env = "NOEMA_STORAGE_INDEX_CACHE_MIB", value_name = "MIB")]
    index_cache_mib: Option<u64>,
    /// Space that stays free on the disk, such as 2GiB or 5% [default: 1GiB, or 5% of a disk below 20 GiB]
    #[arg(long, env = "NOEMA_STORAGE_DISK_RESERVE", value_name = "SIZE")]
    disk_reserve: Option<Reserve>,
    /// Bytes of data taken from owners in a second, such as 20MiB; 0 is no limit [default: 0]
    #[arg(long, env = "NOEMA_STORAGE_UPLOAD_RATE", value_name = "SIZE")]
    upload_rate: Option<ByteSize>,
    /// Bytes of data served in a second; 0 is no limit [default: 0]
    #[arg(long, env = "NOEMA_STORAGE_DOWNLOAD_RATE", value_name = "SIZE")]
    download_rate: Option<ByteSize>,
    /// Bytes of data fetched from peers in a second; 0 is no limit [default: 0]
    #[arg(long, env = "NOEMA_STORAGE_PULL_RATE", value_name = "SIZE")]
    pull_rate: Option<ByteSize>,
    /// Stored bytes read and verified in a second, in the background; 0 turns this off [default: 8MiB]
    #[arg(long, env = "NOEMA_STORAGE_SCRUB_RATE", value_name = "SIZE")]
    scrub_rate: Option<ByteSize>,
    /// Least seconds from the beginning of a scrub of everything to the next [default: 86400]
    #[arg(
        long,
        env = "NOEMA_STORAGE_SCRUB_INTERVAL_SECONDS",
        value_name = "SECONDS"
    )]
    scrub_interval_seconds: Option<u64>,
    /// Hand replicas over when the stake has not covered them for a round [default: true]
    #[arg(
        long,
        env = "NOEMA_STORAGE_HAND_OVER",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    hand_over: Option<bool>,
    /// Settle rounds that other providers missed, for a part of the fee, and let them hand over what their stakes do not cover [default: false]
    #[arg(
        long,
        env = "NOEMA_STORAGE_POKE_OTHERS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    poke_others: Option<bool>,
    /// How logs are written [default: text]
    #[arg(long, env = "NOEMA_STORAGE_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

impl Settings {
    /// What is set here, else what is set in `other`.
    fn or(self, other: Self) -> Self {
        // A key given here, whichever way, replaces a key of the file.
        let key_here = self.operator_key.is_some() || self.dev_operator.is_some();
        let (file_key, file_dev) = match key_here {
            true => (None, None),
            false => (other.operator_key, other.dev_operator),
        };
        Self {
            node: self.node.or(other.node),
            provider: self.provider.or(other.provider),
            operator_key: self.operator_key.or(file_key),
            dev_operator: self.dev_operator.or(file_dev),
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            grace_seconds: self.grace_seconds.or(other.grace_seconds),
            max_uploads: self.max_uploads.or(other.max_uploads),
            max_downloads: self.max_downloads.or(other.max_downloads),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_peer: self
                .max_connections_per_peer
                .or(other.max_connections_per_peer),
            tls: self.tls.or(other.tls),
            tls_key: self.tls_key.or(other.tls_key),
            tls_certificates: self.tls_certificates.or(other.tls_certificates),
            deny_list: self.deny_list.or(other.deny_list),
            index_cache_mib: self.index_cache_mib.or(other.index_cache_mib),
            disk_reserve: self.disk_reserve.or(other.disk_reserve),
            upload_rate: self.upload_rate.or(other.upload_rate),
            download_rate: self.download_rate.or(other.download_rate),
            pull_rate: self.pull_rate.or(other.pull_rate),
            scrub_rate: self.scrub_rate.or(other.scrub_rate),
            scrub_interval_seconds: self.scrub_interval_seconds.or(other.scrub_interval_seconds),
            hand_over: self.hand_over.or(other.hand_over),
            poke_others: self.poke_others.or(other.poke_others),
            log_format: self.log_format.or(other.log_format),
        }
    }

    fn operator(&self) -> Result<SigningKey, ConfigError> {
        match (&self.operator_key, &self.dev_operator) {
            (Some(_), Some(_)) => Err(ConfigError::TwoKeys),
            (Some(path), None) => read_key(path),
            (None, Some(name)) => SigningKey::dev(name).map_err(ConfigError::DevKey),
            (None, None) => Err(ConfigError::Missing("operator-key")),
        }
    }

    fn rates(&self) -> Result<Rates, ConfigError> {
        let rate = |name, found: Option<ByteSize>, usual, least, expected| match found {
            None => Ok(usual),
            Some(ByteSize(0)) => Ok(0),
            Some(ByteSize(found)) => in_range(name, found, least..=u64::MAX, expected),
        };
        let transfer = |name, found| {
            let expected = "0 (no limit), or at least 1048576 (1MiB) bytes per second";
            rate(name, found, 0, LEAST_TRANSFER, expected)
        };
        let expected = "0 (no scrub), or at least 65536 (64KiB) bytes per second";
        Ok(Rates {
            upload: transfer("upload-rate", self.upload_rate)?,
            download: transfer("download-rate", self.download_rate)?,
            pull: transfer("pull-rate", self.pull_rate)?,
            scrub: rate(
                "scrub-rate",
                self.scrub_rate,
                USUAL_SCRUB,
                LEAST_SCRUB,
                expected,
            )?,
        })
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

impl Args {
    /// How logs are written. Needs no other setting, so that errors of those can be logged.
    pub fn log_format(&self) -> LogFormat {
        self.settings.log_format.unwrap_or_default()
    }

    /// The settings in all, with the configuration file read.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        let settings = self.settings.or(from_file(self.config.as_deref())?);
        let operator = settings.operator()?;
        settings.into_config(operator)
    }

    /// The settings for an examination: those given before `doctor` count as well.
    pub(crate) fn into_examined(self, doctor: DoctorArgs) -> Result<Examined, ConfigError> {
        let path = doctor.config.or(self.config);
        let given = doctor.settings.or(self.settings);
        let settings = given.or(from_file(path.as_deref())?);
        let is_dev = settings.dev_operator.is_some();
        let operator = settings.operator();
        // A stand-in, so that everything else can be checked without the key; it signs nothing.
        let key = match &operator {
            Ok(key) => key.clone(),
            Err(_) => SigningKey::dev("Alice").map_err(ConfigError::DevKey)?,
        };
        Ok(Examined {
            config: settings.into_config(key)?,
            operator: operator.map(|key| key.account()),
            is_dev,
        })
    }
}

/// Settings to examine.
#[derive(Debug)]
pub(crate) struct Examined {
    /// The settings. The operator's key is a stand-in if `operator` is an error.
    pub(crate) config: Config,
    /// The operator, or why there is none.
    pub(crate) operator: Result<AccountId, ConfigError>,
    /// Whether it is a key that everybody knows.
    pub(crate) is_dev: bool,
}

impl Settings {
    fn into_config(self, operator: SigningKey) -> Result<Config, ConfigError> {
        let settings = self;
        let connections = "1 to 65536";
        let requests = "1 to 1024";
        let limit = |name, found: Option<u64>, default| {
            in_range(name, found.unwrap_or(default), 1..=1024, requests).map(|n| n as usize)
        };
        let count = |name, found: Option<u64>, default| {
            in_range(name, found.unwrap_or(default), 1..=65_536, connections).map(|n| n as usize)
        };
        let connection_limits = ConnectionLimits {
            total: count("max-connections", settings.max_connections, 1024)?,
            per_peer: count(
                "max-connections-per-peer",
                settings.max_connections_per_peer,
                64,
            )?,
        };
        let listen = settings
            .listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8201)));
        let denied = match &settings.deny_list {
            Some(path) => DenyList::read(path)?,
            None => DenyList::default(),
        };
        let cache = in_range(
            "index-cache-mib",
            settings.index_cache_mib.unwrap_or(16),
            1..=65_536,
            connections,
        )?;
        let interval = in_range(
            "scrub-interval-seconds",
            settings.scrub_interval_seconds.unwrap_or(USUAL_INTERVAL),
            1..=u64::from(u32::MAX),
            "1 to 4294967295",
        )?;
        Ok(Config {
            rates: settings.rates()?,
            hand_over: settings.hand_over.unwrap_or(true),
            poke_others: settings.poke_others.unwrap_or(false),
            scrub_interval: Duration::from_secs(interval),
            node: settings
                .node
                .unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned()),
            provider: settings.provider.ok_or(ConfigError::Missing("provider"))?,
            operator,
            data_dir: settings
                .data_dir
                .unwrap_or_else(|| PathBuf::from("noema-storage")),
            listen,
            tls: Tls::choose(
                settings.tls.unwrap_or_default(),
                listen,
                settings.tls_key,
                settings.tls_certificates,
            )?,
            denied,
            grace: Duration::from_secs(settings.grace_seconds.unwrap_or(3600)),
            max_uploads: limit("max-uploads", settings.max_uploads, 64)?,
            max_downloads: limit("max-downloads", settings.max_downloads, 64)?,
            connections: connection_limits,
            store: StoreOptions {
                index_cache: (cache << 20) as usize,
                reserve: settings.disk_reserve.unwrap_or_default(),
            },
        })
    }
}

fn from_file(path: Option<&Path>) -> Result<Settings, ConfigError> {
    path.map_or_else(|| Ok(Settings::default()), read_file)
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|e| ConfigError::Syntax {
        path: path.to_owned(),
        reason: e.message().to_owned(),
    })
}

/// Reads a secret from a file that nobody else can read.
fn read_key(path: &Path) -> Result<SigningKey, ConfigError> {
    let secret = read_secret(path)?;
    SigningKey::from_suri(&secret).map_err(|source| ConfigError::Key {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
