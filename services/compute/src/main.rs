//! The compute market's daemons: `gateway` for providers, `proxy` for buyers.

use std::{error::Error, process::ExitCode};

use clap::Parser;
use noema_compute::{
    chain::NodeChain,
    config::{Args, Command},
    gateway,
    jobs::run_runner,
    proxy,
};
use noema_daemon::{connect, init_logs, stopped};

fn main() -> ExitCode {
    let args = Args::parse();
    init_logs(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(args.command));
            // A read of the standard input, or a compilation, is not waited for.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("noema-compute: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    if let Command::JobRunner(args) = command {
        // It ends with its input.
        return Ok(run_runner(args, tokio::io::stdin(), tokio::io::stdout()).await?);
    }
    let stop = stopped()?;
    match command {
        Command::Gateway(args) => {
            let setup = args.into_setup()?;
            let Some(client) = connect(&setup.node, &stop).await? else {
                return Ok(());
            };
            let chain = NodeChain::new(client, setup.operator);
            let announce = |endpoint: &str| println!("noema-compute gateway answers at {endpoint}");
            gateway::run(chain, setup.config, stop, announce).await?;
        }
        Command::Proxy(args) => {
            let setup = args.into_setup()?;
            let Some(client) = connect(&setup.node, &stop).await? else {
                return Ok(());
            };
            let chain = NodeChain::new(client, setup.submitter);
            let announce = |url: &str| println!("noema-compute proxy answers at {url}");
            proxy::run(chain, setup.config, stop, announce).await?;
        }
        Command::JobRunner(_) => {}
    }
    Ok(())
}
