//! Version 2: leases. Deals get terms and what was paid for them, slots what they are worth to a provider, tasks a kind.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use super::PALLET_ID;
use crate::{
    pallet::STORAGE_VERSION, terms::Terms, Agenda, AgendaCursor, BalanceOf, BlockOf, Config, Deal,
    DealOf, Deals, Error, FileId, Pallet, Reserved, Slot, SlotOf, SlotState, Task, TaskKind,
    TaskOf,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
    migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
    pallet_prelude::*,
    storage::{unhashed, StoragePrefixedMap},
    traits::{
        fungible::{Inspect, Mutate},
        tokens::Preservation,
        GetStorageVersion,
    },
    weights::WeightMeter,
    ReversibleStorageHasher,
};
use noema_traits::Tick;
use sp_runtime::traits::{CheckedDiv, One, Saturating, UniqueSaturatedInto, Zero};

/// What version 1 stored.
pub(crate) mod v1 {
    use super::*;

    #[derive(Clone, Debug, Encode, Decode)]
    pub(crate) enum SlotState<AccountId, BlockNumber> {
        #[codec(index = 0)]
        Drawing { draw_at: BlockNumber },
        #[codec(index = 1)]
        Assigned {
            provider: AccountId,
            ready_by: BlockNumber,
        },
        #[codec(index = 2)]
        Proving {
            provider: AccountId,
            draw_at: BlockNumber,
            prove_by: BlockNumber,
        },
        #[codec(index = 3)]
        Held {
            provider: AccountId,
            since: BlockNumber,
        },
    }

    #[derive(Clone, Debug, Encode, Decode)]
    pub(crate) struct Slot<AccountId, BlockNumber> {
        pub(crate) state: SlotState<AccountId, BlockNumber>,
        pub(crate) token: u64,
        pub(crate) passed_over: Option<AccountId>,
        pub(crate) due: Option<BlockNumber>,
    }

    #[derive(Clone, Debug, Encode, Decode)]
    pub(crate) struct Deal<AccountId, Balance, BlockNumber> {
        pub(crate) root: [u8; 32],
        pub(crate) size: u64,
        pub(crate) deposit: Balance,
        pub(crate) committed_at: BlockNumber,
        pub(crate) held: u8,
        pub(crate) slots: Vec<Slot<AccountId, BlockNumber>>,
    }

    #[derive(Clone, Debug, Encode, Decode)]
    pub(crate) struct Task<AccountId> {
        pub(crate) file: FileId,
        pub(crate) owner: AccountId,
        pub(crate) slot: u8,
        pub(crate) token: u64,
    }

    pub(crate) type DealOf<T> =
        Deal<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockOf<T>>;
    pub(crate) type TaskOf<T> = Task<<T as frame_system::Config>::AccountId>;
}

/// Rounds that deals of version 1 get, without their grace: 30 days in production. Owners have these to renew, or to remove and have all back but the begun round.
pub const ROUNDS: u32 = 120;

/// Windows of the agenda that are tried for a task: many deals become new ones in few blocks.
const WINDOWS: u32 = 256;

/// How far it has come: the last key that was done, first of the agenda, then of the deals.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub enum Progress {
    /// Tasks of version 1 are taken off; those of version 2 are put on with their deals.
    #[codec(index = 0)]
    Agenda(Option<BoundedVec<u8, ConstU32<256>>>),
    /// Deals become leases.
    #[codec(index = 1)]
    Deals(Option<BoundedVec<u8, ConstU32<256>>>),
}

/// Makes leases of deals. `PerMib` is what version 1 held for each MiB of each replica: what was paid for the rounds comes out of it, the rest goes back.
///
/// Safe to run twice, and from the beginning after it stopped half-way: what has its new form is left alone.
pub struct ToLeases<T, PerMib>(PhantomData<(T, PerMib)>);

impl<T: Config, PerMib: Get<BalanceOf<T>>> ToLeases<T, PerMib> {
    /// What one value takes at most: a deal whose slots all take a task, each in an agenda that is searched.
    fn worst() -> Weight {
        Self::weight_of(T::MaxReplicas::get())
    }

    fn weight_of(slots: u32) -> Weight {
        let search = u64::from(T::AgendaSearch::get()).saturating_add(2);
        let tasks = u64::from(slots).saturating_add(1);
        let reads = search.saturating_mul(tasks).saturating_add(24);
        let writes = tasks.saturating_mul(2).saturating_add(16);
        T::DbWeight::get()
            .reads_writes(reads, writes)
            .saturating_add(Weight::from_parts(100_000_000, 0).saturating_mul(tasks))
    }

    /// The pot needs an account of its own before anything can be held there.
    fn open_pot() {
        let pot = T::Pot::get();
        let missing = T::Currency::minimum_balance().saturating_sub(T::Currency::balance(&pot));
        if !missing.is_zero() {
            let treasury = T::Treasury::get();
            // Where the treasury has nothing, whoever sends it the existential deposit opens it; until then nobody can buy.
            T::Currency::transfer(&treasury, &pot, missing, Preservation::Preserve).ok();
        }
        if AgendaCursor::<T>::get().is_none() {
            AgendaCursor::<T>::put(Pallet::<T>::now().saturating_add(One::one()));
        }
    }

    /// The key after `last`, under the prefix of a map.
    fn next_key(prefix: &[u8], last: &Option<BoundedVec<u8, ConstU32<256>>>) -> Option<Vec<u8>> {
        let from = last.as_ref().map_or(prefix, |last| last.as_slice());
        sp_io::storage::next_key(from).filter(|key| key.starts_with(prefix))
    }

    /// Takes an agenda block off, if it is of version 1.
    fn clear_block(key: &[u8]) {
        let Some(value) = unhashed::get_raw(key) else {
            return;
        };
        let old = Vec::<v1::TaskOf<T>>::decode_all(&mut value.as_slice()).is_ok();
        let new = Vec::<TaskOf<T>>::decode_all(&mut value.as_slice()).is_ok();
        if old && !new {
            unhashed::kill(key);
        }
    }

    /// Makes a lease of a deal, if it is of version 1. Returns how many slots it has.
    fn migrate_deal(key: &[u8]) -> Result<u32, SteppedMigrationError> {
        let Some(value) = unhashed::get_raw(key) else {
            return Ok(0);
        };
        if DealOf::<T>::decode_all(&mut value.as_slice()).is_ok() {
            return Ok(0);
        }
        let old = v1::DealOf::<T>::decode_all(&mut value.as_slice())
            .map_err(|_| SteppedMigrationError::Failed)?;
        let prefix = Deals::<T>::final_prefix();
        let mut parts = key
            .get(prefix.len()..)
            .ok_or(SteppedMigrationError::Failed)?;
        let file_part = frame_support::Blake2_128Concat::reverse(parts);
        let file = FileId::decode(&mut &*file_part).map_err(|_| SteppedMigrationError::Failed)?;
        parts = file_part.get(32..).ok_or(SteppedMigrationError::Failed)?;
        let owner_part = frame_support::Blake2_128Concat::reverse(parts);
        let owner =
            T::AccountId::decode(&mut &*owner_part).map_err(|_| SteppedMigrationError::Failed)?;
        let slots = u32::try_from(old.slots.len()).unwrap_or(u32::MAX);
        let deal = Self::lease_of(&file, &owner, old).map_err(|_| SteppedMigrationError::Failed)?;
        Deals::<T>::insert(file, &owner, deal);
        Ok(slots)
    }

    /// A deal of version 2, paid for out of what was held for the same thing.
    fn lease_of(
        file: &FileId,
        owner: &T::AccountId,
        old: v1::DealOf<T>,
    ) -> Result<DealOf<T>, DispatchError> {
        let replicas = u8::try_from(old.slots.len()).unwrap_or(u8::MAX);
        let (rent, _) = Pallet::<T>::rent_of(old.size)?;
        let mib = u32::try_from(crate::math::mib(old.size)).unwrap_or(u32::MAX);
        let part = PerMib::get()
            .saturating_mul(mib.into())
            .saturating_mul(u32::from(replicas).into())
            .min(old.deposit);
        let wanted = ROUNDS.saturating_add(T::GraceRounds::get());
        let each = Pallet::<T>::product(rent, replicas, 1)?;
        let affordable: u32 = part
            .checked_div(&each)
            .unwrap_or_else(Zero::zero)
            .unique_saturated_into();
        let mut rounds = wanted.min(affordable);
        let mut escrow = Pallet::<T>::product(rent, replicas, rounds)?;
        let released = Pallet::<T>::release_deposit(owner, part);
        if released < escrow || Pallet::<T>::pay_in(owner, escrow).is_err() {
            // Nothing is paid: the lease is over with the present round, and what was held for it is back.
            (rounds, escrow) = (0, Zero::zero());
        }
        let ever_held = old.held > 0;
        let mut deal: DealOf<T> = Deal {
            root: old.root,
            size: old.size,
            deposit: old.deposit.saturating_sub(part),
            committed_at: old.committed_at,
            held: old.held,
            slots: BoundedVec::default(),
            terms: Terms {
                rent,
                end: Pallet::<T>::round().saturating_add(rounds),
                next: None,
            },
            balance: escrow,
            ever_held,
            offered_to: None,
            token: 0,
            due: None,
        };
        let bytes = u128::from(Pallet::<T>::replica_bytes(old.size)?);
        for (index, slot) in (0u8..).zip(old.slots) {
            let slot = Self::slot_of(file, owner, index, slot)?;
            if slot.state.provider().is_some() {
                Reserved::<T>::mutate(|all| *all = all.saturating_add(bytes));
            }
            deal.slots
                .try_push(slot)
                .map_err(|_| Error::<T>::TooManyReplicas)?;
        }
        let token = Pallet::<T>::take_tokens(1)?;
        let end = TaskKind::End;
        let at = Pallet::<T>::block_of_end(file, owner, &deal);
        deal.due = Some(Self::schedule(file, owner, 0, token, end, at)?);
        deal.token = token;
        Ok(deal)
    }

    fn slot_of(
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
        old: v1::Slot<T::AccountId, BlockOf<T>>,
    ) -> Result<SlotOf<T>, DispatchError> {
        let now = Pallet::<T>::now();
        // As many ticks ahead as it was blocks; who was too late has the next one.
        let tick_of = |block: BlockOf<T>| -> Tick {
            let ahead: Tick = block.saturating_sub(now).unique_saturated_into();
            Pallet::<T>::tick().saturating_add(ahead)
        };
        let (mut state, at) = match old.state {
            // Seeds of the past are known: it takes a new point.
            v1::SlotState::Drawing { .. } => {
                let draw_at = now.saturating_add(T::DrawDelay::get());
                (SlotState::Drawing { draw_at, vain: 0 }, draw_at)
            }
            v1::SlotState::Assigned { provider, ready_by } => {
                let ready_by = tick_of(ready_by);
                let at = Pallet::<T>::block_of(ready_by.saturating_add(1));
                (SlotState::Assigned { provider, ready_by }, at)
            }
            v1::SlotState::Proving {
                provider,
                draw_at,
                prove_by,
            } => {
                let prove_by = tick_of(prove_by);
                let at = Pallet::<T>::block_of(prove_by.saturating_add(1));
                let state = SlotState::Proving {
                    provider,
                    draw_at,
                    prove_by,
                };
                (state, at)
            }
            v1::SlotState::Held { provider, since } => {
                let state = SlotState::Held {
                    provider,
                    since,
                    joined: None,
                    bounty: Zero::zero(),
                };
                (state, now.saturating_add(T::MaturingDelay::get()))
            }
        };
        let due = Self::schedule(file, owner, index, old.token, TaskKind::Slot, at)?;
        if let SlotState::Drawing { draw_at, .. } = &mut state {
            *draw_at = due;
        }
        Ok(Slot {
            state,
            token: old.token,
            passed_over: old.passed_over,
            due: Some(due),
            leaving: None,
            bounty: Zero::zero(),
            failures: 0,
        })
    }

    /// Puts a task on the agenda, in the first of many windows that has room.
    fn schedule(
        file: &FileId,
        owner: &T::AccountId,
        slot: u8,
        token: u64,
        kind: TaskKind,
        at: BlockOf<T>,
    ) -> Result<BlockOf<T>, DispatchError> {
        let task = Task {
            file: *file,
            owner: owner.clone(),
            slot,
            token,
            kind,
        };
        let window: BlockOf<T> = T::AgendaSearch::get().saturating_add(1).into();
        let mut from = at;
        for _ in 0..WINDOWS {
            if let Ok(due) = Pallet::<T>::schedule_one(from, task.clone()) {
                return Ok(due);
            }
            from = from.saturating_add(window);
        }
        Err(Error::<T>::Busy.into())
    }
}

impl<T: Config, PerMib: Get<BalanceOf<T>>> SteppedMigration for ToLeases<T, PerMib> {
    type Cursor = Progress;
    type Identifier = MigrationId<{ PALLET_ID.len() }>;

    fn id() -> Self::Identifier {
        MigrationId {
            pallet_id: *PALLET_ID,
            version_from: 1,
            version_to: 2,
        }
    }

    fn step(
        cursor: Option<Progress>,
        meter: &mut WeightMeter,
    ) -> Result<Option<Progress>, SteppedMigrationError> {
        if Pallet::<T>::on_chain_storage_version() >= STORAGE_VERSION {
            return Ok(None);
        }
        let required = Self::worst();
        if !meter.can_consume(required) {
            return Err(SteppedMigrationError::InsufficientWeight { required });
        }
        let mut progress = cursor.unwrap_or_else(|| {
            Self::open_pot();
            Progress::Agenda(None)
        });
        while meter.can_consume(required) {
            match &progress {
                Progress::Agenda(last) => {
                    match Self::next_key(&Agenda::<T>::final_prefix(), last) {
                        Some(key) => {
                            Self::clear_block(&key);
                            meter.consume(T::DbWeight::get().reads_writes(2, 1));
                            let key = key.try_into().map_err(|_| SteppedMigrationError::Failed)?;
                            progress = Progress::Agenda(Some(key));
                        }
                        None => progress = Progress::Deals(None),
                    }
                }
                Progress::Deals(last) => match Self::next_key(&Deals::<T>::final_prefix(), last) {
                    Some(key) => {
                        let slots = Self::migrate_deal(&key)?;
                        meter.consume(Self::weight_of(slots));
                        let key = key.try_into().map_err(|_| SteppedMigrationError::Failed)?;
                        progress = Progress::Deals(Some(key));
                    }
                    None => {
                        STORAGE_VERSION.put::<Pallet<T>>();
                        return Ok(None);
                    }
                },
            }
        }
        Ok(Some(progress))
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
        let deals = u64::try_from(Deals::<T>::iter_keys().count()).unwrap_or(u64::MAX);
        Ok(deals.encode())
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(before: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        let before = u64::decode(&mut before.as_slice()).map_err(|_| "the count is a number")?;
        let after = u64::try_from(Deals::<T>::iter().count()).unwrap_or(u64::MAX);
        frame_support::ensure!(before == after, "every deal is read in its new form");
        Pallet::<T>::do_try_state()
    }
}
