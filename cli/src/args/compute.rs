//! `noema compute`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use noema_chain_client::AccountId;
use noema_compute_primitives::{Price, ServiceKind};

use super::{
    compute_jobs::{Receipts, Run},
    provider::AmountOrAll,
    storage::Id,
};
use crate::amount::Amount;

/// Where `noema up --compute` and `noema compute proxy` have OpenAI's interface if nothing is said.
pub(crate) const PROXY_URL: &str = "http://127.0.0.1:8300/v1";

#[derive(Debug, Subcommand)]
pub(crate) enum Compute {
    Services(Services),
    /// Show a service.
    Service {
        /// Its number.
        service: u64,
    },
    Announce(Announce),
    /// Announce a price; it is in force after the chain's notice.
    Price {
        /// The service.
        service: u64,
        #[command(flatten)]
        price: PriceArgs,
    },
    /// Say where a gateway answers (bonded account or hot key).
    SetEndpoint {
        /// The service.
        service: u64,
        /// https://HOST[:PORT][/PATH]#sha256=KEY; plain http on loopback only.
        endpoint: String,
    },
    /// Say how many requests a service answers at a time (bonded account or hot key).
    SetCapacity {
        /// The service.
        service: u64,
        /// At least one.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        capacity: u32,
    },
    /// Have receipts signed by another key, in channels that are opened from now on.
    SetKey {
        /// The service.
        service: u64,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Take a service off the market; channels that were opened for it stay.
    Retire {
        /// The service.
        service: u64,
    },
    /// Put into your purse, for channels to come. `open` takes what the purse lacks by itself.
    Deposit {
        /// In NOEMA.
        amount: Amount,
    },
    /// Take out of your purse what no channel has reserved.
    Withdraw {
        /// In NOEMA, or `all`.
        amount: AmountOrAll,
    },
    /// Show what is held for requests; the signer's if not said.
    Purse {
        /// Whose purse.
        payer: Option<AccountId>,
    },
    Open(Open),
    /// Reserve more for a channel of yours.
    TopUp {
        /// The channel.
        channel: u64,
        /// How much more, in NOEMA.
        amount: Amount,
    },
    /// Let another key sign vouchers of a channel of yours, in lanes of its own.
    Grant {
        /// The channel.
        channel: u64,
        #[command(flatten)]
        grant: GrantArgs,
    },
    /// Take a key's right away. Until the chain's lock is over, what it signed before can be redeemed.
    Revoke {
        /// The channel.
        channel: u64,
        /// The session of the key.
        session: u32,
    },
    /// Remove a session that is over and get its deposit back; nothing can be proven of its redemptions any more.
    DropSession {
        /// The channel.
        channel: u64,
        /// The session.
        session: u32,
    },
    /// End a channel: as its payer after the chain's lock, until when the provider can redeem; as its provider at once.
    Close {
        /// The channel.
        channel: u64,
    },
    /// Settle a closing channel whose lock is over; anyone may.
    Settle {
        /// The channel.
        channel: u64,
    },
    /// Remove a settled channel; its deposits go to its payer, and nothing can be proven of its redemptions any more.
    Remove {
        /// The channel.
        channel: u64,
    },
    /// List channels: those of a payer, the signer if not said, or those with a provider.
    Channels {
        /// Whose channels.
        payer: Option<AccountId>,
        /// Those with this provider.
        #[arg(long, value_name = "PROVIDER", conflicts_with = "payer")]
        with: Option<AccountId>,
    },
    /// Show a channel, with its sessions and lanes.
    Channel {
        /// Its number.
        channel: u64,
    },
    Redeem(Redeem),
    /// Show with a receipt of the provider's own that it redeemed more than it was owed: it is slashed, and the payer gets back at least that, while its bond lasts. Anyone may.
    Report {
        /// A signed receipt, as JSON.
        #[arg(value_name = "RECEIPT")]
        receipt: PathBuf,
    },
    VerifyReceipt(VerifyReceipt),
    Receipts(Receipts),
    Chat(Chat),
    Embed(Embed),
    Run(Run),
    /// Run the buyer's proxy: OpenAI's interface on this machine, paid and checked. `proxy --help` tells its settings.
    #[command(disable_help_flag = true)]
    Proxy(Daemon),
    /// Run a provider's gateway: takes vouchers, has an engine work, gives receipts, redeems. `gateway --help` tells its settings.
    #[command(disable_help_flag = true)]
    Gateway(Daemon),
    /// Remove the record of what you paid a provider with which you have no channel; its deposit comes back.
    Forget {
        /// The provider.
        provider: AccountId,
    },
    /// Make a key file for a service or a session, which nobody else can read.
    ///
    /// The key is not under a password, since programs use it: a service key signs receipts, a session key signs vouchers within its limits. Neither can send transactions of your
    /// account.
    NewKey {
        /// The file to make.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Have a conversation of one question through your proxy, which pays and checks the receipt.
#[derive(Clone, Debug, Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) proxy: ProxyArgs,
    /// What the model is told before.
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Tokens of the answer at most.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: u32,
    /// What is asked; read from standard input if nothing is given.
    #[arg(value_name = "MESSAGE")]
    pub(crate) message: Vec<String>,
}

/// Turn texts into vectors through your proxy, one line each.
#[derive(Clone, Debug, Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) proxy: ProxyArgs,
    /// The texts.
    #[arg(value_name = "TEXT", required = true)]
    pub(crate) texts: Vec<String>,
}

/// Which proxy, and what it is asked for.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProxyArgs {
    /// Where a proxy has OpenAI's interface.
    #[arg(
        long,
        env = "NOEMA_PROXY_URL",
        value_name = "URL",
        default_value = PROXY_URL
    )]
    pub(crate) proxy: String,
    /// The model; the first of the market if not said.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// File with the application's key, where the proxy wants one; permissions 600.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Settings of a daemon.
#[derive(Clone, Debug, Args)]
pub(crate) struct Daemon {
    /// What the daemon is told.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "SETTINGS"
    )]
    pub(crate) arguments: Vec<String>,
}

/// List services of active providers. How an answer can be checked is shown with each: unverified means by nothing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Services {
    /// chat, embedding, image, speech or job.
    #[arg(long)]
    pub(crate) kind: Option<Kind>,
    /// The model, as requests name it.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// All of this provider, whether or not it is active.
    #[arg(long, value_name = "PROVIDER", conflicts_with_all = ["kind", "model", "max_input", "max_cached", "max_output", "max_unit", "after"])]
    pub(crate) provider: Option<AccountId>,
    /// At most so much for a million tokens of requests, in NOEMA.
    #[arg(long, value_name = "NOEMA")]
    pub(crate) max_input: Option<Amount>,
    /// At most so much for a million tokens of requests that were cached.
    #[arg(long, value_name = "NOEMA")]
    pub(crate) max_cached: Option<Amount>,
    /// At most so much for a million tokens of answers.
    #[arg(long, value_name = "NOEMA")]
    pub(crate) max_output: Option<Amount>,
    /// At most so much for a unit.
    #[arg(long, value_name = "NOEMA", conflicts_with_all = ["max_input", "max_cached", "max_output"])]
    pub(crate) max_unit: Option<Amount>,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Those after this one, where the list before ended.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) after: Option<u64>,
}

impl Services {
    /// The price that none may be above, if any part of one was said.
    pub(crate) fn at_most(&self) -> Option<Price> {
        let part = |amount: Option<Amount>| amount.map_or(u128::MAX, |amount| amount.0);
        if let Some(unit) = self.max_unit {
            return Some(Price::Units { unit: unit.0 });
        }
        let parts = [self.max_input, self.max_cached, self.max_output];
        parts.iter().any(Option::is_some).then(|| Price::Tokens {
            input: part(self.max_input),
            cached: part(self.max_cached),
            output: part(self.max_output),
        })
    }
}

/// Offer a service as an active compute provider.
#[derive(Clone, Debug, Args)]
pub(crate) struct Announce {
    /// chat, embedding, image, speech or job.
    #[arg(long)]
    pub(crate) kind: Kind,
    /// The model, as requests name it.
    #[arg(long)]
    pub(crate) model: String,
    /// File id of the model's weights, where they are stored.
    #[arg(long, value_name = "FILE_ID")]
    pub(crate) weights: Option<Id>,
    /// Where the gateway answers: https://HOST[:PORT][/PATH]#sha256=KEY; plain http on loopback only.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    #[command(flatten)]
    pub(crate) price: PriceArgs,
    /// Requests that are answered at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) capacity: u32,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

/// Open a channel to the provider of a service, with a key that signs vouchers.
#[derive(Clone, Debug, Args)]
pub(crate) struct Open {
    /// The service.
    pub(crate) service: u64,
    /// What is reserved for it, in NOEMA.
    #[arg(long, value_name = "NOEMA")]
    pub(crate) cap: Amount,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// A key that signs vouchers, and what it may spend.
#[derive(Clone, Debug, Args)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Requests at a time. Each lane has a deposit.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) lanes: u16,
    /// What one request may cost at most, in NOEMA [default: as --limit].
    #[arg(long, value_name = "NOEMA")]
    pub(crate) per_request: Option<Amount>,
    /// What the key may spend in all, in NOEMA [default: what the channel has].
    #[arg(long, value_name = "NOEMA")]
    pub(crate) limit: Option<Amount>,
    /// In how many ticks it expires, a tick being about a second [default: never].
    #[arg(long, value_name = "TICKS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) expires_in: Option<u64>,
}

/// A key by its address, or in a file.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false, id = "key_of")]
pub(crate) struct KeyArgs {
    /// Address of the key that signs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) key: Option<AccountId>,
    /// File with the key that signs; made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// What a request costs.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PriceArgs {
    /// For a million tokens of requests, in NOEMA (chat and embedding).
    #[arg(long, value_name = "NOEMA", required_unless_present = "unit")]
    pub(crate) input: Option<Amount>,
    /// For a million tokens of requests that were cached [default: as --input].
    #[arg(long, value_name = "NOEMA", requires = "input")]
    pub(crate) cached: Option<Amount>,
    /// For a million tokens of answers [default: 0].
    #[arg(long, value_name = "NOEMA", requires = "input")]
    pub(crate) output: Option<Amount>,
    /// For a unit: an image, a second of sound, a million units of fuel.
    #[arg(long, value_name = "NOEMA", conflicts_with_all = ["input", "cached", "output"])]
    pub(crate) unit: Option<Amount>,
}

impl PriceArgs {
    pub(crate) fn price(&self) -> Price {
        match (self.unit, self.input.unwrap_or_default()) {
            (Some(unit), _) => Price::Units { unit: unit.0 },
            (None, input) => Price::Tokens {
                input: input.0,
                cached: self.cached.unwrap_or(input).0,
                output: self.output.unwrap_or_default().0,
            },
        }
    }
}

/// Claim what lanes owe: many in one call, each a voucher and the amount that its receipt states.
///
/// Each claim stands by itself: what is refused is told and can be claimed again. More than the receipts say must not be claimed; what is shown to be too much is slashed several times over.
#[derive(Clone, Debug, Args)]
pub(crate) struct Redeem {
    /// Files with a claim, or a list of claims, as JSON.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) claims: Vec<PathBuf>,
    /// File with the service's key, which signs what is demanded: needed when the hot key sends claims that do not have that signature yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) service_key: Option<PathBuf>,
}

/// Check a receipt: signature, price, amount, and the hashes of what was asked and answered.
///
/// Who signs and the model are read from the chain; with --key, --genesis and --model nothing is asked of a node.
#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyReceipt {
    /// The signed receipt, as JSON.
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// The signed voucher of the request, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) voucher: PathBuf,
    /// The request's body, byte for byte.
    #[arg(long, value_name = "FILE", requires = "route")]
    pub(crate) request: Option<PathBuf>,
    /// The request's route, such as "POST /v1/chat/completions".
    #[arg(long, value_name = "ROUTE", requires = "request")]
    pub(crate) route: Option<String>,
    /// The answer's body, byte for byte. Without it the receipt is payable and the answer unverified.
    #[arg(long, value_name = "FILE")]
    pub(crate) response: Option<PathBuf>,
    /// The answer's HTTP status.
    #[arg(
        long,
        value_name = "STATUS",
        default_value_t = 200,
        requires = "response"
    )]
    pub(crate) status: u16,
    /// The model that was asked for [default: the service's].
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// The key that the channel froze [default: as the chain says].
    #[arg(long, value_name = "ADDRESS", requires = "genesis", requires = "model")]
    pub(crate) key: Option<AccountId>,
    /// Hash of the chain's first block.
    #[arg(long, value_name = "HASH", requires = "key")]
    pub(crate) genesis: Option<Id>,
}

/// A kind of service by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(pub(crate) ServiceKind);

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ServiceKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .map(Self)
            .ok_or_else(|| "expected chat, embedding, image, speech or job".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Option<Amount> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn every_kind_is_named() {
        for kind in ServiceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(Kind(kind)));
        }
        assert!("Chat".parse::<Kind>().is_err());
    }

    #[test]
    fn what_is_cached_costs_as_much_as_the_rest_unless_said() {
        let price = PriceArgs {
            input: amount("1"),
            cached: None,
            output: amount("2"),
            unit: None,
        };
        let noema = crate::amount::NOEMA;
        let expected = Price::Tokens {
            input: noema,
            cached: noema,
            output: 2 * noema,
        };
        assert_eq!(price.price(), expected);
        let unit = PriceArgs {
            input: None,
            output: None,
            unit: amount("3"),
            ..price
        };
        assert_eq!(unit.price(), Price::Units { unit: 3 * noema });
    }
}
