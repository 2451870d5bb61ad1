//! Weights of the calls, the agenda and the hooks, each in its worst case: a deal with as many replicas as can be, for the largest file, and an agenda that is full as
//! far as it is searched. What audits take is measured along with it where they are asked.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "runs in benchmarks and tests only"
)]

mod scene;

use scene::*;
pub(crate) use scene::{answer_for, fill};

use crate::{
    types::{SlotState, Task},
    zero_file, Agenda, AgendaCursor, Assignments, Call, Config, Deals, Pallet,
};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{Inspect, Mutate},
        EnsureOrigin, Get,
    },
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use frame_system::RawOrigin;
use noema_commitment::drawn_sectors;
use noema_traits::{AgedRandomness, Auditable, ProviderRegistry, Role, Rounds};
use sp_runtime::traits::{Convert, One, Saturating, Zero};

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn commit(r: Linear<1, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let replicas = u8::try_from(r).unwrap();
        let scene = file_scene::<T>(replicas);
        fill_agenda::<T>(scene.block_of_end());
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::DrawDelay::get()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            scene.root,
            scene.size,
            replicas,
            T::MinRounds::get(),
            ample::<T>(),
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
            T::MinRounds::get(),
            ample::<T>(),
        );

        assert!(Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn ready() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let now = Pallet::<T>::now();
        // Far from where the next task goes.
        let ready_by = Pallet::<T>::tick().saturating_add(50_000);
        let state = SlotState::Assigned {
            provider: provider::<T>(0),
            ready_by,
        };
        scene.give(
            0,
            state,
            Some(Pallet::<T>::block_of(ready_by.saturating_add(1))),
        )?;
        let window = T::ProofDrawDelay::get().saturating_add(blocks::<T>(T::ProveWindow::get()));
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
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::MaturingDelay::get()));

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
        scene.two_segments();
        for index in 0..scene.replicas {
            scene.crowd(index)?;
        }
        scene.put_bounty(0)?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            scene.file,
            scene.replicas,
        );

        assert!(!Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn witness_too_low() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let new: T::AccountId = account("new", 0, 0);
        Pallet::<T>::do_offer(&scene.owner, &scene.file, Some(new.clone()))?;
        let said = scene.replicas - 1;
        let refused;

        // The one of the three that looks at most: whether the lease is over, too.
        #[block]
        {
            refused = Pallet::<T>::do_accept(&new, &scene.file, &scene.owner, said, ample::<T>());
        }

        assert_eq!(
            refused.map_err(|refused| refused.error),
            Err(crate::Error::<T>::WitnessTooLow.into())
        );
        Ok(())
    }

    #[benchmark]
    fn resign() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.hold_last(crate::quorum(scene.replicas) - 1)?;
        let now = Pallet::<T>::now();
        let due = now.saturating_add(50_000u32.into());
        let state = SlotState::Held {
            provider: provider::<T>(0),
            since: now,
            joined: None,
            bounty: Zero::zero(),
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
    fn resign_earning() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.two_segments();
        scene.hold_last(crate::quorum(scene.replicas) - 1)?;
        scene.earn(0)?;
        scene.leave(0)?;
        let later = Pallet::<T>::round().saturating_add(T::HandOverRounds::get());
        // So that rounds are left nevertheless.
        Deals::<T>::mutate(scene.file, &scene.owner, |deal| {
            if let Some(old) = &mut deal.as_mut().unwrap().slots[0].leaving {
                old.since = Pallet::<T>::round().saturating_sub(T::HandOverRounds::get());
            }
        });
        assert!(later > 0);

        #[extrinsic_call]
        resign(
            RawOrigin::Signed(operator::<T>(0)),
            scene.file,
            scene.owner.clone(),
            0,
        );

        let deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        assert!(deal.slots[0].leaving.is_none());
        Ok(())
    }

    #[benchmark]
    fn renew(r: Linear<0, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(u8::try_from(r).unwrap().max(1))?;
        scene.two_segments();
        // All earn and are leaving, and for none of them somebody else is looked for yet.
        for index in 0..u8::try_from(r).unwrap() {
            scene.earn(index)?;
            scene.leave(index)?;
            scene.idle(index);
        }
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::DrawDelay::get()));
        let until = Deals::<T>::get(scene.file, &scene.owner)
            .unwrap()
            .terms
            .last()
            .saturating_add(1);
        let leases = BoundedVec::truncate_from(alloc::vec![(scene.file, scene.owner.clone())]);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            leases,
            until,
            ample::<T>(),
        );

        let deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        assert!(deal.terms.last() > until);
        Ok(())
    }

    #[benchmark]
    fn top_up() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let level = 1_000_000u32.into();

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            scene.file,
            scene.owner.clone(),
            level,
        );

        let deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        assert_eq!(deal.credit(Pallet::<T>::round()), Some(level));
        Ok(())
    }

    #[benchmark]
    fn offer() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        let to = Some(provider::<T>(0));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(scene.owner.clone()),
            scene.file,
            to.clone(),
        );

        let deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        assert_eq!(deal.offered_to, to);
        Ok(())
    }

    #[benchmark]
    fn accept(r: Linear<1, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(u8::try_from(r).unwrap())?;
        for index in 0..scene.replicas {
            scene.crowd(index)?;
        }
        let new: T::AccountId = account("new", 0, 0);
        endow::<T>(&new);
        Pallet::<T>::do_offer(&scene.owner, &scene.file, Some(new.clone()))?;

        #[extrinsic_call]
        _(
            RawOrigin::Signed(new.clone()),
            scene.file,
            scene.owner.clone(),
            scene.replicas,
            ample::<T>(),
        );

        assert!(Deals::<T>::contains_key(scene.file, &new));
        Ok(())
    }

    #[benchmark]
    fn hand_over() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.earn(0)?;
        let now = Pallet::<T>::now();
        fill_agenda::<T>(now.saturating_add(T::DrawDelay::get()));

        // Whether the stake covers what is reserved is the providers' to say; what follows is the same for who resigns.
        #[block]
        {
            Pallet::<T>::do_hand_over(&scene.file, &scene.owner, 0).or_else(|_| scene.leave(0))?;
        }

        let deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        assert!(deal.slots[0].leaving.is_some());
        Ok(())
    }

    #[benchmark]
    fn drop_replica() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.two_segments();
        scene.hold_last(crate::quorum(scene.replicas) - 1)?;
        scene.earn(0)?;
        let who = provider::<T>(0);
        // More than the fund can spare, so that the treasury has to stand in.
        let budget = T::Currency::minimum_balance().saturating_mul(8u32.into());
        let little = T::Currency::minimum_balance().saturating_mul(2u32.into());
        T::Currency::set_balance(&T::RepairFund::get(), little);
        <Pallet<T> as Auditable<_, _>>::begin_drop(&who, budget.saturating_mul(4u32.into()));
        fill_agenda::<T>(Pallet::<T>::now().saturating_add(T::DrawDelay::get()));

        #[block]
        {
            Pallet::<T>::do_drop_replicas(&who, 1, &mut Weight::zero())?;
        }

        assert!(crate::Drops::<T>::contains_key(&who));
        Ok(())
    }

    #[benchmark]
    fn drop_none() {
        begin::<T>();

        #[block]
        {
            assert!(Pallet::<T>::next_dropped().is_none());
        }
    }

    #[benchmark]
    fn set_base_price() -> Result<(), BenchmarkError> {
        let origin =
            T::PriceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let price = T::BasePrice::get();

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, price);

        assert_eq!(Pallet::<T>::price().next_base, price);
        Ok(())
    }

    #[benchmark]
    fn on_poll() {
        begin::<T>();
        Pallet::<T>::fix_price(&mut WeightMeter::new());

        #[block]
        {
            Pallet::<T>::fix_price(&mut WeightMeter::new());
        }
    }

    #[benchmark]
    fn on_poll_price() {
        begin::<T>();
        Pallet::<T>::fix_price(&mut WeightMeter::new());
        add_providers::<T>(1);
        <T::Clock as Rounds>::set_round(101);

        #[block]
        {
            Pallet::<T>::fix_price(&mut WeightMeter::new());
        }

        assert_eq!(Pallet::<T>::price().round, 101);
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
        advance::<T>(blocks::<T>(T::ProveWindow::get()).saturating_add(One::one()));
        let tick = Pallet::<T>::tick()
            .saturating_add(T::ProveWindow::get())
            .saturating_add(1);
        <T::Clock as noema_traits::Ticks>::set_tick(tick);
        let now = Pallet::<T>::now();
        let window = T::ProofDrawDelay::get().saturating_add(blocks::<T>(T::ProveWindow::get()));
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
                joined: None,
                bounty: Zero::zero(),
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
        let window = blocks::<T>(Pallet::<T>::ready_window(scene.size)).saturating_add(One::one());
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
        advance::<T>(blocks::<T>(T::ProveWindow::get()).saturating_add(One::one()));
        let tick = Pallet::<T>::tick()
            .saturating_add(T::ProveWindow::get())
            .saturating_add(1);
        <T::Clock as noema_traits::Ticks>::set_tick(tick);
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

    #[benchmark]
    fn task_mature() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.two_segments();
        scene.earn(0)?;
        scene.leave(0)?;
        // The last of the providers has the slot now, and none beside.
        let who = provider::<T>(u32::from(scene.replicas) - 1);
        let mut deal = Deals::<T>::get(scene.file, &scene.owner).unwrap();
        Pallet::<T>::unschedule_slot(&deal, 0);
        Pallet::<T>::reserve(&who, scene.shape.padded_bytes())?;
        Assignments::<T>::insert(&who, (scene.file, &scene.owner), 0);
        let state = SlotState::Held {
            provider: who,
            since: Pallet::<T>::now(),
            joined: None,
            bounty: Zero::zero(),
        };
        let due = Pallet::<T>::now().saturating_add(One::one());
        Pallet::<T>::move_slot(
            &scene.file,
            &scene.owner,
            &mut deal,
            0,
            state,
            None,
            Some(due),
        )?;
        Deals::<T>::insert(scene.file, &scene.owner, deal);
        let task = scene.task(0);
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert!(matches!(ran, Ok(crate::agenda::Ran::Matured(_))));
        Ok(())
    }

    #[benchmark]
    fn task_lapse(r: Linear<1, { T::MaxReplicas::get() }>) -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(u8::try_from(r).unwrap())?;
        for index in 0..scene.replicas {
            scene.fetch(index)?;
        }
        Deals::<T>::mutate(scene.file, &scene.owner, |deal| {
            deal.as_mut().unwrap().slots[0].failures = T::MaxFailures::get() - 1;
        });
        <T::Clock as noema_traits::Ticks>::set_tick(Pallet::<T>::tick().saturating_add(60_000));
        let task = scene.task(0);
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert_eq!(ran, Ok(crate::agenda::Ran::Lapsed(r)));
        assert!(!Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    #[benchmark]
    fn task_end() -> Result<(), BenchmarkError> {
        let scene = deal_scene::<T>(max_replicas::<T>())?;
        scene.two_segments();
        // The last slot that is not empty, and all that one can have.
        for index in 1..scene.replicas {
            scene.idle(index);
        }
        scene.crowd(0)?;
        scene.put_bounty(0)?;
        scene.end_lease();
        let task = scene.end_task();
        let ran;

        #[block]
        {
            ran = run::<T>(&task);
        }

        assert!(matches!(ran, Ok(crate::agenda::Ran::Ended(_))));
        assert!(!Deals::<T>::contains_key(scene.file, &scene.owner));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
