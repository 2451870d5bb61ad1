//! Follows the finalised chain: by subscription, and by polling whenever that is silent. Only the
//! newest block counts; nothing depends on having seen every notification.

use std::time::{Duration, Instant};

use codec::Encode;
use subxt::{
    config::{
        substrate::{BlakeTwo256, SubstrateHeader, H256},
        Hasher,
    },
    rpcs::{methods::legacy::LegacyRpcMethods, Error as RpcError},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    client::Legacy,
    types::{BlockNumber, BlockRef, Hash},
};

/// Silence after which the node is asked directly.
const SILENCE: Duration = Duration::from_secs(6);
/// Pause after a failure, doubled with each further one.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(4);
/// How often a failure that lasts is written to the log.
const WARN_AGAIN: Duration = Duration::from_secs(30);

/// A finalised block and when this client first saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the block.
    pub number: BlockNumber,
    /// Hash of the block.
    pub hash: Hash,
    /// When this client learnt that it is final.
    pub seen_at: Instant,
}

impl Head {
    /// The block without the time.
    pub fn block(&self) -> BlockRef {
        BlockRef {
            number: self.number,
            hash: self.hash,
        }
    }
}

/// Number and hash of a header.
pub(crate) fn block_of(header: &SubstrateHeader<H256>) -> BlockRef {
    let number = BlockNumber::try_from(header.number).unwrap_or(BlockNumber::MAX);
    BlockRef {
        number,
        hash: Hash(BlakeTwo256.hash(&header.encode()).0),
    }
}

/// Asks the node for its finalised block.
pub(crate) async fn poll_finalized(legacy: &LegacyRpcMethods<Legacy>) -> Result<Head, RpcError> {
    let hash = legacy.chain_get_finalized_head().await?;
    let header = legacy
        .chain_get_header(Some(hash))
        .await?
        .ok_or_else(|| RpcError::Client("the node lacks its own finalised block".into()))?;
    let number = BlockNumber::try_from(header.number).unwrap_or(BlockNumber::MAX);
    Ok(Head {
        number,
        hash: Hash(hash.0),
        seen_at: Instant::now(),
    })
}

/// Starts following. The task ends when its handle is dropped.
pub(crate) fn spawn(
    url: String,
    legacy: LegacyRpcMethods<Legacy>,
    genesis: Hash,
    first: Head,
) -> (watch::Receiver<Head>, AbortOnDropHandle<()>) {
    let (heads, receiver) = watch::channel(first);
    let task = tokio::spawn(async move {
        let mut pause = PAUSE;
        let mut warned_at: Option<Instant> = None;
        loop {
            let began = Instant::now();
            let ended = follow(&legacy, genesis, &heads).await;
            if began.elapsed() > SILENCE * 2 {
                pause = PAUSE;
            }
            match ended {
                Ok(()) => tracing::debug!(%url, "finalised-block subscription ended, renewing it"),
                Err(reason) if warned_at.is_none_or(|at| at.elapsed() > WARN_AGAIN) => {
                    tracing::warn!(%url, %reason, "cannot follow finalised blocks, trying again");
                    warned_at = Some(Instant::now());
                }
                Err(reason) => tracing::debug!(%url, %reason, "cannot follow finalised blocks"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    });
    (receiver, AbortOnDropHandle::new(task))
}

/// Follows until the subscription ends or misbehaves.
async fn follow(
    legacy: &LegacyRpcMethods<Legacy>,
    genesis: Hash,
    heads: &watch::Sender<Head>,
) -> Result<(), String> {
    let limit = |what: &'static str| move |_| format!("{what}: no answer");
    let found = timeout(SILENCE, legacy.genesis_hash())
        .await
        .map_err(limit("genesis hash"))?
        .map_err(|e| e.to_string())?;
    if found.0 != genesis.0 {
        return Err(format!(
            "the node serves another chain: expected genesis {genesis}, found {}",
            Hash(found.0)
        ));
    }
    let mut subscription = timeout(SILENCE, legacy.chain_subscribe_finalized_heads())
        .await
        .map_err(limit("subscription to finalised blocks"))?
        .map_err(|e| e.to_string())?;
    loop {
        match timeout(SILENCE, subscription.next()).await {
            Ok(Some(Ok(header))) => {
                let BlockRef { number, hash } = block_of(&header);
                advance(
                    heads,
                    Head {
                        number,
                        hash,
                        seen_at: Instant::now(),
                    },
                );
            }
            Ok(Some(Err(e))) => return Err(e.to_string()),
            Ok(None) => return Ok(()),
            Err(_) => {
                let head = timeout(SILENCE, poll_finalized(legacy))
                    .await
                    .map_err(limit("finalised block"))?
                    .map_err(|e| e.to_string())?;
                if advance(heads, head) {
                    // The chain went on and the subscription did not say so.
                    return Ok(());
                }
            }
        }
    }
}

/// Publishes `head` if it is newer than the last. A node that restarted may be behind for a
/// while: finality never goes back, so what was seen stays.
fn advance(heads: &watch::Sender<Head>, head: Head) -> bool {
    heads.send_if_modified(|known| {
        let newer = head.number > known.number;
        if newer {
            *known = head;
        }
        newer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: BlockNumber) -> Head {
        Head {
            number,
            hash: Hash([number as u8; 32]),
            seen_at: Instant::now(),
        }
    }

    #[test]
    fn advance_never_goes_back() {
        let (sender, receiver) = watch::channel(head(5));
        assert!(advance(&sender, head(7)));
        assert!(!advance(&sender, head(6)));
        assert!(!advance(&sender, head(7)));
        assert_eq!(receiver.borrow().number, 7);
    }
}
