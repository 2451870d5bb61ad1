//! A chain with a large state, for measuring what an access to the database costs.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use serde_json::Value;
use sp_crypto_hashing::{blake2_128, blake2_256, twox_128};

use crate::specification;

/// What the state is made of.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Accounts besides those of the development chain
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u32,
    /// The node whose chain it is
    #[arg(long)]
    node: PathBuf,
    /// Where the raw chain specification is written
    #[arg(long)]
    output: PathBuf,
}

/// `frame_system::AccountInfo` of an account that nothing refers to, with a balance.
fn account_info(free: u128) -> Vec<u8> {
    /// `pallet_balances::ExtraFlags`: holds are counted as consumers.
    const NEW_LOGIC: u128 = 1 << 127;
    let references = [0u32, 0, 1, 0].map(u32::to_le_bytes).concat();
    let balances = [free, 0, 0, NEW_LOGIC].map(u128::to_le_bytes).concat();
    [references, balances].concat()
}

/// The key of `System::Account` for the account of this number.
fn account_key(number: u32) -> Vec<u8> {
    let account = blake2_256(&number.to_le_bytes());
    let mut key = twox_128(b"System").to_vec();
    key.extend(twox_128(b"Account"));
    key.extend(blake2_128(&account));
    key.extend(account);
    key
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut spec = specification::exported(&options.node, &["--raw", "--chain", "dev"]).await?;
    let top = spec
        .pointer_mut("/genesis/raw/top")
        .and_then(Value::as_object_mut)
        .context("expected a raw specification")?;
    for number in 0..options.accounts {
        let free = 1_000_000_000_000_000_000 + u128::from(number);
        top.insert(
            format!("0x{}", hex::encode(account_key(number))),
            format!("0x{}", hex::encode(account_info(free))).into(),
        );
    }
    let mut file = BufWriter::new(File::create(&options.output)?);
    serde_json::to_writer(&mut file, &spec)?;
    file.flush()?;
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_runtime() {
        let key = hex::encode(account_key(0));
        assert!(key.starts_with("26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9"));
        assert_eq!(key.len(), 2 * (16 + 16 + 16 + 32));
    }

    #[test]
    fn accounts_have_the_length_of_the_runtimes() {
        assert_eq!(account_info(1).len(), 80);
    }
}
