//! What a node announces, and when: the blocks that it imports, on every fork, and those that it finalises, each in turn.

use std::{
    collections::HashMap,
    fmt::Display,
    time::{Duration, Instant},
};

use serde_json::Value;
use subxt::{
    config::{
        substrate::{SubstrateConfig, H256},
        RpcConfigFor,
    },
    rpcs::{
        client::{rpc_params, RpcClient},
        methods::chain_head::{ChainHeadRpcMethods, FollowEvent},
    },
};
use tokio::{sync::mpsc, time::sleep};

/// Pause before a node that does not answer is asked again: it may not run.
const PAUSE: Duration = Duration::from_millis(100);

/// A block at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Place of the node in its network.
    pub node: usize,
    /// When it said so.
    pub at: Instant,
    /// Number of the block.
    pub number: u64,
    /// Hash of the block, in hex.
    pub hash: String,
    /// What it said.
    pub seen: Seen,
}

/// What a node says of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It has imported it; on whichever fork.
    Imported,
    /// It has finalised it.
    Finalized,
    /// It had finalised it before it was watched, or while it was not: the moment means nothing.
    Known,
}

/// Follows the node at `url` until the receiver is dropped, also across its restarts.
pub(crate) fn watch(node: usize, url: String) -> mpsc::UnboundedReceiver<Sighting> {
    let (sightings, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let closed = sightings.clone();
        let following = async {
            loop {
                if let Err(reason) = follow(node, &url, &sightings).await {
                    tracing::debug!(%url, %reason, "cannot follow the node, trying again");
                }
                sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = following => {}
            () = closed.closed() => {}
        }
    });
    receiver
}

fn words(error: impl Display) -> String {
    error.to_string()
}

/// Follows the node until it ends, or ends the subscription.
async fn follow(
    node: usize,
    url: &str,
    sightings: &mpsc::UnboundedSender<Sighting>,
) -> Result<(), String> {
    let rpc = RpcClient::from_insecure_url(url).await.map_err(words)?;
    let chain = ChainHeadRpcMethods::<RpcConfigFor<SubstrateConfig>>::new(rpc.clone());
    let mut events = chain.chainhead_v1_follow(false).await.map_err(words)?;
    let id = events
        .subscription_id()
        .map(str::to_owned)
        .ok_or("the node names no subscription")?;
    // Of blocks that are not below the newest finalised one.
    let mut numbers = HashMap::<H256, u64>::new();
    while let Some(event) = events.next().await {
        let at = Instant::now();
        let say = |hash: H256, number: u64, seen: Seen| {
            // Nobody may be listening any more; the task is about to end then.
            let _ = sightings.send(Sighting {
                node,
                at,
                number,
                hash: format!("{hash:?}"),
                seen,
            });
        };
        let mut done = Vec::new();
        match event.map_err(words)? {
            FollowEvent::Initialized(known) => {
                let hashes = known.finalized_block_hashes;
                let first = hashes.first().ok_or("the node has no finalised block")?;
                let first = number_of(&rpc, first).await?;
                for (number, hash) in (first..).zip(&hashes) {
                    numbers.insert(*hash, number);
                    say(*hash, number, Seen::Known);
                }
                done = hashes;
                // Children of the newest are told next.
                done.pop();
            }
            FollowEvent::NewBlock(new) => {
                let parent = match numbers.get(&new.parent_block_hash) {
                    Some(number) => *number,
                    None => number_of(&rpc, &new.parent_block_hash).await?,
                };
                numbers.insert(new.block_hash, parent + 1);
                say(new.block_hash, parent + 1, Seen::Imported);
            }
            FollowEvent::Finalized(finalized) => {
                let hashes = finalized.finalized_block_hashes;
                for hash in &hashes {
                    let number = match numbers.get(hash) {
                        Some(number) => *number,
                        None => number_of(&rpc, hash).await?,
                    };
                    say(*hash, number, Seen::Finalized);
                }
                let newest = hashes.last().copied();
                done = finalized.pruned_block_hashes;
                let below = newest.and_then(|newest| numbers.get(&newest).copied());
                done.extend(
                    numbers
                        .iter()
                        .filter(|(hash, number)| Some(**hash) != newest && Some(**number) <= below)
                        .map(|(hash, _)| *hash),
                );
            }
            FollowEvent::Stop => return Ok(()),
            _ => {}
        }
        done.sort_unstable();
        done.dedup();
        for hash in done {
            numbers.remove(&hash);
            // The node keeps what is not given back, and ends the subscription when that becomes too much. What is pruned and
            // was told before this subscription is none of its blocks.
            let _ = chain.chainhead_v1_unpin(&id, hash).await;
        }
    }
    Ok(())
}

async fn number_of(rpc: &RpcClient, hash: &H256) -> Result<u64, String> {
    let header: Value = rpc
        .request("chain_getHeader", rpc_params![hash])
        .await
        .map_err(words)?;
    header
        .get("number")
        .and_then(Value::as_str)
        .and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok())
        .ok_or_else(|| format!("{header} is not a block header"))
}
