//! Weights of the calls and of the agenda, each in its worst case: a deal with as many replicas as
//! can be, for the largest file, and an agenda that is full as far as it is searched.
//!
//! The file consists of zeros, so that its root and valid proofs can be computed without it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "runs in benchmarks and tests only"
)]

use crate::{
    types::{FileId, SlotState, Task},
    zero_file, Agenda, AgendaCursor, Assignments, BalanceOf, BlockOf, Call, Config, Deals, Pallet,
    SlotStateOf, TaskOf,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, Unbalanced},
        tokens::Precision,
        Get,
    },
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use noema_commitment::{drawn_sectors, Shape};
use noema_traits::{AgedRandomness, ProviderRegistry, Role};
use sp_runtime::{
    traits::{BlockNumberProvider, Convert, One, Saturating},
    DispatchError,
};

const SEED: u32 = 0;

/// A deal of the largest size with all its slots being drawn.
struct Scene<T: Config> {
    owner: T::AccountId,
    root: [u8; 32],
    size: u64,
    shape: Shape,
    file: FileId,
    replicas: u8,
}

fn max_replicas<T: Config>() -> u8 {
    u8::try_from(T::MaxReplicas::get()).unwrap()
}

fn provider<T: Config>(n: u32) -> T::AccountId {
    account("provider", n, SEED)
}

fn operator<T: Config>(n: u32) -> T::AccountId {
    account("operator", n, SEED)
}

/// Makes `count` providers active, each with room for two replicas of the largest file.
fn add_providers<T: Config>(count: u32) {
    let bytes = Shape::new(T::MaxFileSize::get()).unwrap().padded_bytes();
    for n in 0..count {
        let free = bytes.saturating_mul(2);
        T::Providers::set_active(Role::Storage, &provider::<T>(n), &operator::<T>(n), free);
    }
}

/// A long way into the chain, so that there is a past.
fn begin<T: Config>() {
    T::BlockNumberProvider::set_block_number(100_000u32.into());
}

fn advance<T: Config>(blocks: BlockOf<T>) {
    let now = Pallet::<T>::now();
    T::BlockNumberProvider::set_block_number(now.saturating_add(blocks));
}

fn funded_owner<T: Config>(replicas: u8) -> T::AccountId {
    let owner: T::AccountId = account("owner", 0, SEED);
    let deposit = Pallet::<T>::deposit_for(T::MaxFileSize::get(), replicas).unwrap();
    let amount: BalanceOf<T> = deposit
        .saturating_mul(2u8.into())
        .saturating_add(T::Currency::minimum_balance());
    T::Currency::increase_balance(&owner, amount, Precision::Exact).unwrap();
    owner
}

/// The owner's file, not committed yet.
fn file_scene<T: Config>(replicas: u8) -> Scene<T> {
    begin::<T>();
    add_providers::<T>(replicas.into());
    let size = T::MaxFileSize::get();
    let shape = Shape::new(size).unwrap();
    let root = zero_file::root::<T::FileHasher>(&shape);
    let file = noema_commitment::file_id::<T::FileHasher>(&root, size);
    Scene {
        owner: funded_owner::<T>(replicas),
        root,
        size,
        shape,
        file,
        replicas,
    }
}

/// The owner's file, committed.
fn deal_scene<T: Config>(replicas: u8) -> Result<Scene<T>, DispatchError> {
    let scene = file_scene::<T>(replicas);
    Pallet::<T>::do_commit(scene.owner.clone(), scene.root, scene.size, replicas)?;
    Ok(scene)
}

/// Tasks that fill an agenda block but for `room`.
fn fill_block<T: Config>(block: BlockOf<T>, room: u32) {
    let nobody: T::AccountId = account("nobody", 0, SEED);
    let task = Task {
        file: [0xff; 32],
        owner: nobody,
        slot: 0,
        token: u64::MAX,
    };
    let count = T::MaxTasksPerBlock::get().saturating_sub(room);
    let tasks: Vec<_> = (0..count).map(|_| task.clone()).collect();
    Agenda::<T>::insert(block, BoundedVec::truncate_from(tasks));
}

/// Fills the agenda from `first` on so that the last block that is tried is the first with room.
fn fill_agenda<T: Config>(first: BlockOf<T>) {
    for n in 0..T::AgendaSearch::get() {
        fill_block::<T>(first.saturating_add(n.into()), 0);
    }
}

impl<T: Config> Scene<T> {
    /// Puts a slot into a state with the provider of the same number, and its task into the agenda
    /// block `due`, which it fills.
    fn give(
        &self,
        index: u8,
        state: SlotStateOf<T>,
        due: Option<BlockOf<T>>,
    ) -> Result<(), DispatchError> {
        let mut deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, index);
        let who = provider::<T>(index.into());
        T::Providers::reserve(Role::Storage, &who, self.shape.padded_bytes())?;
        Assignments::<T>::insert(&who, (self.file, &self.owner), index);
        if let Some(due) = due {
            fill_block::<T>(due, 1);
        }
        let held = state.is_held();
        Pallet::<T>::move_slot(&self.file, &self.owner, &mut deal, index, state, None, due)?;
        if held {
            Pallet::<T>::count_held(&self.file, &self.owner, &mut deal, |held| held + 1);
        }
        Deals::<T>::insert(self.file, &self.owner, deal);
        Ok(())
    }

    /// Holds `count` slots from the last one down.
    fn hold_last(&self, count: u8) -> Result<(), DispatchError> {
        for index in (0..self.replicas).rev().take(count.into()) {
            let provider = provider::<T>(index.into());
            self.give(
                index,
                SlotState::Held {
                    provider,
                    since: Pallet::<T>::now(),
                },
                None,
            )?;
        }
        Ok(())
    }

    /// A slot that awaits its proof, drawn by the latest seed that counts.
    fn proving(&self, index: u8, seed: Option<[u8; 32]>) -> Result<BlockOf<T>, DispatchError> {
        let draw_at = Pallet::<T>::now();
        let prove_by = draw_at.saturating_add(T::ProveWindow::get());
        let due = prove_by.saturating_add(One::one());
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
    fn task(&self, index: u8) -> TaskOf<T> {
        let deal = Deals::<T>::get(self.file, &self.owner).unwrap();
        let token = deal.slot(index).unwrap().token;
        Task {
            file: self.file,
            owner: self.owner.clone(),
            slot: index,
            token,
        }
    }

    /// The state of a slot.
    fn state(&self, index: u8) -> SlotStateOf<T> {
        Deals::<T>::get(self.file, &self.owner)
            .unwrap()
            .slot(index)
            .unwrap()
            .state
            .clone()
    }
}

/// Runs a task as the agenda does.
fn run<T: Config>(task: &TaskOf<T>) -> Result<crate::agenda::Ran, DispatchError> {
    with_storage_layer(|| Pallet::<T>::run_task(task, Pallet::<T>::now()))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn commit(r: Linear<1, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let replicas = u8::try_from(r).unwrap();
        let scene = file_scene::<T>(replicas);
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::DrawDelay::get()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            scene.root,
            scene.size,
            replicas,
        );

        assert!(Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn commit_repeated() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;

        #[extrinsic_call]
        commit(
            RawOrigin::Signed(scene.owner.clone()),
            scene.root,
            scene.size,
            scene.replicas,
        );

        assert!(Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn ready() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let now = Pallet::<T>::now();
        // Far from where the next task goes.
        let ready_by = now.saturating_add(50_000u32.into());
        let state = SlotState::Assigned {
            provider: provider::<T>(0),
            ready_by,
        };
        scene.give(0, state, Some(ready_by.saturating_add(One::one())))?;
        let window = T::ProofDrawDelay::get().saturating_add(T::ProveWindow::get());
        fill_agenda::<T>(now.saturating_add(window).saturating_add(One::one()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(operator::<T>(0)),
            scene.file,
            scene.owner.clone(),
            0,
        );

        assert!(matches!(scene.state(0), SlotState::Proving { .. }));
        Ok(())
    }

    #[benchmark]
    fn prove() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.hold_last(crate::quorum(scene.replicas) - 1)?;
        let seed = [7; 32];
        scene.proving(0, Some(seed))?;
        advance::<T>(T::MaxSeedGap::get());
        let sectors = drawn_sectors::<T::FileHasher>(
            &seed,
            &scene.file,
            &T::AccountBytes::convert(scene.owner.clone()),
            &T::AccountBytes::convert(provider::<T>(0)),
            0,
            &scene.shape,
            T::ProofSectors::get(),
        );
        let proof = zero_file::proofs::<T>(&scene.shape, sectors);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(operator::<T>(0)),
            scene.file,
            scene.owner.clone(),
            0,
            proof,
        );

        assert!(Deals::<T>::get(scene.file, &scene.owner)
            .unwrap()
            .is_active());
        Ok(())
    }

    #[benchmark]
    fn remove(r: Linear<1, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(u8::try_from(r).unwrap())?;
        for index in 0..scene.replicas {
            // One block further for each, so that each has its task in another.
            advance::<T>(One::one());
            scene.proving(index, None)?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(scene.owner.clone()), scene.file);

        assert!(!Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn resign() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.hold_last(crate::quorum(scene.replicas) - 1)?;
        // A slot costs most when it is held and has a task; no slot is both, some are either.
        let now = Pallet::<T>::now();
        let due = now.saturating_add(50_000u32.into());
        let state = SlotState::Held {
            provider: provider::<T>(0),
            since: now,
        };
        scene.give(0, state, Some(due))?;
        assert!(Deals::<T>::get(scene.file, &scene.owner)
            .unwrap()
            .is_active());
        fill_agenda::<T>(now.saturating_add(T::DrawDelay::get()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(operator::<T>(0)),
            scene.file,
            scene.owner.clone(),
            0,
        );

        assert!(!Deals::<T>::get(scene.file, &scene.owner)
            .unwrap()
            .is_active());
        Ok(())
    }

    #[benchmark]
    fn agenda_base() {
        begin::<T>();
        // One empty block is due, so that the cursor moves and is written.
        let now = Pallet::<T>::now();
        AgendaCursor::<T>::put(now);

        #[block]
        {
            Pallet::<T>::run_agenda(&mut WeightMeter::new());
        }

        let next = now.saturating_add(One::one());
        assert_eq!(AgendaCursor::<T>::get(), Some(next));
    }

    #[benchmark]
    fn agenda_block(t: Linear<1, { T::MaxTasksPerBlock::get() }>) {
        begin::<T>();
        let now = Pallet::<T>::now();
        AgendaCursor::<T>::put(now);
        fill_block::<T>(now, T::MaxTasksPerBlock::get() - t);
        // Enough to look at the block, not to run a task, so that all are written back.
        let enough = <T::WeightInfo as crate::WeightInfo>::agenda_block(T::MaxTasksPerBlock::get());
        let mut meter = WeightMeter::with_limit(enough);

        #[block]
        {
            Pallet::<T>::run_blocks(now, now, &mut meter);
        }

        assert_eq!(Agenda::<T>::get(now).len(), t as usize);
    }

    #[benchmark]
    fn task_stale() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let last = scene.replicas - 1;
        let task = Task {
            token: u64::MAX,
            ..scene.task(last)
        };
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert_eq!(ran, Ok(crate::agenda::Ran::Stale));
        Ok(())
    }

    #[benchmark]
    fn task_wait() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let last = scene.replicas - 1;
        scene.proving(last, None)?;
        advance::<T>(T::ProveWindow::get().saturating_add(One::one()));
        let now = Pallet::<T>::now();
        let window = T::ProofDrawDelay::get().saturating_add(T::ProveWindow::get());
        fill_agenda::<T>(now.saturating_add(window).saturating_add(One::one()));
        let task = scene.task(last);
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert_eq!(ran, Ok(crate::agenda::Ran::Waited));
        Ok(())
    }

    #[benchmark]
    fn task_draw(
        a: Linear<1, { u32::from(T::MaxDrawAttempts::get()) }>,
    ) -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let last = scene.replicas - 1;
        let draw_at = Pallet::<T>::now().saturating_add(T::DrawDelay::get());
        // All but one of the providers that can be drawn have a slot of the deal already.
        for index in 0..last {
            let state = SlotState::Held {
                provider: provider::<T>(index.into()),
                since: draw_at,
            };
            scene.give(index, state, None)?;
        }
        advance::<T>(T::DrawDelay::get().saturating_add(T::MaxSeedGap::get()));
        let task = scene.task(last);
        // A seed by which the attempt in question is the first that hits the one that is left.
        let fresh = provider::<T>(last.into());
        let attempts = u8::try_from(a).unwrap();
        let hits = |seed: &[u8; 32], attempt| {
            let random = Pallet::<T>::assignment_hash(seed, &task, attempt);
            T::Providers::draw(Role::Storage, &random).as_ref() == Some(&fresh)
        };
        let seed = (0u32..100_000)
            .map(|n| {
                let mut seed = [0; 32];
                seed[..4].copy_from_slice(&n.to_le_bytes());
                seed
            })
            .find(|seed| {
                (0..attempts).all(|attempt| hits(seed, attempt) == (attempt + 1 == attempts))
            })
            .ok_or(BenchmarkError::Stop(
                "no seed draws the provider at this attempt",
            ))?;
        T::Randomness::set_seed(draw_at.saturating_add(T::MaxSeedGap::get()), seed);
        let now = Pallet::<T>::now();
        let window = Pallet::<T>::ready_window(scene.size).saturating_add(One::one());
        fill_agenda::<T>(now.saturating_add(window));
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert_eq!(ran, Ok(crate::agenda::Ran::Drew(attempts)));
        assert!(scene.state(last).provider().is_some());
        Ok(())
    }

    #[benchmark]
    fn task_expire() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let last = scene.replicas - 1;
        scene.proving(last, Some([7; 32]))?;
        advance::<T>(T::ProveWindow::get().saturating_add(One::one()));
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::DrawDelay::get()));
        let task = scene.task(last);
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert_eq!(ran, Ok(crate::agenda::Ran::Expired));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
