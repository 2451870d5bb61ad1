//! What must hold after every block.

use crate::{Config, Oldest, Outputs, Pallet, Seeds, WINDOW};
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
    traits::{One, Saturating, UniqueSaturatedInto},
    SaturatedConversion, TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_state_seeds_are_in_range()?;
        Self::try_state_seeds_are_few()?;
        Self::try_state_seeds_follow_full_window()
    }

    /// Every seed lies between the forgetting cursor and the current block, so that every seed will
    /// be forgotten once and no seed is of a future block.
    pub(crate) fn try_state_seeds_are_in_range() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        for block in Seeds::<T>::iter_keys() {
            let oldest = Oldest::<T>::get()
                .ok_or("there is a seed but no forgetting cursor: it would stay for ever")?;
            ensure!(block >= oldest, "a seed lies before the forgetting cursor");
            ensure!(block <= now, "a seed is of a future block");
        }
        Ok(())
    }

    /// At most `History + 1` seeds are stored, more only as long as forgetting catches up after a
    /// pause of the hook.
    pub(crate) fn try_state_seeds_are_few() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        let history: BlockNumberFor<T> = T::History::get();
        let span = Oldest::<T>::get().map_or(history, |oldest| now.saturating_sub(oldest));
        let most: u64 = history
            .max(span)
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
