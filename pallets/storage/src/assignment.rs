//! Moves of a slot: drawing its provider, and losing it again.

use crate::{
    agenda::Ran,
    types::{DropReason, FileId, Slot, SlotState, Task},
    Assignments, BlockOf, Commitments, Config, DealOf, Deals, Error, Event, Pallet, SlotStateOf,
    TaskOf,
};
use frame_support::traits::Get;
use noema_commitment::Hasher;
use noema_traits::{AgedRandomness, ProviderRegistry, Role};
use sp_runtime::{
    traits::{Convert, One, Saturating},
    DispatchError, DispatchResult,
};

/// Separates the draw of a provider from every other use of a seed.
const ASSIGN_DOMAIN: &[u8] = b"noema/storage/assign/v1";

impl<T: Config> Pallet<T> {
    /// Puts a slot into another state with a fresh token, and its task on the agenda at `task_at`
    /// or later. The draw point of a slot that waits for its draw moves with the task: a draw that
    /// is executed later than at its point is none. The caller has taken the previous task off, and
    /// writes the deal.
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
                };
                Some(Self::schedule_one(at, task)?)
            }
            None => None,
        };
        if let (SlotState::Drawing { draw_at }, Some(due)) = (&mut state, due) {
            *draw_at = due;
        }
        let slot = deal
            .slots
            .get_mut(usize::from(index))
            .ok_or(Error::<T>::UnknownSlot)?;
        *slot = Slot {
            state,
            token,
            passed_over,
            due,
        };
        Ok(())
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
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
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
                && T::Providers::reserve(Role::Storage, &provider, bytes).is_ok();
            drawn = fits.then_some(provider);
        }
        match drawn {
            Some(provider) => {
                let ready_by = now.saturating_add(Self::ready_window(deal.size));
                Assignments::<T>::insert(&provider, (file, owner), index);
                let state = SlotState::Assigned {
                    provider: provider.clone(),
                    ready_by,
                };
                let deadline = ready_by.saturating_add(One::one());
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
                let draw_at = now.saturating_add(T::RedrawDelay::get());
                let state = SlotState::Drawing { draw_at };
                Self::move_slot(file, owner, &mut deal, *index, state, None, Some(draw_at))?;
            }
        }
        Deals::<T>::insert(file, owner, deal);
        Ok(Ran::Drew(attempts))
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
        let slot = deal
            .slots
            .get_mut(usize::from(task.slot))
            .ok_or(Error::<T>::UnknownSlot)?;
        slot.due = Some(due);
        Deals::<T>::insert(task.file, &task.owner, deal);
        Ok(())
    }

    /// Gives a draw a new draw point, whose seed nobody knows.
    fn draw_anew(task: &TaskOf<T>, mut deal: DealOf<T>, now: BlockOf<T>) -> DispatchResult {
        let passed_over = deal
            .slot(task.slot)
            .and_then(|slot| slot.passed_over.clone());
        let draw_at = now.saturating_add(T::DrawDelay::get());
        Self::move_slot(
            &task.file,
            &task.owner,
            &mut deal,
            task.slot,
            SlotState::Drawing { draw_at },
            passed_over,
            Some(draw_at),
        )?;
        Deals::<T>::insert(task.file, &task.owner, deal);
        Ok(())
    }

    /// Takes a slot from a provider that did not call `ready` in time.
    pub(crate) fn expire_assignment(
        task: &TaskOf<T>,
        deal: DealOf<T>,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        Self::drop_replica(
            &task.file,
            &task.owner,
            deal,
            task.slot,
            DropReason::NotReady,
            now,
        )?;
        Ok(Ran::Expired)
    }

    /// Takes a slot from its provider, gives the reserved bytes back and fixes a new draw point.
    /// The slot's previous task is off the agenda already.
    pub(crate) fn drop_replica(
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        index: u8,
        reason: DropReason,
        now: BlockOf<T>,
    ) -> DispatchResult {
        let slot = deal.slot(index).ok_or(Error::<T>::UnknownSlot)?;
        let was_held = slot.state.is_held();
        let provider = slot
            .state
            .provider()
            .cloned()
            .ok_or(Error::<T>::NotAssignedToYou)?;
        let bytes = Self::replica_bytes(deal.size)?;

        let draw_at = now.saturating_add(T::DrawDelay::get());
        let state = SlotState::Drawing { draw_at };
        let passed_over = Some(provider.clone());
        Self::move_slot(
            file,
            owner,
            &mut deal,
            index,
            state,
            passed_over,
            Some(draw_at),
        )?;
        T::Providers::release(Role::Storage, &provider, bytes);
        Assignments::<T>::remove(&provider, (file, owner));
        Self::deposit_event(Event::ReplicaDropped {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
            reason,
        });
        if was_held {
            Self::count_held(file, owner, &mut deal, |held| held.saturating_sub(1));
        }
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Changes the number of held slots, and with it whether the deal is active. The caller
    /// writes the deal.
    pub(crate) fn count_held(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        change: impl FnOnce(u8) -> u8,
    ) {
        let before = deal.is_active();
        deal.held = change(deal.held);
        let after = deal.is_active();
        if before == after {
            return;
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
