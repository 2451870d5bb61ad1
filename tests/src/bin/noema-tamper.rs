//! A storage provider that lies: the real daemon, with a proxy before it that changes the segments it serves. It takes the daemon's own
//! arguments, so that it can be run in the daemon's place; no such thing exists in the daemon itself.
//!
//! It is honest at first. `PUT /tamper/{way}` (`flipped-bit`, `short-segment`, `wrong-proof`, `none`) changes that, `GET /tamper` answers
//! with the number of segments tampered with.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use anyhow::{bail, Context};
use clap::Parser;
use noema_storage::config::Args;
use noema_tests::{proxy::Proxy, tamper::Tamperer};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let mut arguments: Vec<String> = std::env::args().collect();
    let listen = arguments.iter().position(|a| a == "--listen");
    let Some(listen) = listen.and_then(|at| arguments.get_mut(at + 1)) else {
        bail!("expected the daemon's arguments with --listen ADDRESS, found {arguments:?}");
    };
    let outside: SocketAddr = listen
        .parse()
        .with_context(|| format!("--listen {listen}"))?;
    // Free now, and taken by the daemon a moment later.
    let inside = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    *listen = inside.to_string();

    let config = Args::try_parse_from(&arguments)?.into_config()?;
    let tamperer = Arc::new(Tamperer::default());
    let mut proxy = Proxy::start(outside, &format!("http://{inside}"), tamperer).await?;
    tokio::select! {
        // Ends when it is told to.
        done = noema_storage::run(config) => Ok(done?),
        () = proxy.ended() => bail!("the proxy ended"),
    }
}
