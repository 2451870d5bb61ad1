//! What must hold after every block.

use crate::{Config, Pallet, Pending};
use frame_support::{
    ensure,
    traits::{fungible::Inspect, Imbalance, SuppressedDrop},
};
use sp_runtime::{traits::CheckedAdd, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_state_what_is_on_record_was_issued()
    }

    fn try_state_what_is_on_record_was_issued() -> Result<(), TryRuntimeError> {
        let Some(collected) = Pending::<T>::get() else {
            return Ok(());
        };
        let sum = collected
            .fees
            .as_ref()
            .peek()
            .checked_add(&collected.tips.as_ref().peek());
        ensure!(
            sum.is_some_and(|sum| sum <= T::Currency::total_issuance()),
            "pallet-noema-fees: more is on record than was ever issued"
        );
        Ok(())
    }
}
