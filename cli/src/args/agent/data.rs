//! `noema agent data`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use noema_chain_client::AccountId;

use super::Bytes;
use crate::args::storage::Id;

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// List what an agent has committed to.
    List {
        /// The agent.
        agent: u64,
    },
    /// Show an entry, with its key as it is sealed for each holder.
    Show {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
    },
    /// Commit to an encrypted file.
    Commit {
        /// The agent.
        agent: u64,
        #[command(flatten)]
        commitment: CommitmentArgs,
        /// What it is.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Replace an entry by another encrypted file, with all its sealed keys.
    ///
    /// After `unseal`, this is what keeps somebody out: who had the key of the old file still opens that.
    Update {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
        #[command(flatten)]
        commitment: CommitmentArgs,
    },
    /// Let holders open an entry: adds their sealed keys, or replaces those they had.
    Seal {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
        /// Who can open it, then = and the file's key, encrypted for that holder: in hex, or @ and a file with its bytes.
        #[arg(required = true, value_name = "HOLDER=KEY")]
        holders: Vec<Sealed>,
    },
    /// Take the sealed keys of holders out of an entry. Who has opened the file can still open it.
    Unseal {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
        /// Whose keys.
        #[arg(required = true, value_name = "HOLDER")]
        holders: Vec<AccountId>,
    },
    /// As whom an agent is offered to: commit to the file that takes the place of an entry with the transfer to you.
    Stage {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
        #[command(flatten)]
        commitment: CommitmentArgs,
    },
    /// Take back what you have staged, and its deposit.
    Unstage {
        /// The agent.
        agent: u64,
        /// The entry's number.
        index: u32,
    },
    /// Remove an entry.
    Drop {
        /// The agent.
        agent: u64,
        /// Its number.
        index: u32,
    },
}

// An encrypted file, and who can open it.
#[derive(Clone, Debug, Args)]
pub(crate) struct CommitmentArgs {
    /// BLAKE2b-256 of the encrypted file.
    pub(crate) hash: Id,
    /// Where it is in storage.
    #[arg(long, value_name = "ID")]
    pub(crate) file: Option<Id>,
    /// Who can open it, then = and the file's key, encrypted for that holder: in hex, or @ and a file with its bytes. One for each holder.
    #[arg(long = "holder", value_name = "HOLDER=KEY")]
    pub(crate) holders: Vec<Sealed>,
}

/// A key that is sealed for a holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) holder: AccountId,
    pub(crate) key: SealedBytes,
}

/// Where the bytes of a sealed key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SealedBytes {
    Here(Vec<u8>),
    In(PathBuf),
}

impl FromStr for Sealed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (holder, key) = text
            .split_once('=')
            .ok_or("expected the holder's address, then = and its sealed key in hex, or @ and a file with it")?;
        let holder = holder
            .parse()
            .map_err(|e: noema_chain_client::types::ParseAccountError| e.to_string())?;
        let key = match key.strip_prefix('@') {
            Some("") => return Err("expected the name of a file after @".into()),
            Some(path) => SealedBytes::In(path.into()),
            None => SealedBytes::Here(key.parse::<Bytes>()?.0),
        };
        Ok(Self { holder, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_keys_are_hex_or_in_a_file() {
        let holder = AccountId([7; 32]);
        let parse = |key: &str| format!("{holder}={key}").parse::<Sealed>();
        let here = Sealed {
            holder,
            key: SealedBytes::Here(vec![1, 2]),
        };
        assert_eq!(parse("0x0102"), Ok(here.clone()));
        assert_eq!(parse("0102"), Ok(here));
        let file = Sealed {
            holder,
            key: SealedBytes::In("a=b".into()),
        };
        assert_eq!(parse("@a=b"), Ok(file));
        assert!(parse("012").is_err());
        assert!(parse("@").is_err());
        assert!("0102".parse::<Sealed>().is_err());
        let nobody = "nobody=0102".parse::<Sealed>().unwrap_err();
        assert!(nobody.contains("not an account"), "{nobody}");
    }
}
