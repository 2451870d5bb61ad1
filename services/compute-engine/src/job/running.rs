//! A job that runs, to whoever waits for it.

use std::sync::{
    atomic::{AtomicBool, AtomicU64, Ordering},
    Arc,
};

use super::{
    progress::{JobEvent, Shared},
    report::{Fault, Report},
};

/// A job that runs. Dropping it cancels the job.
pub struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) used: Arc<AtomicU64>,
}

impl Running {
    /// The next event. After [`JobEvent::Ended`] there is none, and this never returns.
    pub async fn next(&self) -> JobEvent {
        self.shared.next().await
    }

    /// Ends the job, within 20 ms.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Fuel that was used so far: at most [`FUEL_PART`](super::FUEL_PART) less than really was while the job runs; exactly that when it has ended, be it that it was cancelled.
    pub fn fuel(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// All of the output, when the job has ended.
    pub async fn finish(self) -> Result<(Report, Vec<u8>), Fault> {
        let mut output = Vec::new();
        loop {
            match self.next().await {
                JobEvent::Output(bytes) => output.extend_from_slice(&bytes),
                JobEvent::Progress { .. } => {}
                JobEvent::Ended(result) => return result.map(|report| (report, output)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel();
    }
}
