//! Settings of the proxy.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use noema_chain_client::{AccountId, SigningKey};
use noema_compute_primitives::{Price, VerificationMode};
use noema_daemon::{from_file, in_range, key, pick_key, NODE};
use serde::Deserialize;

use super::{
    applications::{distinct, ApplicationEntry},
    ConfigError, Units,
};
use crate::{
    openai::Passes,
    proxy::{Choice, OpeningPolicy, Preference, ProxyConfig, Spending},
};

/// Channels for which there is room at first.
const CHANNELS: u128 = 8;

/// Flags of the proxy.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProxyArgs {
    /// Configuration file (TOML; the names of the flags with _ for -, applications as [[applications]])
    #[arg(long, env = "NOEMA_PROXY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// The settings that flags, environment and file share.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Node to follow the chain through [default: ws://127.0.0.1:9944]
    #[arg(long, env = "NOEMA_PROXY_NODE", value_name = "URL")]
    node: Option<String>,
    /// Account whose channels pay (SS58 or 0x hex); that of the payer key if it is given
    #[arg(long, env = "NOEMA_PROXY_PAYER", value_name = "ACCOUNT")]
    payer: Option<AccountId>,
    /// File with the secret of the session key, which signs vouchers; permissions 600
    #[arg(long, env = "NOEMA_PROXY_SESSION_KEY", value_name = "FILE")]
    session_key: Option<PathBuf>,
    /// A well-known development key as session key: for local networks only
    #[arg(long, env = "NOEMA_PROXY_DEV_SESSION_KEY", value_name = "NAME")]
    dev_session_key: Option<String>,
    /// File with the secret of the payer, for opening channels; permissions 600
    #[arg(long, env = "NOEMA_PROXY_PAYER_KEY", value_name = "FILE")]
    payer_key: Option<PathBuf>,
    /// A well-known development key as payer: for local networks only
    #[arg(long, env = "NOEMA_PROXY_DEV_PAYER", value_name = "NAME")]
    dev_payer: Option<String>,
    /// Directory for the book [default: ./noema-proxy]
    #[arg(long, env = "NOEMA_PROXY_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where to answer, on loopback; port 0 takes a free one [default: 127.0.0.1:8300]
    #[arg(long, env = "NOEMA_PROXY_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// What comes first among providers [default: balanced]
    #[arg(long, env = "NOEMA_PROXY_PREFER", value_name = "WHAT")]
    prefer: Option<Preference>,
    /// Verification modes that are enough, by their labels (such as `unverified`); all if none is given
    #[arg(
        long,
        env = "NOEMA_PROXY_MODES",
        value_name = "LABEL",
        value_delimiter = ','
    )]
    #[serde(default)]
    modes: Vec<String>,
    /// Providers that may be asked; all if none is given
    #[arg(
        long,
        env = "NOEMA_PROXY_ONLY",
        value_name = "ACCOUNT",
        value_delimiter = ','
    )]
    #[serde(default)]
    only: Vec<AccountId>,
    /// Dearest price of a million tokens of input, in units
    #[arg(long, env = "NOEMA_PROXY_MAX_INPUT_PRICE", value_name = "UNITS")]
    max_input_price: Option<Units>,
    /// Dearest price of a million tokens of output, in units
    #[arg(long, env = "NOEMA_PROXY_MAX_OUTPUT_PRICE", value_name = "UNITS")]
    max_output_price: Option<Units>,
    /// The dearest price of a unit: of a million units of fuel, for jobs
    #[arg(long, env = "NOEMA_PROXY_MAX_UNIT_PRICE", value_name = "UNITS")]
    max_unit_price: Option<Units>,
    /// The most that one request may cost, in units
    #[arg(long, env = "NOEMA_PROXY_MAX_REQUEST", value_name = "UNITS")]
    max_request: Option<Units>,
    /// The most that all requests may cost, in units [default: what the channels have]
    #[arg(long, env = "NOEMA_PROXY_SPENDING_LIMIT", value_name = "UNITS")]
    spending_limit: Option<Units>,
    /// Tokens of output that are paid for at most where a request does not say [default: 4096]
    #[arg(long, env = "NOEMA_PROXY_DEFAULT_MAX_TOKENS", value_name = "TOKENS")]
    default_max_tokens: Option<u64>,
    /// Units to reserve for a channel that is opened; none is opened without this and the payer key
    #[arg(long, env = "NOEMA_PROXY_CHANNEL_CAP", value_name = "UNITS")]
    channel_cap: Option<Units>,
    /// Lanes of such a channel: requests at the same time [default: 16]
    #[arg(long, env = "NOEMA_PROXY_CHANNEL_LANES", value_name = "NUMBER")]
    channel_lanes: Option<u64>,
    /// Ticks for which its session key is good [default: 432000]
    #[arg(long, env = "NOEMA_PROXY_CHANNEL_TICKS", value_name = "TICKS")]
    channel_ticks: Option<u64>,
    /// Reserve no more than the provider's bond covers for certain, whatever it does [default: false]
    #[arg(
        long,
        env = "NOEMA_PROXY_COVERED_ONLY",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    covered_only: Option<bool>,
    /// Units to reserve in all such channels together at most [default: 8 times channel-cap]
    #[arg(long, env = "NOEMA_PROXY_CHANNELS_TOTAL", value_name = "UNITS")]
    channels_total: Option<Units>,
    /// Bytes of a request's body at most [default: 8388608]
    #[arg(long, env = "NOEMA_PROXY_MAX_BODY", value_name = "BYTES")]
    max_body: Option<u64>,
    /// Further members of requests to send on, beside those of OpenAI's interface (those of messages as messages.NAME)
    #[arg(
        long,
        env = "NOEMA_PROXY_MEMBERS",
        value_name = "NAME",
        value_delimiter = ','
    )]
    #[serde(default)]
    members: Vec<String>,
    /// Send requests on whose media the provider must fetch from elsewhere [default: false]
    #[arg(
        long,
        env = "NOEMA_PROXY_REMOTE_MEDIA",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    remote_media: Option<bool>,
    /// Providers that are asked for one request at most [default: 4]
    #[arg(long, env = "NOEMA_PROXY_ATTEMPTS", value_name = "NUMBER")]
    attempts: Option<u64>,
    /// Ticks for which a voucher can be redeemed [default: 14400]
    #[arg(long, env = "NOEMA_PROXY_VOUCHER_TICKS", value_name = "TICKS")]
    voucher_ticks: Option<u64>,
    /// Seconds that a provider may think before an answer begins, and between two pieces [default: 310]
    #[arg(long, env = "NOEMA_PROXY_PATIENCE_SECONDS", value_name = "SECONDS")]
    patience_seconds: Option<u64>,
    #[arg(skip)]
    #[serde(default)]
    applications: Vec<ApplicationEntry>,
}

/// A proxy's settings, with what leads it to the chain.
#[derive(Debug)]
pub struct ProxySetup {
    /// Node to follow the chain through.
    pub node: String,
    /// The key that submits: the payer's, or the session's, which can do no more than report.
    pub submitter: SigningKey,
    /// The rest.
    pub config: ProxyConfig,
}

impl Settings {
    fn or(self, other: Self) -> Self {
        // A key given here, whichever way, replaces a key of the file.
        let list = |here: Vec<_>, there: Vec<_>| if here.is_empty() { there } else { here };
        let (session_key, dev_session_key) = pick_key(
            (self.session_key, self.dev_session_key),
            (other.session_key, other.dev_session_key),
        );
        let (payer_key, dev_payer) = pick_key(
            (self.payer_key, self.dev_payer),
            (other.payer_key, other.dev_payer),
        );
        Self {
            node: self.node.or(other.node),
            payer: self.payer.or(other.payer),
            session_key,
            dev_session_key,
            payer_key,
            dev_payer,
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            prefer: self.prefer.or(other.prefer),
            modes: list(self.modes, other.modes),
            only: if self.only.is_empty() {
                other.only
            } else {
                self.only
            },
            max_input_price: self.max_input_price.or(other.max_input_price),
            max_output_price: self.max_output_price.or(other.max_output_price),
            max_unit_price: self.max_unit_price.or(other.max_unit_price),
            max_request: self.max_request.or(other.max_request),
            spending_limit: self.spending_limit.or(other.spending_limit),
            default_max_tokens: self.default_max_tokens.or(other.default_max_tokens),
            channel_cap: self.channel_cap.or(other.channel_cap),
            channel_lanes: self.channel_lanes.or(other.channel_lanes),
            channel_ticks: self.channel_ticks.or(other.channel_ticks),
            covered_only: self.covered_only.or(other.covered_only),
            channels_total: self.channels_total.or(other.channels_total),
            max_body: self.max_body.or(other.max_body),
            members: list(self.members, other.members),
            remote_media: self.remote_media.or(other.remote_media),
            attempts: self.attempts.or(other.attempts),
            voucher_ticks: self.voucher_ticks.or(other.voucher_ticks),
            patience_seconds: self.patience_seconds.or(other.patience_seconds),
            applications: [self.applications, other.applications].concat(),
        }
    }

    fn choice(&self) -> Result<Choice, ConfigError> {
        let modes = self.modes.iter().map(|label| {
            let known = [VerificationMode::None];
            let mode = known.into_iter().find(|mode| mode.label() == label);
            mode.ok_or_else(|| ConfigError::Form {
                name: "modes",
                found: label.clone(),
                expected: "the label of a verification mode: unverified",
            })
        });
        let max_price = match (self.max_input_price, self.max_output_price) {
            (None, None) => None,
            (input, output) => {
                let most = |units: Option<Units>| units.map_or(u128::MAX, |units| units.0);
                Some(Price::Tokens {
                    input: most(input),
                    cached: most(input),
                    output: most(output),
                })
            }
        };
        Ok(Choice {
            preference: self.prefer.unwrap_or_default(),
            modes: modes.collect::<Result<_, _>>()?,
            max_price,
            max_unit: self.max_unit_price.map(|units| units.0),
            only: self.only.clone(),
        })
    }

    fn opening(&self, has_payer_key: bool) -> Result<Option<OpeningPolicy>, ConfigError> {
        let Some(cap) = self.channel_cap else {
            return Ok(None);
        };
        if !has_payer_key {
            return Err(ConfigError::Missing("payer-key"));
        }
        let lanes = self.channel_lanes.unwrap_or(16);
        let lanes = in_range(
            "channel-lanes",
            lanes,
            1..=u64::from(u16::MAX),
            "1 to 65535",
        )?;
        Ok(Some(OpeningPolicy {
            cap: cap.0,
            lanes: lanes as u16,
            ticks: self.channel_ticks.unwrap_or(432_000),
            covered_only: self.covered_only.unwrap_or(false),
            total: self
                .channels_total
                .map_or(cap.0.saturating_mul(CHANNELS), |total| total.0),
        }))
    }
}

impl ProxyArgs {
    /// The settings in all, with the configuration file read.
    ///
    /// # Errors
    /// When something is missing, or not what is expected.
    pub fn into_setup(self) -> Result<ProxySetup, ConfigError> {
        let settings = self.settings.or(from_file(self.config.as_deref())?);
        settings.into_setup()
    }
}

impl Settings {
    fn into_setup(self) -> Result<ProxySetup, ConfigError> {
        let session_key = key(
            "session-key",
            self.session_key.as_deref(),
            self.dev_session_key.as_deref(),
        )?
        .ok_or(ConfigError::Missing("session-key"))?;
        let payer_key = key(
            "payer-key",
            self.payer_key.as_deref(),
            self.dev_payer.as_deref(),
        )?;
        let of_key = payer_key.as_ref().map(SigningKey::account);
        let payer = match (self.payer, of_key) {
            (Some(given), Some(found)) if given != found => {
                return Err(ConfigError::Form {
                    name: "payer",
                    found: given.to_string(),
                    expected: "the account of the payer key, or none beside it",
                });
            }
            (given, found) => given.or(found).ok_or(ConfigError::Missing("payer"))?,
        };
        let max_body = in_range(
            "max-body",
            self.max_body.unwrap_or(8 << 20),
            1024..=256 << 20,
            "1024 to 268435456 bytes",
        )?;
        let attempts = in_range("attempts", self.attempts.unwrap_or(4), 1..=64, "1 to 64")?;
        let patience = in_range(
            "patience-seconds",
            self.patience_seconds.unwrap_or(310),
            1..=86_400,
            "1 to 86400",
        )?;
        let choice = self.choice()?;
        let opening = self.opening(payer_key.is_some())?;
        let applications = self
            .applications
            .into_iter()
            .map(ApplicationEntry::into_application)
            .collect::<Result<Vec<_>, _>>()?;
        distinct(&applications)?;
        Ok(ProxySetup {
            node: self.node.unwrap_or_else(|| NODE.to_owned()),
            submitter: payer_key.unwrap_or_else(|| session_key.clone()),
            config: ProxyConfig {
                payer,
                session_key,
                data_dir: self
                    .data_dir
                    .unwrap_or_else(|| PathBuf::from("noema-proxy")),
                listen: self
                    .listen
                    .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8300))),
                choice,
                spending: Spending {
                    per_request: self
                        .max_request
                        .ok_or(ConfigError::Missing("max-request"))?
                        .0,
                    total: self.spending_limit.map(|units| units.0),
                },
                default_max_tokens: self.default_max_tokens.unwrap_or(4096).max(1),
                applications,
                opening,
                max_body: max_body as usize,
                passes: Passes {
                    members: self.members,
                    remote_media: self.remote_media.unwrap_or(false),
                },
                attempts: attempts as usize,
                voucher_ticks: self.voucher_ticks.unwrap_or(14_400),
                patience: Duration::from_secs(patience),
                stale_after: Duration::from_secs(60),
                look: Duration::from_secs(12),
            },
        })
    }
}
