//! A replica becomes auditable and earns, and stops.

use crate::{
    agenda::Ran,
    records::Leaf,
    types::{FileId, SlotState},
    Assignments, BalanceOf, BlockOf, Config, DealOf, Deals, DropReason, Drops, Error, Event,
    Pallet, Reserved, TaskOf,
};
use frame_support::{defensive, storage::with_storage_layer, traits::Get, weights::Weight};
use noema_traits::{AuditFreeze, ProviderRegistry, Role};
use sp_runtime::{
    traits::{CheckedAdd, Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// Sets a replica's bytes aside with a provider. Changes nothing when it fails.
    pub(crate) fn reserve(provider: &T::AccountId, bytes: u64) -> DispatchResult {
        T::Providers::reserve(Role::Storage, provider, bytes)?;
        Reserved::<T>::try_mutate(|all| {
            *all = all
                .checked_add(bytes.into())
                .ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// A provider has nothing to do with a deal any more: gives its bytes back.
    pub(crate) fn let_go(
        provider: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        size: u64,
    ) -> DispatchResult {
        let bytes = Self::replica_bytes(size)?;
        T::Providers::release(Role::Storage, provider, bytes);
        Reserved::<T>::mutate(|all| match all.checked_sub(bytes.into()) {
            Some(rest) => *all = rest,
            None => {
                defensive!("more bytes are released than are reserved");
            }
        });
        Assignments::<T>::remove(provider, (file, owner));
        Ok(())
    }

    /// Lets the earner of a slot stop in this round, if there is one. Returns the bounty that it does not get, because the round for it has not begun; the pot has it. The
    /// audits have been told; the caller takes the provider out of the slot.
    pub(crate) fn stop_earner(
        deal: &mut DealOf<T>,
        index: u8,
    ) -> Result<Option<BalanceOf<T>>, DispatchError> {
        let Some(earner) = deal.slot(index).and_then(crate::SlotOf::<T>::earner) else {
            return Ok(None);
        };
        let now = Self::round();
        let not_due = if earner.joined == now {
            earner.bounty
        } else {
            Zero::zero()
        };
        Self::stop_earning(&earner.provider, deal, now, not_due)?;
        Self::remove_leaf(&earner.provider, earner.leaf)?;
        Ok(Some(not_due))
    }

    /// Whether a task is only put off.
    pub(crate) fn is_frozen(error: &DispatchError) -> bool {
        *error == Error::<T>::RoundDrawing.into() || *error == Error::<T>::ProviderUnsettled.into()
    }

    /// For how many blocks: a round is drawn soon; somebody has to settle rounds first.
    pub(crate) fn patience(error: &DispatchError) -> BlockOf<T> {
        if *error == Error::<T>::RoundDrawing.into() {
            T::DrawDelay::get()
        } else {
            T::RedrawDelay::get()
        }
    }

    /// A proven replica becomes auditable: it earns from the next round on, and whoever had the slot before stops.
    pub(crate) fn mature(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        provider: T::AccountId,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        let leaving = deal
            .slot(task.slot)
            .and_then(|slot| slot.leaving.as_ref().map(|old| old.provider.clone()));
        let mut spent = Weight::zero();
        let changed = with_storage_layer(|| {
            Self::before_change(&provider, &mut spent)?;
            leaving
                .iter()
                .try_for_each(|old| Self::before_change(old, &mut spent))
        });
        if let Err(error) = changed {
            if !Self::is_frozen(&error) {
                return Err(error);
            }
            let at = now.saturating_add(Self::patience(&error));
            let due = Self::schedule_one(at, task.clone())?;
            Self::set_due(&mut deal, task.slot, Some(due))?;
            Deals::<T>::insert(task.file, &task.owner, deal);
            return Ok(Ran::Frozen(spent));
        }
        if T::Audits::is_dropping(&provider) {
            // It is about to lose this one, too.
            Self::set_due(&mut deal, task.slot, None)?;
            Deals::<T>::insert(task.file, &task.owner, deal);
            return Ok(Ran::Frozen(spent));
        }
        // Leaves may have moved.
        let deal = Deals::<T>::get(task.file, &task.owner).ok_or(Error::<T>::UnknownDeal)?;
        Self::join(task, deal, provider, leaving)?;
        Ok(Ran::Matured(spent))
    }

    fn join(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        provider: T::AccountId,
        leaving: Option<T::AccountId>,
    ) -> DispatchResult {
        let (file, owner, index) = (&task.file, &task.owner, task.slot);
        let round = Self::round();
        let not_due = if leaving.is_some() {
            Self::stop_earner(&mut deal, index)?
        } else {
            None
        };
        Self::end_leaving(&mut deal, index)?;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        let waiting = not_due
            .unwrap_or_else(Zero::zero)
            .checked_add(&slot.bounty)
            .ok_or(ArithmeticError::Overflow)?;
        slot.bounty = Zero::zero();
        // A bounty is due with the first round; where none is left, it waits for the end.
        let (bounty, waiting) = if deal.terms.last() > round {
            (waiting, Zero::zero())
        } else {
            (Zero::zero(), waiting)
        };
        Self::begin_to_earn(&provider, &mut deal, round, bounty)?;
        let leaf = Leaf {
            file: *file,
            owner: owner.clone(),
            slot: index,
        };
        let number = Self::push_leaf(&provider, leaf, deal.size)?;
        let size = deal.size;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.bounty = waiting;
        slot.due = None;
        if let SlotState::Held {
            joined, bounty: of, ..
        } = &mut slot.state
        {
            *joined = Some((round, number));
            *of = bounty;
        }
        if let Some(old) = &leaving {
            Self::let_go(old, file, owner, size)?;
            Self::announce_stop(file, owner, index, old, DropReason::Replaced);
        }
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Self::deposit_event(Event::ReplicaEarning {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
            from: round.saturating_add(1),
            bounty,
        });
        Ok(())
    }

    /// Says that a replica that earned is gone.
    pub(crate) fn announce_stop(
        file: &FileId,
        owner: &T::AccountId,
        slot: u8,
        provider: &T::AccountId,
        reason: DropReason,
    ) {
        Self::deposit_event(Event::ReplicaStopped {
            file: *file,
            owner: owner.clone(),
            slot,
            provider: provider.clone(),
            reason,
            last: Self::round(),
        });
    }

    /// Ends the drop of a provider that has nothing any more. Whether it did. Left to the drop itself, whoever took the last replica: what the audits do then is for it to
    /// weigh.
    pub(crate) fn end_drop_if_empty(provider: &T::AccountId) -> bool {
        if !Drops::<T>::contains_key(provider)
            || Assignments::<T>::iter_prefix(provider).next().is_some()
        {
            return false;
        }
        Drops::<T>::remove(provider);
        let owed = |provider| {
            crate::Accounts::<T>::get(provider)
                .map_or_else(Zero::zero, |account: crate::Account<BalanceOf<T>>| {
                    account.owed
                })
        };
        let before: BalanceOf<T> = owed(provider);
        T::Audits::emptied(provider);
        Self::deposit_event(Event::DropEnded {
            provider: provider.clone(),
            // What is owed only sinks: nothing is earned any more.
            forfeited: before.saturating_sub(owed(provider)),
        });
        true
    }
}
