//! `noema upgrade`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Upgrade {
    Apply(Apply),
}

/// Replace the chain's runtime, without a fork and without touching a node.
///
/// The sudo key authorises the hash of the new code, then the code itself is applied, which anyone may. Returns when
/// finalised blocks run the new runtime. Run again after a break it goes on where it was.
#[derive(Clone, Debug, Args)]
pub(crate) struct Apply {
    /// The runtime, compressed or not.
    #[arg(value_name = "WASM")]
    pub(crate) wasm: PathBuf,

    /// Do not ask for confirmation.
    #[arg(long, short)]
    pub(crate) yes: bool,
}
