//! Blobs that were read lately. A seat gives an address no more rows of a blob in a round than rebuild it, so that what many ask this gateway for must not be
//! fetched for each of them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::chain::SubmissionId;

/// Bytes that are kept in all.
const TOTAL: usize = 32 << 20;
/// Bytes of a blob that is kept, at most.
const LARGEST: usize = 4 << 20;

#[derive(Debug, Default)]
struct Known {
    blobs: HashMap<SubmissionId, (u64, Bytes)>,
    bytes: usize,
    /// Counts uses.
    now: u64,
}

/// Whole blobs, by submission: what has one number never changes.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Known>);

impl Cache {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a blob of this size would be kept.
    pub(crate) fn keeps(size: u32) -> bool {
        size as usize <= LARGEST
    }

    pub(crate) fn get(&self, submission: SubmissionId) -> Option<Bytes> {
        let mut known = self.known();
        known.now += 1;
        let now = known.now;
        let (used, bytes) = known.blobs.get_mut(&submission)?;
        *used = now;
        Some(bytes.clone())
    }

    /// Keeps a blob, in the place of those that were not asked for the longest.
    pub(crate) fn put(&self, submission: SubmissionId, bytes: &Bytes) {
        if bytes.len() > LARGEST {
            return;
        }
        let mut known = self.known();
        known.now += 1;
        // Apart from what it was cut from, which would otherwise stay as well.
        let entry = (known.now, Bytes::copy_from_slice(bytes));
        if let Some((_, before)) = known.blobs.insert(submission, entry) {
            known.bytes -= before.len();
        }
        known.bytes += bytes.len();
        while known.bytes > TOTAL {
            let oldest = known.blobs.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(submission, _)| *submission) else {
                return;
            };
            if let Some((_, gone)) = known.blobs.remove(&oldest) {
                known.bytes -= gone.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_bytes_are_bounded() {
        let (cache, blob) = (Cache::default(), Bytes::from(vec![1; LARGEST]));
        for submission in 0..100 {
            cache.put(submission, &blob);
            assert!(cache.get(0).is_some());
        }
        assert!(cache.known().bytes <= TOTAL);
        assert!(cache.get(50).is_none() && cache.get(99).is_some());
        cache.put(99, &blob);
        assert!(cache.known().bytes <= TOTAL);
        cache.put(7, &Bytes::from(vec![1; LARGEST + 1]));
        assert!(cache.get(7).is_none());
    }
}
