//! What others may read, as the runtime API gives it. Nothing here writes.

use crate::{
    math, settle::Case, Audited, Challenges, Config, ItemOf, Pallet, RoundOf, RoundState, Running,
    StandingInfo,
};
use frame_support::storage::with_transaction_unchecked;
use sp_runtime::TransactionOutcome;

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// The running round. None before the first tick.
    pub fn round() -> Option<RoundOf<T>> {
        Running::<T, I>::get()
    }

    /// What the provider is asked for in the running round while it can be answered, drawn if need be, as it will be when all that is over is settled.
    /// None when nothing is asked, or everything is answered. `standing` says whether it must be poked before it can answer.
    pub fn challenges(provider: &T::AccountId) -> Option<Challenges<ItemOf<T, I>>> {
        let RoundState::Open { until, .. } = Running::<T, I>::get()?.state else {
            return None;
        };
        // Draws and settles in a copy that is thrown away.
        with_transaction_unchecked(|| {
            let mut case = Case::<T, I>::open(provider);
            while case.settle(None).rounds > 0 {}
            if !case.record.is_dropping() && case.present.open().is_some() {
                case.write_down();
            }
            let open = case.present.open().map(|(round, _)| round);
            let drawn = case.written.filter(|drawn| Some(drawn.round) == open);
            TransactionOutcome::Rollback(drawn)
        })
        .filter(|drawn| !drawn.items.is_empty())
        .map(|drawn| {
            let answered = |index| math::bit(index).is_some_and(|bit| drawn.answered & bit != 0);
            let items = (0u8..)
                .zip(drawn.items)
                .map(|(index, item)| (index, item, answered(index)))
                .collect();
            (drawn.round, until, items)
        })
    }

    /// Where a provider stands. None for who is not on record.
    pub fn standing(provider: &T::AccountId) -> Option<StandingInfo> {
        let record = Audited::<T, I>::get(provider)?;
        let mut case = Case::<T, I>::open(provider);
        // Whoever has nothing is done with all rounds at once.
        let first = case.verdict().map(|(round, _)| round);
        let over = case.present.first_not_over();
        Some(StandingInfo {
            next: record.next,
            unsettled: first.map_or(0, |round| over.saturating_sub(round)),
            points: record.points,
            dropping: record.is_dropping(),
        })
    }
}
