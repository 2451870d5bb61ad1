//! What must hold of the pallet's state at the end of every block. One function for each invariant; each has a test that it detects a broken state.
//!
//! Two things cannot be seen from here, and are checked by the tests' own runtime: that what is written down is what was drawn of the population as it
//! was then, and that whoever keeps populations knows who is being dropped.

use crate::{math, Audited, Clock, Config, Pallet, RoundState, Running, SkippedRounds, Written};
use frame_support::{ensure, traits::Get};
use noema_traits::{Auditable, ProviderRegistry, RoundIndex};
use sp_runtime::{
    traits::{Saturating, UniqueSaturatedInto, Zero},
    TryRuntimeError,
};

type Found = Result<(), TryRuntimeError>;

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// Every invariant of this pallet.
    pub fn do_try_state() -> Found {
        Self::check_clock()?;
        Self::check_round()?;
        Self::check_skipped()?;
        Self::check_records()?;
        Self::check_written()?;
        Self::check_populated()
    }

    /// The clock was never looked at in a block to come, and no block is more than one tick.
    fn check_clock() -> Found {
        let clock = Clock::<T, I>::get();
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(
            clock.polled.is_none_or(|polled| polled <= now),
            "pallet-noema-audits: the clock was looked at in a block to come"
        );
        let blocks: u64 = now.unique_saturated_into();
        ensure!(
            clock.tick <= blocks,
            "pallet-noema-audits: there are more ticks than blocks"
        );
        Ok(())
    }

    /// The running round began in the past and is drawn later than that; if it is open, by a seed that counts, and its window is as long as it was set.
    fn check_round() -> Found {
        let Some(round) = Running::<T, I>::get() else {
            return Ok(());
        };
        let now = Self::now_of_seeds();
        ensure!(
            round.began_at <= now && round.began_at < round.draw_at,
            "pallet-noema-audits: the running round began in a block to come, or is drawn in the block of its begin"
        );
        let RoundState::Open {
            drawn_at, until, ..
        } = round.state
        else {
            return Ok(());
        };
        let last = round.draw_at.saturating_add(T::MaxSeedGap::get());
        ensure!(
            drawn_at >= round.draw_at && drawn_at <= last && drawn_at <= now,
            "pallet-noema-audits: the running round was drawn by a seed that does not count"
        );
        let tick = Clock::<T, I>::get().tick;
        ensure!(
            until <= tick.saturating_add(round.answer_ticks.into()),
            "pallet-noema-audits: the window of the running round is longer than it was set"
        );
        Ok(())
    }

    /// No item of skipped rounds is empty, none of them is to come, and the running round is among them if and only if it was skipped.
    fn check_skipped() -> Found {
        let running = Running::<T, I>::get();
        for (key, item) in SkippedRounds::<T, I>::iter() {
            let rounds = math::rounds_of_item(key, &item);
            ensure!(
                !rounds.is_empty(),
                "pallet-noema-audits: an item of skipped rounds has none"
            );
            let last = running.as_ref().map(|round| round.index);
            ensure!(
                rounds.iter().all(|round| Some(*round) <= last),
                "pallet-noema-audits: a round is skipped that has not begun"
            );
        }
        if let Some(round) = running {
            ensure!(
                Self::is_skipped(round.index) == (round.state == RoundState::Skipped),
                "pallet-noema-audits: the running round and the list of skipped rounds disagree"
            );
        }
        Ok(())
    }

    /// The first round that has not begun.
    fn not_begun() -> RoundIndex {
        Running::<T, I>::get().map_or(0, |round| round.index.saturating_add(1))
    }

    /// Nobody has settled a round to come, nor has as many points as are too many, nor lost anything without points. Who is being dropped is on
    /// probation, inactive, and asked for nothing.
    fn check_records() -> Found {
        let not_begun = Self::not_begun();
        let rule = Self::strikes();
        for (provider, record) in Audited::<T, I>::iter() {
            ensure!(
                record.next <= not_begun,
                "pallet-noema-audits: a round is settled that has not begun"
            );
            ensure!(
                record.points < rule.drop_at,
                "pallet-noema-audits: a provider has as many points as are too many"
            );
            ensure!(
                record.points > 0 || record.taken.is_zero(),
                "pallet-noema-audits: something was taken from a provider without points"
            );
            if record.is_dropping() {
                ensure!(
                    record.points == rule.on_probation() && record.taken.is_zero(),
                    "pallet-noema-audits: a provider that is being dropped is not on probation"
                );
                ensure!(
                    !Written::<T, I>::contains_key(&provider),
                    "pallet-noema-audits: a provider that is being dropped is asked for something"
                );
                ensure!(
                    !T::Providers::is_active(T::Role::get(), &provider),
                    "pallet-noema-audits: a provider that is being dropped is active"
                );
            }
        }
        Ok(())
    }

    /// Whatever is written down is for the first unsettled round of a provider on record, which has begun, is drawn and not skipped; no answer is for a
    /// challenge that is none, and not everything is answered; there are as many challenges as some population has.
    fn check_written() -> Found {
        let running = Running::<T, I>::get();
        let not_drawn = running.as_ref().map_or(0, |round| round.first_not_drawn());
        for (provider, drawn) in Written::<T, I>::iter() {
            let record = Audited::<T, I>::get(&provider);
            ensure!(
                record.is_some_and(|record| record.next == drawn.round),
                "pallet-noema-audits: something is written down that is not for the provider's first unsettled round"
            );
            ensure!(
                drawn.round < not_drawn,
                "pallet-noema-audits: something is written down for a round that is not drawn"
            );
            ensure!(
                !Self::is_skipped(drawn.round),
                "pallet-noema-audits: something is written down for a skipped round"
            );
            let count = u32::try_from(drawn.items.len()).unwrap_or(u32::MAX);
            let all = math::bits(count);
            ensure!(
                count == 0 || count >= T::MinChallenges::get(),
                "pallet-noema-audits: fewer challenges are written down than any population has"
            );
            ensure!(
                drawn.answered & !all == 0,
                "pallet-noema-audits: a challenge is answered that is none"
            );
            ensure!(
                count == 0 || drawn.answered != all,
                "pallet-noema-audits: everything is answered and the round not settled"
            );
        }
        Ok(())
    }

    /// Whoever has a population is on record.
    fn check_populated() -> Found {
        for provider in T::Audited::populated() {
            ensure!(
                Audited::<T, I>::contains_key(&provider),
                "pallet-noema-audits: a provider has a population and is not on record"
            );
        }
        Ok(())
    }
}
