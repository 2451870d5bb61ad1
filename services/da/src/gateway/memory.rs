//! How much is coded or rebuilt at the same time: one huge blob, and beside it smaller ones up to a quarter of the largest. A coded blob takes four times its
//! bytes, so that all together stay below six times the largest blob.

use std::sync::Arc;

use noema_da_primitives::{Shape, SizeClass, MAX_BLOB_SIZE};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a permit.
const UNIT: u32 = 64 << 10;
/// Permits of the smaller classes.
const SMALLER: u32 = MAX_BLOB_SIZE / 4 / UNIT;

/// Turns for memory. Cloning is cheap and shares them.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    huge: Arc<Semaphore>,
    smaller: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            huge: Arc::new(Semaphore::new(1)),
            smaller: Arc::new(Semaphore::new(SMALLER as usize)),
        }
    }
}

impl Memory {
    /// Waits until a blob of this shape may be in memory; it may be until what is returned is dropped. Whoever waits longest is next.
    pub(crate) async fn take(&self, shape: &Shape) -> Option<OwnedSemaphorePermit> {
        let (turns, count) = match shape.class() {
            SizeClass::Huge => (&self.huge, 1),
            _ => {
                let units = shape.data_bytes().div_ceil(UNIT);
                (&self.smaller, units.clamp(1, SMALLER))
            }
        };
        turns.clone().acquire_many_owned(count).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_huge_blob_and_a_quarter_of_it_in_smaller_ones_are_in_memory() {
        let memory = Memory::default();
        let take = |size: u64| memory.take(&Shape::of(size).unwrap()).now_or_never();
        let huge = take(128 << 20).unwrap();
        assert!(take(33 << 20).is_none(), "another huge one waits");
        let large = take(32 << 20).unwrap();
        assert!(take(1).is_none(), "a large one takes the quarter");
        drop(large);
        let smaller: Vec<_> = (0..3).map(|_| take(8 << 20).unwrap()).collect();
        assert!(take(8 << 20).is_none());
        drop(smaller);
        assert!(take(20 << 20).is_some());
        drop(huge);
        assert!(take(128 << 20).is_some());
    }
}
