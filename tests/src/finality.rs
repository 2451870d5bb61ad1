//! Watches finalised blocks go by: every one in turn, and never a long wait for the next.

use std::time::{Duration, Instant};

use futures::StreamExt;
use noema_chain_client::{BlockRef, ChainClient};
use tokio::{sync::oneshot, task::JoinHandle};

/// What was seen of the finalised chain.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Every finalised block since the watch began, in order.
    pub blocks: Vec<BlockRef>,
    /// Longest time between two of them.
    pub longest_wait: Duration,
}

/// Follows the finalised chain in the background.
#[derive(Debug)]
pub struct FinalityWatch {
    end: oneshot::Sender<()>,
    task: JoinHandle<Seen>,
}

impl FinalityWatch {
    /// Starts with the next finalised block.
    pub fn start(client: &ChainClient) -> Self {
        let mut blocks = Box::pin(client.finalized_blocks(None));
        let (end, mut ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut last = Instant::now();
            loop {
                tokio::select! {
                    _ = &mut ended => {
                        seen.longest_wait = seen.longest_wait.max(last.elapsed());
                        return seen;
                    }
                    next = blocks.next() => match next {
                        Some(Ok(block)) => {
                            seen.longest_wait = seen.longest_wait.max(last.elapsed());
                            last = Instant::now();
                            seen.blocks.push(block);
                        }
                        // The same block is tried again.
                        Some(Err(e)) => tracing::warn!(error = %e, "a finalised block could not be read"),
                        None => return seen,
                    },
                }
            }
        });
        Self { end, task }
    }

    /// Ends the watch.
    pub async fn finish(self) -> anyhow::Result<Seen> {
        // It may have ended by itself, with the connection.
        let _ = self.end.send(());
        Ok(self.task.await?)
    }
}

impl Seen {
    /// The first number that is not one more than the one before it.
    pub fn first_gap(&self) -> Option<(u32, u32)> {
        self.blocks
            .windows(2)
            .map(|w| (w[0].number, w[1].number))
            .find(|(a, b)| a.checked_add(1) != Some(*b))
    }
}
