//! Doing what the finalised state asks for. At every finalised block the slots of this provider are
//! looked at anew; whatever was missed, lost or failed before is seen again here.

mod act;
mod calls;
mod look;
mod pass;
mod pulls;
mod record;
mod room;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, BlockNumber, ChainError, FileId, Head};
use noema_transport::{Pin, Rate};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    chain_view::{ChainView, StateView},
    client::{FileRef, StorageClient},
    deny::DenyList,
    directory::Directory,
    gc,
    metrics::Metrics,
    penalty::Penalties,
    store::{Store, StoreError},
};
use calls::Calls;
use pulls::Pulls;

/// How often data without a deal is looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// What the loop and its tasks share.
pub(crate) struct Shared<C> {
    pub(crate) chain: C,
    pub(crate) provider: AccountId,
    pub(crate) operator: AccountId,
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) metrics: Metrics,
    pub(crate) client: StorageClient,
    pub(crate) penalties: Penalties,
    pub(crate) grace: Duration,
    /// Pin of the daemon's own TLS key; `None` if connections to it are plain.
    pub(crate) pin: Option<Pin>,
    /// Roots whose slots are given back.
    pub(crate) denied: DenyList,
    /// Bytes fetched from peers in a second.
    pub(crate) pull_rate: Rate,
}

/// The calls, for the loop and its tasks.
#[derive(Clone, Debug, Default)]
struct SharedCalls(Arc<Mutex<Calls>>);

impl SharedCalls {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Converger<C: ChainView> {
    shared: Arc<Shared<C>>,
    calls: SharedCalls,
    tasks: JoinSet<()>,
    pulls: Pulls,
    /// The newest block at which all slots were looked at since the start.
    looked_at: Option<BlockNumber>,
    swept_at: Option<Instant>,
    record_checked_at: Option<Instant>,
    /// Files that are known to be without room, so that each is told once.
    without_room: HashSet<FileId>,
    /// Whether it was told that the disk is too full to say ready.
    told_full: bool,
}

impl<C: ChainView> Converger<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>) -> Self {
        Self {
            shared,
            calls: SharedCalls::default(),
            tasks: JoinSet::new(),
            pulls: Pulls::default(),
            looked_at: None,
            swept_at: None,
            record_checked_at: None,
            without_room: HashSet::new(),
            told_full: false,
        }
    }

    /// Acts on every finalised block until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut heads = self.shared.chain.heads();
        loop {
            let head = *heads.borrow_and_update();
            tokio::select! {
                done = self.step(head) => if let Err(error) = done {
                    tracing::warn!(%error, block = head.number, "cannot act on a finalised block");
                },
                () = stop.cancelled() => return,
            }
            while self.tasks.try_join_next().is_some() {}
            // The time limit lets pauses end and data be swept while the chain stands still.
            tokio::select! {
                changed = heads.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(Duration::from_secs(10)) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Acts on one finalised state.
    pub(crate) async fn step(&mut self, head: Head) -> Result<(), StepError> {
        let shared = self.shared.clone();
        let state = shared.chain.at(head.block()).await?;
        shared.denied.refresh();
        let mut pass = self.look(&state, head.number).await?;
        // Before uploads of new files are let in at the start: those that have something already come first.
        self.keep_room(&pass)?;
        if pass.trouble.is_none() {
            shared.directory.set_known();
        }
        self.act(pass.take_due(), &state)?;
        self.fetch(&pass)?;
        if let Some(error) = pass.trouble {
            // What a slot is may not be noted: nothing is deleted by such notes.
            return Err(error);
        }
        drop(pass);
        self.sweep(&state).await?;
        self.check_record(&state).await;
        Ok(())
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock()
    }

    async fn sweep(&mut self, state: &C::State) -> Result<(), StepError> {
        if self.swept_at.is_some_and(|at| at.elapsed() < SWEEP) {
            return Ok(());
        }
        self.swept_at = Some(Instant::now());
        let block_time = Duration::from_millis(state.timestamp_ms().await?).as_secs();
        let asked = state.challenges(&self.shared.provider).await?;
        let items = asked.into_iter().flat_map(|asked| asked.items);
        let challenged: HashSet<FileId> = items
            .filter_map(|item| FileRef::new(item.root, item.size).ok())
            .map(|file| file.file)
            .collect();
        let deleted = gc::sweep(
            &self.shared.store,
            &self.shared.directory,
            self.shared.grace,
            block_time,
            &challenged,
        )
        .await?;
        self.shared.metrics.deleted_files.inc_by(deleted);
        Ok(())
    }
}

/// Why a step failed. The next finalised block tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
