//! What each sub-command does.

use crate::{
    benchmarking, chain_spec,
    cli::{Cli, Subcommand},
    service::{self, FullBackend, FullClient, Parts},
};
use noema_core::{BlockNumber, OpaqueBlock as Block};
use sc_cli::{Result, Runner, SubstrateCli};
use sc_consensus::DefaultImportQueue;
use sc_service::Configuration;
use std::{future::Future, sync::Arc};

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Noema Node".into()
    }

    fn impl_version() -> String {
        env!("SUBSTRATE_CLI_IMPL_VERSION").into()
    }

    fn executable_name() -> String {
        env!("CARGO_PKG_NAME").into()
    }

    fn description() -> String {
        "The client of the Noema chain. Without a sub-command it runs a node.".into()
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

    fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn sc_service::ChainSpec>, String> {
        Ok(Box::new(chain_spec::load(id)?))
    }
}

/// Reads the process's arguments and does what they ask.
///
/// # Errors
/// What went wrong, for the user to read.
pub(crate) fn run() -> Result<()> {
    let cli = Cli::from_process();
    let Some(subcommand) = &cli.subcommand else {
        return run_node(&cli);
    };
    match subcommand {
        Subcommand::Key(command) => command.run(&cli),
        Subcommand::ExportChainSpec(command) => command.run(),
        #[allow(deprecated)]
        Subcommand::BuildSpec(command) => cli
            .create_runner(command)?
            .sync_run(|config| command.run(config.chain_spec, config.network)),
        Subcommand::CheckBlock(command) => {
            on_database(&cli, cli.create_runner(command)?, |opened| {
                command.run::<Block, _, _>(opened.client, opened.import_queue)
            })
        }
        Subcommand::ExportBlocks(command) => {
            on_database(&cli, cli.create_runner(command)?, |opened| {
                command.run::<Block, _>(opened.client, opened.config.database)
            })
        }
        Subcommand::ExportState(command) => {
            on_database(&cli, cli.create_runner(command)?, |opened| {
                command.run::<Block, FullBackend, _>(opened.client, opened.config.chain_spec)
            })
        }
        Subcommand::ImportBlocks(command) => {
            on_database(&cli, cli.create_runner(command)?, |opened| {
                command.run::<Block, _, _>(opened.client, opened.import_queue)
            })
        }
        Subcommand::PurgeChain(command) => cli
            .create_runner(command)?
            .sync_run(|config| command.run(config.database)),
        Subcommand::Revert(command) => on_database(&cli, cli.create_runner(command)?, |opened| {
            command.run::<Block, _, _>(
                opened.client,
                opened.backend,
                Some(Box::new(revert_consensus)),
            )
        }),
        Subcommand::ChainInfo(command) => cli
            .create_runner(command)?
            .sync_run(|config| command.run::<Block>(&config)),
        Subcommand::CheckUpgrade(command) => command.run(),
        Subcommand::Benchmark(command) => benchmarking::run(&cli, command),
    }
}

fn run_node(cli: &Cli) -> Result<()> {
    let runner = cli.create_runner(&cli.run)?;
    let (wasm_cache, monitor) = (cli.wasm_cache.clone(), cli.storage_monitor.clone());
    runner.run_node_until_exit(|config| async move {
        service::new_full(config, &wasm_cache, monitor).map_err(sc_cli::Error::Service)
    })
}

/// What a sub-command that works on the database is given.
struct Opened {
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    import_queue: DefaultImportQueue<Block>,
    config: Configuration,
}

/// Opens the database without a network and runs what `work` makes of it, until it is done or the process is told to
/// stop.
fn on_database<Work, Done>(cli: &Cli, runner: Runner<Cli>, work: Work) -> Result<()>
where
    Work: FnOnce(Opened) -> Done,
    Done: Future<Output = Result<()>>,
{
    runner.async_run(|mut config| {
        let Parts {
            client,
            backend,
            task_manager,
            import_queue,
            other,
            ..
        } = service::new_partial(&mut config, &cli.wasm_cache)?;
        let done = work(Opened {
            client,
            backend,
            import_queue,
            config,
        });
        // The BABE worker is an essential task and ends when nothing can ask it any more.
        let done = async move {
            let result = done.await;
            drop(other);
            result
        };
        Ok((done, task_manager))
    })
}

/// Takes back what BABE and GRANDPA remember about the last `blocks` blocks, none of them finalised.
fn revert_consensus(
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    blocks: BlockNumber,
) -> Result<()> {
    sc_consensus_babe::revert(client.clone(), backend, blocks)?;
    sc_consensus_grandpa::revert(client, blocks)?;
    Ok(())
}
