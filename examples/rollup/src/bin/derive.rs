//! Reads what was posted, in the order of the chain, and executes it.

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use codec::{Decode, Encode};
use noema_chain_client::{AccountId, ChainClient};
use noema_da::{
    chain::{Lookup, NodeState},
    client::{BlobReader, SeatClient},
    gateway::parse_namespace,
};
use noema_da_primitives::Namespace;
use noema_daemon::NODE;
use noema_example_rollup::{
    batch::{Place, SignedBatch},
    ledger::Ledger,
    notes::Notes,
};
use serde_json::json;

/// Entries that are read at once.
const PAGE: u32 = 100;

/// Derives the rollup's state from the chain, and prints it
#[derive(Debug, Parser)]
#[command(name = "rollup-derive", version)]
struct Args {
    /// Where the rollup lives: 56 hex digits
    #[arg(long, value_name = "HEX")]
    namespace: String,
    /// Whose batches count
    #[arg(long, value_name = "ACCOUNT")]
    sequencer: AccountId,
    /// A node
    #[arg(long, default_value = NODE, value_name = "URL")]
    node: String,
    /// Directory for notes; without them everything is derived anew
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

/// How far the namespace was read, and what came of it.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct Derived {
    next: u64,
    ledger: Ledger,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let namespace = parse_namespace(&args.namespace).context("expected 56 hex digits")?;
    let notes = Notes::open(&args.state)?;
    let mut derived: Derived = notes.read("derived")?.unwrap_or_default();
    let client = ChainClient::connect(&args.node).await?;
    derive(&client, namespace, &args, &notes, &mut derived).await?;
    let (next, _) = derived.ledger.head();
    let state = json!({
        "batches": next,
        "root": format!("0x{}", hex::encode(derived.ledger.root())),
        "balances": derived.ledger.balances(),
    });
    println!("{state}");
    Ok(())
}

/// Reads everything that is final now.
async fn derive(
    client: &ChainClient,
    namespace: Namespace,
    args: &Args,
    notes: &Notes,
    derived: &mut Derived,
) -> anyhow::Result<()> {
    let place = Place {
        genesis: client.genesis_hash().0,
        namespace: namespace.0,
    };
    let state = client.at_finalized().await?;
    let lookup = Lookup::new(NodeState::new(client.clone()));
    let reader = BlobReader::new(lookup, SeatClient::default());
    loop {
        let page = state
            .namespace_entries(&namespace, derived.next, PAGE)
            .await?;
        for entry in &page.entries {
            let bytes = match &entry.member {
                None => reader.read(entry.submission).await?.bytes,
                Some(member) => reader.member(entry.submission, member.member).await?.bytes,
            };
            if let Some(batch) = SignedBatch::read(&bytes, &args.sequencer, &place) {
                derived.ledger.apply(&batch);
            }
            derived.next = entry.index + 1;
            notes.write("derived", &*derived)?;
        }
        derived.next = derived.next.max(page.next);
        notes.write("derived", &*derived)?;
        if page.next >= page.end {
            return Ok(());
        }
    }
}
