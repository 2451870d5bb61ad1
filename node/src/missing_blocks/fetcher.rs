//! The task that asks.

use super::{
    chain::{connected, Unusable},
    list::{Block as Noted, List, Peer},
    Announcements,
};
use futures::channel::oneshot::Canceled;
use sc_client_api::BlockBackend;
use sc_consensus::{import_queue::ImportQueueService, IncomingBlock};
use sc_network::{request_responses::RequestFailure, PeerId};
use sc_network_common::sync::message::{
    generic::BlockRequest, BlockAttributes, Direction, FromBlock,
};
use sc_network_sync::{
    block_relay_protocol::{BlockDownloader, BlockResponseError},
    SyncingService,
};
use sp_blockchain::HeaderBackend;
use sp_consensus::{BlockOrigin, BlockStatus};
use sp_runtime::traits::{Block as BlockT, NumberFor, Saturating};
use std::{sync::Arc, time::Duration};
use tokio::time::{interval, timeout, Instant, MissedTickBehavior};

/// How often it is looked whether something is missing.
const LOOK: Duration = Duration::from_secs(1);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Blocks asked for at once: one, and ancestors. Who is further behind than that is synchronising.
const AT_ONCE: u32 = 64;

/// Why a block did not come.
#[derive(Debug, thiserror::Error)]
enum NotFetched {
    #[error("no answer within {} s", ANSWER.as_secs())]
    TooSlow,
    #[error("the network stopped: {0}")]
    Stopped(#[from] Canceled),
    #[error("the request failed: {0}")]
    Failed(#[from] RequestFailure),
    #[error("the answer cannot be read: {0:?}")]
    Unreadable(BlockResponseError),
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

/// Asks peers for blocks that were announced and did not come.
pub(crate) struct Fetcher<Block: BlockT, Client> {
    pub(crate) client: Arc<Client>,
    pub(crate) sync: Arc<SyncingService<Block>>,
    pub(crate) downloader: Arc<dyn BlockDownloader<Block>>,
}

impl<Block, Client> Fetcher<Block, Client>
where
    Block: BlockT,
    Client: HeaderBackend<Block> + BlockBackend<Block>,
{
    /// Hands what was missing to `import`, until nothing is announced any more, for the network is gone.
    pub(crate) async fn run(
        self,
        mut announcements: Announcements<Block>,
        mut import: Box<dyn ImportQueueService<Block>>,
    ) {
        let mut list = List::new();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                announced = announcements.recv() => match announced {
                    Some(block) => list.note(block, Instant::now()),
                    None => return,
                },
                _ = look.tick() => if let Some(blocks) = self.look(&mut list).await {
                    import.import_blocks(BlockOrigin::NetworkBroadcast, blocks);
                },
            }
        }
    }

    /// Asks for one block, if one is missing. What came, oldest first.
    async fn look(
        &self,
        list: &mut List<Block::Hash, NumberFor<Block>>,
    ) -> Option<Vec<IncomingBlock<Block>>> {
        let now = Instant::now();
        let chain = self.client.info();
        let furthest = chain.best_number.saturating_add(AT_ONCE.into());
        list.retain(now, |block| {
            block.number > chain.finalized_number
                && block.number <= furthest
                && !self.is_known(block.hash)
        });
        if !list.is_due(now) {
            return None;
        }
        let peers = self.sync.peers_info().await.ok()?;
        let peers: Vec<_> = peers
            .into_iter()
            .map(|(id, peer)| Peer {
                id,
                best: Noted {
                    number: peer.best_number,
                    hash: peer.best_hash,
                },
            })
            .collect();
        let (block, peer) = list.next(now, &peers)?;
        let Noted { number, hash } = block;
        let age = list.age(&block, now).as_secs();
        match self.fetch(hash, peer).await {
            Ok(blocks) => {
                tracing::info!(
                    "Block #{number} ({hash}) was announced {age} s ago and did not come: got it and {} ancestors from {peer}",
                    blocks.len().saturating_sub(1)
                );
                Some(blocks)
            }
            Err(error) => {
                tracing::debug!(
                    "Block #{number} ({hash}) was announced {age} s ago and did not come; asked {peer} for it: {error}"
                );
                None
            }
        }
    }

    async fn fetch(
        &self,
        hash: Block::Hash,
        peer: PeerId,
    ) -> Result<Vec<IncomingBlock<Block>>, NotFetched> {
        let request = BlockRequest {
            id: 0,
            fields: BlockAttributes::HEADER
                | BlockAttributes::BODY
                | BlockAttributes::JUSTIFICATION,
            from: FromBlock::Hash(hash),
            direction: Direction::Descending,
            max: Some(AT_ONCE),
        };
        let answer = self.downloader.download_blocks(peer, request.clone());
        let (bytes, _) = timeout(ANSWER, answer)
            .await
            .map_err(|_| NotFetched::TooSlow)???;
        let blocks = self
            .downloader
            .block_response_into_blocks(&request, bytes)
            .map_err(NotFetched::Unreadable)?;
        let known = |hash| self.is_known(hash);
        Ok(connected::<Block>(hash, blocks, peer, known)?)
    }

    /// Whether the block is here or on its way through the import. One whose status cannot be read is taken for known: the database has other
    /// troubles.
    fn is_known(&self, hash: Block::Hash) -> bool {
        self.client
            .block_status(hash)
            .map_or(true, |status| status != BlockStatus::Unknown)
    }
}
