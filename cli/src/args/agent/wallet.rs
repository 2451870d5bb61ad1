//! `noema agent wallet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use noema_chain_client::AccountId;

#[derive(Debug, Subcommand)]
pub(crate) enum Wallet {
    Sign(SignWallet),
    Bind(BindWallet),
    /// Have an agent be paid on its own account again; by the owner or the wallet. For two periods, ratings for what the wallet was paid are taken.
    Unbind {
        /// The agent.
        agent: u64,
        /// File with the wallet's key, which signs and pays the fee [default: the account].
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
}

/// As a wallet, agree to be where an agent is paid, and write that to a file for the agent's owner. Sends nothing and costs nothing.
///
/// It is good for this owner, once, until its deadline.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignWallet {
    /// The agent.
    pub(crate) agent: u64,
    /// Sign only if the agent is this account's.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) owner: Option<AccountId>,
    /// For how many ticks it is good, a tick being about a second [default: the most that the chain allows].
    #[arg(long, value_name = "TICKS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) valid_for: Option<u64>,
    /// File with the wallet's key [default: the account].
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The file to make.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Have an agent of yours be paid on a wallet: by what `sign` wrote, or by its key.
#[derive(Clone, Debug, Args)]
pub(crate) struct BindWallet {
    /// The agent.
    pub(crate) agent: u64,
    /// What the wallet signed.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "key_file",
        conflicts_with = "key_file"
    )]
    pub(crate) consent: Option<PathBuf>,
    /// File with the wallet's key, if it is here.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}
