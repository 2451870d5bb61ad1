//! What passes from a running job to whoever waits for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::report::{Fault, Report};

/// What a job says, in the order in which it does. Output that nobody took yet is one piece, and of progress only the last is kept: a job
/// that says much cannot make more wait here than its output may be long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobEvent {
    /// The output goes on.
    Output(Bytes),
    /// This much is done, of this much: whatever the job means by it.
    Progress {
        /// Done.
        done: u64,
        /// Of.
        total: u64,
    },
    /// It ended. The last event.
    Ended(Result<Report, Fault>),
}

#[derive(Default)]
struct Waiting {
    output: Vec<u8>,
    progress: Option<(u64, u64)>,
    ended: Option<Result<Report, Fault>>,
}

/// Between the thread of a job and whoever reads it.
#[derive(Default)]
pub(crate) struct Shared {
    waiting: Mutex<Waiting>,
    news: Notify,
}

impl Shared {
    pub(crate) fn output(&self, bytes: &[u8]) {
        self.waiting().output.extend_from_slice(bytes);
        self.news.notify_one();
    }

    pub(crate) fn progress(&self, done: u64, total: u64) {
        self.waiting().progress = Some((done, total));
        self.news.notify_one();
    }

    pub(crate) fn ended(&self, how: Result<Report, Fault>) {
        self.waiting().ended = Some(how);
        self.news.notify_one();
    }

    /// The next event. After the end there is none, and this never returns.
    pub(crate) async fn next(&self) -> JobEvent {
        loop {
            // A permit is kept when something came before this waits.
            if let Some(event) = self.take() {
                return event;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<JobEvent> {
        let mut waiting = self.waiting();
        if !waiting.output.is_empty() {
            return Some(JobEvent::Output(std::mem::take(&mut waiting.output).into()));
        }
        if let Some((done, total)) = waiting.progress.take() {
            return Some(JobEvent::Progress { done, total });
        }
        waiting.ended.take().map(JobEvent::Ended)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that panics is done under the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
