//! What must hold after every block. Each function checks one invariant.

use crate::{Config, Gaps, Outputs, Pallet, Recorded, Seeds, WINDOW};
use frame_support::{ensure, traits::Get};
use sp_runtime::{
    traits::{One, Saturating, UniqueSaturatedInto},
    SaturatedConversion, TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_state_no_seed_of_the_future()?;
        Self::try_state_every_seed_will_be_forgotten()?;
        Self::try_state_seeds_are_few()?;
        Self::try_state_seeds_follow_full_window()
    }

    /// The newest seed is of the current block or an earlier one.
    pub(crate) fn try_state_no_seed_of_the_future() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        for block in Seeds::<T>::iter_keys() {
            ensure!(block <= now, "a seed is of a future block");
        }
        Ok(())
    }

    /// From the oldest to the newest block, each has a seed or begins a gap that leads to the next
    /// seed, and there are no other seeds or gaps: forgetting meets all of them.
    pub(crate) fn try_state_every_seed_will_be_forgotten() -> Result<(), TryRuntimeError> {
        let (mut seeds, mut gaps) = (0u64, 0u64);
        if let Some(span) = Recorded::<T>::get() {
            let mut cursor = span.oldest;
            while cursor <= span.newest {
                if Seeds::<T>::contains_key(cursor) {
                    seeds.saturating_inc();
                    cursor.saturating_inc();
                } else {
                    let end = Gaps::<T>::get(cursor)
                        .ok_or("a block has neither a seed nor is it the beginning of a gap")?;
                    ensure!(end > cursor, "a gap leads backwards");
                    ensure!(end <= span.newest, "a gap leads beyond the newest seed");
                    gaps.saturating_inc();
                    cursor = end;
                }
            }
        }
        let stored: u64 = Seeds::<T>::iter_keys().count().saturated_into();
        ensure!(stored == seeds, "a seed lies where forgetting never comes");
        let stored: u64 = Gaps::<T>::iter_keys().count().saturated_into();
        ensure!(stored == gaps, "a gap lies where forgetting never comes");
        Ok(())
    }

    /// At most `History + 1` seeds are stored, whatever pauses the hook made.
    pub(crate) fn try_state_seeds_are_few() -> Result<(), TryRuntimeError> {
        let most: u64 = T::History::get()
            .saturating_add(One::one())
            .unique_saturated_into();
        let stored: u64 = Seeds::<T>::iter_keys().count().saturated_into();
        ensure!(
            stored <= most,
            "more seeds are stored than blocks are remembered"
        );
        Ok(())
    }

    /// A seed exists only once the window has been filled, and the window never shrinks again.
    pub(crate) fn try_state_seeds_follow_full_window() -> Result<(), TryRuntimeError> {
        let collected: u64 = Outputs::<T>::decode_len().unwrap_or(0).saturated_into();
        ensure!(
            collected == u64::from(WINDOW) || Seeds::<T>::iter_keys().next().is_none(),
            "there are seeds although the window of outputs is not full"
        );
        Ok(())
    }
}
