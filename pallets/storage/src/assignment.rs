//! Moves of a slot: drawing its provider, and losing it again.

use crate::{
    agenda::Ran,
    types::{FileId, SlotState, Task, TaskKind},
    Assignments, BlockOf, Commitments, Config, DealOf, Deals, DropReason, EndReason, Error, Event,
    Pallet, SlotStateOf, TaskOf,
};
use frame_support::traits::Get;
use noema_commitment::Hasher;
use noema_traits::{AgedRandomness, AuditFreeze, ProviderRegistry, Role, Rounds, Tick};
use sp_runtime::{
    traits::{Convert, One, Saturating, UniqueSaturatedInto},
    DispatchError, DispatchResult,
};

/// Separates the draw of a provider from every other use of a seed.
const ASSIGN_DOMAIN: &[u8] = b"noema/storage/assign/v1";

impl<T: Config> Pallet<T> {
    /// Puts a slot into another state with a fresh token, and its task on the agenda at `task_at`
    /// or later. The draw point of a slot that waits for its draw moves with the task: a draw that
    /// is executed later than at its point is none. What waits there, and who is leaving, stays. The
    /// caller has taken the previous task off, and writes the deal.
    pub(crate) fn move_slot(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        index: u8,
        mut state: SlotStateOf<T>,
        passed_over: Option<T::AccountId>,
        task_at: Option<BlockOf<T>>,
    ) -> DispatchResult {
        let token = Self::take_tokens(1)?;
        let due = match task_at {
            Some(at) => {
                let task = Task {
                    file: *file,
                    owner: owner.clone(),
                    slot: index,
                    token,
                    kind: TaskKind::Slot,
                };
                Some(Self::schedule_one(at, task)?)
            }
            None => None,
        };
        if let (SlotState::Drawing { draw_at, .. }, Some(due)) = (&mut state, due) {
            *draw_at = due;
        }
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.state = state;
        slot.token = token;
        slot.passed_over = passed_over;
        slot.due = due;
        Ok(())
    }

    /// Writes down where a slot's task is, which keeps its token. The caller writes the deal.
    pub(crate) fn set_due(
        deal: &mut DealOf<T>,
        index: u8,
        due: Option<BlockOf<T>>,
    ) -> DispatchResult {
        deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?.due = due;
        Ok(())
    }

    /// Opens a slot for a draw: at once, or, when too few rounds are left to be worth one, not before the lease is renewed. The previous task is off; the caller writes
    /// the deal.
    pub(crate) fn open_slot(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        index: u8,
        passed_over: Option<T::AccountId>,
    ) -> DispatchResult {
        let draw_at = Self::now().saturating_add(T::DrawDelay::get());
        let state = SlotState::Drawing { draw_at, vain: 0 };
        let at = Self::is_worth_a_draw(deal).then_some(draw_at);
        Self::move_slot(file, owner, deal, index, state, passed_over, at)
    }

    /// Whether enough rounds are left to look for a provider.
    pub(crate) fn is_worth_a_draw(deal: &DealOf<T>) -> bool {
        deal.terms.last().saturating_sub(Self::round()) >= T::MinRoundsLeft::get().max(1)
    }

    /// Takes the slot's task off the agenda, if it has one.
    pub(crate) fn unschedule_slot(deal: &DealOf<T>, index: u8) {
        if let Some(slot) = deal.slot(index) {
            if let Some(due) = slot.due {
                Self::unschedule(due, slot.token);
            }
        }
    }

    /// Whether the seed of `draw_at` may still come: every block that could bring it is not past.
    pub(crate) fn may_still_come(draw_at: BlockOf<T>, now: BlockOf<T>) -> bool {
        now <= draw_at.saturating_add(T::MaxSeedGap::get())
    }

    /// Draws a provider for a slot by the seed of `draw_at`, in the block that made this seed and in
    /// no later one: who knows the seed can move the weights of the draw.
    pub(crate) fn draw_provider(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        draw_at: BlockOf<T>,
        vain: u8,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        if !Self::is_worth_a_draw(&deal) {
            Self::set_due(&mut deal, task.slot, None)?;
            Deals::<T>::insert(task.file, &task.owner, deal);
            return Ok(Ran::Waited);
        }
        let Some(seed) = T::Randomness::seed_from(draw_at) else {
            Self::await_seed(task, deal, draw_at, now)?;
            return Ok(Ran::Waited);
        };
        if seed.drawn_at < now {
            Self::draw_anew(task, deal, now)?;
            return Ok(Ran::Waited);
        }
        let Task {
            file,
            owner,
            slot: index,
            ..
        } = task;
        let passed_over = deal.slot(*index).and_then(|slot| slot.passed_over.clone());
        let bytes = Self::replica_bytes(deal.size)?;
        let mut attempts = 0u8;
        let mut drawn = None;
        while drawn.is_none() && attempts < T::MaxDrawAttempts::get() {
            let random = Self::assignment_hash(&seed.value, task, attempts);
            attempts = attempts.saturating_add(1);
            let Some(provider) = T::Providers::draw(Role::Storage, &random) else {
                break;
            };
            let fits = passed_over.as_ref() != Some(&provider)
                && !deal.has_provider(&provider)
                && !T::Audits::is_dropping(&provider)
                && Self::reserve(&provider, bytes).is_ok();
            drawn = fits.then_some(provider);
        }
        match drawn {
            Some(provider) => {
                let ready_by = Self::tick().saturating_add(Self::ready_window(deal.size));
                Assignments::<T>::insert(&provider, (file, owner), index);
                let state = SlotState::Assigned {
                    provider: provider.clone(),
                    ready_by,
                };
                let deadline = Self::block_of(ready_by.saturating_add(1));
                Self::move_slot(file, owner, &mut deal, *index, state, None, Some(deadline))?;
                Self::deposit_event(Event::ReplicaAssigned {
                    file: *file,
                    owner: owner.clone(),
                    slot: *index,
                    provider,
                    ready_by,
                });
            }
            None => {
                // Nobody fits. Whoever was passed over is welcome again, or a deal with as many
                // replicas as there are providers could never be whole again.
                let draw_at = now.saturating_add(Self::redraw_delay(vain));
                let vain = vain.saturating_add(1);
                let state = SlotState::Drawing { draw_at, vain };
                Self::move_slot(file, owner, &mut deal, *index, state, None, Some(draw_at))?;
            }
        }
        Deals::<T>::insert(file, owner, deal);
        Ok(Ran::Drew(attempts))
    }

    /// Blocks to the next draw after so many vain ones before this: twice as many each time, those of a round at most, so that a deal which nobody has room for
    /// costs the chain little.
    pub(crate) fn redraw_delay(vain: u8) -> BlockOf<T> {
        let first: Tick = T::RedrawDelay::get().unique_saturated_into();
        let grown = 1u64
            .checked_shl(vain.into())
            .map_or(Tick::MAX, |times| first.saturating_mul(times));
        let longest = <T::Clock as Rounds>::length().max(first);
        grown.min(longest).unique_saturated_into()
    }

    /// Lets a draw wait for its seed, or gives it a new draw point when the seed is lost.
    fn await_seed(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        draw_at: BlockOf<T>,
        now: BlockOf<T>,
    ) -> DispatchResult {
        if !Self::may_still_come(draw_at, now) {
            return Self::draw_anew(task, deal, now);
        }
        let due = Self::schedule_one(now.saturating_add(One::one()), task.clone())?;
        Self::set_due(&mut deal, task.slot, Some(due))?;
        Deals::<T>::insert(task.file, &task.owner, deal);
        Ok(())
    }

    /// Gives a draw a new draw point, whose seed nobody knows.
    pub(crate) fn draw_anew(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        now: BlockOf<T>,
    ) -> DispatchResult {
        let slot = deal.slot(task.slot).ok_or(Error::<T>::UnknownSlot)?;
        let passed_over = slot.passed_over.clone();
        let vain = match slot.state {
            SlotState::Drawing { vain, .. } => vain,
            _ => 0,
        };
        let draw_at = now.saturating_add(T::DrawDelay::get());
        Self::move_slot(
            &task.file,
            &task.owner,
            &mut deal,
            task.slot,
            SlotState::Drawing { draw_at, vain },
            passed_over,
            Some(draw_at),
        )?;
        Deals::<T>::insert(task.file, &task.owner, deal);
        Ok(())
    }

    /// A deadline that counts ticks is not over when its task comes: it comes again. Whether that is so.
    pub(crate) fn not_yet(
        task: &TaskOf<T>,
        deal: &mut DealOf<T>,
        deadline: Tick,
    ) -> Result<bool, DispatchError> {
        if Self::tick() > deadline {
            return Ok(false);
        }
        let at = Self::block_of(deadline.saturating_add(1));
        let due = Self::schedule_one(at, task.clone())?;
        Self::set_due(deal, task.slot, Some(due))?;
        Deals::<T>::insert(task.file, &task.owner, &*deal);
        Ok(true)
    }

    /// Takes a slot from a provider that did not call `ready` in time.
    pub(crate) fn expire_assignment(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        ready_by: Tick,
    ) -> Result<Ran, DispatchError> {
        if Self::not_yet(task, &mut deal, ready_by)? {
            return Ok(Ran::Waited);
        }
        let Task {
            file, owner, slot, ..
        } = task;
        Self::fail(file, owner, deal, *slot, DropReason::NotReady)
    }

    /// Whether a deal ends when one of its slots has failed so often.
    pub(crate) fn lapses(deal: &DealOf<T>, failures: u8) -> bool {
        failures >= T::MaxFailures::get() && !deal.ever_held
    }

    /// Takes a slot from a provider that was on the way to hold it. A deal that was never held ends after some of these.
    pub(crate) fn fail(
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        index: u8,
        reason: DropReason,
    ) -> Result<Ran, DispatchError> {
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        slot.failures = slot.failures.saturating_add(1);
        let failures = slot.failures;
        if Self::lapses(&deal, failures) {
            // Ends it as it is stored, with its task, which the agenda does not mind. Nobody earns, so that the audits have nothing to do.
            let (replicas, _) = Self::finish(file, owner, EndReason::Lapsed)?;
            return Ok(Ran::Lapsed(replicas));
        }
        Self::lose_slot(file, owner, deal, index, reason)?;
        Ok(Ran::Expired)
    }

    /// Takes a slot from a provider that does not earn, gives the reserved bytes back and fixes a new draw point. The slot's previous task is off the agenda already.
    pub(crate) fn lose_slot(
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        index: u8,
        reason: DropReason,
    ) -> DispatchResult {
        let provider = deal
            .slot(index)
            .ok_or(Error::<T>::UnknownSlot)?
            .state
            .provider()
            .cloned()
            .ok_or(Error::<T>::NotAssignedToYou)?;
        Self::open_slot(file, owner, &mut deal, index, Some(provider.clone()))?;
        Self::let_go(&provider, file, owner, deal.size)?;
        Self::deposit_event(Event::ReplicaDropped {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
            reason,
        });
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Counts the held slots again, and with them whether the deal is active. The caller writes the deal.
    pub(crate) fn count_held(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
    ) -> DispatchResult {
        let before = deal.is_active();
        let held = deal.slots.iter().filter(|slot| slot.is_held()).count();
        deal.held = u8::try_from(held).map_err(|_| Error::<T>::TooManyReplicas)?;
        let after = deal.is_active();
        if before == after {
            return Ok(());
        }
        let (file, owner) = (*file, owner.clone());
        Commitments::<T>::mutate(deal.root, deal.size, |count| {
            if after {
                count.active = count.active.saturating_add(1);
            } else {
                count.active = count.active.saturating_sub(1);
            }
        });
        Self::deposit_event(if after {
            Event::FileActivated { file, owner }
        } else {
            Event::FileDeactivated { file, owner }
        });
        Ok(())
    }

    /// `blake2_256(domain ‖ seed ‖ file id ‖ owner ‖ slot ‖ token as u64 LE ‖ attempt)`: the
    /// randomness of one attempt to draw a provider.
    pub(crate) fn assignment_hash(seed: &[u8; 32], task: &TaskOf<T>, attempt: u8) -> [u8; 32] {
        let owner = T::AccountBytes::convert(task.owner.clone());
        let message = [
            ASSIGN_DOMAIN,
            seed,
            &task.file,
            &owner,
            &[task.slot],
            &task.token.to_le_bytes(),
            &[attempt],
        ]
        .concat();
        T::FileHasher::blake2_256(&message)
    }
}
