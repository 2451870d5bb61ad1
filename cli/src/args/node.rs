//! `noema node`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Node {
    /// Show the node's version, chain, peers, best and finalised block, and whether it keeps up.
    Status {
        /// Fail unless it keeps up: for scripts and watchdogs.
        #[arg(long)]
        check: bool,
    },
}
