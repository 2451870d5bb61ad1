//! Handing the transfers in.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use futures::{stream, StreamExt, TryStreamExt};
use jsonrpsee::{
    core::{
        client::{ClientT, SubscriptionClientT},
        params::BatchRequestBuilder,
    },
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::Value;
use tokio::{sync::Semaphore, time::timeout};

use super::Options;

/// How long a request may take while the node is busy, and how long it may be without a block.
const PATIENCE: Duration = Duration::from_secs(120);
/// A batch of answers fits; so does a block.
const MESSAGE: u32 = 64 << 20;

/// What happened while all transfers were handed in and included.
pub(crate) struct Submitted {
    /// Time from the first to the last answer.
    pub(crate) submitting: Duration,
    /// Hashes of the blocks that were made meanwhile, by number.
    pub(crate) blocks: BTreeMap<u32, String>,
}

/// Hands all in, in batches, with a bounded number waiting at the node, and returns when the last is in a block.
pub(crate) async fn all(
    url: &str,
    transfers: Arc<Vec<String>>,
    backlog: usize,
    options: &Options,
) -> anyhow::Result<Submitted> {
    let room = Arc::new(Semaphore::new(backlog.max(options.batch)));
    let watching = tokio::spawn(watch(
        connect(url).await?,
        transfers.len(),
        Arc::clone(&room),
    ));
    let batches = Mutex::new(transfers.chunks(options.batch.max(1)));
    let begun = Instant::now();
    let sending = (0..options.connections.max(1)).map(|_| async {
        let client = connect(url).await?;
        let next = || batches.lock().ok().and_then(|mut batches| batches.next());
        stream::iter(std::iter::from_fn(next))
            .map(|batch| send(&client, batch, &room))
            .buffer_unordered(options.window.max(1))
            .try_collect::<()>()
            .await
    });
    futures::future::try_join_all(sending).await?;
    let submitting = begun.elapsed();
    let blocks = watching.await.context("the watch on blocks broke off")??;
    Ok(Submitted { submitting, blocks })
}

/// Connects to a node.
pub(crate) async fn connect(url: &str) -> anyhow::Result<WsClient> {
    WsClientBuilder::default()
        .max_request_size(MESSAGE)
        .max_response_size(MESSAGE)
        .request_timeout(PATIENCE)
        .build(url)
        .await
        .context("connect to the node")
}

async fn send(client: &WsClient, batch: &[String], room: &Semaphore) -> anyhow::Result<()> {
    room.acquire_many(u32::try_from(batch.len())?)
        .await?
        .forget();
    hand_in(client, batch).await
}

/// Hands a batch to a node.
pub(crate) async fn hand_in(client: &WsClient, batch: &[String]) -> anyhow::Result<()> {
    let mut request = BatchRequestBuilder::new();
    for transfer in batch {
        request.insert("author_submitExtrinsic", rpc_params![transfer])?;
    }
    let answers = client.batch_request::<String>(request).await?;
    if let Some(refused) = answers.iter().find_map(|answer| answer.as_ref().err()) {
        anyhow::bail!("the node refuses a transfer: {refused}");
    }
    ensure!(answers.len() == batch.len(), "the node left answers out");
    Ok(())
}

/// Follows the best blocks until they contain `expected` transactions besides inherents. Each that is included makes room for another.
async fn watch(
    client: WsClient,
    expected: usize,
    room: Arc<Semaphore>,
) -> anyhow::Result<BTreeMap<u32, String>> {
    let mut heads = client
        .subscribe::<Value, _>(
            "chain_subscribeNewHeads",
            rpc_params![],
            "chain_unsubscribeNewHeads",
        )
        .await?;
    let mut blocks = BTreeMap::new();
    let mut included = 0;
    while included < expected {
        let head = timeout(PATIENCE, heads.next())
            .await
            .context("the node makes no block")?
            .context("the node closed the connection")??;
        let newest = number(&head)?;
        let first = blocks.last_key_value().map_or(newest, |(last, _)| last + 1);
        for number in first..=newest {
            let hash: String = client
                .request("chain_getBlockHash", rpc_params![number])
                .await?;
            let block: Value = client.request("chain_getBlock", rpc_params![&hash]).await?;
            let extrinsics = block
                .pointer("/block/extrinsics")
                .and_then(Value::as_array)
                .context("expected a block")?;
            // Inherents are not signed: the first byte behind the length says so.
            let signed = extrinsics
                .iter()
                .filter(|extrinsic| is_signed(extrinsic))
                .count();
            included += signed;
            room.add_permits(signed);
            blocks.insert(number, hash);
        }
    }
    Ok(blocks)
}

fn number(head: &Value) -> anyhow::Result<u32> {
    let number = head["number"]
        .as_str()
        .and_then(|hex| hex.strip_prefix("0x"));
    let number = number.context("expected a header with a number")?;
    u32::from_str_radix(number, 16).context("expected a number in hex")
}

/// Of an extrinsic in hex: its length, compact, then the version with the highest bit set if it is signed. A transfer is longer than 63
/// bytes, so that its length takes two.
fn is_signed(extrinsic: &Value) -> bool {
    let version = extrinsic.as_str().and_then(|hex| hex.get(6..8));
    version.and_then(|hex| u8::from_str_radix(hex, 16).ok()) == Some(0x84)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherents_are_told_from_transfers() {
        // The time, and the beginning of a transfer.
        assert!(!is_signed(&"0x280501000b20f0b3".into()));
        assert!(is_signed(&"0x4502840000".into()));
    }

    #[test]
    fn numbers_of_headers_are_hex() {
        assert_eq!(number(&serde_json::json!({"number": "0x1f"})).unwrap(), 31);
        assert!(number(&serde_json::json!({})).is_err());
    }
}
