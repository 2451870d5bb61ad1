//! The storage provider daemon.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use noema_storage::config::{Args, Command, DoctorArgs, LogFormat};
use tracing_subscriber::EnvFilter;

/// Threads that handle requests.
const WORKERS: usize = 4;
/// Threads that read the disk and hash; each may hold a segment.
const BLOCKING: usize = 32;
/// Descriptors besides those of connections: index, data files, the node, other providers.
const FILES: u64 = 256;

fn main() -> ExitCode {
    let mut args = Args::parse();
    if let Some(Command::Doctor(doctor)) = args.command.take() {
        return examine(args, doctor);
    }
    init_logs(args.log_format(), "info");
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
    raise_file_limit(config.connections.total);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(noema_storage::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, WORKERS))
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
}

/// Prints what an examination finds. Ends with 1 if a check failed.
fn examine(args: Args, doctor: DoctorArgs) -> ExitCode {
    // The report says it all; errors that are logged on the way would only double it.
    init_logs(args.log_format(), "off");
    let json = doctor.wants_json();
    let report = match runtime() {
        Ok(runtime) => runtime.block_on(noema_storage::examine(args, doctor)),
        Err(error) => return fail(&error),
    };
    let mut out = std::io::stdout().lock();
    let written = if json {
        serde_json::to_string(&report)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(out, "{line}"))
    } else {
        write!(out, "{report}")
    };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => fail(&error),
        _ if report.has_failed() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Every connection and every open file is a descriptor, and shells often allow a thousand.
fn raise_file_limit(connections: usize) {
    use nix::sys::resource::{getrlimit, setrlimit, Resource};
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| {
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        Ok(most)
    });
    let wanted = connections as u64 + FILES;
    match raised {
        Ok(most) if most >= wanted => {}
        Ok(most) => tracing::warn!(
            limit = most,
            wanted,
            "too few files may be open for the connections allowed: raise `ulimit -n` or lower max-connections"
        ),
        Err(error) => tracing::warn!(%error, "cannot raise the limit of open files"),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("noema-storage: {error}");
    ExitCode::FAILURE
}

fn init_logs(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}
