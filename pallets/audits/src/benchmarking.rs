//! Weights of calls, hooks and of what others call, each in its worst case: as many challenges as can be, drawn from the largest population that can be
//! made, and as many unsettled rounds as are settled at once.
//!
//! What is audited, paid and slashed is the runtime's own, so that an instance is measured with what it audits in earnest.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "runs in benchmarks and tests only"
)]

use crate::{
    AnswersOf, Audited, Call, Clock, Config, Drawn, ItemsOf, Pace, PaceInForce, Pallet, ProofOf,
    Record, Round, RoundState, Running, SkippedRounds, Standing, Written,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{Get, Hooks},
    weights::{Weight, WeightMeter},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use noema_traits::{AgedRandomness, AuditFreeze, Auditable, ProviderRegistry, RoundIndex, Ticks};
use sp_runtime::traits::{BlockNumberProvider, One, Saturating, Zero};

/// The running round: far into the chain, and far from the edge of an item of skipped rounds.
const RUNNING: RoundIndex = 1_000;
/// Replicas of the provider: a population of which every draw ends in another.
const ITEMS: u32 = 64;

fn provider<T: Config<I>, I: 'static>() -> T::AccountId {
    account("provider", 0, 0)
}

fn operator<T: Config<I>, I: 'static>() -> T::AccountId {
    account("operator", 0, 0)
}

/// A block in the middle of the chain.
fn begin<T: Config<I>, I: 'static>() -> BlockNumberFor<T> {
    let now = BlockNumberFor::<T>::from(100_000u32);
    T::BlockNumberProvider::set_block_number(now);
    frame_system::Pallet::<T>::set_block_number(now);
    Pallet::<T, I>::set_tick(90_000);
    now
}

/// The running round in this state.
fn put_round<T: Config<I>, I: 'static>(
    state: RoundState<BlockNumberFor<T>>,
    draw_at: BlockNumberFor<T>,
) {
    Running::<T, I>::put(Round {
        index: RUNNING,
        began_at: draw_at.saturating_sub(One::one()),
        draw_at,
        ends: 200_000,
        answer_ticks: 1_000,
        state,
    });
}

/// The running round, open.
fn open_round<T: Config<I>, I: 'static>() {
    let now = begin::<T, I>();
    let state = RoundState::Open {
        seed: [7; 32],
        drawn_at: now,
        until: 91_000,
    };
    put_round::<T, I>(state, now);
}

/// An active provider with the largest population, whose first unsettled round is so many before the running one.
fn put_provider<T: Config<I>, I: 'static>(unsettled: u32, points: u32) -> T::AccountId {
    let who = provider::<T, I>();
    T::Providers::set_active(T::Role::get(), &who, &operator::<T, I>(), 0);
    // It joined in the round before, so that it is owed something for each of these.
    let round = Running::<T, I>::get().expect("a round runs");
    let index = RUNNING - unsettled - 1;
    Running::<T, I>::put(Round { index, ..round });
    T::Audited::fill(&who, ITEMS);
    Running::<T, I>::put(round);
    let record = Record {
        next: RUNNING - unsettled,
        points,
        standing: Standing::Good,
        taken: Zero::zero(),
    };
    Audited::<T, I>::insert(&who, record);
    who
}

/// Makes rounds before the running one skipped: all that are unsettled but the first so many.
fn skip_after<T: Config<I>, I: 'static>(unsettled: u32, missed: u32) {
    for round in RUNNING - unsettled + missed..RUNNING {
        let (key, byte, mask) = crate::math::skipped_place(round);
        SkippedRounds::<T, I>::mutate(key, |item| item.get_or_insert([0; 32])[byte] |= mask);
    }
}

/// Right answers to the first so many challenges of the running round.
fn answers<T: Config<I>, I: 'static>(who: &T::AccountId, number: u32) -> AnswersOf<T, I> {
    let (_, _, challenges) = Pallet::<T, I>::challenges(who).expect("the provider is challenged");
    let answers: Vec<(u8, ProofOf<T, I>)> = challenges
        .into_iter()
        .take(number as usize)
        .map(|(index, item, _)| (index, T::Audited::answer_for(&item)))
        .collect();
    answers.try_into().expect("no more than there can be")
}

#[instance_benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn on_poll() {
        open_round::<T, I>();
        let now = frame_system::Pallet::<T>::block_number();

        #[block]
        {
            Pallet::<T, I>::on_poll(now, &mut WeightMeter::new());
        }

        let polled = T::Answerable::get().then_some(now);
        assert_eq!(Clock::<T, I>::get().polled, polled);
    }

    #[benchmark]
    fn on_poll_draw() {
        let now = begin::<T, I>();
        let draw_at = now.saturating_sub(T::MaxSeedGap::get());
        put_round::<T, I>(RoundState::Drawing, draw_at);
        T::Randomness::set_seed(now, [7; 32]);
        let round = Running::<T, I>::get().unwrap();

        #[block]
        {
            Pallet::<T, I>::try_draw_round(round);
        }

        assert!(!Running::<T, I>::get().unwrap().is_drawing());
    }

    #[benchmark]
    fn on_poll_skip() {
        let now = begin::<T, I>();
        let draw_at = now
            .saturating_sub(T::MaxSeedGap::get())
            .saturating_sub(One::one());
        put_round::<T, I>(RoundState::Drawing, draw_at);
        // An item of which one is noted already.
        let (key, _, _) = crate::math::skipped_place(RUNNING);
        SkippedRounds::<T, I>::insert(key, [1; 32]);
        let round = Running::<T, I>::get().unwrap();

        #[block]
        {
            Pallet::<T, I>::try_draw_round(round);
        }

        assert!(Pallet::<T, I>::is_skipped(RUNNING));
    }

    #[benchmark]
    fn on_idle() {
        let now = begin::<T, I>();
        put_round::<T, I>(RoundState::Skipped, now);
        PaceInForce::<T, I>::put(Pace::PRODUCTION);
        Pallet::<T, I>::set_tick(199_999);
        Clock::<T, I>::mutate(|clock| clock.polled = Some(now));

        #[block]
        {
            Pallet::<T, I>::on_idle(now, Weight::MAX);
        }

        if T::Answerable::get() {
            assert_eq!(Running::<T, I>::get().unwrap().index, RUNNING + 1);
        }
    }

    #[benchmark]
    fn answer(n: Linear<1, { T::MaxChallenges::get() }>) -> Result<(), BenchmarkError> {
        open_round::<T, I>();
        let who = put_provider::<T, I>(0, 50);
        let challenges = Pallet::<T, I>::challenges(&who)
            .expect("the provider is challenged")
            .2;
        if challenges.len() as u32 != T::MaxChallenges::get() {
            return Err(BenchmarkError::Stop("the population is not the largest"));
        }
        let batch = answers::<T, I>(&who, n);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T, I>()), RUNNING, batch);

        match Written::<T, I>::get(&who) {
            Some(drawn) => assert_eq!(drawn.answered, crate::math::bits(n)),
            None => assert_eq!(Audited::<T, I>::get(&who).unwrap().next, RUNNING + 1),
        }
        Ok(())
    }

    #[benchmark]
    fn poke() {
        open_round::<T, I>();
        let who = put_provider::<T, I>(T::MaxSettle::get(), 0);
        let settler: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(settler), who.clone());

        assert!(Pallet::<T, I>::is_dropping(&who));
        assert_eq!(Audited::<T, I>::get(&who).unwrap().next, RUNNING);
    }

    #[benchmark]
    fn before_change() {
        open_round::<T, I>();
        let most = T::MaxSettle::get();
        let misses = Pallet::<T, I>::strikes().misses_until_drop() - 1;
        let who = put_provider::<T, I>(most, 0);
        skip_after::<T, I>(most, misses.min(most));
        let changed;

        #[block]
        {
            changed = Pallet::<T, I>::before_change(&who);
        }

        assert!(changed.is_ok());
        let drawn = Written::<T, I>::get(&who).unwrap();
        assert_eq!(
            (drawn.round, drawn.items.len() as u32),
            (RUNNING, T::MaxChallenges::get())
        );
    }

    #[benchmark]
    fn write_down() {
        open_round::<T, I>();
        let who = put_provider::<T, I>(0, 0);
        let changed;

        #[block]
        {
            changed = Pallet::<T, I>::before_change(&who);
        }

        assert!(changed.is_ok());
        let drawn = Written::<T, I>::get(&who).unwrap();
        assert_eq!(
            (drawn.round, drawn.items.len() as u32),
            (RUNNING, T::MaxChallenges::get())
        );
    }

    #[benchmark]
    fn emptied() {
        open_round::<T, I>();
        // Its last replica was taken in the round that runs: that round's pay is owed and forfeited.
        let who = put_provider::<T, I>(1, Pallet::<T, I>::strikes().on_probation());
        Audited::<T, I>::mutate(&who, |record| {
            record.as_mut().unwrap().standing = Standing::Dropping { since: RUNNING - 1 };
        });

        #[block]
        {
            Pallet::<T, I>::emptied(&who);
        }

        assert!(!Pallet::<T, I>::is_dropping(&who));
    }

    #[benchmark]
    fn settle(r: Linear<0, { T::MaxSettle::get() }>) {
        open_round::<T, I>();
        let who = put_provider::<T, I>(r, 0);
        skip_after::<T, I>(r, 0);
        let settler: T::AccountId = whitelisted_caller();
        let settled;

        #[block]
        {
            settled = Pallet::<T, I>::do_poke(&settler, &who);
        }

        assert_eq!(settled.map_or(0, |settled| settled.rounds), r);
    }

    #[benchmark]
    fn settle_missed() {
        open_round::<T, I>();
        let rule = Pallet::<T, I>::strikes();
        let who = put_provider::<T, I>(1, rule.on_probation().saturating_sub(1));
        // With all that was asked for, and not answered.
        let drawn = {
            let population = T::Audited::population(&who);
            let items: ItemsOf<T, I> =
                Pallet::<T, I>::draw(&who, &population, &[7; 32], RUNNING - 1);
            Drawn {
                round: RUNNING - 1,
                answered: 0,
                items,
            }
        };
        Written::<T, I>::insert(&who, drawn);
        let settler: T::AccountId = whitelisted_caller();
        let settled;

        #[block]
        {
            settled = Pallet::<T, I>::do_poke(&settler, &who);
        }

        assert_eq!(settled.map_or(0, |settled| settled.missed), 1);
        assert!(!Pallet::<T, I>::is_dropping(&who));
    }

    #[benchmark]
    fn settle_dropped() {
        open_round::<T, I>();
        let who = put_provider::<T, I>(1, Pallet::<T, I>::strikes().on_probation());
        let settler: T::AccountId = whitelisted_caller();
        let settled;

        #[block]
        {
            settled = Pallet::<T, I>::do_poke(&settler, &who);
        }

        assert_eq!(settled.map_or(0, |settled| settled.dropped), 1);
        assert!(Pallet::<T, I>::is_dropping(&who));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_bench_ext(), crate::mock::Test);
}
