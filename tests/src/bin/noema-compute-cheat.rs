//! A provider of the compute market that lies: it stands before the real gateway and changes answers and receipts on their way, signing with the service key. No such thing exists in the gateway
//! itself.
//!
//! It is honest at first. `PUT /cheat/{way}` (`edit-byte`, `old-receipt`, `overstate`, `other-price`, `other-model`, `none`) changes that, `GET /cheat` answers with the number of vouchers that
//! passed by.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use noema_chain_client::SigningKey;
use noema_tests::compute_cheat;

/// A gateway that cheats, for tests.
#[derive(Debug, Parser)]
struct Args {
    /// Where the honest gateway answers.
    #[arg(long)]
    behind: String,
    /// The development key that signs receipts.
    #[arg(long)]
    dev_service_key: String,
    /// Hash of the chain's first block, in hexadecimal digits.
    #[arg(long)]
    genesis: String,
    /// Where it answers.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let args = Args::parse();
    let mut genesis = [0; 32];
    hex::decode_to_slice(args.genesis.trim_start_matches("0x"), &mut genesis)
        .context("--genesis: expected 64 hexadecimal digits")?;
    let key = SigningKey::dev(&args.dev_service_key)?;
    let announce = |url: &str| println!("noema-compute-cheat answers at {url}");
    compute_cheat::run(&args.behind, key, genesis, args.listen, announce).await
}
