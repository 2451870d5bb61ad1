//! A buyer of the compute market who wants work for nothing: buys once, and then uses the voucher again, for the same request and for another, goes back on what the lane owes, skips a request and
//! changes what was signed. It prints what the gateway made of each, as JSON. The lane is at its second request then.

use anyhow::Context;
use clap::Parser;
use noema_chain_client::{AccountId, SigningKey};
use noema_compute_primitives::Price;
use noema_tests::{buyer::Buyer, compute_market::chat, compute_robber::rob};

/// A buyer that cheats, for tests.
#[derive(Debug, Parser)]
struct Args {
    /// Where the gateway answers.
    #[arg(long)]
    gateway: String,
    /// Hash of the chain's first block, in hexadecimal digits.
    #[arg(long)]
    genesis: String,
    /// The development key that signs vouchers.
    #[arg(long)]
    dev_key: String,
    /// The account that signs receipts.
    #[arg(long)]
    service_key: AccountId,
    /// What pays.
    #[arg(long)]
    channel: u64,
    /// The session of the key.
    #[arg(long)]
    session: u32,
    /// A lane of the session from which nothing was asked.
    #[arg(long)]
    lane: u16,
    /// What is asked.
    #[arg(long)]
    service: u64,
    /// Its model.
    #[arg(long)]
    model: String,
    /// Its price of a million tokens: input, cached, output.
    #[arg(long, num_args = 3)]
    price: Vec<u128>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    noema_transport::install_crypto();
    let mut genesis = [0; 32];
    hex::decode_to_slice(args.genesis.trim_start_matches("0x"), &mut genesis)
        .context("--genesis: expected 64 hexadecimal digits")?;
    let [input, cached, output] = args.price[..] else {
        anyhow::bail!("--price: expected three numbers");
    };
    let model = args.model.into_bytes().try_into();
    let mut buyer = Buyer {
        client: reqwest::Client::builder().no_proxy().build()?,
        gateway: args.gateway,
        genesis,
        key: SigningKey::dev(&args.dev_key)?,
        service_key: args.service_key,
        channel: args.channel,
        session: args.session,
        lane: args.lane,
        service: args.service,
        model: model.ok().context("--model: it is too long")?,
        price: Price::Tokens {
            input,
            cached,
            output,
        },
        nonce: 0,
        owed: 0,
    };
    let tried = rob(
        &mut buyer,
        &chat("words", 5, false),
        &chat("words", 6, false),
    )
    .await?;
    println!("{}", serde_json::to_string(&tried)?);
    Ok(())
}
