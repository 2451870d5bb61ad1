//! `check-upgrade`: rehearses a runtime upgrade on the state of a running chain, with this client's executor and host
//! functions. The rehearsal itself is in `noema-upgrade-check`.

use crate::wasm_cache::WasmCache;
use noema_core::Hash;
use noema_upgrade_check::{fetch, rehearse, snapshot, Upgrade, MAX_BLOCKS};
use sc_cli::{LoggerBuilder, Result};
use sc_service::config::ExecutorConfiguration;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// What is logged on standard error: what the runtimes warn of. `RUST_LOG` adds to it.
const LOG: &str = "warn";

/// Runtimes kept compiled: the present one, the new one, and that with its own checks.
const RUNTIMES: u8 = 3;

/// Rehearse a runtime upgrade on the state of a running chain.
///
/// The present runtime takes the new code as it would from a transaction; the new one then executes blocks in memory until its
/// migrations are done. Fails if the upgrade must not go on. Nothing is submitted.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CheckUpgradeCmd {
    /// Take the state from this node.
    #[arg(
        long,
        value_name = "WS_URL",
        conflicts_with = "snapshot",
        required_unless_present = "snapshot"
    )]
    state: Option<String>,

    /// Take the state from this file, which `--write-snapshot` wrote.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,

    /// Take the state of this block instead of the newest finalised one.
    #[arg(long, value_name = "HASH", requires = "state")]
    at: Option<Hash>,

    /// Keep the state in a file, to check again without a node.
    #[arg(long, value_name = "FILE", requires = "state")]
    write_snapshot: Option<PathBuf>,

    /// The new runtime as it will be handed in, compressed or not.
    #[arg(long, value_name = "WASM", required_unless_present = "write_snapshot")]
    runtime: Option<PathBuf>,

    /// The same runtime built with the feature `try-runtime`: its own checks run as well.
    #[arg(long, value_name = "WASM", requires = "runtime")]
    try_runtime: Option<PathBuf>,

    /// Blocks that migrations may take.
    #[arg(long, value_name = "N", default_value_t = MAX_BLOCKS, value_parser = clap::value_parser!(u32).range(1..))]
    max_blocks: u32,

    /// Have a warning fail the check.
    #[arg(long)]
    strict: bool,

    /// Where the runtime that is rehearsed is kept compiled, for nodes that look there.
    #[clap(flatten)]
    wasm_cache: WasmCache,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,
}

impl CheckUpgradeCmd {
    /// Gets the state, runs the check and prints what it found.
    ///
    /// # Errors
    /// When the check cannot be made, and when the upgrade does not pass it.
    pub(crate) fn run(&self) -> Result<()> {
        LoggerBuilder::new(LOG).init()?;
        let code = self.runtime.as_deref().map(read).transpose()?;
        let with_checks = self.try_runtime.as_deref().map(read).transpose()?;
        let state = match (&self.state, &self.snapshot) {
            (Some(url), _) => tokio::runtime::Runtime::new()?
                .block_on(fetch(url, self.at, &say))
                .map_err(in_words)?,
            (None, Some(file)) => snapshot::read(file).map_err(in_words)?,
            (None, None) => return Err("say where the state is: --state or --snapshot".into()),
        };
        if let Some(file) = &self.write_snapshot {
            snapshot::write(&state, file).map_err(in_words)?;
            say(&format!("wrote {}", file.display()));
        }
        let Some(code) = code else { return Ok(()) };

        let executor = self.wasm_cache.executor(&ExecutorConfiguration {
            runtime_cache_size: RUNTIMES,
            ..Default::default()
        });
        let upgrade = Upgrade {
            code,
            with_checks,
            max_blocks: self.max_blocks,
            strict: self.strict,
        };
        let report = rehearse(executor, state, &upgrade, &say).map_err(in_words)?;
        let mut out = std::io::stdout().lock();
        if self.json {
            let line = serde_json::to_string(&report)
                .map_err(|error| format!("the report cannot be written: {error}"))?;
            writeln!(out, "{line}")?;
        } else {
            write!(out, "{report}")?;
        }
        out.flush()?;
        if report.passed {
            Ok(())
        } else {
            Err("the upgrade does not pass the check".into())
        }
    }
}

/// Progress goes to standard error.
fn say(what: &str) {
    // Nothing can be said when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{what}");
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

fn in_words(error: noema_upgrade_check::Error) -> sc_cli::Error {
    error.to_string().into()
}
