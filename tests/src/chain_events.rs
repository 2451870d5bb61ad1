//! Events of the finalised chain, written down block by block while a test does other things.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::bail;
use futures::StreamExt;
use noema_chain_client::{BlockNumber, ChainClient, ChainEvent};
use tokio::task::JoinHandle;

use crate::network;

/// How long the events of one block may take, and how far the book may be behind.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was written down.
#[derive(Debug, Default)]
struct Book {
    /// The last block whose events are in here.
    read: BlockNumber,
    events: Vec<(BlockNumber, ChainEvent)>,
    /// Why nothing more is written down.
    broken: Option<String>,
}

/// Writes down the events of some pallets until it is dropped, of every finalised block without a gap.
#[derive(Debug)]
pub struct EventLog {
    book: Arc<Mutex<Book>>,
    task: JoinHandle<()>,
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl EventLog {
    /// Begins with the next finalised block.
    pub fn start(client: &ChainClient, pallets: &'static [&'static str]) -> Self {
        let client = client.clone();
        let mut blocks = Box::pin(client.finalized_blocks(None));
        let book = Arc::<Mutex<Book>>::default();
        let writing = book.clone();
        let task = tokio::spawn(async move {
            while let Some(next) = blocks.next().await {
                // After an error the same block comes again.
                let Ok(block) = next else { continue };
                let what = format!("events of block {}", block.number);
                let events = network::until(&what, PATIENCE, || async {
                    Ok(Some(client.events(block).await?))
                })
                .await;
                let mut book = locked(&writing);
                match events {
                    Ok(events) => {
                        let wanted = events
                            .into_iter()
                            .filter(|event| pallets.contains(&event.pallet.as_str()));
                        book.events
                            .extend(wanted.map(|event| (block.number, event)));
                        book.read = block.number;
                    }
                    Err(error) => {
                        book.broken = Some(format!("{error:#}"));
                        return;
                    }
                }
            }
        });
        Self { book, task }
    }

    /// Waits until the events of this block, which is final, are written down.
    pub async fn until_read(&self, block: BlockNumber) -> anyhow::Result<()> {
        network::until(
            &format!("events of block {block} in the book"),
            PATIENCE,
            || async {
                let book = locked(&self.book);
                if let Some(broken) = &book.broken {
                    bail!("the book ends after block {}: {broken}", book.read);
                }
                Ok((book.read >= block).then_some(()))
            },
        )
        .await
    }

    /// Every event of this name so far, with its block, in order.
    pub fn named(&self, pallet: &str, name: &str) -> Vec<(BlockNumber, ChainEvent)> {
        let book = locked(&self.book);
        let found = book.events.iter().filter(|(_, e)| e.is(pallet, name));
        found.cloned().collect()
    }
}

fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
