//! `noema`: Noema from the command line.

mod amount;
mod args;
mod commands;
mod download;
mod failure;
mod follow;
mod keyfile;
mod keystore;
mod lookup;
mod output;
mod percent;
mod progress;
mod session;
mod sink;
mod source;
#[cfg(test)]
mod testing;
mod wasm;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{signal, SignalKind};
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Cli, Command},
    failure::Failure,
    output::Output,
    session::Session,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_call(&error),
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("NOEMA_LOG").unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let session = Session::new(cli.global);
    let output = session.output;
    match run(&session, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new("system", format!("cannot start: {e}")))?;
    let result = runtime.block_on(async {
        // It ends in its own way.
        if matches!(command, Command::Up(_)) {
            return commands::run(session, command).await;
        }
        tokio::select! {
            // First, so that a password is asked for before signals are taken.
            biased;
            result = commands::run(session, command) => result,
            // Dropping the command removes what it has not finished.
            () = interrupted() => Err(Failure::interrupted()),
        }
    });
    // Requests that nobody waits for any more must not hold the end up.
    runtime.shutdown_background();
    result
}

async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Then a signal ends the process as it does by default.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Help and version go where clap sends them; a wrong call is told in JSON to who asked for JSON.
fn wrong_call(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && wants_json {
        let text = error.render().to_string();
        Output::new(true).failure(&Failure::usage(text.trim_start_matches("error: ").trim()));
        return ExitCode::from(failure::USAGE);
    }
    // Nothing can be said when the output is gone.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failure::USAGE))
}
