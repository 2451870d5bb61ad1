//! What a miss costs.

use crate::{
    settle::{Case, SettledRounds},
    Config, Event, Level, Pallet, RecordOf, Standing, Strikes,
};
use frame_support::{storage::with_storage_layer, traits::Get};
use noema_traits::{Auditable, ProviderDiscipline, ProviderRegistry, RoundIndex, SlashOutcome};
use sp_runtime::{
    traits::{Saturating, Zero},
    Perbill,
};

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// The strike rule.
    pub fn strikes() -> Strikes {
        Strikes {
            miss: T::MissPoints::get(),
            pass: T::PassPoints::get(),
            drop_at: T::DropPoints::get(),
        }
    }

    /// The part of the collateral that a level takes beside the fee.
    fn part_of(level: Level) -> Perbill {
        match level {
            Level::First => Perbill::zero(),
            Level::Second => T::SecondSlash::get(),
            Level::Third => T::ThirdSlash::get(),
            Level::Drop => T::DropSlash::get(),
        }
    }

    /// Takes from a provider. A slash that fails is none: what follows from the miss follows nevertheless.
    fn slash(
        provider: &T::AccountId,
        amount: T::Balance,
        reporter: Option<&T::AccountId>,
    ) -> SlashOutcome<T::Balance> {
        if amount.is_zero() {
            return SlashOutcome::default();
        }
        let reporter = reporter.map(|who| (who, T::ReporterShare::get()));
        with_storage_layer(|| T::Discipline::slash(T::Role::get(), provider, amount, reporter))
            .unwrap_or_default()
    }
}

/// A pass takes points away. Who has none begins anew.
pub(crate) fn passed<T: Config<I>, I: 'static>(record: &mut RecordOf<T, I>) {
    record.points = Pallet::<T, I>::strikes().passed(record.points);
    if record.points == 0 {
        record.taken = Zero::zero();
    }
}

impl<T: Config<I>, I: 'static> Case<T, I> {
    /// Gives points for a miss and takes what they bring.
    pub(crate) fn strike(
        &mut self,
        round: RoundIndex,
        unanswered: u64,
        settler: Option<&T::AccountId>,
        settled: &mut SettledRounds,
    ) {
        let rule = Pallet::<T, I>::strikes();
        let (points, level) = rule.missed(self.record.points);
        let provider = self.provider.clone();
        // Of what it holds, whatever it has bonded beyond; before anything is taken.
        let collateral = T::Providers::collateral(T::Role::get(), &provider);
        let part = Pallet::<T, I>::part_of(level).mul_floor(collateral);
        // Rewards must not grow with what others lose: they are of the fee only.
        let fee = Pallet::<T, I>::slash(&provider, T::MissFee::get(), settler);
        let more = Pallet::<T, I>::slash(&provider, part, None);
        let own = fee.own.saturating_add(more.own);
        self.record.taken = self.record.taken.saturating_add(own);
        self.record.points = points;
        settled.missed = settled.missed.saturating_add(1);
        Pallet::<T, I>::deposit_event(Event::RoundMissed {
            provider,
            round,
            unanswered,
            points,
            level,
            slashed: fee.slashed.saturating_add(more.slashed),
            reward: fee.to_reporter,
            settler: settler.cloned(),
        });
        if level == Level::Drop {
            settled.dropped = settled.dropped.saturating_add(1);
            self.begin_drop(round, rule.on_probation());
        }
    }

    /// Has everything taken from the provider.
    fn begin_drop(&mut self, round: RoundIndex, points: u32) {
        let provider = self.provider.clone();
        let taken = core::mem::take(&mut self.record.taken);
        self.record.points = points;
        self.record.standing = Standing::Dropping { since: round };
        self.forget_written();
        // Whoever is told may ask at once, or have nothing to take and say so.
        self.save();
        // A record that is gone cannot be jailed, and is not active.
        with_storage_layer(|| T::Discipline::jail(T::Role::get(), &provider, T::JailTerm::get()))
            .ok();
        Pallet::<T, I>::deposit_event(Event::DropBegan {
            provider: provider.clone(),
            round,
            taken,
        });
        T::Audited::begin_drop(&provider, taken);
        self.reload();
    }
}
