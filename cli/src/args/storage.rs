//! `noema storage`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, ValueEnum};
use noema_chain_client::AccountId;
use noema_storage::ByteSize;

use super::{
    lease::{Accept, Expire, Offer, Renew, TopUp},
    range::ByteRange,
};
use crate::amount::Amount;

#[derive(Debug, Subcommand)]
pub(crate) enum Storage {
    Put(Put),
    Get(Get),
    /// Show a file's deals, who holds its replicas, and what their daemons say.
    Status(Which),
    /// List the files of an account.
    List {
        /// Whose files; the signer's if not said.
        owner: Option<AccountId>,
    },
    Renew(Renew),
    TopUp(TopUp),
    Offer(Offer),
    Accept(Accept),
    Expire(Expire),
    /// Remove your deal over a file; the rounds that have not begun, the credit and the deposit come back.
    Remove {
        /// The file's id.
        file: Id,
    },
    /// Give a provider's slots of a file up (bonded account or hot key); others are drawn in its place.
    ///
    /// A replica that earns is handed over: keep the daemon running, it is audited and paid until its replacement earns. If none comes for as many rounds as the chain
    /// sets, run this again to go without one. A daemon with a deny-list does this by itself.
    Resign(Which),
    /// Compute the 0G Storage root and the id of a file, without any network.
    Root {
        /// The file.
        file: PathBuf,
    },
}

/// Store files and wait until they are proven to be held.
///
/// Computes the root while reading, commits to it on chain, uploads to the first provider that is drawn (the
/// others fetch it from there) and waits for the proofs. Run again after a break it goes on where it was; a file that is
/// stored already costs nothing.
///
/// Several files are priced together and committed to in batches. What cannot be stored is told before anything is paid; a
/// file that fails later does not stop the others.
#[derive(Clone, Debug, Args)]
pub(crate) struct Put {
    /// The file; several, and directories with --recursive.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Store the files in directories and in those below. Symbolic links in them are left out.
    #[arg(long, short)]
    pub(crate) recursive: bool,

    /// How many files are uploaded at the same time, if there are several.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,

    /// How many providers should hold it [default: 3, or as many as the existing deal has].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) replicas: Option<u8>,

    /// For how many rounds it is paid, without those of grace [default: thirty times the chain's least].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,

    /// What it may cost at most, all files together, deposits included [default: what the chain says it costs now].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_price: Option<Amount>,

    /// When to return.
    #[arg(long, value_enum, default_value_t = Wait::Active)]
    pub(crate) wait: Wait,
}

/// How far `put` waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Wait {
    /// One provider has the whole file; the rest goes on without you.
    Assigned,
    /// Most replicas are proven.
    Active,
    /// Every replica is proven.
    All,
}

/// Get a file back, every segment verified against its root.
///
/// Providers that fail or serve something wrong are named, and the download goes on from another. The
/// output appears when it is complete; a failed download leaves nothing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Where to write; `-` for standard output [default: the file's id, here].
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Only these bytes: `A-B` with both included, `A-` to the end, `-N` the last N.
    #[arg(long, value_name = "A-B", allow_hyphen_values = true)]
    pub(crate) range: Option<ByteRange>,

    /// Ask this provider first; the others take over where it fails. May be repeated.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) from: Vec<AccountId>,

    /// Do not ask this provider. May be repeated.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) exclude: Vec<AccountId>,

    /// Replace an existing output file.
    #[arg(long)]
    pub(crate) force: bool,
}

/// A file, by id or by root.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The file's id or its root: 64 hex digits, with or without 0x.
    #[arg(value_name = "ID|ROOT")]
    pub(crate) id: Id,

    /// Size in bytes, to tell apart files of the same root.
    #[arg(long, value_name = "BYTES")]
    pub(crate) size: Option<ByteSize>,
}

/// 32 bytes in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) [u8; 32]);

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes)
            .map(|()| Self(bytes))
            .map_err(|_| "expected 64 hex digits, with or without 0x".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_64_hex_digits() {
        let hex = "0f".repeat(32);
        assert_eq!(hex.parse(), Ok(Id([15; 32])));
        assert_eq!(format!("0x{hex}").parse(), Ok(Id([15; 32])));
        assert!("0f".parse::<Id>().is_err());
    }

    #[test]
    fn waiting_for_all_waits_longest() {
        assert!(Wait::Assigned < Wait::Active && Wait::Active < Wait::All);
    }
}
