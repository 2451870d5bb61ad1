//! How a deal ends: removed by its owner, over, or lapsed; and the tasks that clean up what is over.

use crate::{
    agenda::Ran,
    types::{FileId, Task, TaskKind},
    BlockOf, Commitments, Config, DealOf, Deals, DealsOf, EndReason, Error, Event, Pallet, TaskOf,
    WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    defensive, dispatch::DispatchErrorWithPostInfo, ensure, storage::with_storage_layer,
    traits::Get, weights::Weight,
};
use noema_commitment::Hasher;
use noema_traits::{Rounds, Tick};
use sp_runtime::{
    traits::{CheckedAdd, CheckedDiv, Convert, One, Saturating, UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// Cleaning up after leases that ended together is spread over this part of a round.
const SPREAD: Tick = 4;

/// A task lies at most about so many blocks ahead; one that comes too early moves itself. So tasks of leases that end never, or in the far future, do not crowd in one block.
const HORIZON: Tick = 1 << 22;

/// Over how many blocks beyond the horizon these are spread.
const HORIZON_SPREAD: Tick = 1 << 16;

impl<T: Config> Pallet<T> {
    /// What ending a deal with so many replicas weighs, and what the audits took for it.
    pub(crate) fn weight_of_ending((replicas, audits): (u32, Weight)) -> Weight {
        T::WeightInfo::remove(replicas).saturating_add(audits)
    }

    /// Ends a deal of the sender that has at most so many replicas. Returns how many replicas it had, and what the audits took.
    pub(crate) fn do_remove(
        owner: &T::AccountId,
        file: &FileId,
        replicas: u8,
    ) -> Result<(u32, Weight), DispatchErrorWithPostInfo> {
        let deal = Self::witnessed(Self::recorded_deal(file, owner), replicas)?;
        let reason = if deal.is_over(Self::round()) {
            EndReason::Over
        } else {
            EndReason::Removed
        };
        Ok(Self::finish(file, owner, reason)?)
    }

    /// Cleans up a deal with at most so many replicas whose lease is over. Returns how many replicas it had, and what the audits took.
    pub(crate) fn do_expire(
        file: &FileId,
        owner: &T::AccountId,
        replicas: u8,
    ) -> Result<(u32, Weight), DispatchErrorWithPostInfo> {
        let deal = Self::witnessed(Self::recorded_deal(file, owner), replicas)?;
        ensure!(deal.is_over(Self::round()), Error::<T>::NotOver);
        Ok(Self::finish(file, owner, EndReason::Over)?)
    }

    /// Ends a deal: its earners stop, bounties that wait for nobody go to the fund, the owner gets the rest and the deposit. Returns how many replicas
    /// it had, and what the audits took.
    pub(crate) fn finish(
        file: &FileId,
        owner: &T::AccountId,
        reason: EndReason,
    ) -> Result<(u32, Weight), DispatchError> {
        let deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let mut spent = Weight::zero();
        for (_, earner) in deal.earners() {
            Self::before_change(&earner.provider, &mut spent)?;
        }
        // Read again: nothing of it may have changed, but its leaves' numbers.
        let mut deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let mut for_fund = crate::BalanceOf::<T>::zero();
        for index in deal.indices() {
            let waiting = Self::clear_slot(file, owner, &mut deal, index)?;
            for_fund = for_fund
                .checked_add(&waiting)
                .ok_or(ArithmeticError::Overflow)?;
        }
        let replicas = deal.replicas().into();
        Self::close_deal(file, owner, deal, for_fund, reason)?;
        Ok((replicas, spent))
    }

    /// Lets everybody go who has anything to do with a slot, whose earner the audits have heard of. Returns the bounty that waits there for nobody. The caller writes
    /// the deal.
    fn clear_slot(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        index: u8,
    ) -> Result<crate::BalanceOf<T>, DispatchError> {
        let mut waiting = Self::stop_earner(deal, index)?.unwrap_or_else(Zero::zero);
        Self::unschedule_slot(deal, index);
        let size = deal.size;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        waiting = waiting
            .checked_add(&slot.bounty)
            .ok_or(ArithmeticError::Overflow)?;
        slot.bounty = Zero::zero();
        slot.due = None;
        let providers: Vec<_> = slot.providers().cloned().collect();
        Self::end_leaving(deal, index)?;
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.passed_over = None;
        slot.state = crate::SlotState::Drawing {
            draw_at: Zero::zero(),
            vain: 0,
        };
        for provider in providers {
            Self::let_go(&provider, file, owner, size)?;
        }
        Ok(waiting)
    }

    /// Ends a deal whose slots are empty.
    fn close_deal(
        file: &FileId,
        owner: &T::AccountId,
        deal: DealOf<T>,
        for_fund: crate::BalanceOf<T>,
        reason: EndReason,
    ) -> DispatchResult {
        if let Some(due) = deal.due {
            Self::unschedule(due, deal.token);
        }
        let was_active = deal.is_active();
        Deals::<T>::remove(file, owner);
        DealsOf::<T>::remove(owner, file);
        Commitments::<T>::mutate_exists(deal.root, deal.size, |entry| {
            if let Some(count) = entry {
                count.deals = count.deals.saturating_sub(1);
                count.active = count.active.saturating_sub(was_active.into());
                if count.deals == 0 {
                    *entry = None;
                }
            }
        });
        Self::send(&T::RepairFund::get(), for_fund);
        Self::send(owner, deal.balance);
        let deposit = Self::release_deposit(owner, deal.deposit);
        let refunded = deal
            .balance
            .checked_add(&deposit)
            .ok_or(ArithmeticError::Overflow)?;
        Self::deposit_event(Event::Removed {
            file: *file,
            owner: owner.clone(),
            refunded,
            reason,
        });
        Ok(())
    }

    /// Lets one slot of a deal that is over go: the given one, or any that is not empty. With the last one the deal ends. Adds what the audits take to `spent`.
    pub(crate) fn clear_one(
        file: &FileId,
        owner: &T::AccountId,
        wanted: Option<u8>,
        spent: &mut Weight,
    ) -> Result<bool, DispatchError> {
        let deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        let any = || {
            deal.indices()
                .find(|index| !Self::is_cleared(&deal, *index))
        };
        let chosen = wanted.or_else(any);
        if let Some(earner) = chosen
            .and_then(|index| deal.slot(index))
            .and_then(crate::SlotOf::<T>::earner)
        {
            Self::before_change(&earner.provider, spent)?;
        }
        let mut deal = Deals::<T>::get(file, owner).ok_or(Error::<T>::UnknownDeal)?;
        if let Some(index) = chosen {
            let for_fund = Self::clear_slot(file, owner, &mut deal, index)?;
            Self::send(&T::RepairFund::get(), for_fund);
            Self::count_held(file, owner, &mut deal)?;
        }
        let left = deal.indices().any(|index| !Self::is_cleared(&deal, index));
        if left {
            Deals::<T>::insert(file, owner, deal);
        } else {
            Self::close_deal(file, owner, deal, Zero::zero(), EndReason::Over)?;
        }
        Ok(!left)
    }

    /// Whether nothing is left to do about a slot of a deal that is over.
    fn is_cleared(deal: &DealOf<T>, index: u8) -> bool {
        deal.slot(index)
            .is_none_or(|slot| slot.is_empty() && slot.bounty.is_zero() && slot.due.is_none())
    }

    // --- the agenda's part ---------------------------------------------------------------------------

    /// The tick, as far as can be known, from which on the agenda cleans up after a lease: the first after its end, plus a part of a round that depends on the deal.
    fn end_tick(file: &FileId, owner: &T::AccountId, deal: &DealOf<T>) -> Tick {
        let length = <T::Clock as Rounds>::length();
        let ends = <T::Clock as Rounds>::ends();
        let now = Self::round();
        let last = deal.terms.last();
        let begins = if last >= now {
            let rounds = last.saturating_sub(now);
            ends.saturating_add(length.saturating_mul(rounds.into()))
        } else {
            let rounds = now.saturating_sub(last);
            ends.saturating_sub(length.saturating_mul(rounds.into()))
        };
        let spread = length.checked_div(SPREAD).unwrap_or(0);
        begins.saturating_add(
            Self::offset_of(file, owner)
                .checked_rem(spread)
                .unwrap_or(0),
        )
    }

    /// A number that depends on the deal and nothing else.
    fn offset_of(file: &FileId, owner: &T::AccountId) -> Tick {
        let account = T::AccountBytes::convert(owner.clone());
        let hash = T::FileHasher::blake2_256(&[file.as_slice(), &account].concat());
        let (low, _) = hash.split_at(8);
        <[u8; 8]>::try_from(low).map_or(0, Tick::from_le_bytes)
    }

    /// The block in which a tick comes at the earliest, if every block is one; at least the next.
    pub(crate) fn block_of(tick: Tick) -> BlockOf<T> {
        let ticks = tick.saturating_sub(Self::tick()).max(1);
        Self::now().saturating_add(ticks.unique_saturated_into())
    }

    /// The block in which the agenda looks whether a deal is over.
    pub(crate) fn block_of_end(
        file: &FileId,
        owner: &T::AccountId,
        deal: &DealOf<T>,
    ) -> BlockOf<T> {
        let spread = Self::offset_of(file, owner)
            .checked_rem(HORIZON_SPREAD)
            .unwrap_or(0);
        let horizon = Self::tick().saturating_add(HORIZON).saturating_add(spread);
        Self::block_of(Self::end_tick(file, owner, deal).min(horizon))
    }

    /// Puts the end of a deal on the agenda. The previous task is off; the caller writes the deal.
    pub(crate) fn schedule_end(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
    ) -> DispatchResult {
        let at = Self::block_of_end(file, owner, deal);
        Self::schedule_end_at(file, owner, deal, at)
    }

    fn schedule_end_at(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        at: BlockOf<T>,
    ) -> DispatchResult {
        let token = Self::take_tokens(1)?;
        let task = Task {
            file: *file,
            owner: owner.clone(),
            slot: 0,
            token,
            kind: TaskKind::End,
        };
        deal.due = Some(Self::schedule_one(at, task)?);
        deal.token = token;
        Ok(())
    }

    /// Puts the end of a deal on the agenda once more, where it belongs, or half-way there, should that be full: whoever fills the blocks around the end of somebody's
    /// lease only makes its task come a few times more. The caller writes the deal.
    fn come_again(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        let at = Self::block_of_end(file, owner, deal);
        if Self::schedule_end_at(file, owner, deal, at).is_ok() {
            return Ok(Ran::Waited);
        }
        let ahead = at.saturating_sub(now);
        let half = ahead.checked_div(&2u32.into()).unwrap_or(ahead);
        let nearer = now.saturating_add(half.max(T::RedrawDelay::get()));
        Self::schedule_end_at(file, owner, deal, nearer)?;
        Ok(Ran::Crowded)
    }

    /// Cleans up a slot of a deal that is over. One that is not, because it was renewed or ticks stood still, has its task later.
    pub(crate) fn run_end(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        let Task { file, owner, .. } = task;
        let early =
            !deal.is_over(Self::round()) || Self::tick() < Self::end_tick(file, owner, &deal);
        if early {
            let ran = Self::come_again(file, owner, &mut deal, now)?;
            Deals::<T>::insert(file, owner, deal);
            return Ok(ran);
        }
        // The task is done with this block whatever comes of it.
        let next = now.saturating_add(One::one());
        let mut spent = Weight::zero();
        let cleared = with_storage_layer(|| Self::clear_one(file, owner, None, &mut spent));
        match cleared {
            Ok(true) => return Ok(Ran::Ended(spent)),
            Ok(false) => {}
            Err(error) if Self::is_frozen(&error) => {
                let at = now.saturating_add(Self::patience(&error));
                Self::schedule_end_at(file, owner, &mut deal, at)?;
                Deals::<T>::insert(file, owner, deal);
                return Ok(Ran::Frozen(spent));
            }
            Err(error) => return Err(error),
        }
        let Some(mut deal) = Deals::<T>::get(file, owner) else {
            defensive!("a deal went with slots left");
            return Ok(Ran::Ended(spent));
        };
        Self::schedule_end_at(file, owner, &mut deal, next)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(Ran::Ended(spent))
    }
}
