//! Which files are committed to together, and when.
//!
//! The chain draws so many slots in a block and refuses commitments when too many wait (`Busy`); a provider that was drawn has
//! a minute or so to get the file. So files are committed to as fast as they are drawn and uploaded, not as fast as they could be.

use std::collections::VecDeque;

use noema_chain_client::{Balance, Constants};

/// For how many blocks slots may wait for their draw: what keeps the chain busy although commitments arrive in batches.
const BLOCKS_AHEAD: u32 = 8;
/// Bytes of files that are committed to and not uploaded, unless a single file has more.
const BYTES_AHEAD: u64 = 256 << 20;
/// The same in files.
const FILES_AHEAD: usize = 1024;

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Slots that wait for their draw.
    pub(super) slots: usize,
    /// Files whose data nobody has.
    pub(super) files: usize,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// A file that is to be committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Which one.
    pub(super) index: usize,
    pub(super) size: u64,
    /// What the chain says it costs.
    pub(super) price: Balance,
}

/// Files that wait for their commitment.
#[derive(Debug)]
pub(super) struct Batches {
    waiting: VecDeque<Waiting>,
    replicas: u8,
    most_files: usize,
    most_slots: usize,
    /// What may be paid for each file above its price.
    spare: Balance,
}

impl Batches {
    /// All of `waiting`, which may cost `limit` in all. What that is above their price is shared out among them, so that a price
    /// that rose meanwhile does not stop them and the sum stays below the limit, however many transactions there are.
    pub(super) fn new(
        waiting: Vec<Waiting>,
        replicas: u8,
        limit: Balance,
        constants: &Constants,
    ) -> Self {
        let price = total(&waiting);
        let count = Balance::try_from(waiting.len())
            .unwrap_or(Balance::MAX)
            .max(1);
        let most_slots = constants.max_tasks_per_block.saturating_mul(BLOCKS_AHEAD);
        Self {
            waiting: waiting.into(),
            replicas,
            most_files: constants.max_batch.max(1) as usize,
            most_slots: most_slots as usize,
            spare: limit.saturating_sub(price) / count,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// In how many transactions all go, at least.
    pub(super) fn count(&self) -> usize {
        let by_slots = self.most_slots / usize::from(self.replicas.max(1));
        let each = self.most_files.min(by_slots).max(1);
        self.waiting.len().div_ceil(each)
    }

    /// The next files to commit to beside what is under way; none if that is enough.
    pub(super) fn next(&mut self, load: Load) -> Vec<Waiting> {
        let mut load = load;
        let mut batch = Vec::new();
        while let Some(next) = self.waiting.front() {
            let slots = load.slots.saturating_add(self.replicas.into());
            let bytes = load.bytes.saturating_add(next.size);
            let fits = slots <= self.most_slots && load.files < FILES_AHEAD && bytes <= BYTES_AHEAD;
            // One that is too large for all limits goes alone.
            let is_alone = load == Load::default();
            if batch.len() >= self.most_files || !(fits || is_alone) {
                break;
            }
            load = Load {
                slots,
                files: load.files.saturating_add(1),
                bytes,
            };
            batch.extend(self.waiting.pop_front());
        }
        batch
    }

    /// Files that are to be committed to after all, before all others.
    pub(super) fn put_back(&mut self, batch: Vec<Waiting>) {
        for file in batch.into_iter().rev() {
            self.waiting.push_front(file);
        }
    }

    /// What a batch may cost.
    pub(super) fn most(&self, batch: &[Waiting]) -> Balance {
        let count = Balance::try_from(batch.len()).unwrap_or(Balance::MAX);
        total(batch).saturating_add(self.spare.saturating_mul(count))
    }

    /// Everything that still waits, which will not be committed to.
    pub(super) fn give_up(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting).into()
    }
}

/// What these cost.
pub(super) fn total(files: &[Waiting]) -> Balance {
    files
        .iter()
        .fold(0, |sum: Balance, file| sum.saturating_add(file.price))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::constants;

    fn files(count: usize, size: u64) -> Vec<Waiting> {
        (0..count)
            .map(|index| Waiting {
                index,
                size,
                price: 10,
            })
            .collect()
    }

    fn indices(batch: &[Waiting]) -> Vec<usize> {
        batch.iter().map(|file| file.index).collect()
    }

    #[test]
    fn small_files_go_in_full_batches_as_long_as_slots_can_be_drawn() {
        let mut batches = Batches::new(files(1000, 4096), 3, 10_000, &constants());
        assert_eq!(batches.count(), 16);
        let first = batches.next(Load::default());
        assert_eq!(indices(&first), (0..64).collect::<Vec<_>>());
        let mut load = Load {
            slots: 450,
            files: 150,
            bytes: 1,
        };
        // 512 slots at most: 20 files of three, not 21.
        assert_eq!(batches.next(load).len(), 20);
        load.slots = 510;
        assert_eq!(batches.next(load), []);
        load.slots = 0;
        load.files = FILES_AHEAD;
        assert_eq!(batches.next(load), [], "uploads are behind");
    }

    #[test]
    fn many_replicas_take_more_transactions() {
        assert_eq!(Batches::new(files(64, 1), 16, 0, &constants()).count(), 2);
        assert_eq!(Batches::new(files(64, 1), 1, 0, &constants()).count(), 1);
        assert_eq!(Batches::new(Vec::new(), 1, 0, &constants()).count(), 0);
    }

    #[test]
    fn large_files_wait_until_those_before_are_uploaded() {
        let size = BYTES_AHEAD / 2;
        let mut batches = Batches::new(files(5, size), 1, 0, &constants());
        assert_eq!(batches.next(Load::default()).len(), 2);
        let load = Load {
            slots: 1,
            files: 1,
            bytes: size + 1,
        };
        assert_eq!(batches.next(load), []);
        let mut batches = Batches::new(files(2, BYTES_AHEAD * 9), 1, 0, &constants());
        assert_eq!(indices(&batches.next(Load::default())), [0]);
        assert_eq!(indices(&batches.next(Load::default())), [1]);
    }

    #[test]
    fn what_is_above_the_price_is_shared_out_and_never_exceeded() {
        let limit = 3 * 10 * 70 + 75;
        let mut batches = Batches::new(files(210, 1), 1, limit, &constants());
        let mut sum = 0;
        loop {
            let batch = batches.next(Load::default());
            if batch.is_empty() {
                break;
            }
            let most = batches.most(&batch);
            assert!(most >= total(&batch));
            sum += most;
        }
        assert!(sum <= limit);
        let batches = Batches::new(files(10, 1), 1, 200, &constants());
        assert_eq!(batches.most(&files(4, 1)), 80);
        // A limit below the price is told before; here it must not become less than nothing.
        let batches = Batches::new(files(10, 1), 1, 5, &constants());
        assert_eq!(batches.most(&files(4, 1)), 40);
    }

    #[test]
    fn files_that_were_put_back_come_first_and_in_order() {
        let mut batches = Batches::new(files(100, 1), 1, 0, &constants());
        let first = batches.next(Load::default());
        batches.put_back(first.clone());
        assert_eq!(batches.next(Load::default()), first);
        assert_eq!(batches.give_up().len(), 36);
        assert!(batches.is_empty());
    }
}
