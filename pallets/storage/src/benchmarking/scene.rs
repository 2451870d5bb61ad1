//! What benchmarks begin with: a deal with as many replicas as can be, for the largest file, and an agenda that is full as far as it is searched.
//!
//! The file consists of zeros, so that its root and valid proofs can be computed without it.

use crate::{
    records::{Challenge, Leaf},
    terms::{Segment, Terms},
    types::{FileId, SlotState, Task, TaskKind},
    zero_file, Agenda, Assignments, BalanceOf, BlockOf, Config, Deals, Pallet, SlotStateOf, TaskOf,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
    storage::{with_storage_layer, with_transaction},
    traits::{
        fungible::{Inspect, Mutate},
        Get,
    },
    BoundedVec,
};
use noema_commitment::{SectorProof, Shape};
use noema_traits::{AgedRandomness, ProviderRegistry, Role, Rounds, Tick};
use sp_runtime::{
    traits::{BlockNumberProvider, Bounded, Saturating, UniqueSaturatedInto, Zero},
    DispatchError, TransactionOutcome,
};

const SEED: u32 = 0;

/// A deal of the largest size with all its slots being drawn.
pub(super) struct Scene<T: Config> {
    pub(super) owner: T::AccountId,
    pub(super) root: [u8; 32],
    pub(super) size: u64,
    pub(super) shape: Shape,
    pub(super) file: FileId,
    pub(super) replicas: u8,
}

pub(super) fn max_replicas<T: Config>() -> u8 {
    u8::try_from(T::MaxReplicas::get()).unwrap()
}

pub(super) fn provider<T: Config>(n: u32) -> T::AccountId {
    account("provider", n, SEED)
}

pub(super) fn operator<T: Config>(n: u32) -> T::AccountId {
    account("operator", n, SEED)
}

/// Makes `count` providers active, each with room for four replicas of the largest file.
pub(super) fn add_providers<T: Config>(count: u32) {
    add_providers_from::<T>(0, count);
}

fn add_providers_from<T: Config>(first: u32, count: u32) {
    let bytes = Shape::new(T::MaxFileSize::get()).unwrap().padded_bytes();
    for n in first..first.saturating_add(count) {
        let free = bytes.saturating_mul(4);
        T::Providers::set_active(Role::Storage, &provider::<T>(n), &operator::<T>(n), free);
    }
}

/// A long way into the chain, so that there is a past.
pub(super) fn begin<T: Config>() {
    T::BlockNumberProvider::set_block_number(100_000u32.into());
    <T::Clock as Rounds>::set_round(100);
}

pub(super) fn advance<T: Config>(blocks: BlockOf<T>) {
    let now = Pallet::<T>::now();
    T::BlockNumberProvider::set_block_number(now.saturating_add(blocks));
}

/// Gives an account more than anything costs.
pub(super) fn endow<T: Config>(who: &T::AccountId) {
    // A part of what there can be, so that the sum of all fits.
    let amount = BalanceOf::<T>::max_value() / 1_000_000u32.into();
    T::Currency::mint_into(who, amount.max(T::Currency::minimum_balance())).unwrap();
}

fn funded_owner<T: Config>() -> T::AccountId {
    let owner: T::AccountId = account("owner", 0, SEED);
    for who in [
        owner.clone(),
        T::Pot::get(),
        T::RepairFund::get(),
        T::Treasury::get(),
    ] {
        endow::<T>(&who);
    }
    owner
}

/// The maximum that a call carries.
pub(super) fn ample<T: Config>() -> BalanceOf<T> {
    BalanceOf::<T>::max_value()
}

/// The owner's file, not committed yet.
pub(super) fn file_scene<T: Config>(replicas: u8) -> Scene<T> {
    begin::<T>();
    add_providers::<T>(replicas.into());
    let size = T::MaxFileSize::get();
    let shape = Shape::new(size).unwrap();
    let root = zero_file::root::<T::FileHasher>(&shape);
    let file = noema_commitment::file_id::<T::FileHasher>(&root, size);
    Scene {
        owner: funded_owner::<T>(),
        root,
        size,
        shape,
        file,
        replicas,
    }
}

/// The owner's file, committed.
pub(super) fn deal_scene<T: Config>(replicas: u8) -> Result<Scene<T>, DispatchError> {
    let scene = file_scene::<T>(replicas);
    Pallet::<T>::do_commit(
        &scene.owner,
        (scene.root, scene.size, replicas),
        T::MinRounds::get().max(T::MinRoundsLeft::get()),
        ample::<T>(),
    )?;
    Ok(scene)
}

/// Tasks that fill an agenda block but for `room`.
pub(super) fn fill_block<T: Config>(block: BlockOf<T>, room: u32) {
    let nobody: T::AccountId = account("nobody", 0, SEED);
    let task = Task {
        file: [0xff; 32],
        owner: nobody,
        slot: 0,
        token: u64::MAX,
        kind: TaskKind::Slot,
    };
    let count = T::MaxTasksPerBlock::get().saturating_sub(room);
    let tasks: Vec<_> = (0..count).map(|_| task.clone()).collect();
    Agenda::<T>::insert(block, BoundedVec::truncate_from(tasks));
}

/// Fills the agenda from `first` on so that the last block that is tried is the first with room.
pub(super) fn fill_agenda<T: Config>(first: BlockOf<T>) {
    for n in 0..T::AgendaSearch::get() {
        fill_block::<T>(first.saturating_add(n.into()), 0);
    }
}

impl<T: Config> Scene<T> {
    /// Puts a slot into a state with the provider of the same number, and its task into the agenda
    /// block `due`, which it fills.
    pub(super) fn give(
        &self,
        index: u8,
        state: SlotStateOf<T>,
        due: Option<BlockOf<T>>,
    ) -> Result<(), DispatchError> {
        let mut deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, index);
        let who = provider::<T>(index.into());
        Pallet::<T>::reserve(&who, self.shape.padded_bytes())?;
        Assignments::<T>::insert(&who, (self.file, &self.owner), index);
        if let Some(due) = due {
            fill_block::<T>(due, 1);
        }
        Pallet::<T>::move_slot(&self.file, &self.owner, &mut deal, index, state, None, due)?;
        Pallet::<T>::count_held(&self.file, &self.owner, &mut deal)?;
        Deals::<T>::insert(self.file, &self.owner, deal);
        Ok(())
    }

    /// Holds `count` slots from the last one down.
    pub(super) fn hold_last(&self, count: u8) -> Result<(), DispatchError> {
        for index in (0..self.replicas).rev().take(count.into()) {
            let provider = provider::<T>(index.into());
            self.give(
                index,
                SlotState::Held {
                    provider,
                    since: Pallet::<T>::now(),
                    joined: None,
                    bounty: Zero::zero(),
                },
                None,
            )?;
        }
        Ok(())
    }

    /// A slot that awaits its proof, drawn by the latest seed that counts.
    pub(super) fn proving(
        &self,
        index: u8,
        seed: Option<[u8; 32]>,
    ) -> Result<BlockOf<T>, DispatchError> {
        let draw_at = Pallet::<T>::now();
        let prove_by = Pallet::<T>::tick().saturating_add(T::ProveWindow::get());
        let due = Pallet::<T>::block_of(prove_by.saturating_add(1));
        let provider = provider::<T>(index.into());
        self.give(
            index,
            SlotState::Proving {
                provider,
                draw_at,
                prove_by,
            },
            Some(due),
        )?;
        if let Some(seed) = seed {
            T::Randomness::set_seed(draw_at.saturating_add(T::MaxSeedGap::get()), seed);
        }
        Ok(due)
    }

    /// The task of a slot.
    pub(super) fn task(&self, index: u8) -> TaskOf<T> {
        let deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        let token = deal.slot(index).unwrap().token;
        Task {
            file: self.file,
            owner: self.owner.clone(),
            slot: index,
            token,
            kind: TaskKind::Slot,
        }
    }

    /// The state of a slot.
    pub(super) fn state(&self, index: u8) -> SlotStateOf<T> {
        Deals::<T>::get(self.file, &self.owner)
            .unwrap()
            .slot(index)
            .unwrap()
            .state
            .clone()
    }

    /// The same for the end of the deal.
    pub(super) fn end_task(&self) -> TaskOf<T> {
        Task {
            slot: 0,
            token: Deals::<T>::get(self.file, &self.owner).unwrap().token,
            kind: TaskKind::End,
            ..self.task(0)
        }
    }

    /// Lets a slot's provider of the same number earn, with a leaf that another one, of another deal, will take the place of.
    pub(super) fn earn(&self, index: u8) -> Result<(), DispatchError> {
        let who = provider::<T>(index.into());
        let state = SlotState::Held {
            provider: who.clone(),
            since: Pallet::<T>::now(),
            joined: None,
            bounty: Zero::zero(),
        };
        self.give(index, state, None)?;
        self.join(index, &who)?;
        let other: T::AccountId = account("other", index.into(), SEED);
        endow::<T>(&other);
        Pallet::<T>::do_commit(
            &other,
            (self.root, self.size, 1),
            T::MinRounds::get().max(T::MinRoundsLeft::get()),
            ample::<T>(),
        )?;
        let beside = Scene::<T> {
            owner: other,
            root: self.root,
            size: self.size,
            shape: self.shape,
            file: self.file,
            replicas: 1,
        };
        let mut deal = Deals::<T>::get(self.file, &beside.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, 0);
        Pallet::<T>::reserve(&who, self.shape.padded_bytes())?;
        Assignments::<T>::insert(&who, (self.file, &beside.owner), 0);
        let state = SlotState::Held {
            provider: who.clone(),
            since: Pallet::<T>::now(),
            joined: None,
            bounty: Zero::zero(),
        };
        Pallet::<T>::move_slot(&self.file, &beside.owner, &mut deal, 0, state, None, None)?;
        Deals::<T>::insert(self.file, &beside.owner, deal);
        beside.join(0, &who)
    }

    /// Makes a held replica auditable.
    fn join(&self, index: u8, who: &T::AccountId) -> Result<(), DispatchError> {
        let mut deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        let round = Pallet::<T>::round();
        Pallet::<T>::begin_to_earn(who, &mut deal, round, Zero::zero())?;
        let leaf = Leaf {
            file: self.file,
            owner: self.owner.clone(),
            slot: index,
        };
        let number = Pallet::<T>::push_leaf(who, leaf, self.size)?;
        if let SlotState::Held { joined, .. } = &mut deal.slot_mut(index).unwrap().state {
            *joined = Some((round, number));
        }
        Pallet::<T>::count_held(&self.file, &self.owner, &mut deal)?;
        Deals::<T>::insert(self.file, &self.owner, deal);
        Ok(())
    }

    /// Two rents, so that every change of the terms touches as much as can be. Before anybody earns.
    pub(super) fn two_segments(&self) {
        Deals::<T>::mutate(self.file, &self.owner, |deal| {
            let deal = deal.as_mut().unwrap();
            let end = deal.terms.end;
            deal.terms = Terms {
                rent: deal.terms.rent,
                end: end.saturating_sub(1),
                next: Some(Segment {
                    rent: deal.terms.rent.saturating_add(1u32.into()),
                    end,
                }),
            };
            let more = BalanceOf::<T>::from(u32::from(self.replicas));
            deal.balance = deal.balance.saturating_add(more);
        });
        let owner = &self.owner;
        Pallet::<T>::pay_in(owner, BalanceOf::<T>::from(u32::from(self.replicas))).unwrap();
    }

    /// A slot whose earner is leaving.
    pub(super) fn leave(&self, index: u8) -> Result<(), DispatchError> {
        Pallet::<T>::do_resign(&provider::<T>(index.into()), &self.file, &self.owner, index)
            .map(drop)
    }

    /// A slot that is being left by whoever earns there and fetched by somebody else, whose task is in a block of its own: all that a slot can have.
    pub(super) fn crowd(&self, index: u8) -> Result<(), DispatchError> {
        self.earn(index)?;
        self.leave(index)?;
        self.fetch(index)
    }

    /// Lets a provider that has nothing else fetch an open replica.
    pub(super) fn fetch(&self, index: u8) -> Result<(), DispatchError> {
        let number = T::MaxReplicas::get().saturating_add(index.into());
        add_providers_from::<T>(number, 1);
        let who = provider::<T>(number);
        let mut deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, index);
        Pallet::<T>::reserve(&who, self.shape.padded_bytes())?;
        Assignments::<T>::insert(&who, (self.file, &self.owner), index);
        let ready_by = Pallet::<T>::tick().saturating_add(50_000 + 100 * Tick::from(index));
        let due = Pallet::<T>::block_of(ready_by.saturating_add(1));
        fill_block::<T>(due, 1);
        let state = SlotState::Assigned {
            provider: who,
            ready_by,
        };
        Pallet::<T>::move_slot(
            &self.file,
            &self.owner,
            &mut deal,
            index,
            state,
            None,
            Some(due),
        )?;
        Deals::<T>::insert(self.file, &self.owner, deal);
        Ok(())
    }

    /// Takes the task of a slot that waits for its draw off, as where too few rounds are left for one.
    pub(super) fn idle(&self, index: u8) {
        let mut deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, index);
        deal.slot_mut(index).unwrap().due = None;
        Deals::<T>::insert(self.file, &self.owner, deal);
    }

    /// A bounty that waits at a slot.
    pub(super) fn put_bounty(&self, index: u8) -> Result<(), DispatchError> {
        let amount = BalanceOf::<T>::from(1_000_000u32);
        Pallet::<T>::pay_in(&self.owner, amount)?;
        Deals::<T>::mutate(self.file, &self.owner, |deal| {
            deal.as_mut().unwrap().slot_mut(index).unwrap().bounty = amount;
        });
        Ok(())
    }

    /// The block in which the agenda would look whether a deal like this is over, were it made now.
    pub(super) fn block_of_end(&self) -> BlockOf<T> {
        with_transaction(|| {
            let made = Pallet::<T>::do_commit(
                &self.owner,
                (self.root, self.size, self.replicas),
                T::MinRounds::get(),
                ample::<T>(),
            );
            let due = Deals::<T>::get(self.file, &self.owner).and_then(|deal| deal.due);
            TransactionOutcome::Rollback(made.map(|_| due.unwrap()))
        })
        .unwrap()
    }

    /// Lets the lease be over.
    pub(super) fn end_lease(&self) {
        let deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        <T::Clock as Rounds>::set_round(deal.terms.last().saturating_add(2));
        <T::Clock as noema_traits::Ticks>::set_tick(Tick::MAX);
    }
}

/// Gives a provider so many replicas of the largest file that are auditable, each of an owner of its own, as `Auditable::fill` says.
pub(crate) fn fill<T: Config>(who: &T::AccountId, items: u32) {
    let size = T::MaxFileSize::get();
    let shape = Shape::new(size).unwrap();
    let root = zero_file::root::<T::FileHasher>(&shape);
    let file = noema_commitment::file_id::<T::FileHasher>(&root, size);
    endow::<T>(&T::Pot::get());
    for n in 0..items {
        let owner: T::AccountId = account("filler", n, SEED);
        endow::<T>(&owner);
        let rent = 1_000_000u32.into();
        let end = Pallet::<T>::round().saturating_add(100);
        let escrow = BalanceOf::<T>::from(100u32).saturating_mul(rent);
        Pallet::<T>::pay_in(&owner, escrow).unwrap();
        let state = SlotState::Held {
            provider: who.clone(),
            since: Pallet::<T>::now(),
            joined: None,
            bounty: Zero::zero(),
        };
        let slot = crate::Slot {
            state,
            token: u64::MAX,
            passed_over: None,
            due: None,
            leaving: None,
            bounty: Zero::zero(),
            failures: 0,
        };
        let deal = crate::DealOf::<T> {
            root,
            size,
            deposit: Zero::zero(),
            committed_at: Pallet::<T>::now(),
            held: 0,
            slots: BoundedVec::truncate_from(alloc::vec![slot]),
            terms: Terms {
                rent,
                end,
                next: None,
            },
            balance: escrow,
            ever_held: true,
            offered_to: None,
            token: u64::MAX,
            due: None,
        };
        Deals::<T>::insert(file, &owner, deal);
        Assignments::<T>::insert(who, (file, &owner), 0);
        let scene = Scene::<T> {
            owner,
            root,
            size,
            shape,
            file,
            replicas: 1,
        };
        scene.join(0, who).unwrap();
    }
}

/// The proof of a sector of such a replica.
pub(crate) fn answer_for<T: Config>(item: &Challenge<T::AccountId>) -> SectorProof {
    let shape = Shape::new(item.size).unwrap();
    zero_file::sector_proof::<T::FileHasher>(&shape, item.sector)
}

/// Blocks of so many ticks.
pub(super) fn blocks<T: Config>(ticks: Tick) -> BlockOf<T> {
    ticks.unique_saturated_into()
}

/// Runs a task as the agenda does.
pub(super) fn run<T: Config>(task: &TaskOf<T>) -> Result<crate::agenda::Ran, DispatchError> {
    with_storage_layer(|| Pallet::<T>::run_task(task, Pallet::<T>::now()))
}
