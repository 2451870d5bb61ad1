//! What becomes due by itself: six queues, each with a cursor, a bounded step at a time.

use crate::{
    lists::{self, LISTS},
    records::{State, CHUNK},
    Books, ClosingCursor, Config, Drops, EndingCursor, Entries, Pallet, Running, Submissions,
    WeightInfo,
};
use frame_support::{
    defensive,
    storage::with_storage_layer,
    traits::Get,
    weights::{Weight, WeightMeter},
};
use noema_traits::{AuditFreeze, RoundIndex};
use sp_runtime::DispatchError;

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing is due.
    Idle,
    /// The cursor went on, and nothing else.
    Passed,
    /// A row seed was drawn, or found lost.
    Seeded,
    /// A list was closed.
    Noted,
    /// An era was taken from a provider that loses everything.
    DroppedEra,
    /// A submission was refunded.
    Refunded,
    /// An entry was taken away, and perhaps its blob.
    Ended,
    /// An era was finished.
    Finished,
    /// A member was taken away.
    MemberEnded,
}

impl Step {
    fn weight<T: Config>(self) -> Weight {
        match self {
            Self::Idle | Self::Passed => T::WeightInfo::step_passed(),
            Self::Seeded => T::WeightInfo::step_seeded(),
            Self::Noted => T::WeightInfo::step_noted(),
            Self::DroppedEra => {
                T::WeightInfo::step_dropped().saturating_add(T::Audits::weight_of_emptied())
            }
            Self::Refunded => T::WeightInfo::step_refunded(),
            Self::Ended => T::WeightInfo::step_ended(),
            Self::Finished => T::WeightInfo::step_finished(),
            Self::MemberEnded => T::WeightInfo::step_member_ended(),
        }
    }
}

/// A queue: the most that a step of it takes, and the step.
struct Queue<T: Config> {
    worst: Weight,
    step: fn() -> Result<Step, DispatchError>,
    _config: core::marker::PhantomData<T>,
}

impl<T: Config> Queue<T> {
    fn new(worst: Step, step: fn() -> Result<Step, DispatchError>) -> Self {
        Self {
            worst: worst.weight::<T>().max(Step::Passed.weight::<T>()),
            step,
            _config: core::marker::PhantomData,
        }
    }

    /// Steps until nothing is due, or the meter does not allow the worst one.
    fn run(&self, meter: &mut WeightMeter) {
        while meter.can_consume(self.worst) {
            // Hooks are not transactional.
            match with_storage_layer(self.step) {
                Ok(step) => {
                    meter.consume(step.weight::<T>());
                    if step == Step::Idle {
                        return;
                    }
                }
                Err(error) => {
                    defensive!("a step of the agenda failed", error);
                    meter.consume(self.worst);
                    return;
                }
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The queues in their order. Row seeds come first: they are forgotten.
    fn queues() -> [Queue<T>; 6] {
        [
            Queue::new(Step::Seeded, Self::step_seed),
            Queue::new(Step::Noted, Self::step_closing),
            Queue::new(Step::DroppedEra, Self::step_drop),
            Queue::new(Step::Refunded, Self::pass_next_deadline),
            Queue::new(Step::Finished, Self::step_ending),
            Queue::new(Step::MemberEnded, Self::step_member),
        ]
    }

    /// What `MaxAgendaWeight` must allow: a step of each queue.
    pub(crate) fn least_agenda_weight() -> Weight {
        Self::queues()
            .iter()
            .fold(Weight::zero(), |sum, queue| sum.saturating_add(queue.worst))
    }

    /// Runs the queues, each within what is allowed and not kept for a step of those behind it; the first without regard to them.
    pub(crate) fn run_agenda(meter: &mut WeightMeter) {
        let allowed = meter.remaining().min(T::MaxAgendaWeight::get());
        let mut own = WeightMeter::with_limit(allowed);
        let queues = Self::queues();
        for (place, queue) in queues.iter().enumerate() {
            let kept = queues
                .iter()
                .skip(place.saturating_add(1))
                .fold(Weight::zero(), |sum, later| sum.saturating_add(later.worst));
            let limit = match place {
                0 => own.remaining(),
                _ => own.remaining().saturating_sub(kept),
            };
            let mut part = WeightMeter::with_limit(limit);
            queue.run(&mut part);
            own.consume(part.consumed());
        }
        meter.consume(own.consumed());
    }

    pub(crate) fn step_seed() -> Result<Step, DispatchError> {
        Ok(if Self::seed_next_batch() {
            Step::Seeded
        } else {
            Step::Idle
        })
    }

    pub(crate) fn step_member() -> Result<Step, DispatchError> {
        Ok(if Self::end_next_member() {
            Step::MemberEnded
        } else {
            Step::Idle
        })
    }

    /// Drops wait for lists that are closed and not noted.
    pub(crate) fn step_drop() -> Result<Step, DispatchError> {
        let all_noted = Self::closed_before() > Self::round();
        Ok(
            if all_noted && Drops::<T>::iter_keys().next().is_some() && Self::drop_next()? {
                Step::DroppedEra
            } else {
                Step::Idle
            },
        )
    }

    /// All lists are noted that closed with the begin of a round before this one.
    pub(crate) fn closed_before() -> RoundIndex {
        ClosingCursor::<T>::get().map_or(0, |(round, _)| round)
    }

    /// Closes the next list that is due.
    pub(crate) fn step_closing() -> Result<Step, DispatchError> {
        let now = Self::round();
        let (round, index) = ClosingCursor::<T>::get().unwrap_or((now, 0));
        if round > now {
            return Ok(Step::Idle);
        }
        if usize::from(index) >= LISTS {
            ClosingCursor::<T>::put((round.saturating_add(1), 0));
            return Ok(Step::Passed);
        }
        ClosingCursor::<T>::put((round, index.saturating_add(1)));
        let Some((era, list)) = lists::closing(round, index) else {
            return Ok(Step::Passed);
        };
        if index == 0 && Self::is_done(era, round) {
            // Nothing was attested.
            Self::finish_era(era);
            return Ok(Step::Noted);
        }
        if Books::<T>::get(era).is_none_or(|book| book.list(index).is_none_or(|l| l.entries == 0)) {
            return Ok(Step::Passed);
        }
        Self::note_list(era, index, list)?;
        Ok(Step::Noted)
    }

    /// Takes away the next entry of a list that is over, and what ends with it.
    pub(crate) fn step_ending() -> Result<Step, DispatchError> {
        let now = Self::round();
        let (round, index, number) = EndingCursor::<T>::get().unwrap_or((now, 0, 0));
        // What is not noted is needed.
        if round > now || round >= Self::closed_before() {
            return Ok(Step::Idle);
        }
        if usize::from(index) >= LISTS {
            EndingCursor::<T>::put((round.saturating_add(1), 0, 0));
            return Ok(Step::Passed);
        }
        let next = (round, index.saturating_add(1), 0);
        let Some((era, list)) = lists::ending(round, index) else {
            EndingCursor::<T>::put(next);
            return Ok(Step::Passed);
        };
        let entries = Books::<T>::get(era)
            .and_then(|book| book.list(index).map(|sums| sums.entries))
            .unwrap_or(0);
        if entries == 0 {
            EndingCursor::<T>::put(next);
            return Ok(Step::Passed);
        }
        let after = number.saturating_add(1);
        let chunk = number.checked_div(CHUNK).unwrap_or(0);
        let place = usize::try_from(number.checked_rem(CHUNK).unwrap_or(0)).unwrap_or(0);
        let entry = Entries::<T>::get((era, index, chunk)).get(place).copied();
        if let Some(entry) = entry {
            let id = entry.submission;
            if let Some(record) = Submissions::<T>::get(id) {
                let available = matches!(record.state, State::Available { .. });
                if available && record.days == list.last_day() && Self::is_over(&record) {
                    Self::expire_blob(id, &record)?;
                }
            }
        } else {
            defensive!("a list has fewer entries than it counts");
        }
        if after.checked_rem(CHUNK) == Some(0) || after >= entries {
            Entries::<T>::remove((era, index, chunk));
            Running::<T>::remove((era, index, chunk));
        }
        if after < entries {
            EndingCursor::<T>::put((round, index, after));
            return Ok(Step::Ended);
        }
        EndingCursor::<T>::put(next);
        Books::<T>::mutate(era, |book| {
            let sums = book
                .as_mut()
                .and_then(|book| book.lists.get_mut(usize::from(index)));
            if let Some(sums) = sums {
                sums.entries = 0;
            }
        });
        if Self::is_done(era, now) {
            Self::finish_era(era);
            return Ok(Step::Finished);
        }
        Ok(Step::Ended)
    }
}
