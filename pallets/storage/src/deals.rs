//! `commit` and `commit_many`: how a deal begins.

use crate::{
    terms::Terms,
    types::{FileId, Slot, SlotState, Task, TaskKind},
    BalanceOf, BlockOf, Commitments, Config, DealOf, Deals, DealsOf, Error, Event, FilesOf, Pallet,
    WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    ensure, storage::with_storage_layer, traits::Get, weights::Weight, BoundedVec,
};
use noema_commitment::{file_id, Shape};
use noema_traits::{FileCommitments, ProviderRegistry, Role, RoundIndex, Tick};
use sp_runtime::{
    traits::{Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// What `commit` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitOutcome<Balance> {
    /// A deal was made.
    New {
        /// What left the owner's free balance, deposit included.
        charged: Balance,
    },
    /// The same deal was there already.
    Repeated,
}

impl<T: Config> Pallet<T> {
    /// Bytes of a provider's capacity that one replica of a file takes: those of the padded tree.
    pub(crate) fn replica_bytes(size: u64) -> Result<u64, DispatchError> {
        let shape = Shape::new(size).map_err(|_| Error::<T>::FileTooLarge)?;
        Ok(shape.padded_bytes())
    }

    /// How many ticks a provider has to fetch a file of this size.
    pub(crate) fn ready_window(size: u64) -> Tick {
        crate::math::ready_window(T::ReadyWindowBase::get(), T::ReadyWindowPerMib::get(), size)
    }

    /// A deal whose lease is not over: what is over is gone for every call but those that clean up.
    pub(crate) fn live_deal(
        file: &FileId,
        owner: &T::AccountId,
    ) -> Result<DealOf<T>, DispatchError> {
        let deal = Self::recorded_deal(file, owner)?;
        ensure!(!deal.is_over(Self::round()), Error::<T>::UnknownDeal);
        Ok(deal)
    }

    /// A deal, be its lease over.
    pub(crate) fn recorded_deal(
        file: &FileId,
        owner: &T::AccountId,
    ) -> Result<DealOf<T>, DispatchError> {
        Deals::<T>::get(file, owner).ok_or_else(|| Error::<T>::UnknownDeal.into())
    }

    /// Makes a deal, or finds that it is there already.
    pub(crate) fn do_commit(
        owner: &T::AccountId,
        (root, size, replicas): ([u8; 32], u64, u8),
        rounds: RoundIndex,
        max: BalanceOf<T>,
    ) -> Result<CommitOutcome<BalanceOf<T>>, DispatchError> {
        let file = file_id::<T::FileHasher>(&root, size);
        if let Some(deal) = Deals::<T>::get(file, owner) {
            // Cleaning up here would have every commit weigh as much as letting all replicas go.
            ensure!(!deal.is_over(Self::round()), Error::<T>::DealExists);
            ensure!(deal.replicas() == replicas, Error::<T>::ReplicasDiffer);
            Self::deposit_event(Event::CommitRepeated {
                file,
                owner: owner.clone(),
            });
            return Ok(CommitOutcome::Repeated);
        }
        let quote = Self::quote(size, replicas, rounds)?;
        ensure!(
            T::Providers::active_count(Role::Storage) >= u32::from(replicas),
            Error::<T>::NotEnoughProviders
        );
        ensure!(quote.total <= max, Error::<T>::PriceAboveMaximum);
        Self::hold_deposit(owner, quote.deposit)?;
        Self::pay_in(owner, quote.escrow)?;
        Self::pay_fund(owner, quote.placement)?;

        let now = Self::now();
        let slots = Self::new_slots(file, owner, replicas, now)?;
        let mut deal = DealOf::<T> {
            root,
            size,
            deposit: quote.deposit,
            committed_at: now,
            held: 0,
            slots,
            terms: Terms {
                rent: quote.rent,
                end: quote.end,
                next: None,
            },
            balance: quote.escrow,
            ever_held: false,
            offered_to: None,
            token: 0,
            due: None,
        };
        Self::schedule_end(&file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        DealsOf::<T>::insert(owner, file, ());
        Commitments::<T>::try_mutate(root, size, |count| {
            count.deals = count
                .deals
                .checked_add(1)
                .ok_or(ArithmeticError::Overflow)?;
            Ok::<_, DispatchError>(())
        })?;
        Self::deposit_event(Event::Committed {
            file,
            owner: owner.clone(),
            root,
            size,
            replicas,
            deposit: quote.deposit,
            rent: quote.rent,
            until: quote.end.saturating_sub(T::GraceRounds::get()),
            escrow: quote.escrow,
            placement: quote.placement,
        });
        Ok(CommitOutcome::New {
            charged: quote.total,
        })
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
            kind: TaskKind::Slot,
        });
        let due = Self::schedule(draw_at, tasks)?;
        let slots: Vec<_> = tokens
            .zip(due)
            .map(|((_, token), due)| Slot {
                // The draw point is where the task found room.
                state: SlotState::Drawing {
                    draw_at: due,
                    vain: 0,
                },
                token,
                passed_over: None,
                due: Some(due),
                leaving: None,
                bounty: Zero::zero(),
                failures: 0,
            })
            .collect();
        BoundedVec::try_from(slots).map_err(|_| Error::<T>::TooManyReplicas.into())
    }

    /// What `commit_many` weighs: each file as a commitment of its own.
    pub(crate) fn weight_of_commit_many(files: &FilesOf<T>) -> Weight {
        files
            .iter()
            .fold(T::WeightInfo::commit_repeated(), |sum, (_, _, replicas)| {
                sum.saturating_add(T::WeightInfo::commit((*replicas).into()))
            })
    }

    /// Makes all of the deals that are not there yet, or none.
    pub(crate) fn do_commit_many(
        owner: &T::AccountId,
        files: &FilesOf<T>,
        rounds: RoundIndex,
        max: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(!files.is_empty(), Error::<T>::NoFiles);
        with_storage_layer(|| {
            let mut left = max;
            for file in files {
                if let CommitOutcome::New { charged } = Self::do_commit(owner, *file, rounds, left)?
                {
                    left = left.saturating_sub(charged);
                }
            }
            Ok(())
        })
    }
}

/// The slots of a deal.
type SlotsOf<T> = BoundedVec<crate::SlotOf<T>, <T as Config>::MaxReplicas>;

impl<T: Config> FileCommitments for Pallet<T> {
    fn is_stored(root: &[u8; 32], size: u64) -> bool {
        Commitments::<T>::get(root, size).active > 0
    }
}
