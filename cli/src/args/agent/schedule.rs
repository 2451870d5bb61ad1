//! `noema agent schedule`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Deed;
use crate::amount::Amount;

#[derive(Debug, Subcommand)]
pub(crate) enum Schedule {
    /// List the scheduled acts of an agent.
    List {
        /// The agent.
        agent: u64,
    },
    Add(Box<AddSchedule>),
    /// Have a scheduled act not be made; by the owner or the session's key, and by anybody once the session is over.
    Cancel {
        /// The agent.
        agent: u64,
        /// The act's number.
        schedule: u32,
        /// File with the session's key, which signs and pays the fee [default: the account].
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Make a scheduled act that is due, for its reward. Anybody may.
    Run {
        /// The agent.
        agent: u64,
        /// The act's number.
        schedule: u32,
    },
}

/// Have a call be made in an agent's name when it is due, by whoever brings it, within the limits of a session. By the owner or the session's key.
#[derive(Clone, Debug, Args)]
pub(crate) struct AddSchedule {
    /// The agent.
    pub(crate) agent: u64,
    /// Within the limits of this session [default: that of the key that signs].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) session: Option<u32>,
    /// File with the session's key, which signs and pays the fee [default: the account].
    #[arg(long, value_name = "FILE", conflicts_with = "reward")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) deed: Deed,
    /// Due in so many ticks, of about a second.
    #[arg(
        long = "in",
        value_name = "TICKS",
        required_unless_present = "at",
        conflicts_with = "at"
    )]
    pub(crate) due_in: Option<u64>,
    /// Due at this tick.
    #[arg(long, value_name = "TICK")]
    pub(crate) at: Option<u64>,
    /// Due again so many ticks after it was made; what was missed is not made up for.
    #[arg(long, value_name = "TICKS", requires = "times", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: Option<u64>,
    /// How often it is made [default: once].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) times: Option<u32>,
    /// What whoever brings it gets out of the agent's account, each time, in NOEMA; only the owner promises any.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) reward: Option<Amount>,
}
