//! `export-chain-spec`: the SDK's command, which puts in the runtime's code where a specification has none, or leaves it out.

use crate::chain_spec;
use sc_cli::{LoggerBuilder, Result};

/// What is logged on standard error: why the runtime refuses a genesis. `RUST_LOG` adds to it.
const LOG: &str = "error";

/// Write a chain specification as JSON.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportChainSpecCmd {
    #[clap(flatten)]
    sdk: sc_cli::ExportChainSpecCmd,

    /// Leave the runtime's code out: a text to read, compare and keep. Nodes refuse it; exported once more, it has the code
    /// of the client that exports it.
    #[arg(long, conflicts_with = "raw")]
    without_code: bool,
}

impl ExportChainSpecCmd {
    /// Writes the specification.
    ///
    /// # Errors
    /// When there is no such chain or file, it has placeholders still, this client has no runtime to put in, or the result
    /// cannot be written.
    pub(crate) fn run(&self) -> Result<()> {
        LoggerBuilder::new(LOG).init()?;
        let chain = &self.sdk.chain;
        let spec = match self.without_code {
            true => chain_spec::load_without_code(chain)?,
            false => chain_spec::load_to_export(chain)?,
        };
        self.sdk.run(Box::new(spec))
    }
}
