//! `noema account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use noema_chain_client::AccountId;

use crate::amount::Amount;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Make a key and a keystore file for it.
    ///
    /// The file is in the form of Polkadot.js and can be imported there. The recovery phrase is shown once, on
    /// a terminal only; whoever has it has the account.
    New {
        #[command(flatten)]
        file: NewFile,
        /// Words of the recovery phrase: 12 or 24.
        #[arg(long, default_value = "12", value_parser = words)]
        words: usize,
    },
    /// Make a keystore file for a key you have: asks for its recovery phrase or seed, or reads it
    /// from standard input.
    Import {
        #[command(flatten)]
        file: NewFile,
    },
    /// Show the signer's address; needs no password and no network.
    Show,
    /// Show what an account has; the signer's if not said.
    Balance {
        /// SS58, or 0x and 64 hex digits.
        address: Option<AccountId>,
    },
    /// Send funds, keeping the sender's account alive.
    Transfer {
        /// Who gets them.
        to: AccountId,
        /// How much, in NOEMA, with up to 18 decimals.
        amount: Amount,
    },
}

/// A keystore file to be made.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewFile {
    /// The file to make [default: <address>.json, here].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Name that Polkadot.js shows.
    #[arg(long, default_value = "noema")]
    pub(crate) name: String,
}

fn words(text: &str) -> Result<usize, String> {
    match text {
        "12" => Ok(12),
        "24" => Ok(24),
        _ => Err("expected 12 or 24".into()),
    }
}
