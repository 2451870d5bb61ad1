//! `resign` and `hand_over`: how a provider gives a slot up in order.

use crate::{
    types::{FileId, Leaving, SlotState},
    Config, DealOf, Deals, DropReason, Error, Event, LeavingBytes, Pallet, WeightInfo,
};
use frame_support::{defensive, ensure, traits::Get, weights::Weight};
use noema_traits::{AuditFreeze, ProviderRegistry, Role};
use sp_runtime::{
    traits::{CheckedAdd, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// What `resign` weighs when a replica stops, or a deal that is over is cleaned up.
    pub(crate) fn weight_of_leaving() -> Weight {
        T::WeightInfo::resign()
            .max(T::WeightInfo::resign_earning())
            .max(T::WeightInfo::task_end())
            .saturating_add(T::Audits::weight_of_before_change())
    }

    /// A provider gives a slot up: at once what does not earn, else when its replacement earns, or after some rounds by a second call. Returns what it
    /// weighed.
    pub(crate) fn do_resign(
        who: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
    ) -> Result<Weight, DispatchError> {
        let mut spent = Weight::zero();
        let deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let slot = deal.slot(index).ok_or(Error::<T>::UnknownSlot)?;
        let operated = T::Providers::provider_of_operator(Role::Storage, who);
        let provider = slot
            .providers()
            .find(|provider| *provider == who || Some(*provider) == operated.as_ref())
            .ok_or(Error::<T>::NotAssignedToYou)?
            .clone();
        if deal.is_over(Self::round()) {
            Self::clear_one(file, owner, Some(index), &mut spent)?;
            return Ok(T::WeightInfo::task_end().saturating_add(spent));
        }
        if let Some(old) = slot.leaving.as_ref().filter(|old| old.provider == provider) {
            let earliest = old.since.saturating_add(T::HandOverRounds::get());
            ensure!(Self::round() >= earliest, Error::<T>::HandOverRunning);
            Self::go(file, owner, index, &provider, &mut spent)?;
            return Ok(T::WeightInfo::resign_earning().saturating_add(spent));
        }
        let state = slot.state.clone();
        Self::unschedule_slot(&deal, index);
        match state {
            SlotState::Drawing { .. } => return Err(Error::<T>::NotAssignedToYou.into()),
            // No failure: it was not kept waiting for. A league that resigns whatever it draws would else end a deal within seconds.
            SlotState::Assigned { .. }
            | SlotState::Proving { .. }
            | SlotState::Held { joined: None, .. } => {
                Self::lose_slot(file, owner, deal, index, DropReason::Resigned)?;
            }
            SlotState::Held {
                joined: Some(_), ..
            } => Self::begin_hand_over(file, owner, deal, index)?,
        }
        Ok(T::WeightInfo::resign())
    }

    /// Lets a leaving provider go without a replacement.
    fn go(
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
        provider: &T::AccountId,
        spent: &mut Weight,
    ) -> DispatchResult {
        Self::before_change(provider, spent)?;
        let mut deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let not_due = Self::stop_earner(&mut deal, index)?.unwrap_or_else(Zero::zero);
        let size = deal.size;
        Self::end_leaving(&mut deal, index)?;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.bounty = slot
            .bounty
            .checked_add(&not_due)
            .ok_or(ArithmeticError::Overflow)?;
        Self::let_go(provider, file, owner, size)?;
        Self::announce_stop(file, owner, index, provider, DropReason::LetGo);
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Anyone lets a provider that no longer covers what it holds begin to hand a replica over: after a round in which it could have bonded more, and no more than its
    /// stake is short of. Else whoever delegates to it, waits until what that covers is used and takes it back, takes all its replicas away in one transaction.
    pub(crate) fn do_hand_over(file: &FileId, owner: &T::AccountId, index: u8) -> DispatchResult {
        let deal = Self::live_deal(file, owner)?;
        let slot = deal.slot(index).ok_or(Error::<T>::UnknownSlot)?;
        let SlotState::Held {
            provider,
            joined: Some(_),
            ..
        } = &slot.state
        else {
            return Err(Error::<T>::NotAssignedToYou.into());
        };
        Self::ensure_to_hand_over(provider)?;
        Self::begin_hand_over(file, owner, deal, index)
    }

    /// Nobody is leaving a slot any more. Whether somebody was. The caller writes the deal.
    pub(crate) fn end_leaving(deal: &mut DealOf<T>, index: u8) -> Result<bool, DispatchError> {
        let bytes = Self::replica_bytes(deal.size)?;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        let Some(old) = slot.leaving.take() else {
            return Ok(false);
        };
        LeavingBytes::<T>::mutate_exists(&old.provider, |sum| {
            match sum.unwrap_or_default().checked_sub(bytes) {
                Some(rest) => *sum = (rest > 0).then_some(rest),
                None => {
                    defensive!("fewer bytes are being left than a slot has");
                }
            }
        });
        Ok(true)
    }

    /// The earner of a slot begins to leave: another is drawn, and it stays until that one earns. Nothing that is audited changes.
    fn begin_hand_over(
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        index: u8,
    ) -> DispatchResult {
        let earner = deal
            .slot(index)
            .and_then(crate::SlotOf::<T>::earner)
            .ok_or(Error::<T>::NotAssignedToYou)?;
        let provider = earner.provider.clone();
        let bytes = Self::replica_bytes(deal.size)?;
        LeavingBytes::<T>::try_mutate(&provider, |sum| {
            *sum = sum.checked_add(bytes).ok_or(ArithmeticError::Overflow)?;
            Ok::<_, DispatchError>(())
        })?;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.leaving = Some(Leaving {
            provider: earner.provider,
            leaf: earner.leaf,
            joined: earner.joined,
            since: Self::round(),
            bounty: earner.bounty,
        });
        Self::open_slot(file, owner, &mut deal, index, None)?;
        Deals::<T>::insert(file, owner, deal);
        Self::deposit_event(Event::HandOverStarted {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
        });
        Ok(())
    }
}
