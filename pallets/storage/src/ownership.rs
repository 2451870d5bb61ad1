//! `offer` and `accept`: another owner, in two steps. Nobody is made an owner unasked.

use crate::{
    types::{FileId, SlotState, TaskKind},
    Agenda, Assignments, BalanceOf, BlockOf, Config, DealOf, Deals, DealsOf, Error, Event, Pallet,
    WeightInfo,
};
use frame_support::{defensive, dispatch::DispatchErrorWithPostInfo, ensure, weights::Weight};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
    /// What taking a deal over with so many replicas weighs, and what the audits took for it.
    pub(crate) fn weight_of_accepting((replicas, audits): (u32, Weight)) -> Weight {
        T::WeightInfo::accept(replicas).saturating_add(audits)
    }

    /// Says who may become the owner.
    pub(crate) fn do_offer(
        owner: &T::AccountId,
        file: &FileId,
        to: Option<T::AccountId>,
    ) -> DispatchResult {
        let mut deal = Self::live_deal(file, owner)?;
        deal.offered_to = to.clone();
        Deals::<T>::insert(file, owner, deal);
        Self::deposit_event(Event::Offered {
            file: *file,
            owner: owner.clone(),
            to,
        });
        Ok(())
    }

    /// Makes `new` the owner of a deal with at most so many replicas. Returns how many replicas there are, and what the audits took.
    pub(crate) fn do_accept(
        new: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        replicas: u8,
        max: BalanceOf<T>,
    ) -> Result<(u32, Weight), DispatchErrorWithPostInfo> {
        let deal = Self::witnessed(Self::live_deal(file, owner), replicas)?;
        ensure!(
            deal.offered_to.as_ref() == Some(new),
            Error::<T>::NotOffered
        );
        ensure!(!Deals::<T>::contains_key(file, new), Error::<T>::DealExists);
        // The sectors drawn depend on the owner.
        ensure!(
            !deal
                .slots
                .iter()
                .any(|slot| matches!(slot.state, SlotState::Proving { .. })),
            Error::<T>::SlotProving
        );
        let deposit = Self::deposit_for(deal.replicas()).ok_or(Error::<T>::AmountTooLarge)?;
        ensure!(deposit <= max, Error::<T>::PriceAboveMaximum);
        Self::hold_deposit(new, deposit)?;
        let replicas = deal.replicas().into();
        let mut spent = Weight::zero();
        for (_, earner) in deal.earners() {
            Self::before_change(&earner.provider, &mut spent)?;
        }
        let mut deal = Deals::<T>::take(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        DealsOf::<T>::remove(owner, file);
        Self::release_deposit(owner, deal.deposit);
        deal.deposit = deposit;
        deal.offered_to = None;
        Self::rekey(file, owner, new, &deal);
        DealsOf::<T>::insert(new, file, ());
        Deals::<T>::insert(file, new, deal);
        Self::deposit_event(Event::OwnerChanged {
            file: *file,
            from: owner.clone(),
            to: new.clone(),
        });
        Ok((replicas, spent))
    }

    /// Writes the new owner wherever a deal is named: assignments, leaves, tasks.
    fn rekey(file: &FileId, owner: &T::AccountId, new: &T::AccountId, deal: &DealOf<T>) {
        for (index, slot) in (0u8..).zip(deal.slots.iter()) {
            for provider in slot.providers() {
                Assignments::<T>::remove(provider, (file, owner));
                Assignments::<T>::insert(provider, (file, new), index);
            }
            if let Some(earner) = slot.earner() {
                Self::rename_leaf(&earner.provider, earner.leaf, file, new, index);
            }
            if let Some(due) = slot.due {
                Self::rename_task(due, slot.token, TaskKind::Slot, new);
            }
        }
        if let Some(due) = deal.due {
            Self::rename_task(due, deal.token, TaskKind::End, new);
        }
    }

    fn rename_task(due: BlockOf<T>, token: u64, kind: TaskKind, new: &T::AccountId) {
        Agenda::<T>::mutate(due, |tasks| {
            match tasks.iter_mut().find(|task| task.token == token) {
                Some(task) => {
                    task.owner = new.clone();
                    task.kind = kind;
                }
                None => {
                    defensive!("a task is not where its slot says");
                }
            }
        });
    }
}
