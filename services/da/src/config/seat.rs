//! Settings of a seat.

use std::{net::SocketAddr, path::PathBuf};

use noema_chain_client::{AccountId, SigningKey};
use noema_daemon::{from_file, in_range, key, pick_key, NODE};
use noema_transport::{Tls, TlsMode};
use serde::Deserialize;

use super::{connections, requests, seconds, ConfigError};
use crate::{
    bls::{KeyFileError, SeatKeyFile, SeatSecret},
    seat::{SeatConfig, UploadPace},
    store::Budget,
};

/// Name of the file with the seat's key in the data directory.
const KEY_FILE: &str = "seat.key";

/// Flags of a seat.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SeatArgs {
    /// Configuration file (TOML; the names of the flags with _ for -)
    #[arg(long, env = "NOEMA_DA_SEAT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// The settings that flags, environment and file share.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Node to follow the chain through [default: ws://127.0.0.1:9944]
    #[arg(long, env = "NOEMA_DA_SEAT_NODE", value_name = "URL")]
    node: Option<String>,
    /// Bonded account of this provider (SS58 or 0x hex)
    #[arg(long, env = "NOEMA_DA_SEAT_PROVIDER", value_name = "ACCOUNT")]
    provider: Option<AccountId>,
    /// File with the secret of the operator key, which answers audits and sets the seat's key; permissions 600
    #[arg(long, env = "NOEMA_DA_SEAT_OPERATOR_KEY", value_name = "FILE")]
    operator_key: Option<PathBuf>,
    /// A well-known development key as operator: for local networks only
    #[arg(long, env = "NOEMA_DA_SEAT_DEV_OPERATOR", value_name = "NAME")]
    dev_operator: Option<String>,
    /// File with the key that signs for rows, made with `noema-da key new`; permissions 600 [default: seat.key in the data directory, made if it is not there]
    #[arg(long, env = "NOEMA_DA_SEAT_SEAT_KEY", value_name = "FILE")]
    seat_key: Option<PathBuf>,
    /// File with a key of before, for the eras whose committees were drawn with it; permissions 600, may be given several times
    #[arg(
        long,
        env = "NOEMA_DA_SEAT_OLD_SEAT_KEY",
        value_name = "FILE",
        value_delimiter = ','
    )]
    #[serde(default)]
    old_seat_key: Vec<PathBuf>,
    /// Directory for rows, records and keys [default: ./noema-da-seat]
    #[arg(long, env = "NOEMA_DA_SEAT_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:8401]
    #[arg(long, env = "NOEMA_DA_SEAT_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// When connections are encrypted: auto is everywhere but on loopback [default: auto]
    #[arg(long, env = "NOEMA_DA_SEAT_TLS", value_name = "MODE")]
    tls: Option<TlsMode>,
    /// File with the TLS key (PEM; permissions 600), instead of tls.key in the data directory
    #[arg(long, env = "NOEMA_DA_SEAT_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// File with the certificates for that key (PEM)
    #[arg(long, env = "NOEMA_DA_SEAT_TLS_CERTIFICATES", value_name = "FILE")]
    tls_certificates: Option<PathBuf>,
    /// Connections at the same time [default: 1024]
    #[arg(long, env = "NOEMA_DA_SEAT_MAX_CONNECTIONS", value_name = "NUMBER")]
    max_connections: Option<u64>,
    /// Connections of one peer at the same time [default: 64]
    #[arg(
        long,
        env = "NOEMA_DA_SEAT_MAX_CONNECTIONS_PER_PEER",
        value_name = "NUMBER"
    )]
    max_connections_per_peer: Option<u64>,
    /// Bytes of rows that are held at most [default: 107374182400]
    #[arg(long, env = "NOEMA_DA_SEAT_CAPACITY", value_name = "BYTES")]
    capacity: Option<u64>,
    /// Of these, bytes that may wait for attestation [default: a quarter of them]
    #[arg(long, env = "NOEMA_DA_SEAT_WAITING", value_name = "BYTES")]
    waiting: Option<u64>,
    /// Bytes that stay free on the disk [default: 1073741824]
    #[arg(long, env = "NOEMA_DA_SEAT_RESERVE", value_name = "BYTES")]
    reserve: Option<u64>,
    /// Uploads at the same time [default: 32]
    #[arg(long, env = "NOEMA_DA_SEAT_MAX_UPLOADS", value_name = "NUMBER")]
    max_uploads: Option<u64>,
    /// Answers with rows at the same time [default: 64]
    #[arg(long, env = "NOEMA_DA_SEAT_MAX_DOWNLOADS", value_name = "NUMBER")]
    max_downloads: Option<u64>,
    /// Bytes taken in a second, of all together; 0 is no limit [default: 0]
    #[arg(long, env = "NOEMA_DA_SEAT_UPLOAD_RATE", value_name = "BYTES")]
    upload_rate: Option<u64>,
    /// Bytes served in a second, to all together; 0 is no limit [default: 0]
    #[arg(long, env = "NOEMA_DA_SEAT_DOWNLOAD_RATE", value_name = "BYTES")]
    download_rate: Option<u64>,
    /// Seconds that may pass before an upload begins, and between two pieces of it [default: 10]
    #[arg(
        long,
        env = "NOEMA_DA_SEAT_UPLOAD_PATIENCE_SECONDS",
        value_name = "SECONDS"
    )]
    upload_patience_seconds: Option<u64>,
    /// Bytes in a second that an upload must bring on average after that [default: 65536]
    #[arg(long, env = "NOEMA_DA_SEAT_UPLOAD_LEAST", value_name = "BYTES")]
    upload_least: Option<u64>,
    /// How often one peer is served rows that rebuild a blob, in an era [default: 16]
    #[arg(long, env = "NOEMA_DA_SEAT_READS", value_name = "NUMBER")]
    reads: Option<u32>,
    /// Bytes of rows that one peer is served in an era [default: 17179869184]
    #[arg(long, env = "NOEMA_DA_SEAT_READ_BYTES", value_name = "BYTES")]
    read_bytes: Option<u64>,
    /// MiB of blobs that are coded once more at the same time for an audit's sake; a larger one is coded alone [default: 128]
    #[arg(long, env = "NOEMA_DA_SEAT_CODING_MIB", value_name = "MIB")]
    coding_mib: Option<u64>,
}

/// A seat's settings, with what leads it to the chain.
#[derive(Debug)]
pub struct SeatSetup {
    /// Node to follow the chain through.
    pub node: String,
    /// The key that answers audits.
    pub operator: SigningKey,
    /// The rest. Of its keys, the first is the one to be set on chain.
    pub config: SeatConfig,
}

impl Settings {
    fn or(self, other: Self) -> Self {
        let (operator_key, dev_operator) = pick_key(
            (self.operator_key, self.dev_operator),
            (other.operator_key, other.dev_operator),
        );
        Self {
            node: self.node.or(other.node),
            provider: self.provider.or(other.provider),
            operator_key,
            dev_operator,
            seat_key: self.seat_key.or(other.seat_key),
            old_seat_key: [self.old_seat_key, other.old_seat_key].concat(),
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            tls: self.tls.or(other.tls),
            tls_key: self.tls_key.or(other.tls_key),
            tls_certificates: self.tls_certificates.or(other.tls_certificates),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_peer: self
                .max_connections_per_peer
                .or(other.max_connections_per_peer),
            capacity: self.capacity.or(other.capacity),
            waiting: self.waiting.or(other.waiting),
            reserve: self.reserve.or(other.reserve),
            max_uploads: self.max_uploads.or(other.max_uploads),
            max_downloads: self.max_downloads.or(other.max_downloads),
            upload_rate: self.upload_rate.or(other.upload_rate),
            download_rate: self.download_rate.or(other.download_rate),
            upload_patience_seconds: self
                .upload_patience_seconds
                .or(other.upload_patience_seconds),
            upload_least: self.upload_least.or(other.upload_least),
            reads: self.reads.or(other.reads),
            read_bytes: self.read_bytes.or(other.read_bytes),
            coding_mib: self.coding_mib.or(other.coding_mib),
        }
    }

    fn budget(&self, usual: Budget) -> Result<Budget, ConfigError> {
        let total = in_range(
            "capacity",
            self.capacity.unwrap_or(usual.total),
            1 << 20..=1 << 60,
            "1 MiB to 1 EiB, in bytes",
        )?;
        let waiting = in_range(
            "waiting",
            self.waiting.unwrap_or(total / 4),
            1..=total,
            "no more than the capacity",
        )?;
        Ok(Budget {
            total,
            waiting,
            reserve: self.reserve.unwrap_or(usual.reserve),
            ..usual
        })
    }

    fn into_setup(self) -> Result<SeatSetup, ConfigError> {
        let operator = key(
            "operator-key",
            self.operator_key.as_deref(),
            self.dev_operator.as_deref(),
        )?
        .ok_or(ConfigError::Missing("operator-key"))?;
        let provider = self.provider.ok_or(ConfigError::Missing("provider"))?;
        let data_dir = self.data_dir.clone();
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from("noema-da-seat"));
        let first = match &self.seat_key {
            Some(path) => SeatKeyFile::at(path).read(),
            None => read_or_create(&SeatKeyFile::at(data_dir.join(KEY_FILE))),
        };
        let old = self.old_seat_key.iter();
        let keys = [first]
            .into_iter()
            .chain(old.map(|path| SeatKeyFile::at(path).read()))
            .collect::<Result<Vec<SeatSecret>, KeyFileError>>()
            .map_err(unusable)?;
        let usual = SeatConfig::new(provider, keys, data_dir);
        let listen = self.listen.unwrap_or(usual.listen);
        let coding = self.coding_mib.unwrap_or(usual.coding_mib as u64);
        Ok(SeatSetup {
            node: self.node.clone().unwrap_or_else(|| NODE.to_owned()),
            operator,
            config: SeatConfig {
                listen,
                tls: Tls::choose(
                    self.tls.unwrap_or_default(),
                    listen,
                    self.tls_key.clone(),
                    self.tls_certificates.clone(),
                )?,
                budget: self.budget(usual.budget)?,
                connections: connections(self.max_connections, self.max_connections_per_peer)?,
                max_uploads: requests("max-uploads", self.max_uploads, 32)?,
                max_downloads: requests("max-downloads", self.max_downloads, 64)?,
                upload_rate: self.upload_rate.unwrap_or(0),
                download_rate: self.download_rate.unwrap_or(0),
                pace: UploadPace {
                    patience: seconds("upload-patience-seconds", self.upload_patience_seconds, 10)?,
                    least: self.upload_least.unwrap_or(usual.pace.least),
                },
                reads_per_round: in_range(
                    "reads",
                    self.reads.unwrap_or(usual.reads_per_round).into(),
                    1..=1_000_000,
                    "1 to 1000000",
                )? as u32,
                read_bytes_per_round: self.read_bytes.unwrap_or(usual.read_bytes_per_round),
                coding_mib: in_range("coding-mib", coding, 1..=65_536, "1 to 65536")? as usize,
                ..usual
            },
        })
    }
}

/// The key in the data directory: a new one where there is none.
fn read_or_create(file: &SeatKeyFile) -> Result<SeatSecret, KeyFileError> {
    match file.create() {
        Err(KeyFileError::Exists { .. }) => file.read(),
        made => made,
    }
}

fn unusable(error: KeyFileError) -> ConfigError {
    ConfigError::Unusable {
        what: "seat-key".to_owned(),
        reason: error.to_string(),
    }
}

impl SeatArgs {
    /// The settings in all, with the configuration file read. Makes the seat's key if it is to be in the data directory and is not there.
    ///
    /// # Errors
    /// When something is missing, or not what is expected.
    pub fn into_setup(self) -> Result<SeatSetup, ConfigError> {
        let file = from_file(self.config.as_deref())?;
        self.settings.or(file).into_setup()
    }
}
