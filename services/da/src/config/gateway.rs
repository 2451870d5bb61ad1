//! Settings of a gateway.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use noema_chain_client::SigningKey;
use noema_da_primitives::Namespace;
use noema_daemon::{from_file, in_range, key, pick_key, Units, NODE};
use noema_transport::{read_secret, Tls, TlsMode};
use serde::Deserialize;

use super::{connections, requests, seconds, ConfigError};
use crate::{
    client::Patience,
    gateway::{parse_namespace, BundleConfig, GatewayConfig, MOST_DAYS},
};

/// Flags of a gateway.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GatewayArgs {
    /// Configuration file (TOML; the names of the flags with _ for -)
    #[arg(long, env = "NOEMA_DA_GATEWAY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// The settings that flags, environment and file share.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Node to follow the chain through [default: ws://127.0.0.1:9944]
    #[arg(long, env = "NOEMA_DA_GATEWAY_NODE", value_name = "URL")]
    node: Option<String>,
    /// File with the secret of the account that pays for blobs; permissions 600
    #[arg(long, env = "NOEMA_DA_GATEWAY_PAYER_KEY", value_name = "FILE")]
    payer_key: Option<PathBuf>,
    /// A well-known development key as payer: for local networks only
    #[arg(long, env = "NOEMA_DA_GATEWAY_DEV_PAYER", value_name = "NAME")]
    dev_payer: Option<String>,
    /// Directory for notes, spool and the TLS key [default: ./noema-da-gateway]
    #[arg(long, env = "NOEMA_DA_GATEWAY_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:8402]
    #[arg(long, env = "NOEMA_DA_GATEWAY_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// When connections are encrypted: auto is everywhere but on loopback [default: auto]
    #[arg(long, env = "NOEMA_DA_GATEWAY_TLS", value_name = "MODE")]
    tls: Option<TlsMode>,
    /// File with the TLS key (PEM; permissions 600), instead of tls.key in the data directory
    #[arg(long, env = "NOEMA_DA_GATEWAY_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// File with the certificates for that key (PEM)
    #[arg(long, env = "NOEMA_DA_GATEWAY_TLS_CERTIFICATES", value_name = "FILE")]
    tls_certificates: Option<PathBuf>,
    /// File with the token that whoever uses this gateway shows; permissions 600. Without it, only programs on this machine are served
    #[arg(long, env = "NOEMA_DA_GATEWAY_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Connections at the same time [default: 1024]
    #[arg(long, env = "NOEMA_DA_GATEWAY_MAX_CONNECTIONS", value_name = "NUMBER")]
    max_connections: Option<u64>,
    /// Connections of one peer at the same time [default: 64]
    #[arg(
        long,
        env = "NOEMA_DA_GATEWAY_MAX_CONNECTIONS_PER_PEER",
        value_name = "NUMBER"
    )]
    max_connections_per_peer: Option<u64>,
    /// Namespace of blobs for which none is said: 28 bytes in hex [default: all zeros]
    #[arg(long, env = "NOEMA_DA_GATEWAY_NAMESPACE", value_name = "HEX")]
    namespace: Option<String>,
    /// Days that are paid for where nothing is said [default: 1]
    #[arg(long, env = "NOEMA_DA_GATEWAY_DAYS", value_name = "DAYS")]
    days: Option<u8>,
    /// Units that one submission may cost at most, whatever the chain asks [default: no limit]
    #[arg(long, env = "NOEMA_DA_GATEWAY_MAX_FEE", value_name = "UNITS")]
    max_fee: Option<Units>,
    /// Bytes of blobs that may wait to become available [default: 4294967296]
    #[arg(long, env = "NOEMA_DA_GATEWAY_SPOOL", value_name = "BYTES")]
    spool: Option<u64>,
    /// Blobs that are taken, and that are read, at the same time [default: 64]
    #[arg(long, env = "NOEMA_DA_GATEWAY_MAX_REQUESTS", value_name = "NUMBER")]
    max_requests: Option<u64>,
    /// Seconds that a seat may take for the beginning of an answer, and between two pieces of it [default: 20]
    #[arg(
        long,
        env = "NOEMA_DA_GATEWAY_SEAT_PATIENCE_SECONDS",
        value_name = "SECONDS"
    )]
    seat_patience_seconds: Option<u64>,
    /// Seconds for which further signatures are waited for once there are enough [default: 2]
    #[arg(long, env = "NOEMA_DA_GATEWAY_GATHER_SECONDS", value_name = "SECONDS")]
    gather_seconds: Option<u64>,
    /// Seconds for which late seats get their rows after that [default: 60]
    #[arg(long, env = "NOEMA_DA_GATEWAY_LATE_SECONDS", value_name = "SECONDS")]
    late_seconds: Option<u64>,
    /// Bytes of a blob that goes into a bundle at most, where a request does not say [default: 65536]
    #[arg(long, env = "NOEMA_DA_GATEWAY_BUNDLE_MEMBER", value_name = "BYTES")]
    bundle_member: Option<u32>,
    /// Bytes with which a bundle is closed [default: 1048576]
    #[arg(long, env = "NOEMA_DA_GATEWAY_BUNDLE_SIZE", value_name = "BYTES")]
    bundle_size: Option<u32>,
    /// Milliseconds that the oldest member of a bundle waits [default: 2000]
    #[arg(long, env = "NOEMA_DA_GATEWAY_BUNDLE_WAIT_MS", value_name = "MS")]
    bundle_wait_ms: Option<u64>,
}

/// A gateway's settings, with what leads it to the chain.
#[derive(Debug)]
pub struct GatewaySetup {
    /// Node to follow the chain through.
    pub node: String,
    /// The key that pays.
    pub payer: SigningKey,
    /// The rest.
    pub config: GatewayConfig,
}

impl Settings {
    fn or(self, other: Self) -> Self {
        let (payer_key, dev_payer) = pick_key(
            (self.payer_key, self.dev_payer),
            (other.payer_key, other.dev_payer),
        );
        Self {
            node: self.node.or(other.node),
            payer_key,
            dev_payer,
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            tls: self.tls.or(other.tls),
            tls_key: self.tls_key.or(other.tls_key),
            tls_certificates: self.tls_certificates.or(other.tls_certificates),
            token_file: self.token_file.or(other.token_file),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_peer: self
                .max_connections_per_peer
                .or(other.max_connections_per_peer),
            namespace: self.namespace.or(other.namespace),
            days: self.days.or(other.days),
            max_fee: self.max_fee.or(other.max_fee),
            spool: self.spool.or(other.spool),
            max_requests: self.max_requests.or(other.max_requests),
            seat_patience_seconds: self.seat_patience_seconds.or(other.seat_patience_seconds),
            gather_seconds: self.gather_seconds.or(other.gather_seconds),
            late_seconds: self.late_seconds.or(other.late_seconds),
            bundle_member: self.bundle_member.or(other.bundle_member),
            bundle_size: self.bundle_size.or(other.bundle_size),
            bundle_wait_ms: self.bundle_wait_ms.or(other.bundle_wait_ms),
        }
    }

    fn bundles(&self) -> Result<BundleConfig, ConfigError> {
        let usual = BundleConfig::default();
        let size = self.bundle_size.unwrap_or(usual.size);
        let size = in_range(
            "bundle-size",
            size.into(),
            1_024..=128 << 20,
            "1 KiB to 128 MiB, in bytes",
        )?;
        let member = self
            .bundle_member
            .unwrap_or(usual.largest_member.min(size as u32));
        let wait = self.bundle_wait_ms.unwrap_or(usual.wait.as_millis() as u64);
        let expected = "no more than bundle-size";
        Ok(BundleConfig {
            largest_member: in_range("bundle-member", member.into(), 0..=size, expected)? as u32,
            size: size as u32,
            wait: Duration::from_millis(in_range(
                "bundle-wait-ms",
                wait,
                1..=600_000,
                "1 to 600000 milliseconds",
            )?),
        })
    }

    fn into_setup(self) -> Result<GatewaySetup, ConfigError> {
        let payer = key(
            "payer-key",
            self.payer_key.as_deref(),
            self.dev_payer.as_deref(),
        )?
        .ok_or(ConfigError::Missing("payer-key"))?;
        let token = self.token_file.as_deref().map(read_secret).transpose()?;
        let token = token.map(|token| token.trim().to_owned());
        if token.as_deref().is_some_and(|token| token.len() < 16) {
            return Err(ConfigError::Unusable {
                what: "token-file".to_owned(),
                reason: "the token has less than 16 characters: anybody could guess it".to_owned(),
            });
        }
        let data_dir = self.data_dir.clone();
        let usual =
            GatewayConfig::new(data_dir.unwrap_or_else(|| PathBuf::from("noema-da-gateway")));
        let listen = self.listen.unwrap_or(usual.listen);
        let namespace = self.namespace.as_deref().map(|text| {
            parse_namespace(text).ok_or_else(|| ConfigError::Form {
                name: "namespace",
                found: text.to_owned(),
                expected: "28 bytes in hex",
            })
        });
        let days = u64::from(self.days.unwrap_or(1));
        let spool = self.spool.unwrap_or(usual.spool);
        let patience = seconds("seat-patience-seconds", self.seat_patience_seconds, 20)?;
        Ok(GatewaySetup {
            node: self.node.clone().unwrap_or_else(|| NODE.to_owned()),
            payer,
            config: GatewayConfig {
                listen,
                tls: Tls::choose(
                    self.tls.unwrap_or_default(),
                    listen,
                    self.tls_key.clone(),
                    self.tls_certificates.clone(),
                )?,
                token,
                connections: connections(self.max_connections, self.max_connections_per_peer)?,
                namespace: namespace.transpose()?.unwrap_or_else(Namespace::default),
                days: in_range("days", days, 1..=MOST_DAYS.into(), "1 to 13 days")? as u8,
                max_fee: self.max_fee.map(|units| units.0),
                spool: in_range(
                    "spool",
                    spool,
                    1 << 20..=1 << 50,
                    "1 MiB to 1 PiB, in bytes",
                )?,
                max_requests: requests("max-requests", self.max_requests, 64)?,
                seats: Patience {
                    answer: patience,
                    ..usual.seats
                },
                gather: seconds("gather-seconds", self.gather_seconds, 2)?,
                late: seconds("late-seconds", self.late_seconds, 60)?,
                bundles: self.bundles()?,
                ..usual
            },
        })
    }
}

impl GatewayArgs {
    /// The settings in all, with the configuration file read.
    ///
    /// # Errors
    /// When something is missing, or not what is expected.
    pub fn into_setup(self) -> Result<GatewaySetup, ConfigError> {
        let file = from_file(self.config.as_deref())?;
        self.settings.or(file).into_setup()
    }
}
