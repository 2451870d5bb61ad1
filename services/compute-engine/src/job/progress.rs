//! What passes from a running job to whoever waits for it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::report::{Fault, Report};

/// Bytes of output in one piece at most.
const PIECE: usize = 64 << 10;

/// What a job says, in the order in which it does. Output that nobody took yet lies in pieces that are full but for the last, and of progress
/// only the last is kept: a job that says much cannot make more wait here than its output may be long, and a piece.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobEvent {
    /// The output goes on, by at most 64 KiB.
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
    output: VecDeque<Vec<u8>>,
    progress: Option<(u64, u64)>,
    ended: Option<Result<Report, Fault>>,
}

impl Waiting {
    fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let mut piece = match self.output.back() {
                Some(last) if last.len() < PIECE => self.output.pop_back().unwrap_or_default(),
                _ => Vec::new(),
            };
            let (now, rest) = bytes.split_at(bytes.len().min(PIECE - piece.len()));
            piece.extend_from_slice(now);
            if piece.len() == PIECE {
                piece.shrink_to_fit();
            }
            self.output.push_back(piece);
            bytes = rest;
        }
    }
}

/// Between the thread of a job and whoever reads it.
pub(crate) struct Shared {
    waiting: Mutex<Waiting>,
    news: Notify,
    /// The job's part of what all outputs may take together: given back when neither side can reach the output any more.
    _room: OwnedSemaphorePermit,
}

impl Shared {
    pub(crate) fn new(room: OwnedSemaphorePermit) -> Self {
        Self {
            waiting: Mutex::default(),
            news: Notify::new(),
            _room: room,
        }
    }

    pub(crate) fn output(&self, bytes: &[u8]) {
        self.waiting().append(bytes);
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
        if let Some(piece) = waiting.output.pop_front() {
            return Some(JobEvent::Output(piece.into()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_takes_no_more_room_than_the_output_and_a_piece() {
        let mut waiting = Waiting::default();
        let mut all = Vec::new();
        for i in 0..3_000usize {
            let bytes = vec![i as u8; i % 777];
            waiting.append(&bytes);
            all.extend(bytes);
        }
        waiting.append(&[7; 3 * PIECE]);
        all.extend([7; 3 * PIECE]);
        assert_eq!(waiting.output.make_contiguous().concat(), all);
        let room: usize = waiting.output.iter().map(Vec::capacity).sum();
        assert!(room <= all.len() + PIECE, "{room} for {}", all.len());
        let [full @ .., _] = waiting.output.make_contiguous() else {
            panic!("nothing");
        };
        assert!(full.iter().all(|piece| piece.len() == PIECE));
    }
}
