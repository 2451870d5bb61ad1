//! A seat that lies: the real seat, with somebody before it who changes what it says. It takes the seat's own arguments, so that it can be run in its place; no such thing
//! exists in the seat itself. Honest at first; `PUT /cheat/{way}` changes that.

use std::net::{SocketAddr, TcpListener};

use anyhow::{bail, Context};
use clap::Parser;
use noema_da::{
    chain::NodeChain,
    config::{Args, Command},
    registration::register_key,
    seat,
};
use noema_daemon::{connect, init_logs, stopped};
use noema_tests::da_cheat;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments: Vec<String> = std::env::args().collect();
    let listen = arguments.iter().position(|a| a == "--listen");
    let Some(listen) = listen.and_then(|at| arguments.get_mut(at + 1)) else {
        bail!("expected a seat's arguments with --listen ADDRESS, found {arguments:?}");
    };
    let outside: SocketAddr = listen
        .parse()
        .with_context(|| format!("--listen {listen}"))?;
    // Free now, and taken by the seat a moment later.
    let inside = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    *listen = inside.to_string();

    let args = Args::try_parse_from(&arguments)?;
    init_logs(args.log_format);
    let Command::Seat(args) = args.command else {
        bail!("expected the arguments of a seat, found {arguments:?}");
    };
    let setup = args.into_setup()?;
    let stop = stopped()?;
    let Some(client) = connect(&setup.node, &stop).await? else {
        return Ok(());
    };
    let chain = NodeChain::new(client, setup.operator);
    let (provider, keys) = (setup.config.provider, setup.config.keys.clone());
    tokio::spawn(register_key(chain.clone(), provider, keys, stop.clone()));
    tokio::select! {
        // Ends when it is told to.
        done = seat::run(chain, setup.config, stop, |_| {}) => Ok(done?),
        broken = da_cheat::stand_before(inside, outside) => broken,
    }
}
