#![doc = include_str!("../../README.md")]
#![allow(
    clippy::result_large_err,
    reason = "the SDK's error types are large, and are returned once in the life of a process"
)]

mod chain_spec;
mod service;

use clap::Parser;
use sc_cli::SubstrateCli;

/// The command line of the template's client, as far as measuring needs it.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
    #[clap(flatten)]
    run: sc_cli::RunCmd,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Write a chain specification as JSON.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Stock Template".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        "The stock solochain template, a peer for benchmarks.".into()
    }

    fn author() -> String {
        "the Noema developers".into()
    }

    fn support_url() -> String {
        "the issue tracker of the Noema repository".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
        Ok(Box::new(chain_spec::load(id)?))
    }
}

fn main() -> sc_cli::Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        Some(Subcommand::ExportChainSpec(command)) => command.run(cli.load_spec(&command.chain)?),
        None => {
            let runner = cli.create_runner(&cli.run)?;
            runner.run_node_until_exit(|config| async move {
                service::new_full(config).map_err(sc_cli::Error::Service)
            })
        }
    }
}
