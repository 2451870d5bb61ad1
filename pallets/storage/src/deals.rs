//! `commit` and `remove`: the owner's side of a deal.

use crate::{
    math,
    types::{FileId, Slot, SlotState, Task},
    Assignments, BalanceOf, BlockOf, Commitments, Config, DealOf, Deals, DealsOf, Error, Event,
    HoldReason, Pallet,
};
use alloc::vec::Vec;
use frame_support::{
    defensive_assert, ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
    BoundedVec,
};
use noema_commitment::{file_id, Shape};
use noema_traits::{FileCommitments, ProviderRegistry, Role};
use sp_runtime::{traits::Saturating, DispatchError};

/// What `commit` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitOutcome {
    /// A deal was made.
    New,
    /// The same deal was there already.
    Repeated,
}

impl<T: Config> Pallet<T> {
    /// Bytes of a provider's capacity that one replica of a file takes: those of the padded tree.
    pub(crate) fn replica_bytes(size: u64) -> Result<u64, DispatchError> {
        let shape = Shape::new(size).map_err(|_| Error::<T>::FileTooLarge)?;
        Ok(shape.padded_bytes())
    }

    /// How many blocks a provider has to fetch a file of this size.
    pub(crate) fn ready_window(size: u64) -> BlockOf<T> {
        math::ready_window(T::ReadyWindowBase::get(), T::ReadyWindowPerMib::get(), size)
    }

    /// What an owner must put up for a file. `None` if no balance can express it.
    pub fn deposit_for(size: u64, replicas: u8) -> Option<BalanceOf<T>> {
        math::deposit(
            T::DepositBase::get(),
            T::DepositPerReplica::get(),
            T::DepositPerMib::get(),
            replicas,
            size,
        )
    }

    /// Makes a deal, or finds that it is there already.
    pub(crate) fn do_commit(
        owner: T::AccountId,
        root: [u8; 32],
        size: u64,
        replicas: u8,
    ) -> Result<CommitOutcome, DispatchError> {
        ensure!(size > 0, Error::<T>::EmptyFile);
        ensure!(size <= T::MaxFileSize::get(), Error::<T>::FileTooLarge);
        ensure!(replicas > 0, Error::<T>::NoReplicas);
        ensure!(
            u32::from(replicas) <= T::MaxReplicas::get(),
            Error::<T>::TooManyReplicas
        );
        let file = file_id::<T::FileHasher>(&root, size);
        if let Some(deal) = Deals::<T>::get(file, &owner) {
            ensure!(deal.replicas() == replicas, Error::<T>::ReplicasDiffer);
            Self::deposit_event(Event::CommitRepeated { file, owner });
            return Ok(CommitOutcome::Repeated);
        }
        ensure!(
            T::Providers::active_count(Role::Storage) >= u32::from(replicas),
            Error::<T>::NotEnoughProviders
        );
        let deposit = Self::deposit_for(size, replicas).ok_or(Error::<T>::InsufficientDeposit)?;
        T::Currency::hold(&HoldReason::Deposit.into(), &owner, deposit)
            .map_err(|_| Error::<T>::InsufficientDeposit)?;

        let now = Self::now();
        let slots = Self::new_slots(file, &owner, replicas, now)?;
        let deal = DealOf::<T> {
            root,
            size,
            deposit,
            committed_at: now,
            held: 0,
            slots,
        };
        Deals::<T>::insert(file, &owner, deal);
        DealsOf::<T>::insert(&owner, file, ());
        Commitments::<T>::mutate(root, size, |count| {
            count.deals = count.deals.saturating_add(1);
        });
        Self::deposit_event(Event::Committed {
            file,
            owner,
            root,
            size,
            replicas,
            deposit,
        });
        Ok(CommitOutcome::New)
    }

    /// `replicas` slots waiting for their draw, with their tasks on the agenda.
    fn new_slots(
        file: FileId,
        owner: &T::AccountId,
        replicas: u8,
        now: BlockOf<T>,
    ) -> Result<SlotsOf<T>, DispatchError> {
        let draw_at = now.saturating_add(T::DrawDelay::get());
        let first = Self::take_tokens(replicas)?;
        let tokens = (0..replicas).map(|slot| (slot, first.saturating_add(slot.into())));
        let tasks = tokens.clone().map(|(slot, token)| Task {
            file,
            owner: owner.clone(),
            slot,
            token,
        });
        let due = Self::schedule(draw_at, tasks)?;
        let slots: Vec<_> = tokens
            .zip(due)
            .map(|((_, token), due)| Slot {
                // The draw point is where the task found room.
                state: SlotState::Drawing { draw_at: due },
                token,
                passed_over: None,
                due: Some(due),
            })
            .collect();
        BoundedVec::try_from(slots).map_err(|_| Error::<T>::TooManyReplicas.into())
    }

    /// Ends a deal and returns how many slots it had.
    pub(crate) fn do_remove(owner: T::AccountId, file: FileId) -> Result<u8, DispatchError> {
        let deal = Deals::<T>::take(file, &owner).ok_or(Error::<T>::UnknownDeal)?;
        let bytes = Self::replica_bytes(deal.size)?;
        for slot in &deal.slots {
            if let Some(due) = slot.due {
                Self::unschedule(due, slot.token);
            }
            if let Some(provider) = slot.state.provider() {
                T::Providers::release(Role::Storage, provider, bytes);
                Assignments::<T>::remove(provider, (file, &owner));
            }
        }
        DealsOf::<T>::remove(&owner, file);
        let was_active = deal.is_active();
        Commitments::<T>::mutate_exists(deal.root, deal.size, |entry| {
            if let Some(count) = entry {
                count.deals = count.deals.saturating_sub(1);
                count.active = count.active.saturating_sub(was_active.into());
                if count.deals == 0 {
                    *entry = None;
                }
            }
        });
        // Best effort, so that an owner gets rid of a deal even if something outside this pallet
        // took from the hold; the event says what really came back.
        let refunded = T::Currency::release(
            &HoldReason::Deposit.into(),
            &owner,
            deal.deposit,
            Precision::BestEffort,
        )?;
        defensive_assert!(
            refunded == deal.deposit,
            "the hold equals the sum of the deposits"
        );
        let replicas = deal.replicas();
        Self::deposit_event(Event::Removed {
            file,
            owner,
            refunded,
        });
        Ok(replicas)
    }
}

/// The slots of a deal.
type SlotsOf<T> = BoundedVec<crate::SlotOf<T>, <T as Config>::MaxReplicas>;

impl<T: Config> FileCommitments for Pallet<T> {
    fn is_stored(root: &[u8; 32], size: u64) -> bool {
        Commitments::<T>::get(root, size).active > 0
    }
}
