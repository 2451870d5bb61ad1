//! The command line: flags and sub-commands.

use crate::check_upgrade::CheckUpgradeCmd;
use crate::export_chain_spec::ExportChainSpecCmd;
use crate::pruning::{STATE_HISTORY, STATE_HISTORY_ROCKSDB};
use crate::wasm_cache::WasmCache;
use clap::{Command, CommandFactory, FromArgMatches, Parser};
use sc_cli::{RunCmd, SubstrateCli};
use sc_storage_monitor::StorageMonitorParams;
use std::ffi::OsString;

/// The command line of `noema-node`.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    /// What to do instead of running a node.
    #[command(subcommand)]
    pub(crate) subcommand: Option<Subcommand>,

    /// How to run the node.
    #[clap(flatten)]
    pub(crate) run: RunCmd,

    /// Where compiled runtimes are kept.
    #[clap(flatten)]
    pub(crate) wasm_cache: WasmCache,

    /// When to stop for want of disk space.
    #[clap(flatten)]
    pub(crate) storage_monitor: StorageMonitorParams,
}

/// Everything that `noema-node` does besides running a node.
#[derive(Debug, clap::Subcommand)]
#[allow(deprecated)]
pub(crate) enum Subcommand {
    /// Make, inspect and insert keys; sign and verify.
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain specification as JSON.
    ExportChainSpec(ExportChainSpecCmd),

    /// Write a chain specification as JSON, with this node as bootnode. Kept for tools that know no other; use
    /// export-chain-spec.
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Execute a block of the database once more and check its result.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write the state of a block as a raw chain specification.
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file and execute them.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Remove the database of a chain; keys stay.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Take back unfinalised blocks.
    Revert(sc_cli::RevertCmd),

    /// Print the best and the finalised block of the database.
    ChainInfo(sc_cli::ChainInfoCmd),

    /// Rehearse a runtime upgrade on the state of a running chain, in memory: its migrations, and whether every value can
    /// be read afterwards.
    CheckUpgrade(CheckUpgradeCmd),

    /// Measure the runtime (pallet, extrinsic, overhead, block, storage) or the machine.
    #[command(subcommand)]
    Benchmark(Box<frame_benchmarking_cli::BenchmarkCmd>),
}

impl Cli {
    /// Reads the process's arguments; prints the error or the help and ends the process where clap would.
    pub(crate) fn from_process() -> Self {
        Self::try_from_arguments(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads the given arguments, the program's name first.
    ///
    /// # Errors
    /// What clap reports: unknown or conflicting arguments, or a request for help or version.
    pub(crate) fn try_from_arguments<A>(arguments: A) -> Result<Self, clap::Error>
    where
        A: IntoIterator,
        A::Item: Into<OsString> + Clone,
    {
        let command = with_our_defaults(<Self as SubstrateCli>::setup_command(Self::command()));
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }
}

/// Sets our defaults where the SDK's flags carry others, in this command and all below it.
///
/// The database is ParityDB even in a build that also knows RocksDB. The state history is chosen in [`crate::pruning`],
/// only the help is corrected here.
fn with_our_defaults(mut command: Command) -> Command {
    let has = |command: &Command, id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    if has(&command, "database") {
        command = command.mut_arg("database", |arg| arg.default_value("paritydb"));
    }
    if has(&command, "state_pruning") {
        command = command.mut_arg("state_pruning", |arg| {
            let text = format!(
                "State history to keep: `archive`, `archive-canonical`, or a number of finalised blocks [default: \
                 archive-canonical on development chains, else {STATE_HISTORY} blocks (4 hours), with RocksDB \
                 {STATE_HISTORY_ROCKSDB}]",
            );
            let more = format!(
                "{text}\n\nThe database remembers whether it was created as an archive and refuses a change of that. \
                 The number may change from one start to the next, but state that is gone does not come back. \
                 Without the flag an archive stays an archive.",
            );
            arg.help(text).long_help(more)
        });
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, with_our_defaults);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_cli::{CliConfiguration, Database};

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_from_arguments(std::iter::once("noema-node").chain(line.split_whitespace()))
    }

    fn parsed(line: &str) -> Cli {
        parse(line).unwrap_or_else(|error| panic!("`{line}` is refused: {error}"))
    }

    #[test]
    fn the_definition_is_sound() {
        with_our_defaults(<Cli as SubstrateCli>::setup_command(Cli::command())).debug_assert();
    }

    #[test]
    fn every_subcommand_parses() {
        for line in [
            "key generate",
            "export-chain-spec --chain dev --raw",
            "export-chain-spec --chain four-validators --without-code --output spec.json",
            "build-spec --chain local --raw --disable-default-bootnode",
            "check-block --chain dev 1",
            "export-blocks --chain dev --to 10 blocks.json",
            "export-state --chain dev 1",
            "import-blocks --chain dev blocks.json",
            "purge-chain --chain dev -y",
            "revert --chain dev 3",
            "chain-info --chain dev",
            "check-upgrade --state ws://127.0.0.1:9944 --runtime new.wasm --try-runtime checks.wasm --strict --json",
            "check-upgrade --snapshot state.snap --runtime new.wasm --max-blocks 5",
            "check-upgrade --state ws://127.0.0.1:9944 --write-snapshot state.snap",
            "benchmark machine --chain dev",
            "benchmark overhead --chain dev",
            "benchmark extrinsic --chain dev --pallet system --extrinsic remark",
            "benchmark block --chain dev --from 1 --to 2",
            "benchmark pallet --chain dev --pallet * --extrinsic *",
        ] {
            assert!(
                parsed(line).subcommand.is_some(),
                "`{line}` is no sub-command"
            );
        }
    }

    #[test]
    fn the_database_is_paritydb_unless_chosen_otherwise() {
        let run = parsed("--dev").run;
        assert_eq!(run.database().expect("a choice"), Some(Database::ParityDb));
        let Some(Subcommand::ChainInfo(command)) = parsed("chain-info").subcommand else {
            panic!("`chain-info` is a sub-command");
        };
        assert_eq!(
            command.database().expect("a choice"),
            Some(Database::ParityDb)
        );
    }

    #[test]
    fn state_pruning_is_left_to_the_client_unless_given() {
        assert!(parsed("--dev")
            .run
            .state_pruning()
            .expect("valid")
            .is_none());
        let archive = parsed("--dev --state-pruning archive")
            .run
            .state_pruning()
            .expect("valid");
        assert!(archive.is_some_and(|mode| mode.is_archive()));
    }

    #[test]
    fn dev_authors_as_alice() {
        let run = parsed("--dev").run;
        assert!(run.is_dev().expect("known"));
        assert!(run.role(true).expect("known").is_authority());
        assert_eq!(
            run.dev_key_seed(true).expect("known").as_deref(),
            Some("//Alice")
        );
    }

    #[test]
    fn the_help_names_our_state_history_and_not_the_sdks() {
        let help = parse("--help").expect_err("help is printed").to_string();
        assert!(help.contains("14400 blocks"), "{help}");
        assert!(!help.contains("[default: 256]"), "{help}");
    }

    #[test]
    fn contradicting_flags_are_refused() {
        assert!(parse("--tmp --base-path somewhere").is_err());
        assert!(parse("--alice --bob").is_err());
        assert!(parse("export-chain-spec --raw --without-code").is_err());
        assert!(parse("check-upgrade --runtime new.wasm").is_err());
        assert!(parse("check-upgrade --state ws://a --snapshot b --runtime new.wasm").is_err());
        assert!(parse("check-upgrade --snapshot b --at 0x00 --runtime new.wasm").is_err());
        assert!(parse("check-upgrade --state ws://a").is_err());
    }
}
