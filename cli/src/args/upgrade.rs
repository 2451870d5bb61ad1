//! `noema upgrade`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use noema_chain_client::Hash;

#[derive(Debug, Subcommand)]
pub(crate) enum Upgrade {
    Build(Build),
    Check(Check),
    Propose(Propose),
    Apply(Apply),
    Status(Status),
}

/// Build the runtime of a commit so that others get the same bytes from it.
///
/// In a fresh worktree at a fixed place, with the toolchain that the commit names, its locked dependencies and nothing of this machine in the
/// code. Prints the hash that governance authorises. Needs git, cargo and about a quarter of an hour the first time.
#[derive(Clone, Debug, Args)]
pub(crate) struct Build {
    /// What to build: a commit, tag or branch.
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub(crate) commit: String,

    /// Build the tree as it stands here, with what is not committed. Nobody can get the same bytes.
    #[arg(long, conflicts_with_all = ["commit", "verify"])]
    pub(crate) allow_dirty: bool,

    /// Build the variant with its own checks as well, which `noema upgrade check --try-runtime` takes.
    #[arg(long)]
    pub(crate) try_runtime: bool,

    /// Fail unless the code has this BLAKE2b-256 hash.
    #[arg(long, value_name = "HASH")]
    pub(crate) verify: Option<Hash>,

    /// Put the code here.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,

    /// Where it is built. Another place gives other bytes.
    #[arg(long, value_name = "DIR", default_value = crate::commands::BUILD_PLACE)]
    pub(crate) place: PathBuf,
}

/// Rehearse an upgrade on the state of the running chain, before anything is proposed.
///
/// Looks at the code itself (chain, version, size, what it wants of the nodes), then has `noema-node check-upgrade` run its migrations in
/// memory. Fails if the upgrade must not go on. Nothing is submitted.
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// The new runtime, compressed or not.
    #[arg(value_name = "WASM")]
    pub(crate) wasm: PathBuf,

    #[command(flatten)]
    pub(crate) rehearsal: Rehearsal,
}

/// How the state of the chain is used.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Rehearsal {
    /// The same runtime built with its own checks (`noema upgrade build --try-runtime`).
    #[arg(long, value_name = "WASM")]
    pub(crate) try_runtime: Option<PathBuf>,

    /// Blocks that migrations may take.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_blocks: Option<u32>,

    /// Have a warning fail the check.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Take the state from this file instead of the node.
    #[arg(long, value_name = "FILE", conflicts_with = "write_snapshot")]
    pub(crate) snapshot: Option<PathBuf>,

    /// Keep the state in a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_snapshot: Option<PathBuf>,
}

/// Check an upgrade, then bring it before those who decide.
///
/// By referendum: the authorisation is put into a preimage, whitelisted by the technical committee and submitted as a referendum on the track of
/// whitelisted callers, with its deposit. By sudo, on development chains: it is authorised at once. Run again it goes on where it was.
#[derive(Clone, Debug, Args)]
pub(crate) struct Propose {
    /// The new runtime, compressed or not.
    #[arg(value_name = "WASM")]
    pub(crate) wasm: PathBuf,

    /// Who decides.
    #[arg(long, value_enum, default_value_t = By::Referendum)]
    pub(crate) by: By,

    /// The signer is a member of the technical committee: propose the whitelisting there, vote for it, close it when enough did.
    #[arg(long)]
    pub(crate) committee: bool,

    /// Members of the committee that have to agree, if more or fewer than two thirds.
    #[arg(long, value_name = "N", requires = "committee", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) threshold: Option<u32>,

    /// Do without the check, or go on though it failed. Says nothing about whether the chain survives.
    #[arg(long, requires = "unchecked")]
    pub(crate) no_check: bool,

    /// Yes, propose a runtime that nobody has checked.
    #[arg(long = "i-know-what-i-do", id = "unchecked", requires = "no_check")]
    pub(crate) unchecked: bool,

    #[command(flatten)]
    pub(crate) rehearsal: Rehearsal,

    /// Do not ask for confirmation.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Who decides about an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Token holders, after the technical committee.
    Referendum,
    /// The sudo key of a development chain.
    Sudo,
}

/// Hand in the code of an authorised upgrade, without a fork and without touching a node.
///
/// Anyone may: no account is needed, and the transaction costs nothing. Returns when finalised blocks run the new runtime and its migrations are
/// done. Run again after a break it goes on where it was.
#[derive(Clone, Debug, Args)]
pub(crate) struct Apply {
    /// The runtime that was authorised, the very same bytes.
    #[arg(value_name = "WASM")]
    pub(crate) wasm: PathBuf,

    /// Do not ask for confirmation.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Where upgrades stand: authorised, pending, in force, migrating; preimage, whitelist and referendum of one of them.
#[derive(Clone, Debug, Args)]
pub(crate) struct Status {
    /// The BLAKE2b-256 hash of a runtime's code, the code itself, or the number of a referendum.
    #[arg(value_name = "HASH|WASM|INDEX")]
    pub(crate) which: Option<String>,
}
