//! Rounds: when one begins, and how it is drawn or skipped. Nothing here depends on a provider.

use crate::{
    math, Config, Event, PaceInForce, Pallet, Round, RoundOf, RoundState, Running, SkippedRounds,
    WeightInfo,
};
use frame_support::{traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_traits::{AgedRandomness, RoundIndex, Seed, Tick, Ticks};
use sp_runtime::traits::{BlockNumberProvider, Saturating};

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// The present block, as draw points count.
    pub(crate) fn now_of_seeds() -> BlockNumberFor<T> {
        T::BlockNumberProvider::current_block_number()
    }

    /// Begins the next round when the tick reaches the end of the running one, and that one is decided and its window over.
    pub(crate) fn begin_round_if_due(tick: Tick) {
        let index = match Running::<T, I>::get() {
            None => 0,
            Some(round) => {
                // It never ends undrawn or unanswered, whatever the pace was set to meanwhile.
                let decided = match round.state {
                    RoundState::Drawing => false,
                    RoundState::Open { until, .. } => tick >= until,
                    RoundState::Skipped => true,
                };
                match round.index.checked_add(1) {
                    Some(next) if decided && tick >= round.ends => next,
                    _ => return,
                }
            }
        };
        let pace = PaceInForce::<T, I>::get();
        let began_at = Self::now_of_seeds();
        let round = Round {
            index,
            began_at,
            // In the block of its begin others may act still.
            draw_at: began_at.saturating_add(pace.draw_delay.max(1).into()),
            ends: tick.saturating_add(pace.round_ticks.into()),
            // A window of none would be missed by everybody.
            answer_ticks: pace.answer_ticks.max(1),
            state: RoundState::Drawing,
        };
        Running::<T, I>::put(round);
        Self::deposit_event(Event::RoundBegan {
            round: index,
            draw_at: round.draw_at,
            ends: round.ends,
        });
    }

    /// Draws a round that is being drawn if its seed is there, skips it if that is lost. Returns what that took.
    pub(crate) fn try_draw_round(mut round: RoundOf<T>) -> Weight {
        let now = Self::now_of_seeds();
        if now < round.draw_at {
            return Weight::zero();
        }
        if let Some(Seed { value, drawn_at }) = T::Randomness::seed_from(round.draw_at) {
            let until = Self::now().saturating_add(round.answer_ticks.into());
            round.state = RoundState::Open {
                seed: value,
                drawn_at,
                until,
            };
            Running::<T, I>::put(round);
            Self::deposit_event(Event::RoundDrawn {
                round: round.index,
                drawn_at,
                until,
            });
            return T::WeightInfo::on_poll_draw();
        }
        // It may still come in the last block that counts: whoever makes it may do so after this.
        if now > round.draw_at.saturating_add(T::MaxSeedGap::get()) {
            round.state = RoundState::Skipped;
            Running::<T, I>::put(round);
            Self::note_skipped(round.index);
            Self::deposit_event(Event::RoundSkipped { round: round.index });
        }
        T::WeightInfo::on_poll_skip()
    }

    fn note_skipped(round: RoundIndex) {
        let (key, byte, mask) = math::skipped_place(round);
        SkippedRounds::<T, I>::mutate(key, |item| {
            let item = item.get_or_insert([0; 32]);
            if let Some(bits) = item.get_mut(byte) {
                *bits |= mask;
            }
        });
    }

    /// Whether a round was skipped.
    pub fn is_skipped(round: RoundIndex) -> bool {
        let (key, byte, mask) = math::skipped_place(round);
        SkippedRounds::<T, I>::get(key)
            .and_then(|item| item.get(byte).map(|bits| bits & mask != 0))
            .unwrap_or(false)
    }
}
