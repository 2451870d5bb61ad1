//! A provider that missed too many rounds loses everything, replica by replica, each with a bounty for whoever takes it over.

use crate::{
    math, types::FileId, Assignments, BalanceOf, Config, DealOf, Deals, DropReason, Drops, Error,
    Event, Pallet, WeightInfo,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    ensure,
    storage::{with_storage_layer, StoragePrefixedMap},
    traits::Get,
    weights::{Weight, WeightMeter},
};
use noema_commitment::Hasher;
use noema_traits::AuditFreeze;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// What taking so many replicas weighs at most.
    pub(crate) fn weight_of_dropping(replicas: u32) -> Weight {
        let one =
            T::WeightInfo::drop_replica().saturating_add(T::Audits::weight_of_before_change());
        one.saturating_mul(replicas.into())
            .saturating_add(T::WeightInfo::drop_none())
            .saturating_add(T::Audits::weight_of_emptied())
    }

    /// Takes up to `limit` replicas from a provider that loses everything. With the last one, or where nothing was left to take, the drop ends. Adds what that weighs to
    /// `spent`, whatever comes of it.
    pub(crate) fn do_drop_replicas(
        provider: &T::AccountId,
        limit: u32,
        spent: &mut Weight,
    ) -> DispatchResult {
        spent.saturating_accrue(T::WeightInfo::drop_none());
        ensure!(Drops::<T>::contains_key(provider), Error::<T>::NotDropping);
        let mut dropped = 0u32;
        while dropped < limit && Self::drop_next(provider, spent)? {
            dropped = dropped.saturating_add(1);
        }
        if Self::end_drop_if_empty(provider) {
            spent.saturating_accrue(T::Audits::weight_of_emptied());
        }
        Ok(())
    }

    /// Runs the agenda, and takes some replicas in every block from somebody who loses everything: whoever comes next after a point that moves with the blocks, so that
    /// nobody whose rounds must be settled first holds the others up. The weight for one of them is kept from the agenda, which could use all of it for long.
    pub(crate) fn run_agenda_and_drops(meter: &mut WeightMeter) {
        let losing = match meter.try_consume(T::WeightInfo::drop_none()) {
            Ok(()) => Self::next_dropped(),
            Err(_) => None,
        };
        let one = Self::weight_of_dropping(1);
        let kept = if losing.is_some() {
            one
        } else {
            Weight::zero()
        };
        let mut agenda = WeightMeter::with_limit(meter.remaining().saturating_sub(kept));
        Self::run_agenda(&mut agenda);
        meter.consume(agenda.consumed());
        let Some(provider) = losing else {
            return;
        };
        for _ in 0..T::DropsPerBlock::get() {
            if !meter.can_consume(one) {
                return;
            }
            let mut spent = Weight::zero();
            // One that cannot be taken now, because the agenda is full or rounds must be settled first, is taken later.
            let taken = with_storage_layer(|| Self::do_drop_replicas(&provider, 1, &mut spent));
            meter.consume(spent.min(one));
            if taken.is_err() || !Drops::<T>::contains_key(&provider) {
                return;
            }
        }
    }

    /// Somebody who loses everything.
    pub(crate) fn next_dropped() -> Option<T::AccountId> {
        let point = T::FileHasher::blake2_256(&Self::now().encode());
        let (low, _) = point.split_at(16);
        let mut from: Vec<u8> = Drops::<T>::final_prefix().to_vec();
        from.extend_from_slice(low);
        Drops::<T>::iter_keys_from(from)
            .next()
            .or_else(|| Drops::<T>::iter_keys().next())
    }

    /// Takes one replica of a provider that loses everything, in whatever state. Whether there was one.
    fn drop_next(provider: &T::AccountId, spent: &mut Weight) -> Result<bool, DispatchError> {
        let Some(((file, owner), index)) = Assignments::<T>::iter_prefix(provider).next() else {
            return Ok(false);
        };
        spent.saturating_accrue(T::WeightInfo::drop_replica());
        let deal = Deals::<T>::get(file, &owner).ok_or(Error::<T>::UnknownDeal)?;
        let slot = deal.slot(index).ok_or(Error::<T>::UnknownSlot)?;
        let earns = slot
            .earner()
            .is_some_and(|earner| earner.provider == *provider);
        if earns {
            Self::before_change(provider, spent)?;
            Self::drop_earner(provider, &file, &owner, index)?;
        } else if deal.is_over(Self::round()) {
            Self::leave_over(provider, &file, &owner, deal, index)?;
        } else {
            Self::unschedule_slot(&deal, index);
            Self::lose_slot(&file, &owner, deal, index, DropReason::Struck)?;
        }
        Ok(true)
    }

    /// Takes a slot of a deal that is over from a provider that does not earn there: nobody is looked for.
    fn leave_over(
        provider: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        index: u8,
    ) -> DispatchResult {
        Self::unschedule_slot(&deal, index);
        Self::open_slot(file, owner, &mut deal, index, None)?;
        Self::let_go(provider, file, owner, deal.size)?;
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Takes a replica that earns, whose provider the audits have heard of, and sets a bounty for it.
    fn drop_earner(
        provider: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
    ) -> DispatchResult {
        let mut deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let not_due = Self::stop_earner(&mut deal, index)?.unwrap_or_else(Zero::zero);
        // Where nobody is looked for any more there is nothing to repair.
        let bounty = if Self::is_worth_a_draw(&deal) {
            Self::take_bounty(provider, file, owner, &deal, index)?
        } else {
            Zero::zero()
        };
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.bounty = slot
            .bounty
            .checked_add(&not_due)
            .and_then(|sum| sum.checked_add(&bounty))
            .ok_or(ArithmeticError::Overflow)?;
        if !Self::end_leaving(&mut deal, index)? {
            Self::unschedule_slot(&deal, index);
            Self::open_slot(file, owner, &mut deal, index, Some(provider.clone()))?;
        }
        Self::let_go(provider, file, owner, deal.size)?;
        Self::announce_stop(file, owner, index, provider, DropReason::Struck);
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Moves the bounty for a dropped replica into the pot: its part of the budget, as far as fund and treasury reach.
    fn take_bounty(
        provider: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        deal: &DealOf<T>,
        index: u8,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let Some(mut drop) = Drops::<T>::get(provider) else {
            return Ok(Zero::zero());
        };
        let bytes = u128::from(Self::data_sectors(deal.size)?).saturating_mul(256);
        let share = math::share(drop.budget.unique_saturated_into(), bytes, drop.bytes);
        let share = Self::amount(Some(share))?.min(drop.left);
        let from_fund = Self::draw_from(&T::RepairFund::get(), share);
        let missing = share
            .checked_sub(&from_fund)
            .ok_or(ArithmeticError::Underflow)?;
        let from_treasury = Self::draw_from(&T::Treasury::get(), missing);
        let amount = from_fund
            .checked_add(&from_treasury)
            .ok_or(ArithmeticError::Overflow)?;
        drop.left = drop
            .left
            .checked_sub(&amount)
            .ok_or(ArithmeticError::Underflow)?;
        Drops::<T>::insert(provider, drop);
        if !amount.is_zero() {
            Self::deposit_event(Event::BountySet {
                file: *file,
                owner: owner.clone(),
                slot: index,
                amount,
                from_treasury,
            });
        }
        Ok(amount)
    }
}
