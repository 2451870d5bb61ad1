//! Ticks: blocks that took transactions and left room for answers.

use crate::{Clock, Config, PaceInForce, Pallet, Running, WeightInfo};
use frame_support::{
    dispatch::DispatchClass,
    traits::{Get, GetStorageVersion},
    weights::{Weight, WeightMeter},
};
use frame_system::{
    limits::{BlockLength, BlockWeights},
    pallet_prelude::BlockNumberFor,
};
use noema_traits::{RoundIndex, Rounds, Tick, Ticks};

/// The part of what the normal class may use that must be free at the end of a tick: one in so many.
const ROOM: u64 = 4;

/// What must be free, of weight and of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Weight.
    pub(crate) weight: Weight,
    /// Bytes.
    pub(crate) length: u32,
}

impl Room {
    /// A quarter of what the normal class may use.
    pub(crate) fn of(weights: &BlockWeights, length: &BlockLength) -> Self {
        let normal = weights
            .get(DispatchClass::Normal)
            .max_total
            .unwrap_or(weights.max_block);
        let quarter = |whole: u64| whole.checked_div(ROOM).unwrap_or(0);
        let bytes = u64::from(*length.max.get(DispatchClass::Normal));
        Self {
            weight: Weight::from_parts(quarter(normal.ref_time()), quarter(normal.proof_size())),
            length: u32::try_from(quarter(bytes)).unwrap_or(u32::MAX),
        }
    }
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// Before the block's transactions: notes that it takes them, and draws the running round if it can.
    pub(crate) fn poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
        let weight = T::WeightInfo::on_poll().saturating_add(T::DbWeight::get().reads(1));
        // Where a migration failed, values of the old layout read as absent: no block of that time is a tick, nothing is drawn.
        if meter.try_consume(weight).is_err()
            || Self::on_chain_storage_version() != Self::in_code_storage_version()
        {
            return;
        }
        let answerable = T::Answerable::get();
        Clock::<T, I>::mutate(|clock| clock.polled = answerable.then_some(now));
        let Some(round) = Running::<T, I>::get() else {
            return;
        };
        // Without room for it, the draw is for a later block: seeds are remembered.
        let worst = T::WeightInfo::on_poll_draw().max(T::WeightInfo::on_poll_skip());
        if round.is_drawing() && meter.can_consume(worst) {
            meter.consume(Self::try_draw_round(round));
        }
    }

    /// After the block's transactions: counts it if it is a tick, and begins the next round if it is time.
    pub(crate) fn idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
        let weight = T::WeightInfo::on_idle();
        if weight.any_gt(remaining) {
            return Weight::zero();
        }
        let clock = Clock::<T, I>::get();
        if clock.polled == Some(now) && T::Answerable::get() && Self::has_room() {
            let tick = clock.tick.saturating_add(1);
            Clock::<T, I>::mutate(|clock| clock.tick = tick);
            Self::begin_round_if_due(tick);
        }
        weight
    }

    /// Whether answers would still fit into the block. Weight and length only grow, so that it is what
    /// was free at any time in the block.
    fn has_room() -> bool {
        let weights = T::BlockWeights::get();
        let length = T::BlockLength::get();
        let room = Room::of(&weights, &length);
        let used = frame_system::Pallet::<T>::block_weight();
        let normal = used.get(DispatchClass::Normal).saturating_add(room.weight);
        let normal_fits = weights
            .get(DispatchClass::Normal)
            .max_total
            .is_none_or(|most| normal.all_lte(most));
        let all = used.total().saturating_add(room.weight);
        let bytes = frame_system::Pallet::<T>::block_size().saturating_add(room.length);
        normal_fits
            && all.all_lte(weights.max_block)
            && bytes <= *length.max.get(DispatchClass::Normal)
    }
}

impl<T: Config<I>, I: 'static> Ticks for Pallet<T, I> {
    fn now() -> Tick {
        Clock::<T, I>::get().tick
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(tick: Tick) {
        Clock::<T, I>::mutate(|clock| clock.tick = tick);
    }
}

impl<T: Config<I>, I: 'static> Rounds for Pallet<T, I> {
    fn current() -> RoundIndex {
        Running::<T, I>::get().map_or(0, |round| round.index)
    }

    fn length() -> Tick {
        PaceInForce::<T, I>::get().round_ticks.into()
    }

    fn ends() -> Tick {
        // Before the first tick: the first round begins with it.
        Running::<T, I>::get().map_or_else(
            || Clock::<T, I>::get().tick.saturating_add(Self::length()),
            |round| round.ends,
        )
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_round(round: RoundIndex) {
        Running::<T, I>::put(crate::Round {
            index: round,
            began_at: 0u32.into(),
            draw_at: 0u32.into(),
            ends: Tick::MAX,
            answer_ticks: 1,
            state: crate::RoundState::Skipped,
        });
    }
}
