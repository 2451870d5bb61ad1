//! `noema agent`.

pub(crate) mod data;
pub(crate) mod schedule;
pub(crate) mod wallet;

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use noema_agents_primitives::ServiceKind;
use noema_chain_client::AccountId;

use super::{compute::KeyArgs, storage::Id};
use crate::amount::Amount;

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Register an agent of yours.
    Register {
        /// Where it answers: a2a, mcp, openai or web, then = and https://HOST[:PORT][/PATH]#sha256=KEY; plain http on loopback only. One of each at most.
        #[arg(long = "endpoint", value_name = "KIND=URL")]
        endpoints: Vec<Endpoint>,
        /// Its registration file in storage.
        #[arg(long, value_name = "ID")]
        file: Option<Id>,
    },
    /// Show an agent: whose it is, where it answers, what others think of it.
    Show {
        /// Its number.
        agent: u64,
        /// Only what was rated under this tag.
        #[arg(long)]
        tag: Option<String>,
    },
    /// List agents of an owner; the signer's if not said.
    List {
        /// Whose agents.
        owner: Option<AccountId>,
    },
    /// Where an agent is paid: on an account with a key of its own, which agrees by its signature.
    #[command(subcommand)]
    Wallet(wallet::Wallet),
    /// What an agent has committed to, and for whom its keys are sealed.
    #[command(subcommand)]
    Data(data::Data),
    /// Let a user ask an agent of yours for something.
    Authorize {
        /// The agent.
        agent: u64,
        /// Who.
        user: AccountId,
        /// How often.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
        /// For how many ticks, of about a second.
        #[arg(long, value_name = "TICKS")]
        expires_in: u64,
        /// Only for what uses this entry of data.
        #[arg(long, value_name = "NUMBER")]
        data: Option<u32>,
    },
    /// End what a user may ask for.
    Unauthorize {
        /// The agent.
        agent: u64,
        /// Who.
        user: AccountId,
    },
    /// Keys that act for an agent.
    #[command(subcommand)]
    Session(AgentSessions),
    Act(Act),
    /// Acts that anybody can bring when they are due, under the limits of a session.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Give an agent of yours to another owner. Its sessions, usages, scheduled acts and wallet end; data that are yours stop it.
    Transfer {
        /// The agent.
        agent: u64,
        /// To whom.
        to: AccountId,
    },
    /// Offer an agent of yours to somebody, who can then stage data; to nobody, without --to.
    Offer {
        /// The agent.
        agent: u64,
        /// To whom.
        #[arg(long)]
        to: Option<AccountId>,
    },
    /// Take free money out of an agent of yours.
    Withdraw {
        /// The agent.
        agent: u64,
        /// In NOEMA.
        amount: Amount,
    },
    /// End an agent of yours; what is on its account comes back.
    Burn {
        /// The agent.
        agent: u64,
    },
    /// Let an agent of yours be rated under a tag.
    Tag {
        /// The agent.
        agent: u64,
        /// The tag, which stays as long as the agent.
        tag: String,
    },
    Feedback(Feedback),
    /// Take a rating of yours back; its deposit comes back, what it consumed does not.
    RevokeFeedback {
        /// The agent.
        agent: u64,
        /// The rating's number.
        feedback: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentSessions {
    /// List the keys that act for an agent.
    List {
        /// The agent.
        agent: u64,
    },
    Grant(GrantSession),
    /// End a session at once; by the owner or the key.
    Revoke {
        /// The agent.
        agent: u64,
        /// The session's number.
        session: u32,
    },
}

/// Let a key act for an agent of yours, within limits that nobody can widen.
#[derive(Clone, Debug, Args)]
pub(crate) struct GrantSession {
    /// The agent.
    pub(crate) agent: u64,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// A call that it may make, such as Compute.open.
    #[arg(long = "call", required = true, value_name = "PALLET.CALL")]
    pub(crate) calls: Vec<CallName>,
    /// The most that it spends in all, in NOEMA.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) limit: Amount,
    /// The most at once [default: --limit].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) per_use: Option<Amount>,
    /// The most per period [default: --limit].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) per_period: Option<Amount>,
    /// Length of a period in ticks, of about a second.
    #[arg(long, default_value_t = 86_400, value_name = "TICKS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) period: u64,
    /// After how many ticks it may do nothing [default: never].
    #[arg(long, value_name = "TICKS")]
    pub(crate) expires_in: Option<u64>,
}

/// Make a call in an agent's name: by the key of a session, within its limits, or by its owner.
#[derive(Clone, Debug, Args)]
pub(crate) struct Act {
    /// The agent.
    pub(crate) agent: u64,
    /// As the owner, without limits.
    #[arg(long)]
    pub(crate) as_owner: bool,
    /// File with the session's key, which signs and pays the fee [default: the account].
    #[arg(long, value_name = "FILE", conflicts_with = "as_owner")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) deed: Deed,
}

/// What is done in an agent's name.
#[derive(Clone, Debug, Args)]
pub(crate) struct Deed {
    /// Send so much, in NOEMA.
    #[arg(long, value_name = "AMOUNT", requires = "to", conflicts_with = "call")]
    pub(crate) send: Option<Amount>,
    /// To this account.
    #[arg(long, requires = "send")]
    pub(crate) to: Option<AccountId>,
    /// Any call, as SCALE bytes in hex.
    #[arg(long, value_name = "HEX", required_unless_present = "send")]
    pub(crate) call: Option<Bytes>,
}

/// Rate an agent, with what you have paid it, redeemed: so much the rating weighs.
#[derive(Clone, Debug, Args)]
pub(crate) struct Feedback {
    /// The agent.
    pub(crate) agent: u64,
    /// 0 to 100, with up to two decimals.
    pub(crate) rating: Rating,
    /// What of it is consumed, in NOEMA [default: all].
    #[arg(long)]
    pub(crate) amount: Option<Amount>,
    /// What it is about; at most two.
    #[arg(long = "tag")]
    pub(crate) tags: Vec<String>,
    /// To whom it was paid [default: where the agent is paid now].
    #[arg(long)]
    pub(crate) wallet: Option<AccountId>,
}

/// Where an agent answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(pub(crate) ServiceKind, pub(crate) String);

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a2a, mcp, openai or web, then = and the address".to_owned();
        let (kind, url) = text.split_once('=').ok_or_else(expected)?;
        let kind = match kind {
            "a2a" => ServiceKind::A2a,
            "mcp" => ServiceKind::Mcp,
            "openai" => ServiceKind::OpenAi,
            "web" => ServiceKind::Web,
            _ => return Err(expected()),
        };
        Ok(Self(kind, url.to_owned()))
    }
}

/// A call by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallName {
    pub(crate) pallet: String,
    pub(crate) call: String,
}

impl FromStr for CallName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pallet, call) = text
            .split_once('.')
            .ok_or("expected the pallet, a dot and the call, such as Compute.open")?;
        Ok(Self {
            pallet: pallet.to_owned(),
            call: call.to_owned(),
        })
    }
}

/// Bytes in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        hex::decode(digits)
            .map(Self)
            .map_err(|_| "expected bytes in hex, with or without 0x".into())
    }
}

/// Hundredths of a rating of 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rating(pub(crate) u16);

impl FromStr for Rating {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected 0 to 100, with up to two decimals".to_owned();
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        if part.is_empty() || part.len() > 2 {
            return Err(expected());
        }
        let whole: u16 = whole.parse().map_err(|_| expected())?;
        let digits: u16 = part.parse().map_err(|_| expected())?;
        let part = if part.len() == 1 { digits * 10 } else { digits };
        whole
            .checked_mul(100)
            .and_then(|whole| whole.checked_add(part))
            .filter(|rating| *rating <= 10_000)
            .map(Self)
            .ok_or_else(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_have_two_decimals() {
        for (text, rating) in [("0", 0), ("87.5", 8_750), ("99.99", 9_999), ("100", 10_000)] {
            assert_eq!(text.parse(), Ok(Rating(rating)));
        }
        for text in ["100.01", "-1", "1.234", "1.", "", "x"] {
            assert!(text.parse::<Rating>().is_err(), "{text}");
        }
    }

    #[test]
    fn endpoints_and_calls_are_named() {
        let endpoint = Endpoint(ServiceKind::Mcp, "https://a.example/=".into());
        assert_eq!("mcp=https://a.example/=".parse(), Ok(endpoint));
        assert!("mcp".parse::<Endpoint>().is_err());
        assert!("ftp=x".parse::<Endpoint>().is_err());
        assert!("Compute".parse::<CallName>().is_err());
        let call: CallName = "Compute.open".parse().unwrap();
        assert_eq!(
            (call.pallet.as_str(), call.call.as_str()),
            ("Compute", "open")
        );
    }
}
