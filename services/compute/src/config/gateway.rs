//! Settings of the gateway.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use noema_chain_client::{AccountId, SigningKey};
use noema_compute_primitives::ModelName;
use noema_daemon::{from_file, in_range, key, pick_key, NODE};
use noema_transport::{read_secret, ConnectionLimits, Tls, TlsMode};
use serde::Deserialize;

use super::{
    jobs::{JobSettings, JOB},
    ConfigError, Units,
};
use crate::{
    engine::{BuiltInEngine, UrlEngine, UrlEngineError, BUILT_IN},
    gateway::{Behind, GatewayConfig, RedeemPolicy, ServiceConfig},
    openai::Passes,
};

/// Flags of the gateway.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GatewayArgs {
    /// Configuration file (TOML; the names of the flags with _ for -, services as [[services]])
    #[arg(long, env = "NOEMA_GATEWAY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Number of the one service to offer; more of them in the configuration file
    #[arg(long, env = "NOEMA_GATEWAY_SERVICE", value_name = "NUMBER", requires_all = ["model", "engine"])]
    service: Option<u64>,
    /// Its model, as the chain has it
    #[arg(long, env = "NOEMA_GATEWAY_MODEL", value_name = "NAME")]
    model: Option<String>,
    /// Its engine: where OpenAI's interface stands, without /v1; or `built-in`, a small language model that needs nothing else; or `job`, which runs programs of buyers
    #[arg(long, env = "NOEMA_GATEWAY_ENGINE", value_name = "URL")]
    engine: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// A service in the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    service: u64,
    model: String,
    engine: String,
    /// File with the key that the engine wants as a bearer token; permissions 600.
    #[serde(default)]
    engine_key: Option<PathBuf>,
    #[serde(default)]
    parallel: Option<u64>,
    /// Further members of requests that reach the engine, beside those of OpenAI's interface; those of messages as messages.NAME.
    #[serde(default)]
    members: Vec<String>,
    /// Whether the engine may be given media by their addresses, which it then fetches.
    #[serde(default)]
    remote_media: bool,
}

/// The settings that flags, environment and file share.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Node to follow the chain through [default: ws://127.0.0.1:9944]
    #[arg(long, env = "NOEMA_GATEWAY_NODE", value_name = "URL")]
    node: Option<String>,
    /// Bonded account of this provider (SS58 or 0x hex)
    #[arg(long, env = "NOEMA_GATEWAY_PROVIDER", value_name = "ACCOUNT")]
    provider: Option<AccountId>,
    /// File with the secret of the operator key, which redeems; permissions 600
    #[arg(long, env = "NOEMA_GATEWAY_OPERATOR_KEY", value_name = "FILE")]
    operator_key: Option<PathBuf>,
    /// A well-known development key as operator: for local networks only
    #[arg(long, env = "NOEMA_GATEWAY_DEV_OPERATOR", value_name = "NAME")]
    dev_operator: Option<String>,
    /// File with the secret of the service key, which signs receipts; permissions 600
    #[arg(long, env = "NOEMA_GATEWAY_SERVICE_KEY", value_name = "FILE")]
    service_key: Option<PathBuf>,
    /// A well-known development key as service key: for local networks only
    #[arg(long, env = "NOEMA_GATEWAY_DEV_SERVICE_KEY", value_name = "NAME")]
    dev_service_key: Option<String>,
    /// File with the secret of a service key of before, for channels that froze it; permissions 600, may be given several times
    #[arg(
        long,
        env = "NOEMA_GATEWAY_OLD_SERVICE_KEY",
        value_name = "FILE",
        value_delimiter = ','
    )]
    #[serde(default)]
    old_service_key: Vec<PathBuf>,
    /// Directory for the ledger and the TLS key [default: ./noema-gateway]
    #[arg(long, env = "NOEMA_GATEWAY_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:8301]
    #[arg(long, env = "NOEMA_GATEWAY_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// When connections are encrypted: auto is everywhere but on loopback [default: auto]
    #[arg(long, env = "NOEMA_GATEWAY_TLS", value_name = "MODE")]
    tls: Option<TlsMode>,
    /// File with the TLS key (PEM; permissions 600), instead of tls.key in the data directory
    #[arg(long, env = "NOEMA_GATEWAY_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// File with the certificates for that key (PEM)
    #[arg(long, env = "NOEMA_GATEWAY_TLS_CERTIFICATES", value_name = "FILE")]
    tls_certificates: Option<PathBuf>,
    /// Connections at the same time [default: 1024]
    #[arg(long, env = "NOEMA_GATEWAY_MAX_CONNECTIONS", value_name = "NUMBER")]
    max_connections: Option<u64>,
    /// Connections of one peer at the same time [default: 64]
    #[arg(
        long,
        env = "NOEMA_GATEWAY_MAX_CONNECTIONS_PER_PEER",
        value_name = "NUMBER"
    )]
    max_connections_per_peer: Option<u64>,
    /// Bytes of a request's body at most [default: 8388608]
    #[arg(long, env = "NOEMA_GATEWAY_MAX_BODY", value_name = "BYTES")]
    max_body: Option<u64>,
    /// Seconds that an engine may think before an answer begins, and between two pieces [default: 300]
    #[arg(
        long,
        env = "NOEMA_GATEWAY_ENGINE_PATIENCE_SECONDS",
        value_name = "SECONDS"
    )]
    engine_patience_seconds: Option<u64>,
    /// Seconds that a request may take at most [default: 3600]
    #[arg(long, env = "NOEMA_GATEWAY_REQUEST_SECONDS", value_name = "SECONDS")]
    request_seconds: Option<u64>,
    /// Ticks for which a voucher must still be redeemable [default: 300]
    #[arg(long, env = "NOEMA_GATEWAY_MARGIN", value_name = "TICKS")]
    margin: Option<u64>,
    /// Ticks around a change of price in which the other price is taken, too [default: 10]
    #[arg(long, env = "NOEMA_GATEWAY_PRICE_LENIENCY", value_name = "TICKS")]
    price_leniency: Option<u64>,
    /// Seconds for which finalised state counts when no newer is seen [default: 60]
    #[arg(long, env = "NOEMA_GATEWAY_STALE_SECONDS", value_name = "SECONDS")]
    stale_seconds: Option<u64>,
    /// Seconds that something due waits at most before it is redeemed [default: 3600]
    #[arg(long, env = "NOEMA_GATEWAY_REDEEM_SECONDS", value_name = "SECONDS")]
    redeem_seconds: Option<u64>,
    /// Units below which nothing is redeemed, not even what ends: what a call costs in fees [default: 1]
    #[arg(long, env = "NOEMA_GATEWAY_REDEEM_LEAST", value_name = "UNITS")]
    redeem_least: Option<Units>,
    /// Units that are redeemed at once when so much is due [default: never]
    #[arg(long, env = "NOEMA_GATEWAY_REDEEM_AT", value_name = "UNITS")]
    redeem_at: Option<Units>,
    #[command(flatten)]
    #[serde(default)]
    jobs: JobSettings,
    #[arg(skip)]
    #[serde(default)]
    services: Vec<Service>,
}

/// A gateway's settings, with what leads it to the chain.
#[derive(Debug)]
pub struct GatewaySetup {
    /// Node to follow the chain through.
    pub node: String,
    /// The key that redeems.
    pub operator: SigningKey,
    /// The rest.
    pub config: GatewayConfig,
}

impl Settings {
    fn or(self, other: Self) -> Self {
        let (operator_key, dev_operator) = pick_key(
            (self.operator_key, self.dev_operator),
            (other.operator_key, other.dev_operator),
        );
        let (service_key, dev_service_key) = pick_key(
            (self.service_key, self.dev_service_key),
            (other.service_key, other.dev_service_key),
        );
        Self {
            node: self.node.or(other.node),
            provider: self.provider.or(other.provider),
            operator_key,
            dev_operator,
            service_key,
            dev_service_key,
            old_service_key: [self.old_service_key, other.old_service_key].concat(),
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            tls: self.tls.or(other.tls),
            tls_key: self.tls_key.or(other.tls_key),
            tls_certificates: self.tls_certificates.or(other.tls_certificates),
            max_connections: self.max_connections.or(other.max_connections),
            max_connections_per_peer: self
                .max_connections_per_peer
                .or(other.max_connections_per_peer),
            max_body: self.max_body.or(other.max_body),
            engine_patience_seconds: self
                .engine_patience_seconds
                .or(other.engine_patience_seconds),
            request_seconds: self.request_seconds.or(other.request_seconds),
            margin: self.margin.or(other.margin),
            price_leniency: self.price_leniency.or(other.price_leniency),
            stale_seconds: self.stale_seconds.or(other.stale_seconds),
            redeem_seconds: self.redeem_seconds.or(other.redeem_seconds),
            redeem_least: self.redeem_least.or(other.redeem_least),
            redeem_at: self.redeem_at.or(other.redeem_at),
            jobs: self.jobs.or(other.jobs),
            services: [self.services, other.services].concat(),
        }
    }
}

impl GatewayArgs {
    /// The settings in all, with the configuration file read.
    ///
    /// # Errors
    /// When something is missing, or not what is expected.
    pub fn into_setup(self) -> Result<GatewaySetup, ConfigError> {
        let mut settings = self.settings.or(from_file(self.config.as_deref())?);
        if let (Some(service), Some(model), Some(engine)) = (self.service, self.model, self.engine)
        {
            settings.services.push(Service {
                service,
                model,
                engine,
                engine_key: None,
                parallel: None,
                members: Vec::new(),
                remote_media: false,
            });
        }
        settings.into_setup()
    }
}

impl Settings {
    fn into_setup(self) -> Result<GatewaySetup, ConfigError> {
        let operator = key(
            "operator-key",
            self.operator_key.as_deref(),
            self.dev_operator.as_deref(),
        )?
        .ok_or(ConfigError::Missing("operator-key"))?;
        let service_key = key(
            "service-key",
            self.service_key.as_deref(),
            self.dev_service_key.as_deref(),
        )?
        .ok_or(ConfigError::Missing("service-key"))?;
        let listen = self
            .listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8301)));
        let connections = |name, found: Option<u64>, usual| {
            let found = found.unwrap_or(usual);
            in_range(name, found, 1..=65_536, "1 to 65536").map(|n| n as usize)
        };
        let seconds = |name, found: Option<u64>, usual| {
            let found = found.unwrap_or(usual);
            let expected = "1 to 604800 seconds";
            in_range(name, found, 1..=604_800, expected).map(Duration::from_secs)
        };
        let max_body = in_range(
            "max-body",
            self.max_body.unwrap_or(8 << 20),
            1024..=256 << 20,
            "1024 to 268435456 bytes",
        )?;
        let patience = seconds("engine-patience-seconds", self.engine_patience_seconds, 300)?;
        if self.services.is_empty() {
            return Err(ConfigError::Missing("service"));
        }
        let services = self.services.into_iter();
        let services = services.map(|service| service.into_config(patience));
        let margin = in_range(
            "margin",
            self.margin.unwrap_or(300),
            10..=1_000_000,
            "10 to 1000000 ticks, in which what is due can still be redeemed",
        )?;
        let old_service_keys = self
            .old_service_key
            .iter()
            .map(|path| key("old-service-key", Some(path), None))
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?;
        let data_dir = self
            .data_dir
            .unwrap_or_else(|| PathBuf::from("noema-gateway"));
        Ok(GatewaySetup {
            node: self.node.unwrap_or_else(|| NODE.to_owned()),
            operator,
            config: GatewayConfig {
                provider: self.provider.ok_or(ConfigError::Missing("provider"))?,
                service_key,
                old_service_keys,
                jobs: self.jobs.into_config(&data_dir)?,
                data_dir,
                listen,
                tls: Tls::choose(
                    self.tls.unwrap_or_default(),
                    listen,
                    self.tls_key,
                    self.tls_certificates,
                )?,
                connections: ConnectionLimits {
                    total: connections("max-connections", self.max_connections, 1024)?,
                    per_peer: connections(
                        "max-connections-per-peer",
                        self.max_connections_per_peer,
                        64,
                    )?,
                },
                max_body: max_body as usize,
                services: services.collect::<Result<_, _>>()?,
                margin,
                request_time: seconds("request-seconds", self.request_seconds, 3_600)?,
                price_leniency: self.price_leniency.unwrap_or(10),
                stale_after: seconds("stale-seconds", self.stale_seconds, 60)?,
                look: Duration::from_secs(12),
                redeem: RedeemPolicy {
                    interval: seconds("redeem-seconds", self.redeem_seconds, 3_600)?,
                    least: self.redeem_least.map_or(1, |units| units.0),
                    at: self.redeem_at.map_or(u128::MAX, |units| units.0),
                    urgent: margin,
                },
            },
        })
    }
}

impl Service {
    fn into_config(self, patience: Duration) -> Result<ServiceConfig, ConfigError> {
        let is_name =
            !self.model.is_empty() && self.model.bytes().all(|byte| byte.is_ascii_graphic());
        let model = ModelName::try_from(self.model.clone().into_bytes());
        let model = model.ok().filter(|_| is_name).ok_or(ConfigError::Form {
            name: "model",
            found: self.model,
            expected: "1 to 96 visible ASCII characters",
        })?;
        let secret = self.engine_key.as_deref().map(read_secret).transpose()?;
        let secret = secret.as_deref().map(str::trim);
        let behind = match self.engine.as_str() {
            JOB => Behind::Jobs,
            BUILT_IN => {
                let engine = BuiltInEngine::new(&String::from_utf8_lossy(&model));
                Behind::Engine(Arc::new(engine))
            }
            url => {
                let engine = UrlEngine::new(url, secret, patience);
                let unusable = |error: UrlEngineError| ConfigError::Unusable {
                    what: format!("service {}", self.service),
                    reason: error.to_string(),
                };
                Behind::Engine(Arc::new(engine.map_err(unusable)?))
            }
        };
        let parallel = self.parallel.unwrap_or(16);
        Ok(ServiceConfig {
            service: self.service,
            model,
            behind,
            parallel: in_range("parallel", parallel, 1..=4096, "1 to 4096")? as usize,
            passes: Passes {
                members: self.members,
                remote_media: self.remote_media,
            },
        })
    }
}
