//! Adding to the record.

use crate::{Collected, Config, CreditOf, Pallet, Pending};
use frame_support::traits::{Get, Imbalance, NoDrop, OnUnbalanced, SuppressedDrop};

impl<T: Config> Pallet<T> {
    /// Adds a transaction's fee and tip to the record.
    fn collect(fee: CreditOf<T>, tip: CreditOf<T>) {
        let block = frame_system::Pallet::<T>::block_number();
        let collected = match Pending::<T>::take() {
            None => Collected {
                block,
                author: T::Author::get(),
                fees: NoDrop::new(fee),
                tips: NoDrop::new(tip),
            },
            Some(mut collected) => {
                // Left from a block after which there was no room to pay: two authors, and none of them for all of it.
                if collected.block != block {
                    collected.author = None;
                }
                collected.fees.as_mut().subsume(fee);
                collected.tips.as_mut().subsume(tip);
                collected
            }
        };
        Pending::<T>::put(collected);
    }
}

/// As `pallet-transaction-payment` hands them over: the fee first, then the tip.
impl<T: Config> OnUnbalanced<CreditOf<T>> for Pallet<T> {
    fn on_unbalanceds(mut fee_then_tip: impl Iterator<Item = CreditOf<T>>) {
        let fee = fee_then_tip.next().unwrap_or_default();
        let mut tip = fee_then_tip.next().unwrap_or_default();
        for more in fee_then_tip {
            tip.subsume(more);
        }
        if fee.peek() != Default::default() || tip.peek() != Default::default() {
            Self::collect(fee, tip);
        }
    }

    fn on_nonzero_unbalanced(fee: CreditOf<T>) {
        Self::collect(fee, CreditOf::<T>::default());
    }
}
