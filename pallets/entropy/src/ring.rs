//! Recording, forgetting and reading seeds.

use crate::{
    seed_value, Config, Event, Gaps, MissingReason, Outputs, Pallet, Recorded, Seeds, Span,
    FORGOTTEN_PER_BLOCK, WINDOW,
};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_traits::{AgedRandomness, Seed};
use sp_runtime::{
    traits::{One, Saturating, UniqueSaturatedInto},
    SaturatedConversion,
};

impl<T: Config> Pallet<T> {
    /// Takes this block's VRF output into the window and records the block's seed, if there is one.
    pub(crate) fn record(now: BlockNumberFor<T>) {
        let Some(output) = T::VrfOutput::get() else {
            Self::deposit_event(Event::NoSeed {
                block: now,
                reason: MissingReason::NoOutput,
            });
            return;
        };
        let mut outputs = Outputs::<T>::get().into_inner();
        let window: usize = WINDOW.saturated_into();
        while outputs.len() >= window {
            outputs.remove(0);
        }
        outputs.push(output);
        if outputs.len() == window {
            let epoch = T::EpochRandomness::get();
            Self::store(
                now,
                seed_value(&epoch, now.unique_saturated_into(), &outputs),
            );
        } else {
            Self::deposit_event(Event::NoSeed {
                block: now,
                reason: MissingReason::Collecting,
            });
        }
        Outputs::<T>::put(frame_support::BoundedVec::truncate_from(outputs));
    }

    /// Stores the seed of a block later than all that are stored.
    fn store(block: BlockNumberFor<T>, value: [u8; 32]) {
        Seeds::<T>::insert(block, value);
        let oldest = match Recorded::<T>::get() {
            Some(Span { oldest, newest }) if oldest <= newest => {
                let next = newest.saturating_add(One::one());
                if next < block {
                    Gaps::<T>::insert(next, block);
                }
                oldest
            }
            _ => block,
        };
        Recorded::<T>::put(Span {
            oldest,
            newest: block,
        });
    }

    /// Forgets up to [`FORGOTTEN_PER_BLOCK`] seeds and gaps older than [`Config::History`]. Returns
    /// how many.
    pub(crate) fn forget(now: BlockNumberFor<T>) -> u32 {
        let Some(Span { oldest, newest }) = Recorded::<T>::get() else {
            return 0;
        };
        let horizon = now.saturating_sub(T::History::get());
        let mut cursor = oldest;
        let mut steps = 0u32;
        while cursor < horizon && cursor <= newest && steps < FORGOTTEN_PER_BLOCK {
            let next = cursor.saturating_add(One::one());
            cursor = match Seeds::<T>::take(cursor) {
                Some(_) => next,
                None => Gaps::<T>::take(cursor).map_or(next, |end| end.max(next)),
            };
            steps.saturating_inc();
        }
        if steps > 0 {
            Recorded::<T>::put(Span {
                oldest: cursor,
                newest,
            });
        }
        steps
    }
}

impl<T: Config> AgedRandomness<BlockNumberFor<T>> for Pallet<T> {
    fn seed_from(not_before: BlockNumberFor<T>) -> Option<Seed<BlockNumberFor<T>>> {
        let now = frame_system::Pallet::<T>::block_number();
        // What is older is forgotten even while it waits for its removal: an answer must not depend
        // on which of its candidates are removed already.
        if not_before.saturating_add(T::History::get()) < now {
            return None;
        }
        let mut block = not_before;
        for _ in 0..=T::MaxGap::get() {
            if let Some(value) = Seeds::<T>::get(block) {
                return Some(Seed {
                    value,
                    drawn_at: block,
                });
            }
            block = block.saturating_add(One::one());
        }
        None
    }

    fn history() -> BlockNumberFor<T> {
        T::History::get()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(block: BlockNumberFor<T>, value: [u8; 32]) {
        Seeds::<T>::insert(block, value);
        let span = match Recorded::<T>::get() {
            Some(Span { oldest, newest }) => Span {
                oldest: oldest.min(block),
                newest: newest.max(block),
            },
            None => Span {
                oldest: block,
                newest: block,
            },
        };
        Recorded::<T>::put(span);
    }
}
