//! Namespaces: append-only logs of what became available, numbered in that order.

use crate::{
    records::{HeightEntries, LogEntry, NamespaceRecord, SubmissionId},
    BalanceOf, Config, Heights, Log, Namespaces, Pallet,
};
use frame_support::defensive;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_da_primitives::Namespace;
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Makes a record of a namespace that has none; `payer` pays for it, since it never goes.
    pub(crate) fn open_namespace(
        payer: &T::AccountId,
        namespace: &Namespace,
        fee: BalanceOf<T>,
    ) -> DispatchResult {
        if !Namespaces::<T>::contains_key(namespace) {
            Self::pay_to(payer, &T::Treasury::get(), fee)?;
            Namespaces::<T>::insert(namespace, NamespaceRecord::default());
        }
        Ok(())
    }

    /// Enters something that became available in this block. Returns its number.
    pub(crate) fn enter(
        namespace: &Namespace,
        submission: SubmissionId,
        member: Option<u32>,
    ) -> Result<u64, DispatchError> {
        let index = Namespaces::<T>::try_mutate(namespace, |entry| {
            let record = entry.get_or_insert_with(NamespaceRecord::default);
            let index = record.next;
            record.next = index.checked_add(1).ok_or(ArithmeticError::Overflow)?;
            Ok::<_, ArithmeticError>(index)
        })?;
        let height = Self::now();
        let entry = LogEntry {
            height,
            submission,
            member,
        };
        Log::<T>::insert(namespace, index, entry);
        Heights::<T>::mutate(namespace, height, |entries| {
            let entries = entries.get_or_insert(HeightEntries {
                first: index,
                count: 0,
                live: 0,
            });
            entries.count = entries.count.saturating_add(1);
            entries.live = entries.live.saturating_add(1);
        });
        Ok(index)
    }

    /// Takes an entry away.
    pub(crate) fn strike_out(namespace: &Namespace, index: u64, height: BlockNumberFor<T>) {
        Log::<T>::remove(namespace, index);
        Heights::<T>::mutate_exists(namespace, height, |entries| match entries {
            Some(known) if known.live > 1 => known.live = known.live.saturating_sub(1),
            Some(_) => *entries = None,
            None => {
                defensive!("an entry's block has no entries");
            }
        });
    }
}
