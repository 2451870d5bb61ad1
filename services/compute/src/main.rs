//! The compute market's daemons: `gateway` for providers, `proxy` for buyers.

use std::{error::Error, io::IsTerminal, process::ExitCode, time::Duration};

use clap::Parser;
use noema_chain_client::{ChainClient, ChainError};
use noema_compute::{
    chain::NodeChain,
    config::{Args, Command, LogFormat},
    gateway,
    jobs::run_runner,
    proxy,
};
use tokio::signal::unix::{signal, SignalKind};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Pause between attempts to reach the node at the start.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

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

/// Cancelled by SIGTERM or SIGINT.
fn stopped() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: finishing what is under way");
        stopping.cancel();
    });
    Ok(stop)
}

/// Connects to the node, however long it takes. None if told to stop meanwhile.
async fn connect(node: &str, stop: &CancellationToken) -> Result<Option<ChainClient>, ChainError> {
    loop {
        let connected = tokio::select! {
            connected = ChainClient::connect(node) => connected,
            () = stop.cancelled() => return Ok(None),
        };
        match connected {
            Ok(client) => return Ok(Some(client)),
            Err(error @ ChainError::BadUrl { .. }) => return Err(error),
            Err(error) => tracing::warn!(%error, "trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(CONNECT_PAUSE) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

fn init_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}
