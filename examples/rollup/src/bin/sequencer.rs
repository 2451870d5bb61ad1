//! Puts transactions into batches and posts them.

use std::{io::BufRead, path::PathBuf, time::Duration};

use anyhow::{bail, Context};
use bytes::Bytes;
use clap::Parser;
use futures::stream;
use noema_chain_client::{ChainClient, SigningKey};
use noema_da::{
    client::{GatewayClient, PutOptions},
    gateway::parse_namespace,
    wire::BlobState,
};
use noema_daemon::{key, NODE};
use noema_example_rollup::{
    batch::{Batch, Place, SignedBatch},
    notes::Notes,
};

/// How long it is waited until a batch is posted again.
const PAUSE: Duration = Duration::from_millis(500);
/// How often one is posted before it is given up.
const ATTEMPTS: u32 = 20;

/// Reads transactions from standard input, one on a line, and posts them in batches
#[derive(Debug, Parser)]
#[command(name = "rollup-sequencer", version)]
struct Args {
    /// Where the rollup lives: 56 hex digits
    #[arg(long, value_name = "HEX")]
    namespace: String,
    /// The gateway that pays
    #[arg(long, default_value = "http://127.0.0.1:8402", value_name = "URL")]
    gateway: String,
    /// A node, for the chain's first block
    #[arg(long, default_value = NODE, value_name = "URL")]
    node: String,
    /// File with the sequencer's secret; permissions 600
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A well-known development key: for local networks only
    #[arg(long, value_name = "NAME")]
    dev: Option<String>,
    /// Directory for notes
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Transactions of a batch
    #[arg(long, default_value_t = 100, value_name = "N")]
    batch: usize,
}

/// The batch that was made last, and whether it is known to be available.
type Last = (SignedBatch, bool);

struct Sequencer {
    notes: Notes,
    gateway: GatewayClient,
    options: PutOptions,
    key: SigningKey,
    place: Place,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let namespace = parse_namespace(&args.namespace).context("expected 56 hex digits")?;
    let key = key("key", args.key.as_deref(), args.dev.as_deref())?;
    let key = key.context("give --key FILE, or --dev NAME on a local network")?;
    let genesis = ChainClient::connect(&args.node).await?.genesis_hash().0;
    let sequencer = Sequencer {
        notes: Notes::open(&args.state)?,
        gateway: GatewayClient::new(args.gateway, None),
        options: PutOptions {
            namespace: Some(namespace),
            ..PutOptions::default()
        },
        key,
        place: Place {
            genesis,
            namespace: namespace.0,
        },
    };
    sequencer.finish_last().await?;
    let mut transactions = Vec::new();
    for line in std::io::stdin().lock().lines() {
        transactions.push(line?);
        if transactions.len() >= args.batch.max(1) {
            sequencer.post(std::mem::take(&mut transactions)).await?;
        }
    }
    if !transactions.is_empty() {
        sequencer.post(transactions).await?;
    }
    Ok(())
}

impl Sequencer {
    fn last(&self) -> anyhow::Result<Option<Last>> {
        self.notes.read("last")
    }

    /// What was noted before a crash, and maybe never posted.
    async fn finish_last(&self) -> anyhow::Result<()> {
        match self.last()? {
            Some((signed, false)) => self.until_available(signed).await,
            _ => Ok(()),
        }
    }

    async fn post(&self, transactions: Vec<String>) -> anyhow::Result<()> {
        let (number, parent) = match self.last()? {
            None => (0, [0; 32]),
            Some((last, _)) => (last.batch.number + 1, last.batch.hash()),
        };
        let batch = Batch {
            number,
            parent,
            transactions,
        };
        let signed = batch.sign(&self.key, &self.place);
        // Before it is posted: the same number is never given to something else.
        self.notes.write("last", &(&signed, false))?;
        self.until_available(signed).await
    }

    async fn until_available(&self, signed: SignedBatch) -> anyhow::Result<()> {
        let (number, bytes) = (signed.batch.number, Bytes::from(signed.to_bytes()));
        for _ in 0..ATTEMPTS {
            match self.put(bytes.clone()).await {
                Ok(submission) => {
                    self.notes.write("last", &(&signed, true))?;
                    println!("batch {number} is available as submission {submission}");
                    return Ok(());
                }
                Err(error) => eprintln!("batch {number}: {error:#}; posting it again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("batch {number} did not become available; it is noted, and posted at the next start")
    }

    async fn put(&self, bytes: Bytes) -> anyhow::Result<u64> {
        let size = bytes.len() as u64;
        let pieces = stream::iter([Ok(bytes)]);
        let taken = self.gateway.put(pieces, size, self.options).await?;
        loop {
            let status = self.gateway.status(&taken.id).await?;
            match status.state {
                BlobState::Available => return status.submission.context("a submission"),
                state if state.is_final() => bail!("{state:?}: {:?}", status.reason),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}
