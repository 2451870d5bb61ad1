//! Keeps records in step with the chain: what became available, what was extended, what is over.

use std::time::Duration;

use noema_chain_client::ChainError;
use tokio_util::sync::CancellationToken;

use super::{App, Seat};
use crate::{
    chain::{Parameters, RowAudits, Standing},
    store::{Keep, StoreError},
};

/// Records that are looked at together.
const PAGE: usize = 256;
/// How often the chain is asked about what waits, if blocks come faster.
const LOOK: Duration = Duration::from_secs(2);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Follows the chain until `stop`.
pub(super) async fn run<C: RowAudits>(app: App<C>, stop: CancellationToken) {
    let mut heads = app.lookup.chain().heads();
    // The round for which everything was looked at.
    let mut done = None;
    loop {
        let pause = match app.pass(&mut done).await {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "records could not be brought into step with the chain; trying again");
                PAUSE
            }
        };
        let next = async {
            tokio::time::sleep(pause).await;
            // A chain that is gone will not change; the program is about to end then.
            let _ = heads.changed().await;
        };
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

impl<C: RowAudits> Seat<C> {
    async fn pass(&self, done: &mut Option<u32>) -> Result<(), KeepError> {
        let parameters = self.lookup.parameters().await?;
        self.note_seat(&parameters).await;
        let mut from = 0;
        loop {
            let waiting = self.store.waiting_from(from, PAGE);
            for submission in &waiting {
                self.look(*submission, &parameters).await?;
            }
            match waiting.last() {
                Some(last) if waiting.len() == PAGE => from = last + 1,
                _ => break,
            }
        }
        // What is available changes when a round begins.
        if *done != Some(parameters.era) {
            self.look_at_all(&parameters).await?;
            *done = Some(parameters.era);
        }
        Ok(())
    }

    async fn look_at_all(&self, parameters: &Parameters) -> Result<(), KeepError> {
        let mut from = 0;
        loop {
            let records = self.store.page(from, PAGE)?;
            for record in &records {
                // Rows can be asked for until the window's last round is over.
                if matches!(record.keep, Keep::Until(round) if round < parameters.era) {
                    self.look(record.submission(), parameters).await?;
                }
            }
            match records.last() {
                Some(last) if records.len() == PAGE => from = last.submission() + 1,
                _ => return Ok(()),
            }
        }
    }

    /// Asks the chain how a submission stands whose rows are held, or on their way.
    async fn look(&self, submission: u64, parameters: &Parameters) -> Result<(), KeepError> {
        let info = self.lookup.chain().submission(submission).await?;
        match info {
            Some(info) => {
                if let Standing::Available { .. } = info.standing {
                    self.store.keep_until(submission, info.until).await?;
                }
            }
            // The number was given before the parameters were read, so that its record is gone and not to come: refunded, or its window is over.
            None if submission < parameters.next_submission
                && self.store.get(submission)?.is_some() =>
            {
                self.store.remove(submission).await?;
                self.metrics.deleted.inc();
                tracing::debug!(
                    submission,
                    "rows are deleted: nobody can ask for them any more"
                );
            }
            // A node that is behind, or another one. Nothing is deleted on its word.
            None => {}
        }
        Ok(())
    }

    /// Says which seat this is, for who watches.
    async fn note_seat(&self, parameters: &Parameters) {
        let committee = self.lookup.committee(parameters.era).await.ok();
        let seat = committee.and_then(|committee| committee.seat_of(&self.provider));
        // A committee has a hundred seats.
        self.metrics
            .committee_seat
            .set(seat.map_or(-1, |seat| seat as i64));
    }
}
