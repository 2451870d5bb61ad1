//! Settling: how a provider's rounds ended, one after the other, whenever somebody acts.

use crate::{
    math, strikes, Audited, Config, DrawnOf, Error, Event, Pallet, RecordOf, RoundOf, Running,
    SeedValue, Standing, WeightInfo, Written,
};
use frame_support::{ensure, traits::Get, weights::Weight};
use noema_traits::{Auditable, Outcome, Payroll, RoundIndex, Tick, Ticks};
use sp_runtime::traits::Zero;

/// The chain's side, as it is in this block.
pub(crate) struct Present<T: Config<I>, I: 'static = ()> {
    /// Ticks until now.
    tick: Tick,
    /// The running round.
    round: Option<RoundOf<T>>,
    _instance: core::marker::PhantomData<I>,
}

impl<T: Config<I>, I: 'static> Present<T, I> {
    pub(crate) fn read() -> Self {
        Self {
            tick: Pallet::<T, I>::now(),
            round: Running::<T, I>::get(),
            _instance: core::marker::PhantomData,
        }
    }

    /// The round that runs.
    pub(crate) fn round(&self) -> Option<&RoundOf<T>> {
        self.round.as_ref()
    }

    /// Ticks until now.
    pub(crate) fn tick(&self) -> Tick {
        self.tick
    }

    /// Whether populations stand still.
    pub(crate) fn is_drawing(&self) -> bool {
        self.round().is_some_and(RoundOf::<T>::is_drawing)
    }

    /// The running round and its seed, while it can be answered.
    pub(crate) fn open(&self) -> Option<(RoundIndex, SeedValue)> {
        let round = self.round()?;
        Some((round.index, round.open_seed(self.tick)?))
    }

    /// Every round before it can be settled.
    pub(crate) fn first_not_over(&self) -> RoundIndex {
        self.round()
            .map_or(0, |round| round.first_not_over(self.tick))
    }

    /// Every round before it has its challenges.
    pub(crate) fn first_not_drawn(&self) -> RoundIndex {
        self.round().map_or(0, RoundOf::<T>::first_not_drawn)
    }

    /// Every round before it has begun.
    pub(crate) fn first_not_begun(&self) -> RoundIndex {
        self.round()
            .map_or(0, |round| round.index.saturating_add(1))
    }
}

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything was answered.
    Passed,
    /// Something was not: these indices.
    Missed { unanswered: u64 },
    /// It had no seed.
    Skipped,
    /// There was nothing to challenge.
    Idle,
    /// Everything was being taken from the provider already.
    Forfeited,
}

/// What one call settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettledRounds {
    /// Rounds in all.
    pub(crate) rounds: u32,
    /// Of these, missed.
    pub(crate) missed: u32,
    /// Of these, such as dropped everything.
    pub(crate) dropped: u32,
}

impl SettledRounds {
    /// What that took.
    pub(crate) fn weight<W: WeightInfo>(&self) -> Weight {
        let missed = self.missed.saturating_sub(self.dropped);
        W::settle(self.rounds.saturating_sub(self.missed))
            .saturating_add(W::settle_missed().saturating_mul(missed.into()))
            .saturating_add(W::settle_dropped().saturating_mul(self.dropped.into()))
    }
}

/// What a call did, for its weight: also one that fails, since whoever comes second must not pay for what the first one did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// What it settled.
    pub(crate) settled: SettledRounds,
    /// Whether it drew what a provider is asked for.
    pub(crate) drew: bool,
    /// Proofs that it hashed.
    pub(crate) hashed: u32,
}

impl Work {
    /// What that took. What was measured of all rounds that are settled at once is less than the sum of them.
    pub(crate) fn weight<W: WeightInfo>(&self) -> Weight {
        let draw = if self.drew {
            W::write_down()
        } else {
            Weight::zero()
        };
        let answers = match self.hashed {
            0 => Weight::zero(),
            number => W::answer(number),
        };
        let settled = self.settled.weight::<W>().min(W::poke());
        settled.saturating_add(draw).saturating_add(answers)
    }
}

/// More is over than is settled at once. What was settled until that was found.
pub(crate) struct TooMany(pub(crate) SettledRounds);

impl<T, I> From<TooMany> for Error<T, I> {
    fn from(_: TooMany) -> Self {
        Self::Unsettled
    }
}

/// A provider while it is being worked at: what is on record and what is written, not yet saved.
pub(crate) struct Case<T: Config<I>, I: 'static = ()> {
    /// Who.
    pub(crate) provider: T::AccountId,
    /// The chain's side.
    pub(crate) present: Present<T, I>,
    /// What is on record.
    pub(crate) record: RecordOf<T, I>,
    /// What is written down, if anything.
    pub(crate) written: Option<DrawnOf<T, I>>,
    /// Whether that is not what storage says.
    changed: bool,
}

impl<T: Config<I>, I: 'static> Case<T, I> {
    /// Who is not on record yet begins with the first round that is not drawn.
    pub(crate) fn open(provider: &T::AccountId) -> Self {
        let present = Present::read();
        let record = Audited::<T, I>::get(provider).unwrap_or_else(|| RecordOf::<T, I> {
            next: present.first_not_drawn(),
            points: 0,
            standing: Standing::Good,
            taken: Zero::zero(),
        });
        Self {
            provider: provider.clone(),
            present,
            record,
            written: Written::<T, I>::get(provider),
            changed: false,
        }
    }

    /// Whoever is on record.
    pub(crate) fn find(provider: &T::AccountId) -> Option<Self> {
        Audited::<T, I>::contains_key(provider).then(|| Self::open(provider))
    }

    /// Takes back what others may have changed meanwhile.
    pub(crate) fn reload(&mut self) {
        if let Some(case) = Self::find(&self.provider) {
            *self = case;
        }
    }

    /// Puts what is on record and what is written where it is kept.
    pub(crate) fn save(&mut self) {
        Audited::<T, I>::insert(&self.provider, self.record);
        if core::mem::take(&mut self.changed) {
            Written::<T, I>::set(&self.provider, self.written.clone());
        }
    }

    /// The same, or takes the record away when nothing is left to say. Whether it did that.
    pub(crate) fn close(mut self) -> bool {
        let over = self.written.is_none()
            && self.record.points == 0
            && !self.record.is_dropping()
            && T::Payroll::next(&self.provider).is_none()
            && T::Audited::next_populated(&self.provider, self.record.next).is_none();
        self.save();
        if over {
            Audited::<T, I>::remove(&self.provider);
        }
        over
    }

    /// Writes something down, over what was there.
    pub(crate) fn write(&mut self, drawn: DrawnOf<T, I>) {
        self.written = Some(drawn);
        self.changed = true;
    }

    /// Forgets what is written down.
    pub(crate) fn forget_written(&mut self) {
        self.changed |= self.written.take().is_some();
    }

    /// Passes over the drawn rounds, from the first unsettled one on, for which the provider has nothing to show and nothing is owed, at once, however many: none of them
    /// could end otherwise. Rounds that are not drawn are left, since populations may begin before they are.
    fn pass_over(&mut self) {
        if self.written.is_some() {
            return;
        }
        let next = self.record.next;
        let populated = T::Audited::next_populated(&self.provider, next);
        let owed = T::Payroll::next(&self.provider);
        let drawn = self.present.first_not_drawn();
        let first = [populated, owed]
            .into_iter()
            .flatten()
            .fold(drawn, Ord::min);
        self.record.next = next.max(first);
    }

    /// How the provider's first unsettled round ended, if it is over.
    pub(crate) fn verdict(&mut self) -> Option<(RoundIndex, Verdict)> {
        let over = self.present.first_not_over();
        if self.record.is_dropping() {
            let round = self.record.next;
            return (round < over).then_some((round, Verdict::Forfeited));
        }
        self.pass_over();
        let round = self.record.next;
        if round >= over {
            return None;
        }
        if Pallet::<T, I>::is_skipped(round) {
            return Some((round, Verdict::Skipped));
        }
        let verdict = match &self.written {
            Some(drawn) if drawn.items.is_empty() => Verdict::Idle,
            Some(drawn) => {
                let count = u32::try_from(drawn.items.len()).unwrap_or(u32::MAX);
                let unanswered = math::bits(count) & !drawn.answered;
                Verdict::Missed { unanswered }
            }
            None => match T::Audited::population(&self.provider, round).units {
                0 => Verdict::Idle,
                _ => Verdict::Missed {
                    unanswered: u64::MAX,
                },
            },
        };
        Some((round, verdict))
    }

    /// Ends a round: the provider's next one, and no other.
    pub(crate) fn conclude(
        &mut self,
        round: RoundIndex,
        verdict: Verdict,
        settler: Option<&T::AccountId>,
        settled: &mut SettledRounds,
    ) {
        self.record.next = round.saturating_add(1);
        self.forget_written();
        settled.rounds = settled.rounds.saturating_add(1);
        match verdict {
            Verdict::Passed => {
                T::Payroll::settle(&self.provider, round, Outcome::Passed);
                strikes::passed::<T, I>(&mut self.record);
                Pallet::<T, I>::deposit_event(Event::RoundPassed {
                    provider: self.provider.clone(),
                    round,
                    points: self.record.points,
                });
            }
            Verdict::Skipped => {
                T::Payroll::settle(&self.provider, round, Outcome::Skipped);
            }
            Verdict::Idle => {
                // What was carried. What is owed for rounds to come is theirs.
                if T::Payroll::next(&self.provider).is_some_and(|next| next <= round) {
                    T::Payroll::settle(&self.provider, round, Outcome::Passed);
                }
            }
            Verdict::Forfeited => {
                T::Payroll::settle(&self.provider, round, Outcome::Missed);
            }
            Verdict::Missed { unanswered } => {
                T::Payroll::settle(&self.provider, round, Outcome::Missed);
                self.strike(round, unanswered, settler, settled);
            }
        }
    }

    /// Settles up to `MaxSettle` rounds.
    pub(crate) fn settle(&mut self, settler: Option<&T::AccountId>) -> SettledRounds {
        let mut settled = SettledRounds::default();
        while settled.rounds < T::MaxSettle::get() {
            let Some((round, verdict)) = self.verdict() else {
                break;
            };
            self.conclude(round, verdict, settler, &mut settled);
        }
        settled
    }

    /// Settles everything that is over, or fails when that is more than is settled at once.
    pub(crate) fn settle_all(&mut self) -> Result<SettledRounds, TooMany> {
        let settled = self.settle(None);
        match self.verdict() {
            Some(_) => Err(TooMany(settled)),
            None => Ok(settled),
        }
    }

    /// Says that rounds were settled, if any were.
    pub(crate) fn announce(&self, settled: &SettledRounds) {
        if settled.rounds > 0 {
            Pallet::<T, I>::deposit_event(Event::Settled {
                provider: self.provider.clone(),
                next: self.record.next,
            });
        }
    }
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// What [`Pallet::poke`] and every other settling weighs at most.
    pub(crate) fn weight_of_settling() -> Weight {
        T::WeightInfo::poke()
    }

    /// Settles what is over for `provider`, for whoever asked.
    pub(crate) fn do_poke(
        settler: &T::AccountId,
        provider: &T::AccountId,
    ) -> Result<SettledRounds, Error<T, I>> {
        let mut case = Case::<T, I>::find(provider).ok_or(Error::<T, I>::NothingToSettle)?;
        let settled = case.settle(Some(settler));
        case.announce(&settled);
        let ended = case.close();
        ensure!(settled.rounds > 0 || ended, Error::<T, I>::NothingToSettle);
        Ok(settled)
    }
}
