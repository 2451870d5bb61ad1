//! The agenda: what is due in which block, and the run through it.

use crate::{
    types::{SlotState, TaskKind},
    Agenda, AgendaCursor, BlockOf, Config, Deals, Error, NextToken, Pallet, TaskOf, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    storage::with_storage_layer,
    traits::Get,
    weights::{Weight, WeightMeter},
};
use noema_traits::AuditFreeze;
use sp_runtime::{
    traits::{One, Saturating},
    ArithmeticError, DispatchError, DispatchResult,
};

/// What running one task came to, each with a weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The slot has moved on since, or the deal is gone: nothing was done.
    Stale,
    /// The seed is not there yet; the task waits for the next block. Also: a point whose seed is
    /// lost, or known for longer than this block, was replaced by a new one.
    Waited,
    /// The same, where the agenda was full and was searched a second time.
    Crowded,
    /// Providers were drawn this many times, whether or not one of them fitted.
    Drew(u8),
    /// A deadline had passed and the provider lost the slot.
    Expired,
    /// It was one too many, and a deal with so many replicas ended that nobody ever held.
    Lapsed(u32),
    /// Nothing may change what is audited: the task was put off. With what the audits took.
    Frozen(Weight),
    /// A replica became auditable, and may have replaced another. With what the audits took.
    Matured(Weight),
    /// A slot of a deal that is over was cleaned up. With what the audits took.
    Ended(Weight),
}

impl Ran {
    fn weight<T: Config>(self) -> Weight {
        match self {
            Self::Stale => T::WeightInfo::task_stale(),
            Self::Waited => T::WeightInfo::task_wait(),
            Self::Crowded => T::WeightInfo::task_wait().saturating_mul(2),
            Self::Drew(attempts) => T::WeightInfo::task_draw(attempts.into()),
            Self::Expired => T::WeightInfo::task_expire(),
            Self::Lapsed(replicas) => T::WeightInfo::task_lapse(replicas),
            Self::Frozen(audits) => T::WeightInfo::task_wait().saturating_add(audits),
            Self::Matured(audits) => T::WeightInfo::task_mature().saturating_add(audits),
            Self::Ended(audits) => T::WeightInfo::task_end().saturating_add(audits),
        }
    }
}

/// What the audits take at most when so many providers' populations change.
fn audits_of<T: Config>(providers: u64) -> Weight {
    T::Audits::weight_of_before_change().saturating_mul(providers)
}

/// What a draw takes at most.
fn worst_draw<T: Config>() -> Weight {
    T::WeightInfo::task_draw(T::MaxDrawAttempts::get().into())
}

impl<T: Config> Pallet<T> {
    /// The most that one task can take, what it takes to put it off when it fails included.
    pub(crate) fn worst_task() -> Weight {
        worst_draw::<T>()
            .max(T::WeightInfo::task_expire())
            .max(T::WeightInfo::task_lapse(T::MaxReplicas::get()))
            .max(Ran::Stale.weight::<T>())
            .max(Ran::Crowded.weight::<T>())
            .max(Ran::Frozen(audits_of::<T>(2)).weight::<T>())
            .max(Ran::Matured(audits_of::<T>(2)).weight::<T>())
            .max(Ran::Ended(audits_of::<T>(1)).weight::<T>())
            .saturating_add(T::WeightInfo::task_wait())
    }

    /// The most that this task can take as things stand, what it takes to put it off included: so that what may take much does not keep from running what never does.
    fn worst_of(task: &TaskOf<T>) -> Weight {
        let (wait, stale) = (Ran::Waited.weight::<T>(), Ran::Stale.weight::<T>());
        let Some(deal) = Deals::<T>::get(task.file, &task.owner) else {
            return stale;
        };
        let worst = match task.kind {
            TaskKind::End if deal.token != task.token => return stale,
            TaskKind::End => {
                let earners = u64::from(deal.earners().next().is_some());
                let ended = Ran::Ended(audits_of::<T>(earners)).weight::<T>();
                ended.max(Ran::Crowded.weight::<T>())
            }
            TaskKind::Slot => {
                let Some(slot) = deal.slot(task.slot).filter(|slot| slot.token == task.token)
                else {
                    return stale;
                };
                match slot.state {
                    SlotState::Drawing { .. } => worst_draw::<T>(),
                    SlotState::Assigned { .. } | SlotState::Proving { .. } => {
                        if Self::lapses(&deal, slot.failures.saturating_add(1)) {
                            Ran::Lapsed(deal.replicas().into()).weight::<T>()
                        } else {
                            Ran::Expired.weight::<T>()
                        }
                    }
                    SlotState::Held { joined: None, .. } => {
                        let providers = 1u64.saturating_add(slot.leaving.is_some().into());
                        Ran::Matured(audits_of::<T>(providers)).weight::<T>()
                    }
                    SlotState::Held { .. } => return stale,
                }
            }
        };
        worst.max(wait).saturating_add(wait)
    }

    /// What `Config::MaxAgendaWeight` must allow: a backlog to make progress whatever is due, a draw of the block that it is run in to be made in time, and a replica to
    /// be taken from somebody who loses everything.
    pub(crate) fn needed_agenda_weight() -> Weight {
        Self::least_agenda_weight()
            .saturating_add(T::WeightInfo::agenda_block(T::MaxTasksPerBlock::get()))
            .saturating_add(worst_draw::<T>())
            .saturating_add(T::WeightInfo::task_wait())
            .saturating_add(Self::weight_of_dropping(1))
    }

    /// What one pass over the agenda needs to make progress whatever is due: looking at the cursor, one full block, and one task of the worst kind.
    pub(crate) fn least_agenda_weight() -> Weight {
        T::WeightInfo::agenda_base()
            .saturating_add(T::WeightInfo::agenda_block(T::MaxTasksPerBlock::get()))
            .saturating_add(Self::worst_task())
    }

    /// Takes `count` fresh tokens and returns the first; the others follow it.
    pub(crate) fn take_tokens(count: u8) -> Result<u64, DispatchError> {
        NextToken::<T>::try_mutate(|next| {
            let first = *next;
            *next = first
                .checked_add(count.into())
                .ok_or(ArithmeticError::Overflow)?;
            Ok(first)
        })
    }

    /// Puts tasks on the agenda, in their order, each into the first block from `first` on that
    /// has room, and returns these blocks. Nothing is ever put into the current block or before.
    ///
    /// Fails with `Busy` when that would be more than `AgendaSearch` blocks past `first`; the
    /// caller must then undo what it wrote.
    pub(crate) fn schedule(
        first: BlockOf<T>,
        tasks: impl IntoIterator<Item = TaskOf<T>>,
    ) -> Result<Vec<BlockOf<T>>, DispatchError> {
        let earliest = Self::now().saturating_add(One::one());
        if AgendaCursor::<T>::get().is_none() {
            AgendaCursor::<T>::put(earliest);
        }
        let mut due = first.max(earliest);
        let mut passed = 0u32;
        let mut placed = Vec::new();
        for task in tasks {
            while Agenda::<T>::try_append(due, &task).is_err() {
                if passed >= T::AgendaSearch::get() {
                    return Err(Error::<T>::Busy.into());
                }
                passed = passed.saturating_add(1);
                due = due.saturating_add(One::one());
            }
            placed.push(due);
        }
        Ok(placed)
    }

    /// [`Pallet::schedule`] for a single task.
    pub(crate) fn schedule_one(
        first: BlockOf<T>,
        task: TaskOf<T>,
    ) -> Result<BlockOf<T>, DispatchError> {
        Self::schedule(first, [task])?
            .pop()
            .ok_or_else(|| Error::<T>::Busy.into())
    }

    /// Takes the task with this token off the agenda block `due`, so that what was paid for by a
    /// deposit does not stay on the agenda when its slot has moved on.
    pub(crate) fn unschedule(due: BlockOf<T>, token: u64) {
        let mut tasks = Agenda::<T>::get(due);
        tasks.retain(|task| task.token != token);
        if tasks.is_empty() {
            Agenda::<T>::remove(due);
        } else {
            Agenda::<T>::insert(due, tasks);
        }
    }

    /// Runs what is due in this block, then what is left of others, oldest first, within what the
    /// meter and `MaxAgendaWeight` allow. What is not done stays for the next run.
    ///
    /// This block goes first because its draws are void later; what is needed for one old task is
    /// kept back, so that full blocks cannot hold the others up for ever.
    pub(crate) fn run_agenda(meter: &mut WeightMeter) {
        let allowed = meter.remaining().min(T::MaxAgendaWeight::get());
        let mut own = WeightMeter::with_limit(allowed);
        if own.try_consume(T::WeightInfo::agenda_base()).is_err() {
            return;
        }
        if let Some(cursor) = AgendaCursor::<T>::get() {
            let now = Self::now();
            if cursor < now {
                let kept_back = Self::least_agenda_weight();
                let mut first = WeightMeter::with_limit(own.remaining().saturating_sub(kept_back));
                Self::run_blocks(now, now, &mut first);
                own.consume(first.consumed());
            }
            let reached = Self::run_blocks(cursor, now, &mut own);
            if reached != cursor {
                AgendaCursor::<T>::put(reached);
            }
        }
        meter.consume(own.consumed());
    }

    /// Runs the agenda blocks `cursor..=now`, at most `AgendaCatchUp` of them, and returns the
    /// first block that is not done. What fails does not keep later blocks waiting: whoever could make
    /// one task fail would otherwise stop all others.
    pub(crate) fn run_blocks(
        mut cursor: BlockOf<T>,
        now: BlockOf<T>,
        meter: &mut WeightMeter,
    ) -> BlockOf<T> {
        let full_block = T::WeightInfo::agenda_block(T::MaxTasksPerBlock::get());
        let mut undone = None;
        for _ in 0..T::AgendaCatchUp::get() {
            if cursor > now || !meter.can_consume(full_block) {
                break;
            }
            let tasks = Agenda::<T>::get(cursor);
            let count = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
            meter.consume(T::WeightInfo::agenda_block(count));
            if count > 0 {
                let mut left = tasks;
                left.retain(|task| !Self::run_within(task, now, meter));
                // What ended a deal has taken off the tasks of its slots, some of which may be in this very block.
                if !left.is_empty() {
                    let kept = Agenda::<T>::get(cursor);
                    left.retain(|task| kept.iter().any(|other| other.token == task.token));
                }
                if left.is_empty() {
                    Agenda::<T>::remove(cursor);
                } else {
                    Agenda::<T>::insert(cursor, left);
                    undone = undone.or(Some(cursor));
                }
            }
            cursor = cursor.saturating_add(One::one());
        }
        undone.unwrap_or(cursor)
    }

    /// Runs one task if the meter allows the worst of its kind. Whether it is off this block; if not, it
    /// left no trace and must be tried again.
    fn run_within(task: &TaskOf<T>, now: BlockOf<T>, meter: &mut WeightMeter) -> bool {
        let look = Ran::Stale.weight::<T>();
        if !meter.can_consume(look) {
            return false;
        }
        let worst = Self::worst_of(task);
        if !meter.can_consume(worst) {
            // It is looked at again in every block until there is room for it.
            meter.consume(look);
            return false;
        }
        // Hooks are not transactional: without this, a task that finds no room on the agenda
        // would leave half of what it did.
        match with_storage_layer(|| Self::run_task(task, now)) {
            Ok(ran) => {
                meter.consume(ran.weight::<T>());
                true
            }
            Err(_) => {
                meter.consume(worst);
                with_storage_layer(|| Self::put_off(task, now)).is_ok()
            }
        }
    }

    /// Puts off a task that failed, because there was no room for what follows from it: it would fail in every block, and what it takes to fail would be the others'. A
    /// draw gets a new draw point; whatever else waits comes again some blocks later.
    fn put_off(task: &TaskOf<T>, now: BlockOf<T>) -> DispatchResult {
        let mut deal = Deals::<T>::get(task.file, &task.owner).ok_or(Error::<T>::UnknownDeal)?;
        let draws = task.kind == TaskKind::Slot
            && deal
                .slot(task.slot)
                .is_some_and(|slot| matches!(slot.state, SlotState::Drawing { .. }));
        if draws {
            return Self::draw_anew(task, deal, now);
        }
        let at = now.saturating_add(T::RedrawDelay::get());
        let due = Some(Self::schedule_one(at, task.clone())?);
        match task.kind {
            TaskKind::Slot => Self::set_due(&mut deal, task.slot, due)?,
            TaskKind::End => deal.due = due,
        }
        Deals::<T>::insert(task.file, &task.owner, deal);
        Ok(())
    }

    /// Does what is due for the task's slot, or its deal.
    pub(crate) fn run_task(task: &TaskOf<T>, now: BlockOf<T>) -> Result<Ran, DispatchError> {
        let Some(mut deal) = Deals::<T>::get(task.file, &task.owner) else {
            return Ok(Ran::Stale);
        };
        if task.kind == TaskKind::End {
            return if deal.token == task.token {
                Self::run_end(task, deal, now)
            } else {
                Ok(Ran::Stale)
            };
        }
        let state = match deal.slot(task.slot) {
            Some(slot) if slot.token == task.token => slot.state.clone(),
            _ => return Ok(Ran::Stale),
        };
        if deal.is_over(Self::round()) {
            // Whoever has the slot keeps it until the deal is cleaned up.
            Self::set_due(&mut deal, task.slot, None)?;
            Deals::<T>::insert(task.file, &task.owner, deal);
            return Ok(Ran::Waited);
        }
        match state {
            SlotState::Drawing { draw_at, vain } => {
                Self::draw_provider(task, deal, draw_at, vain, now)
            }
            SlotState::Assigned { ready_by, .. } => Self::expire_assignment(task, deal, ready_by),
            SlotState::Proving {
                provider,
                draw_at,
                prove_by,
            } => Self::expire_proof(task, deal, provider, draw_at, prove_by, now),
            SlotState::Held {
                provider,
                joined: None,
                ..
            } => Self::mature(task, deal, provider, now),
            SlotState::Held { .. } => Ok(Ran::Stale),
        }
    }
}
