//! Reading in the background what is stored, so that damage is found before somebody needs the data.
//!
//! Segment by segment, in the order of the index, each read from the disk and verified against its file's root; what is damaged does not
//! count as held from then on, and is fetched again by the convergence. One segment at a time, so many bytes in a second. How far it is
//! stands in the index, so that it goes on there after a restart. A round never begins sooner than an interval after the one before.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::FileId;
use noema_transport::Rate;
use tokio_util::sync::CancellationToken;

use crate::{
    client::FileRef,
    directory::Directory,
    metrics::Metrics,
    store::{Checked, FileRecord, Round, ScrubProgress, Store, StoreError},
    unix_now,
};

/// Segments looked up at once.
const PAGE: usize = 256;
/// How often it is noted how far the scrub is.
const NOTE: Duration = Duration::from_secs(10);
/// Pause after an error of the store.
const AFTER_ERROR: Duration = Duration::from_secs(30);
/// The longest pause without a look at the clock, which may be set meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The scrub of one store.
pub(crate) struct Scrub {
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) metrics: Metrics,
    /// Bytes in a second.
    pub(crate) rate: Rate,
    /// The least time from the beginning of a round to that of the next.
    pub(crate) interval: Duration,
}

/// Told to stop.
struct Stopped;

impl Scrub {
    /// Scrubs until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.rounds(&stop).await {
                tracing::warn!(%error, "the scrub is interrupted");
                let _ = stop
                    .run_until_cancelled(tokio::time::sleep(AFTER_ERROR))
                    .await;
            }
        }
    }

    /// Round after round until `stop`, or until the store fails.
    async fn rounds(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        let mut progress = self.store.scrub_progress()?;
        self.tell(&progress);
        loop {
            if progress.next.is_none() {
                if self.until_due(&progress, stop).await.is_err() {
                    return Ok(());
                }
                begin(&mut progress);
                tracing::info!("a scrub of everything that is stored begins");
            }
            let ended = self.round(&mut progress, stop).await;
            // Also after an error: what was checked is not checked once more.
            self.store.note_scrub(&progress).await?;
            match ended? {
                Ok(()) => {}
                Err(Stopped) => return Ok(()),
            }
        }
    }

    async fn until_due(
        &self,
        progress: &ScrubProgress,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        loop {
            let pause = due_in(progress, self.interval, unix_now());
            if pause.is_zero() {
                return Ok(());
            }
            let pause = tokio::time::sleep(pause.min(LONGEST_PAUSE));
            stop.run_until_cancelled(pause).await.ok_or(Stopped)?;
        }
    }

    /// Goes on with a round to its end.
    async fn round(
        &self,
        progress: &mut ScrubProgress,
        stop: &CancellationToken,
    ) -> Result<Result<(), Stopped>, StoreError> {
        let mut noted_at = Instant::now();
        while let Some((at, from)) = progress.at() {
            let Some((id, record)) = self.store.file_at_or_after(&at)? else {
                break;
            };
            let from = if id == at { from } else { 0 };
            progress.next = Some((id.0, from));
            let Some(file) = self.file(&id, &record)? else {
                tracing::warn!(file = %id, "the record of a file without a deal is damaged: it is not scrubbed");
                progress.next = after(&id);
                continue;
            };
            let segments = self.store.kept(&id, from, PAGE)?;
            if segments.is_empty() {
                if self.store.reconcile(&file).await? {
                    tracing::error!(file = %id, "the index counted other segments than are held; it is put right");
                }
                progress.next = after(&id);
                continue;
            }
            for index in segments {
                let Some(len) = file.shape.segment_len(index) else {
                    // Beyond the file's end: a record of nothing, which is never read.
                    progress.next = Some((id.0, u64::MAX));
                    break;
                };
                let turn = stop.run_until_cancelled(self.rate.take(len as u64));
                if turn.await.is_none() {
                    return Ok(Err(Stopped));
                }
                self.segment(&file, index, progress).await?;
                progress.next = Some((id.0, index + 1));
                if noted_at.elapsed() >= NOTE {
                    self.store.note_scrub(progress).await?;
                    noted_at = Instant::now();
                }
                self.tell(progress);
            }
        }
        self.end(progress);
        Ok(Ok(()))
    }

    /// The file as the chain knows it, else as its record does. `None` if that is damaged.
    fn file(&self, id: &FileId, record: &FileRecord) -> Result<Option<FileRef>, StoreError> {
        let known = self.directory.file(id)?;
        Ok(known.or_else(|| record.file_ref().filter(|file| file.file == *id)))
    }

    async fn segment(
        &self,
        file: &FileRef,
        index: u64,
        progress: &mut ScrubProgress,
    ) -> Result<(), StoreError> {
        let checked = self.store.check(file, index).await?;
        match checked {
            Checked::Sound(bytes) => {
                progress.bytes = progress.bytes.saturating_add(bytes);
                self.metrics.scrubbed_bytes.inc_by(bytes);
            }
            Checked::Damaged(error) => {
                progress.damaged = progress.damaged.saturating_add(1);
                self.metrics.damaged_segments.inc();
                self.metrics.scrub_damaged_segments.inc();
                tracing::error!(%error, "the scrub found a damaged segment");
            }
            Checked::Gone => return Ok(()),
        }
        progress.segments = progress.segments.saturating_add(1);
        self.metrics.scrubbed_segments.inc();
        Ok(())
    }

    fn end(&self, progress: &mut ScrubProgress) {
        let now = unix_now();
        let round = Round {
            ended: now,
            seconds: now.saturating_sub(progress.began),
        };
        progress.next = None;
        progress.last = Some(round);
        self.tell(progress);
        tracing::info!(
            segments = progress.segments,
            bytes = progress.bytes,
            damaged = progress.damaged,
            seconds = round.seconds,
            "everything that is stored was scrubbed"
        );
    }

    /// Brings the figures up to date.
    fn tell(&self, progress: &ScrubProgress) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let metrics = &self.metrics;
        if let Some(last) = progress.last {
            metrics.scrub_round_seconds.set(gauge(last.seconds));
            metrics.scrub_round_ended.set(gauge(last.ended));
        }
        let position = match progress.next {
            None => 1.0,
            Some(_) => {
                let held = self.store.held_bytes().unwrap_or(0).max(1);
                (progress.bytes as f64 / held as f64).min(1.0)
            }
        };
        metrics.scrub_position.set(position);
    }
}

/// The first place after a file; `None` after the last file that there can be.
fn after(file: &FileId) -> Option<([u8; 32], u64)> {
    let mut next = file.0;
    for byte in next.iter_mut().rev() {
        let (sum, carried) = byte.overflowing_add(1);
        *byte = sum;
        if !carried {
            return Some((next, 0));
        }
    }
    None
}

fn begin(progress: &mut ScrubProgress) {
    *progress = ScrubProgress {
        next: Some(([0; 32], 0)),
        began: unix_now(),
        last: progress.last,
        ..ScrubProgress::default()
    };
}

/// How long until the next round may begin. A clock that was set back makes nobody wait longer than the interval.
fn due_in(progress: &ScrubProgress, interval: Duration, now: u64) -> Duration {
    match progress.last {
        None => Duration::ZERO,
        Some(_) => {
            let since = Duration::from_secs(now.saturating_sub(progress.began));
            interval.saturating_sub(since)
        }
    }
}

#[cfg(test)]
mod tests;
