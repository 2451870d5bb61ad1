//! A storage provider that lies: the real daemon with a proxy before it that changes the segments it serves. It takes the daemon's own
//! arguments, so that it can be run in the daemon's place; no such thing exists in the daemon itself.
//!
//! The way of tampering is set by the environment variable `NOEMA_TAMPER` (`flipped-bit`, `short-segment`, `wrong-proof`, `none`) and changed
//! while it runs by `PUT /tamper/{way}`. The daemon is the program `noema-storage`, found as the local network finds it.

use std::{
    net::{SocketAddr, TcpListener},
    process::Stdio,
    sync::Arc,
};

use anyhow::{bail, Context};
use noema_local_net::Binaries;
use noema_tests::{proxy::Proxy, tamper::Tamperer};
use tokio::signal::unix::{signal, SignalKind};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let way = std::env::var("NOEMA_TAMPER")
        .unwrap_or_else(|_| "none".into())
        .parse()
        .map_err(anyhow::Error::msg)?;
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(listen) = arguments
        .iter()
        .position(|a| a == "--listen")
        .and_then(|at| arguments.get_mut(at + 1))
    else {
        bail!("expected the daemon's arguments with --listen ADDRESS, found {arguments:?}");
    };
    let outside: SocketAddr = listen
        .parse()
        .with_context(|| format!("--listen {listen}"))?;
    // Free now, and taken by the daemon a moment later.
    let inside = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    *listen = inside.to_string();

    let mut daemon = tokio::process::Command::new(Binaries::locate()?.storage)
        .args(&arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the daemon")?;
    let mut proxy = Proxy::start(
        outside,
        &format!("http://{inside}"),
        Arc::new(Tamperer::new(way)),
    )
    .await?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        status = daemon.wait() => bail!("the daemon ended: {}", status?),
        () = proxy.ended() => bail!("the proxy ended"),
        _ = terminated.recv() => {}
    }
    daemon.kill().await.context("cannot end the daemon")
}
