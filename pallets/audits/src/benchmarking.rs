//! Weights of calls, hooks and of what others call, each in its worst case: as many challenges as can be, drawn from the largest population that can be
//! made, and as many unsettled rounds as are settled at once.
//!
//! What is audited, paid and slashed is the runtime's own, so that an instance is measured with what it audits in earnest: `set_active` gives the provider a
//! pool and chunks, and what it reserves makes percentages of its collateral something.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "runs in benchmarks and tests only"
)]

use crate::{
    settle::Case, AnswersOf, Audited, Call, Clock, Config, Drawn, ItemsOf, Pace, PaceInForce,
    Pallet, ProofOf, Record, Round, RoundState, Running, SkippedRounds, Standing, Written,
};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{Get, Hooks},
    weights::{Weight, WeightMeter},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use noema_traits::{
    AgedRandomness, AuditFreeze, Auditable, ProviderDiscipline, ProviderRegistry, RoundIndex, Ticks,
};
use sp_runtime::traits::{BlockNumberProvider, One, Saturating, Zero};

/// The running round: far into the chain, and far from the edge of an item of skipped rounds.
const RUNNING: RoundIndex = 1_000;
/// Replicas of a provider from which is drawn: so many of a TiB bring the most challenges of Noema, 32, and are as far apart as they can be where leaves are
/// dense. Nearly every draw ends in a replica, a leaf and a node of its own; the two levels at the root have one node.
const MANY: u32 = 1 << 14;
/// Replicas of one from which nothing is drawn: what a round earns is a sum.
const FEW: u32 = 1;
/// Bytes that are reserved with the provider: its collateral.
const RESERVED: u64 = 1 << 40;

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

/// An active provider with so many replicas, whose first unsettled round is so many before the running one, and which is owed pay for each of these.
fn put_provider<T: Config<I>, I: 'static>(items: u32, unsettled: u32, points: u32) -> T::AccountId {
    let who = provider::<T, I>();
    let role = T::Role::get();
    T::Providers::set_active(role, &who, &operator::<T, I>(), RESERVED);
    T::Providers::reserve(role, &who, RESERVED).expect("as much is free");
    // It joined in the round before, so that it is owed something for each of these.
    let round = Running::<T, I>::get().expect("a round runs");
    let index = RUNNING - unsettled - 1;
    Running::<T, I>::put(Round { index, ..round });
    T::Audited::fill(&who, items);
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

/// Writes down as many challenges as there can be, for a round of the provider, of which these are answered.
fn put_written<T: Config<I>, I: 'static>(who: &T::AccountId, round: RoundIndex, answered: u64) {
    let population = T::Audited::population(who, round);
    let target = population.units / 2;
    let item = T::Audited::item_at(who, round, target).expect("the population has so many units");
    let most = T::MaxChallenges::get() as usize;
    let items: ItemsOf<T, I> = vec![item; most]
        .try_into()
        .expect("as many as there can be");
    let drawn = Drawn {
        round,
        answered,
        items,
    };
    Written::<T, I>::insert(who, drawn);
}

/// Leaves the provider so little of its bond that the next fee takes that, its chunks, and the rest of its delegators.
fn leave_half_a_fee<T: Config<I>, I: 'static>(who: &T::AccountId) {
    let role = T::Role::get();
    let bond = T::Providers::bond(role, who);
    let most = bond.saturating_sub(T::MissFee::get() / 2u32.into());
    T::Discipline::slash(role, who, most, None).expect("it has so much");
}

/// Makes rounds before the running one skipped: all that are unsettled but the first so many.
fn skip_after<T: Config<I>, I: 'static>(unsettled: u32, missed: u32) {
    for round in RUNNING - unsettled + missed..RUNNING {
        let (key, byte, mask) = crate::math::skipped_place(round);
        SkippedRounds::<T, I>::mutate(key, |item| item.get_or_insert([0; 32])[byte] |= mask);
    }
}

/// Has everything taken from a provider since a round.
fn drop_since<T: Config<I>, I: 'static>(who: &T::AccountId, since: RoundIndex) {
    Audited::<T, I>::mutate(who, |record| {
        record.as_mut().unwrap().standing = Standing::Dropping { since };
    });
}

/// Right answers to all that is not answered.
fn answers<T: Config<I>, I: 'static>(who: &T::AccountId) -> AnswersOf<T, I> {
    let (_, _, challenges) = Pallet::<T, I>::challenges(who).expect("the provider is challenged");
    let answers: Vec<(u8, ProofOf<T, I>)> = challenges
        .into_iter()
        .filter(|(_, _, answered)| !answered)
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

    /// The last of it, whatever it is: the round passes, and its pay is shared with delegators.
    #[benchmark]
    fn answer(n: Linear<1, { T::MaxChallenges::get() }>) {
        open_round::<T, I>();
        let who = put_provider::<T, I>(FEW, 0, 50);
        let all = crate::math::bits(T::MaxChallenges::get());
        put_written::<T, I>(&who, RUNNING, all & !crate::math::bits(n));
        let batch = answers::<T, I>(&who);
        assert_eq!(batch.len() as u32, n);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T, I>()), RUNNING, batch);

        assert!(!Written::<T, I>::contains_key(&who));
        assert_eq!(Audited::<T, I>::get(&who).unwrap().next, RUNNING + 1);
    }

    #[benchmark]
    fn poke() {
        open_round::<T, I>();
        let most = T::MaxSettle::get();
        let who = put_provider::<T, I>(FEW, most, 0);
        // The first was written down, and never answered.
        put_written::<T, I>(&who, RUNNING - most, 0);
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
        let who = put_provider::<T, I>(MANY, most, 0);
        put_written::<T, I>(&who, RUNNING - most, 0);
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
    fn write_down() -> Result<(), BenchmarkError> {
        open_round::<T, I>();
        let who = put_provider::<T, I>(MANY, 0, 0);

        #[block]
        {
            let mut case = Case::<T, I>::open(&who);
            case.write_down();
            case.save();
        }

        let drawn = Written::<T, I>::get(&who).unwrap();
        if drawn.items.len() as u32 != T::MaxChallenges::get() {
            return Err(BenchmarkError::Stop("the population is not the largest"));
        }
        Ok(())
    }

    #[benchmark]
    fn emptied() {
        open_round::<T, I>();
        // Its last replica was taken in the round that runs: that round's pay is owed and forfeited.
        let who = put_provider::<T, I>(FEW, 1, Pallet::<T, I>::strikes().on_probation());
        drop_since::<T, I>(&who, RUNNING - 1);

        #[block]
        {
            Pallet::<T, I>::emptied(&who);
        }

        assert!(!Pallet::<T, I>::is_dropping(&who));
    }

    /// Forfeited ones, each of which pays the repair fund; and a look at the list of skipped rounds, which those that are not forfeited take.
    #[benchmark]
    fn settle(r: Linear<0, { T::MaxSettle::get() }>) {
        open_round::<T, I>();
        let who = put_provider::<T, I>(FEW, r, Pallet::<T, I>::strikes().on_probation());
        drop_since::<T, I>(&who, RUNNING - r);
        // Sixteen rounds in a row are of two items at most.
        let other = RUNNING - crate::math::ROUNDS_PER_ITEM;
        for round in [RUNNING, other] {
            let (key, _, _) = crate::math::skipped_place(round);
            SkippedRounds::<T, I>::insert(key, [1; 32]);
        }
        let settler: T::AccountId = whitelisted_caller();
        let settled;

        #[block]
        {
            core::hint::black_box([RUNNING, other].map(Pallet::<T, I>::is_skipped));
            settled = Pallet::<T, I>::do_poke(&settler, &who);
        }

        assert_eq!(settled.map_or(0, |settled| settled.rounds), r);
    }

    /// By somebody who is paid for it, of a provider that has next to nothing of its own left: both slashes reach its delegators.
    #[benchmark]
    fn settle_missed() {
        open_round::<T, I>();
        let rule = Pallet::<T, I>::strikes();
        let who = put_provider::<T, I>(FEW, 1, rule.on_probation().saturating_sub(1));
        leave_half_a_fee::<T, I>(&who);
        put_written::<T, I>(&who, RUNNING - 1, 0);
        let settler: T::AccountId = whitelisted_caller();
        let settled;

        #[block]
        {
            settled = Pallet::<T, I>::do_poke(&settler, &who);
        }

        assert_eq!(settled.map_or(0, |settled| settled.missed), 1);
        assert!(!Pallet::<T, I>::is_dropping(&who));
        assert!(T::Providers::bond(T::Role::get(), &who).is_zero());
    }

    /// Of an active provider, whose weight changes with both slashes and the jail.
    #[benchmark]
    fn settle_dropped() {
        open_round::<T, I>();
        let who = put_provider::<T, I>(FEW, 1, Pallet::<T, I>::strikes().on_probation());
        put_written::<T, I>(&who, RUNNING - 1, 0);
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
