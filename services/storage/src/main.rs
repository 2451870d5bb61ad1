//! The storage provider daemon.

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;
use noema_storage::config::{Args, LogFormat};
use tracing_subscriber::EnvFilter;

/// Threads that handle requests.
const WORKERS: usize = 4;
/// Threads that read the disk and hash; each may hold a segment.
const BLOCKING: usize = 32;

fn main() -> ExitCode {
    let args = Args::parse();
    init_logs(args.log_format());
    let print_endpoint = args.print_endpoint;
    let config = match args.into_config() {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    if print_endpoint {
        return match noema_storage::print_endpoint(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        };
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, WORKERS))
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(noema_storage::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("noema-storage: {error}");
    ExitCode::FAILURE
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
