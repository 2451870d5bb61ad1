//! How much is held, and for whom.

use std::collections::{BTreeMap, HashMap};

use super::{StoreError, MOST_UPLOADS};
use crate::chain::SubmissionId;

/// Submissions that may wait for attestation at a time: bounds what is remembered of them.
const MOST_WAITING: usize = 1 << 16;

/// How much may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of all shards.
    pub total: u64,
    /// Of these, what may wait for attestation.
    pub waiting: u64,
    /// Bytes of one payer's blobs that may wait for attestation, as on chain.
    pub payer: u64,
    /// Bytes that stay free on the disk.
    pub reserve: u64,
}

/// A shard that counts as waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) payer: [u8; 32],
    /// Bytes of the blob.
    pub(super) blob: u64,
    /// Bytes of the shard.
    pub(super) shard: u64,
    /// Whether it is there, and not only on its way.
    pub(super) held: bool,
}

/// What is held and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) held: u64,
    pub(super) shards: u64,
    waiting_bytes: u64,
    waiting: BTreeMap<SubmissionId, Waiting>,
    payers: HashMap<[u8; 32], u64>,
    /// Uploads under way.
    uploads: HashMap<SubmissionId, usize>,
    /// Bytes for which room is kept on behalf of uploads.
    coming: u64,
}

impl Books {
    /// Lets an upload begin, and keeps room for it.
    pub(super) fn begin(
        &mut self,
        submission: SubmissionId,
        new: Waiting,
        budget: &Budget,
        free: u64,
    ) -> Result<(), StoreError> {
        if self
            .waiting
            .get(&submission)
            .is_some_and(|known| known.held)
        {
            return Err(StoreError::Held { submission });
        }
        let under_way = self.uploads.get(&submission).copied().unwrap_or(0);
        if under_way >= MOST_UPLOADS {
            let most = MOST_UPLOADS;
            return Err(StoreError::UnderWay { submission, most });
        }
        let is_first = under_way == 0;
        if is_first {
            self.admit(new, budget)?;
        }
        let found = self.held + self.coming + new.shard;
        if found > budget.total {
            let most = budget.total;
            return Err(StoreError::BudgetFull { found, most });
        }
        let reserve = budget.reserve;
        if free
            < reserve
                .saturating_add(self.coming)
                .saturating_add(new.shard)
        {
            return Err(StoreError::DiskFull { free, reserve });
        }
        self.coming += new.shard;
        *self.uploads.entry(submission).or_default() += 1;
        if is_first {
            self.wait(submission, new);
        }
        Ok(())
    }

    fn admit(&self, new: Waiting, budget: &Budget) -> Result<(), StoreError> {
        let of_payer = self.payers.get(&new.payer).copied().unwrap_or(0);
        let found = of_payer + new.blob;
        if found > budget.payer {
            let most = budget.payer;
            return Err(StoreError::PayerFull { found, most });
        }
        let found = self.waiting_bytes + new.shard;
        if found > budget.waiting {
            let most = budget.waiting;
            return Err(StoreError::WaitingFull { found, most });
        }
        match self.waiting.len() < MOST_WAITING {
            true => Ok(()),
            false => Err(StoreError::TooManyWait { most: MOST_WAITING }),
        }
    }

    /// Counts a shard among those that wait.
    pub(super) fn wait(&mut self, submission: SubmissionId, new: Waiting) {
        if self.waiting.insert(submission, new).is_none() {
            self.waiting_bytes += new.shard;
            *self.payers.entry(new.payer).or_default() += new.blob;
        }
    }

    /// It waits no longer: its blob is available, or its rows are gone.
    pub(super) fn settle(&mut self, submission: SubmissionId) {
        let Some(gone) = self.waiting.remove(&submission) else {
            return;
        };
        self.waiting_bytes = self.waiting_bytes.saturating_sub(gone.shard);
        if let Some(bytes) = self.payers.get_mut(&gone.payer) {
            *bytes = bytes.saturating_sub(gone.blob);
            if *bytes == 0 {
                self.payers.remove(&gone.payer);
            }
        }
    }

    /// An upload is over, and nothing of it is held.
    pub(super) fn give_up(&mut self, submission: SubmissionId, shard: u64) {
        let was_last = self.leave(submission, shard);
        let is_held = self
            .waiting
            .get(&submission)
            .is_some_and(|known| known.held);
        if was_last && !is_held {
            self.settle(submission);
        }
    }

    /// An upload is over, and its rows are held.
    pub(super) fn arrive(&mut self, submission: SubmissionId, shard: u64) {
        self.leave(submission, shard);
        if let Some(known) = self.waiting.get_mut(&submission) {
            known.held = true;
        }
        self.hold(shard);
    }

    /// Whether this was the last upload of the submission.
    fn leave(&mut self, submission: SubmissionId, shard: u64) -> bool {
        self.coming = self.coming.saturating_sub(shard);
        match self.uploads.get_mut(&submission) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => {
                self.uploads.remove(&submission);
                true
            }
        }
    }

    /// Counts a shard that is there.
    pub(super) fn hold(&mut self, shard: u64) {
        self.held += shard;
        self.shards += 1;
    }

    /// A shard is gone.
    pub(super) fn drop_shard(&mut self, submission: SubmissionId, shard: u64) {
        self.settle(submission);
        self.held = self.held.saturating_sub(shard);
        self.shards = self.shards.saturating_sub(1);
    }

    pub(super) fn waiting(&self) -> (usize, u64) {
        (self.waiting.len(), self.waiting_bytes)
    }

    /// Submissions that wait, from a number on.
    pub(super) fn waiting_from(&self, from: SubmissionId, limit: usize) -> Vec<SubmissionId> {
        self.waiting
            .range(from..)
            .take(limit)
            .map(|(submission, _)| *submission)
            .collect()
    }
}
