//! What was promised while processes were killed: written down when the promise arrives, compared at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
};

use axum::http::{Method, StatusCode};
use noema_chain_client::{AccountId, Balance, BlockRef};
use tokio::sync::Notify;

use crate::proxy::{Intermediary, Segment};

/// The segments that each provider acknowledged with status 204.
#[derive(Debug, Default)]
pub struct SegmentBook {
    acknowledged: Mutex<BTreeMap<usize, BTreeSet<Segment>>>,
}

impl SegmentBook {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, BTreeSet<Segment>>> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything acknowledged so far, by the provider's place in the network.
    pub fn entries(&self) -> Vec<(usize, Segment)> {
        self.lock()
            .iter()
            .flat_map(|(provider, segments)| segments.iter().map(|s| (*provider, s.clone())))
            .collect()
    }
}

/// Stands before one daemon, writes down what it acknowledges and tells when a write begins.
#[derive(Debug)]
pub struct Clerk {
    provider: usize,
    book: Arc<SegmentBook>,
    under_way: AtomicU64,
    begun: Notify,
}

impl Clerk {
    /// A clerk for the provider with this place.
    pub fn new(provider: usize, book: Arc<SegmentBook>) -> Self {
        Self {
            provider,
            book,
            under_way: AtomicU64::new(0),
            begun: Notify::new(),
        }
    }

    /// Waits until the next segment is being written.
    pub async fn next_write(&self) {
        self.begun.notified().await;
    }

    /// Writes begun and neither acknowledged nor refused.
    pub fn writes_under_way(&self) -> u64 {
        self.under_way.load(Ordering::SeqCst)
    }
}

impl Intermediary for Clerk {
    fn on_request(&self, method: &Method, path: &str) {
        if method == Method::PUT && Segment::of_path(path).is_some() {
            self.under_way.fetch_add(1, Ordering::SeqCst);
            self.begun.notify_waiters();
        }
    }

    fn on_answer(&self, method: &Method, path: &str, status: Option<StatusCode>) {
        let Some(segment) = Segment::of_path(path).filter(|_| method == Method::PUT) else {
            return;
        };
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        if status == Some(StatusCode::NO_CONTENT) {
            self.book
                .lock()
                .entry(self.provider)
                .or_default()
                .insert(segment);
        }
    }
}

/// A transfer that was reported final.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// A fresh account, which got nothing else.
    pub to: AccountId,
    /// In the smallest unit.
    pub amount: Balance,
    /// The finalised block.
    pub block: BlockRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_acknowledged_is_written_down() {
        let book = Arc::new(SegmentBook::default());
        let clerk = Clerk::new(2, book.clone());
        let path = |index| {
            Segment {
                file: "f".into(),
                index,
            }
            .path()
        };
        for index in 0..4 {
            clerk.on_request(&Method::PUT, &path(index));
        }
        assert_eq!(clerk.writes_under_way(), 4);
        clerk.on_answer(&Method::PUT, &path(0), Some(StatusCode::NO_CONTENT));
        clerk.on_answer(&Method::PUT, &path(1), None);
        clerk.on_answer(&Method::PUT, &path(2), Some(StatusCode::FORBIDDEN));
        clerk.on_answer(&Method::GET, &path(3), Some(StatusCode::OK));
        assert_eq!(clerk.writes_under_way(), 1);
        assert_eq!(
            book.entries(),
            [(
                2,
                Segment {
                    file: "f".into(),
                    index: 0
                }
            )]
        );
    }
}
