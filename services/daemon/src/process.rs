//! Logs, signals, and the way to a node.

use std::{io::IsTerminal, time::Duration};

use clap::ValueEnum;
use noema_chain_client::{ChainClient, ChainError};
use tokio::signal::unix::{signal, SignalKind};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Pause between attempts to reach the node at the start.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Writes logs to the standard error, from `info` on or as `RUST_LOG` says. Once in a process.
pub fn init_logs(format: LogFormat) {
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

/// Cancelled by SIGTERM or SIGINT. Must be called within a Tokio runtime.
///
/// # Errors
/// When the system does not let signals be awaited.
pub fn stopped() -> std::io::Result<CancellationToken> {
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
///
/// # Errors
/// When the address is none.
pub async fn connect(
    node: &str,
    stop: &CancellationToken,
) -> Result<Option<ChainClient>, ChainError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_told_to_stop_does_not_wait_for_a_node() {
        let stop = CancellationToken::new();
        stop.cancel();
        let connected = connect("ws://127.0.0.1:9", &stop).await.unwrap();
        assert!(connected.is_none());
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_not_tried_again() {
        let stop = CancellationToken::new();
        let refused = connect("http://127.0.0.1:9", &stop).await;
        assert!(matches!(refused, Err(ChainError::BadUrl { .. })));
    }
}
