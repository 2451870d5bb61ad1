//! Recording, forgetting and reading seeds.

use crate::{
    seed_value, Config, Event, MissingReason, Oldest, Outputs, Pallet, Seeds, FORGOTTEN_PER_BLOCK,
    WINDOW,
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
        // Before the push at most `window - 1` may remain; one is dropped per block.
        while outputs.len() >= window {
            outputs.remove(0);
        }
        outputs.push(output);
        let complete = outputs.len() == window;
        if complete {
            let epoch = T::EpochRandomness::get();
            Seeds::<T>::insert(
                now,
                seed_value(&epoch, now.unique_saturated_into(), &outputs),
            );
            if !Oldest::<T>::exists() {
                Oldest::<T>::put(now);
            }
        } else {
            Self::deposit_event(Event::NoSeed {
                block: now,
                reason: MissingReason::Collecting,
            });
        }
        Outputs::<T>::put(frame_support::BoundedVec::truncate_from(outputs));
    }

    /// Forgets the seeds of up to [`FORGOTTEN_PER_BLOCK`] blocks older than [`Config::History`].
    /// Returns how many blocks it passed.
    pub(crate) fn forget(now: BlockNumberFor<T>) -> u32 {
        let Some(oldest) = Oldest::<T>::get() else {
            return 0;
        };
        let horizon = now.saturating_sub(T::History::get());
        let mut cursor = oldest;
        let mut passed = 0u32;
        while cursor < horizon && passed < FORGOTTEN_PER_BLOCK {
            Seeds::<T>::remove(cursor);
            cursor.saturating_inc();
            passed.saturating_inc();
        }
        if passed > 0 {
            Oldest::<T>::put(cursor);
        }
        passed
    }
}

impl<T: Config> AgedRandomness<BlockNumberFor<T>> for Pallet<T> {
    fn seed_from(not_before: BlockNumberFor<T>) -> Option<Seed<BlockNumberFor<T>>> {
        let now = frame_system::Pallet::<T>::block_number();
        // What is older is forgotten even while it waits for its removal, and an answer must not
        // depend on which of its candidates are removed already.
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
        let oldest = Oldest::<T>::get().map_or(block, |oldest| oldest.min(block));
        Oldest::<T>::put(oldest);
    }
}
