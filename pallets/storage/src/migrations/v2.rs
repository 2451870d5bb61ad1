//! Version 2: leases. Deals get terms and what was paid for them, slots what they are worth to a provider, tasks a kind.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use super::PALLET_ID;
use crate::{
    pallet::STORAGE_VERSION, terms::Terms, Agenda, AgendaCursor, BalanceOf, BlockOf, Config, Deal,
    DealOf, Deals, Error, FileId, HoldReason, Pallet, Reserved, Slot, SlotOf, SlotState, Task,
    TaskKind, TaskOf,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
    migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
    pallet_prelude::*,
    storage::{unhashed, with_storage_layer, StoragePrefixedMap},
    traits::{
        fungible::{hold::Mutate as _, Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        GetStorageVersion,
    },
    weights::WeightMeter,
    ReversibleStorageHasher,
};
use noema_traits::Tick;
use sp_runtime::{
    traits::{CheckedAdd, CheckedDiv, One, Saturating, UniqueSaturatedInto, Zero},
    ArithmeticError,
};

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

/// Windows of the agenda that are tried for a task: its own, and two from where there was room last. What finds none is tried again in the next step, further on.
const WINDOWS: u64 = 3;

/// A key of a map.
type Key = BoundedVec<u8, ConstU32<256>>;

/// How far it has come: the last key that was done, first of the agenda, then of the deals.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub enum Progress<BlockNumber> {
    /// Tasks of version 1 are taken off; those of version 2 are put on with their deals.
    #[codec(index = 0)]
    Agenda(Option<Key>),
    /// Deals become leases. With the first block that may have room for tasks which all would have the same.
    #[codec(index = 1)]
    Deals(Option<Key>, BlockNumber),
}

/// How far it has come.
type ProgressOf<T> = Progress<BlockOf<T>>;

/// Makes leases of deals. `PerMib` is what version 1 held for each MiB of each replica: what was paid for the rounds comes out of it, the rest goes back.
///
/// Safe to run twice, and from the beginning after it stopped half-way: what has its new form is left alone.
pub struct ToLeases<T, PerMib>(PhantomData<(T, PerMib)>);

impl<T: Config, PerMib: Get<BalanceOf<T>>> ToLeases<T, PerMib> {
    /// What one value takes at most: a deal whose slots all take a task, each in an agenda that is searched.
    pub(crate) fn worst() -> Weight {
        Self::weight_of(T::MaxReplicas::get())
    }

    fn weight_of(slots: u32) -> Weight {
        let search = u64::from(T::AgendaSearch::get())
            .saturating_add(1)
            .saturating_mul(WINDOWS)
            .saturating_add(2);
        let tasks = u64::from(slots).saturating_add(1);
        let reads = search.saturating_mul(tasks).saturating_add(28);
        let writes = tasks.saturating_mul(2).saturating_add(20);
        T::DbWeight::get()
            .reads_writes(reads, writes)
            .saturating_add(Weight::from_parts(100_000_000, 0).saturating_mul(tasks))
    }

    /// What an account lacks to exist by itself.
    fn missing_of(who: &T::AccountId) -> BalanceOf<T> {
        T::Currency::minimum_balance().saturating_sub(T::Currency::balance(who))
    }

    /// Pot and fund need accounts of their own: before anything can be held there, and before what small files pay for their placement can be received. What the
    /// treasury has not, the first owner's former deposit has for the pot; the fund is done without.
    fn open_accounts() {
        let treasury = T::Treasury::get();
        for who in [T::Pot::get(), T::RepairFund::get()] {
            let missing = Self::missing_of(&who);
            if !missing.is_zero() {
                T::Currency::transfer(&treasury, &who, missing, Preservation::Preserve).ok();
            }
        }
        if AgendaCursor::<T>::get().is_none() {
            AgendaCursor::<T>::put(Pallet::<T>::now().saturating_add(One::one()));
        }
    }

    /// The key after `last`, under the prefix of a map.
    fn next_key(prefix: &[u8], last: &Option<Key>) -> Option<Vec<u8>> {
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

    /// Makes a lease of a deal, if it is of version 1. Returns how many slots it has; none if it found no room for its tasks, and is to be tried again.
    fn migrate_deal(
        key: &[u8],
        room: &mut BlockOf<T>,
    ) -> Result<Option<u32>, SteppedMigrationError> {
        let Some(value) = unhashed::get_raw(key) else {
            return Ok(Some(0));
        };
        if DealOf::<T>::decode_all(&mut value.as_slice()).is_ok() {
            return Ok(Some(0));
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
        match with_storage_layer(|| Self::lease_of(&file, &owner, old, room)) {
            Ok(deal) => {
                Deals::<T>::insert(file, &owner, deal);
                Ok(Some(slots))
            }
            Err(error) if error == Error::<T>::Busy.into() => Ok(None),
            Err(_) => Err(SteppedMigrationError::Failed),
        }
    }

    /// Of a former deposit, the part that was for the size; and the rounds that it pays for.
    fn paid_by(old: &v1::DealOf<T>) -> Result<(BalanceOf<T>, BalanceOf<T>, u32), DispatchError> {
        let replicas = u8::try_from(old.slots.len()).unwrap_or(u8::MAX);
        let (rent, _) = Pallet::<T>::rent_of(old.size)?;
        let mib = u32::try_from(crate::math::mib(old.size)).unwrap_or(u32::MAX);
        let part = PerMib::get()
            .saturating_mul(mib.into())
            .saturating_mul(u32::from(replicas).into())
            .min(old.deposit);
        let each = Pallet::<T>::product(rent, replicas, 1)?;
        let affordable: u32 = part
            .checked_div(&each)
            .unwrap_or_else(Zero::zero)
            .unique_saturated_into();
        let wanted = ROUNDS.saturating_add(T::GraceRounds::get());
        Ok((part, rent, wanted.min(affordable)))
    }

    /// Moves what pays for the rounds from the owner's deposit into the pot, and with it what the pot lacks to exist. It is the deposit's own money, so that no lock or
    /// freeze on what else the owner has can be in the way. Returns what was taken.
    fn move_into_pot(
        owner: &T::AccountId,
        escrow: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let pot = T::Pot::get();
        let taken = escrow
            .checked_add(&Self::missing_of(&pot))
            .ok_or(ArithmeticError::Overflow)?;
        with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                &HoldReason::Deposit.into(),
                owner,
                &pot,
                taken,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )?;
            T::Currency::hold(&Pallet::<T>::escrow(), &pot, escrow)
        })?;
        Ok(taken)
    }

    /// A deal of version 2, paid for out of what was held for the same thing.
    fn lease_of(
        file: &FileId,
        owner: &T::AccountId,
        old: v1::DealOf<T>,
        room: &mut BlockOf<T>,
    ) -> Result<DealOf<T>, DispatchError> {
        let replicas = u8::try_from(old.slots.len()).unwrap_or(u8::MAX);
        let (part, rent, mut rounds) = Self::paid_by(&old)?;
        let mut escrow = Pallet::<T>::product(rent, replicas, rounds)?;
        let mut taken = Zero::zero();
        if !escrow.is_zero() {
            match Self::move_into_pot(owner, escrow) {
                Ok(amount) => taken = amount,
                // Something outside took from the hold. The lease is over with the present round, and what is left of what was held for it is back.
                Err(_) => (rounds, escrow) = (0, Zero::zero()),
            }
        }
        Pallet::<T>::release_deposit(owner, part.saturating_sub(taken));
        let ever_held = old.held > 0;
        let mut deal: DealOf<T> = Deal {
            root: old.root,
            size: old.size,
            // The pot's own account may have taken some of it.
            deposit: old.deposit.saturating_sub(part.max(taken)),
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
            let slot = Self::slot_of(file, owner, index, slot, room)?;
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
        let task = Self::task_of(file, owner, 0, token, end);
        deal.due = Some(Self::schedule(task, at, room)?);
        deal.token = token;
        Ok(deal)
    }

    fn slot_of(
        file: &FileId,
        owner: &T::AccountId,
        index: u8,
        old: v1::Slot<T::AccountId, BlockOf<T>>,
        room: &mut BlockOf<T>,
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
                // All of them would have the same block.
                *room = (*room).max(now.saturating_add(T::MaturingDelay::get()));
                (state, *room)
            }
        };
        let task = Self::task_of(file, owner, index, old.token, TaskKind::Slot);
        let due = Self::schedule(task, at, room)?;
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

    fn task_of(
        file: &FileId,
        owner: &T::AccountId,
        slot: u8,
        token: u64,
        kind: TaskKind,
    ) -> TaskOf<T> {
        Task {
            file: *file,
            owner: owner.clone(),
            slot,
            token,
            kind,
        }
    }

    /// Puts a task on the agenda where it belongs or, should that be full, where there was room last; a task that comes too early moves itself. `room` follows what is
    /// found, so that no block which is full is looked at again for each of many deals.
    fn schedule(
        task: TaskOf<T>,
        at: BlockOf<T>,
        room: &mut BlockOf<T>,
    ) -> Result<BlockOf<T>, DispatchError> {
        let window: BlockOf<T> = T::AgendaSearch::get().saturating_add(1).into();
        if at != *room {
            if let Ok(due) = Pallet::<T>::schedule_one(at, task.clone()) {
                return Ok(due);
            }
        }
        for _ in 1..WINDOWS {
            if let Ok(due) = Pallet::<T>::schedule_one(*room, task.clone()) {
                *room = due;
                return Ok(due);
            }
            *room = room.saturating_add(window);
        }
        Err(Error::<T>::Busy.into())
    }
}

impl<T: Config, PerMib: Get<BalanceOf<T>>> SteppedMigration for ToLeases<T, PerMib> {
    type Cursor = ProgressOf<T>;
    type Identifier = MigrationId<{ PALLET_ID.len() }>;

    fn id() -> Self::Identifier {
        MigrationId {
            pallet_id: *PALLET_ID,
            version_from: 1,
            version_to: 2,
        }
    }

    fn step(
        cursor: Option<ProgressOf<T>>,
        meter: &mut WeightMeter,
    ) -> Result<Option<ProgressOf<T>>, SteppedMigrationError> {
        if Pallet::<T>::on_chain_storage_version() >= STORAGE_VERSION {
            return Ok(None);
        }
        let required = Self::worst();
        if !meter.can_consume(required) {
            return Err(SteppedMigrationError::InsufficientWeight { required });
        }
        let mut progress = cursor.unwrap_or_else(|| {
            Self::open_accounts();
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
                        None => {
                            let room = Pallet::<T>::now().saturating_add(T::MaturingDelay::get());
                            progress = Progress::Deals(None, room);
                        }
                    }
                }
                Progress::Deals(last, room) => {
                    let Some(key) = Self::next_key(&Deals::<T>::final_prefix(), last) else {
                        STORAGE_VERSION.put::<Pallet<T>>();
                        return Ok(None);
                    };
                    let mut room = *room;
                    let last = match Self::migrate_deal(&key, &mut room)? {
                        Some(slots) => {
                            meter.consume(Self::weight_of(slots));
                            let key = key.try_into();
                            Some(key.map_err(|_| SteppedMigrationError::Failed)?)
                        }
                        None => {
                            meter.consume(required);
                            last.clone()
                        }
                    };
                    progress = Progress::Deals(last, room);
                }
            }
        }
        Ok(Some(progress))
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<Vec<u8>, sp_runtime::TryRuntimeError> {
        let (mut deals, mut paid) = (0u64, 0u64);
        let prefix = Deals::<T>::final_prefix();
        let mut last: Option<Key> = None;
        while let Some(key) = Self::next_key(&prefix, &last) {
            deals = deals.saturating_add(1);
            let old = unhashed::get_raw(&key)
                .and_then(|value| v1::DealOf::<T>::decode_all(&mut value.as_slice()).ok());
            if old.is_some_and(|old| Self::paid_by(&old).is_ok_and(|(.., rounds)| rounds > 0)) {
                paid = paid.saturating_add(1);
            }
            last = Some(key.try_into().map_err(|_| "a key is too long")?);
        }
        Ok((deals, paid).encode())
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(before: Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        let before =
            <(u64, u64)>::decode(&mut before.as_slice()).map_err(|_| "the counts are numbers")?;
        let (mut deals, mut paid) = (0u64, 0u64);
        for deal in Deals::<T>::iter_values() {
            deals = deals.saturating_add(1);
            let lives = !deal.balance.is_zero() && !deal.is_over(Pallet::<T>::round());
            paid = paid.saturating_add(lives.into());
        }
        frame_support::ensure!(before.0 == deals, "every deal is read in its new form");
        frame_support::ensure!(before.1 <= paid, "a deal that could pay has no rounds");
        Pallet::<T>::do_try_state()
    }
}
