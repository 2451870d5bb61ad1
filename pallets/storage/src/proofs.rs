//! `ready`, `prove`, and the deadline of a proof.

use crate::{
    agenda::Ran,
    types::{FileId, SlotState, Task},
    BlockOf, Config, DealOf, Deals, DropReason, Error, Event, Pallet, SectorProofsOf, SlotStateOf,
    TaskOf,
};
use frame_support::{ensure, traits::Get};
use noema_commitment::{drawn_sectors, verify_sector, Shape};
use noema_traits::{AgedRandomness, ProviderRegistry, Role, Tick};
use sp_runtime::{
    traits::{Convert, Saturating, UniqueSaturatedInto, Zero},
    DispatchError, DispatchResult,
};

/// The provider for which an operator acts, and the deal with the state of one of its slots.
type SlotOfOperator<T> = (
    <T as frame_system::Config>::AccountId,
    DealOf<T>,
    SlotStateOf<T>,
);

impl<T: Config> Pallet<T> {
    /// The slot that `operator` makes a call about; it must be its provider's.
    fn slot_of_operator(
        operator: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
    ) -> Result<SlotOfOperator<T>, DispatchError> {
        let provider = T::Providers::provider_of_operator(Role::Storage, operator)
            .ok_or(Error::<T>::NotAnOperator)?;
        let deal = Self::live_deal(file, owner)?;
        let slot = deal.slot(index).ok_or(Error::<T>::UnknownSlot)?;
        ensure!(
            slot.state.provider() == Some(&provider),
            Error::<T>::NotAssignedToYou
        );
        let state = slot.state.clone();
        Ok((provider, deal, state))
    }

    /// Assigned → Proving.
    pub(crate) fn do_ready(
        operator: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
    ) -> DispatchResult {
        let (provider, mut deal, state) = Self::slot_of_operator(operator, file, owner, index)?;
        let SlotState::Assigned { ready_by, .. } = state else {
            return Err(Error::<T>::NotAwaitingReady.into());
        };
        ensure!(Self::tick() <= ready_by, Error::<T>::TooLate);

        Self::unschedule_slot(&deal, index);
        Self::await_proof(file, owner, &mut deal, index, provider, Self::now())?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Puts a slot into Proving with a draw point after `now`. The caller has taken the previous
    /// task off the agenda, and writes the deal.
    fn await_proof(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
        index: u8,
        provider: T::AccountId,
        now: BlockOf<T>,
    ) -> DispatchResult {
        let draw_at = now.saturating_add(T::ProofDrawDelay::get());
        let delay: Tick = T::ProofDrawDelay::get().unique_saturated_into();
        let prove_by = Self::tick()
            .saturating_add(delay)
            .saturating_add(T::ProveWindow::get());
        let state = SlotState::Proving {
            provider: provider.clone(),
            draw_at,
            prove_by,
        };
        let deadline = Self::block_of(prove_by.saturating_add(1));
        Self::move_slot(file, owner, deal, index, state, None, Some(deadline))?;
        Self::deposit_event(Event::ReplicaReady {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
            draw_at,
            prove_by,
        });
        Ok(())
    }

    /// Proving → Held. Everything that costs little is checked before the first hash.
    pub(crate) fn do_prove(
        operator: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
        proof: &SectorProofsOf<T>,
    ) -> DispatchResult {
        let (provider, mut deal, state) = Self::slot_of_operator(operator, file, owner, index)?;
        let SlotState::Proving {
            draw_at, prove_by, ..
        } = state
        else {
            return Err(Error::<T>::NotAwaitingProof.into());
        };
        let now = Self::now();
        ensure!(Self::tick() <= prove_by, Error::<T>::TooLate);
        let count = T::ProofSectors::get();
        ensure!(
            u32::try_from(proof.len()) == Ok(count),
            Error::<T>::WrongProofCount
        );
        let seed = match T::Randomness::seed_from(draw_at) {
            Some(seed) => seed.value,
            None if Self::may_still_come(draw_at, now) => {
                return Err(Error::<T>::SeedNotDrawn.into());
            }
            None => return Err(Error::<T>::SeedForgotten.into()),
        };
        let shape = Shape::new(deal.size).map_err(|_| Error::<T>::WrongProof)?;
        let sectors = drawn_sectors::<T::FileHasher>(
            &seed,
            file,
            &T::AccountBytes::convert(owner.clone()),
            &T::AccountBytes::convert(provider.clone()),
            index,
            &shape,
            count,
        );
        let mut left = proof.iter();
        for sector in sectors {
            let sector_proof = left.next().ok_or(Error::<T>::WrongProofCount)?;
            ensure!(
                verify_sector::<T::FileHasher>(&deal.root, &shape, sector, sector_proof).is_ok(),
                Error::<T>::WrongProof
            );
        }

        Self::unschedule_slot(&deal, index);
        let held = SlotState::Held {
            provider: provider.clone(),
            since: now,
            joined: None,
            bounty: Zero::zero(),
        };
        // Auditable in the third epoch from now.
        let at = now.saturating_add(T::MaturingDelay::get());
        Self::move_slot(file, owner, &mut deal, index, held, None, Some(at))?;
        deal.ever_held = true;
        deal.slot_mut(index)
            .ok_or(Error::<T>::UnknownSlot)?
            .failures = 0;
        Self::deposit_event(Event::ReplicaProven {
            file: *file,
            owner: owner.clone(),
            slot: index,
            provider,
        });
        Self::count_held(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Ok(())
    }

    /// Takes a slot from a provider that did not prove in time; but when there was no seed to
    /// draw its sectors by, it could not, and gets a new draw point instead.
    pub(crate) fn expire_proof(
        task: &TaskOf<T>,
        mut deal: DealOf<T>,
        provider: T::AccountId,
        draw_at: BlockOf<T>,
        prove_by: Tick,
        now: BlockOf<T>,
    ) -> Result<Ran, DispatchError> {
        if Self::not_yet(task, &mut deal, prove_by)? {
            return Ok(Ran::Waited);
        }
        let Task {
            file,
            owner,
            slot: index,
            ..
        } = task;
        if T::Randomness::seed_from(draw_at).is_none() {
            Self::await_proof(file, owner, &mut deal, *index, provider, now)?;
            Deals::<T>::insert(file, owner, deal);
            return Ok(Ran::Waited);
        }
        Self::fail(file, owner, deal, *index, DropReason::NotProven)
    }
}
