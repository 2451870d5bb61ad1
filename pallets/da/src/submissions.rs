//! Submissions: taken, given a row seed, refunded, expired.

use crate::{
    agenda::Step,
    lists::{self, MAX_DAYS},
    records::{Attested, Batch, SeedState, State, Submission, SubmissionId},
    AttestedBlobs, BalanceOf, Batches, ByCommitment, Committees, Config, Day, DeadlineCursor,
    Error, Event, InFlight, NextBatch, NextSubmission, Pallet, SeedCursor, StoredBytes,
    SubmissionOf, Submissions,
};
use frame_support::{defensive, ensure, traits::Get};
use noema_da_primitives::{Commitment, Content, Namespace, RowSeed, Shape};
use noema_traits::{AgedRandomness, RoundIndex};
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// A blob as it is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) commitment: Commitment,
    pub(crate) size: u32,
    pub(crate) content: Content,
}

impl<T: Config> Pallet<T> {
    /// The shape of a submission's blob.
    pub(crate) fn shape_of(size: u32) -> Result<Shape, DispatchError> {
        Shape::of(size.into()).map_err(|_| Error::<T>::BlobTooLarge.into())
    }

    /// The last round in which the rows of a submission can be asked for.
    pub(crate) fn last_round_of(record: &SubmissionOf<T>) -> RoundIndex {
        lists::last_of_day(record.era, record.days)
    }

    /// Takes a submission.
    pub(crate) fn do_submit(
        payer: T::AccountId,
        blob: Blob,
        namespace: Namespace,
        days: Day,
        max_fee: BalanceOf<T>,
    ) -> Result<SubmissionId, DispatchError> {
        let Blob {
            commitment,
            size,
            content,
        } = blob;
        let shape = Self::shape_of(size)?;
        content.check(&shape).map_err(|_| Error::<T>::BadBundle)?;
        ensure!((1..=MAX_DAYS).contains(&days), Error::<T>::BadWindow);
        let era = Self::round();
        ensure!(Committees::<T>::contains_key(era), Error::<T>::NoCommittee);
        let in_flight = InFlight::<T>::get(&payer).saturating_add(size.into());
        ensure!(
            in_flight <= T::MaxInFlight::get(),
            Error::<T>::TooMuchInFlight
        );
        let charge = Self::charge(&shape, &namespace, days)?;
        let fees = Self::fees_of(&charge)?;
        ensure!(fees <= max_fee, Error::<T>::FeeAboveMaximum);
        Self::open_namespace(&payer, &namespace, charge.namespace)?;
        let held = charge
            .base
            .checked_add(&charge.fee)
            .ok_or(Error::<T>::AmountTooLarge)?;
        Self::pay_in(&payer, held)?;
        Self::hold_deposit(&payer, charge.deposit)?;
        if in_flight > 0 {
            InFlight::<T>::insert(&payer, in_flight);
        }
        let id = NextSubmission::<T>::get();
        NextSubmission::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
        let batch = Self::join_batch(id, charge.base)?;
        let deadline = Self::tick().saturating_add(T::AttestTicks::get());
        ByCommitment::<T>::insert(commitment, id, ());
        let record = Submission {
            payer: payer.clone(),
            namespace,
            commitment,
            size,
            content,
            era,
            batch,
            deadline,
            days,
            fee: charge.fee,
            base: charge.base,
            deposit: charge.deposit,
            state: State::Submitted,
        };
        Submissions::<T>::insert(id, record);
        Self::deposit_event(Event::Submitted {
            submission: id,
            payer,
            namespace,
            commitment,
            size,
            content,
            days,
            era,
            deadline,
            fees,
        });
        Ok(id)
    }

    /// Puts a submission into the batch of this block.
    fn join_batch(id: SubmissionId, base: BalanceOf<T>) -> Result<u64, DispatchError> {
        let next = NextBatch::<T>::get();
        let block = Self::now();
        let open = next
            .checked_sub(1)
            .and_then(|last| Some((last, Batches::<T>::get(last)?)))
            .filter(|(_, batch)| batch.block == block);
        let (number, mut batch) = match open {
            Some(open) => open,
            None => {
                NextBatch::<T>::put(next.checked_add(1).ok_or(ArithmeticError::Overflow)?);
                let batch = Batch {
                    block,
                    first: id,
                    count: 0,
                    live: 0,
                    base: Zero::zero(),
                    seed: SeedState::Awaited,
                };
                (next, batch)
            }
        };
        batch.count = batch
            .count
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        batch.live = batch.live.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        batch.base = batch
            .base
            .checked_add(&base)
            .ok_or(ArithmeticError::Overflow)?;
        Batches::<T>::insert(number, batch);
        Ok(number)
    }

    /// The row seed of a submission.
    pub(crate) fn seed_of(record: &SubmissionOf<T>) -> SeedState {
        Batches::<T>::get(record.batch).map_or(SeedState::Lost, |batch| batch.seed)
    }

    /// Decides the row seed of the first batch that awaits one: drawn, or lost once it can come no more. Whether it did.
    pub(crate) fn seed_next_batch() -> bool {
        let number = SeedCursor::<T>::get();
        if number >= NextBatch::<T>::get() {
            return false;
        }
        let step = || SeedCursor::<T>::put(number.saturating_add(1));
        let Some(mut batch) = Batches::<T>::get(number) else {
            step();
            return true;
        };
        let draw_at = batch.block.saturating_add(T::RowDrawDelay::get());
        let (first, count) = (batch.first, batch.count);
        match T::Randomness::seed_from(draw_at) {
            Some(seed) => {
                let seed = RowSeed(seed.value);
                batch.seed = SeedState::Drawn(seed);
                Self::send_to_fund(core::mem::take(&mut batch.base));
                Self::deposit_event(Event::RowSeedDrawn { first, count, seed });
            }
            None if Self::now() > draw_at.saturating_add(T::MaxSeedGap::get()) => {
                batch.seed = SeedState::Lost;
                Self::deposit_event(Event::RowSeedLost { first, count });
            }
            None => return false,
        }
        Batches::<T>::insert(number, batch);
        step();
        true
    }

    /// Whether the time of a submission without quorum is over, or its row seed lost: what is due back of it then.
    fn refund_due(record: &SubmissionOf<T>) -> Option<BalanceOf<T>> {
        if record.state != State::Submitted {
            return None;
        }
        match Self::seed_of(record) {
            SeedState::Lost => Some(record.fee.saturating_add(record.base)),
            SeedState::Drawn(_) if Self::tick() >= record.deadline => Some(record.fee),
            SeedState::Drawn(_) | SeedState::Awaited => None,
        }
    }

    /// Looks at the first submission that was not looked at when its time was over, and refunds it if it has no quorum.
    pub(crate) fn pass_next_deadline() -> Result<Step, DispatchError> {
        let id = DeadlineCursor::<T>::get();
        if id >= NextSubmission::<T>::get() {
            return Ok(Step::Idle);
        }
        let mut step = Step::Passed;
        if let Some(record) = Submissions::<T>::get(id) {
            if record.state == State::Submitted {
                let Some(due) = Self::refund_due(&record) else {
                    return Ok(Step::Idle);
                };
                Self::refund(id, record, due)?;
                step = Step::Refunded;
            } else if Self::tick() < record.deadline {
                // Bits may still come: seats look for submissions from here on.
                return Ok(Step::Idle);
            }
        }
        DeadlineCursor::<T>::put(id.saturating_add(1));
        Ok(step)
    }

    /// Gives back what was paid for a submission that did not become available, and takes its record away.
    fn refund(id: SubmissionId, record: SubmissionOf<T>, due: BalanceOf<T>) -> DispatchResult {
        Submissions::<T>::remove(id);
        ByCommitment::<T>::remove(record.commitment, id);
        Self::land(&record);
        Self::leave_batch(&record, due.saturating_sub(record.fee))?;
        Self::release_deposit(&record.payer, record.deposit);
        Self::send(&record.payer, due);
        Self::deposit_event(Event::Refunded {
            submission: id,
            payer: record.payer,
            namespace: record.namespace,
            amount: due,
        });
        Ok(())
    }

    /// A submission waits for attestation no longer.
    pub(crate) fn land(record: &SubmissionOf<T>) {
        InFlight::<T>::mutate_exists(&record.payer, |bytes| {
            let left = bytes.unwrap_or(0).saturating_sub(record.size.into());
            *bytes = (left > 0).then_some(left);
        });
    }

    /// Takes a submission, and so much base fee, from its batch, which goes with its last.
    fn leave_batch(record: &SubmissionOf<T>, base: BalanceOf<T>) -> DispatchResult {
        Batches::<T>::try_mutate_exists(record.batch, |entry| {
            let Some(batch) = entry else {
                defensive!("a submission has no batch");
                return Ok(());
            };
            batch.base = batch
                .base
                .checked_sub(&base)
                .ok_or(ArithmeticError::Underflow)?;
            batch.live = batch
                .live
                .checked_sub(1)
                .ok_or(ArithmeticError::Underflow)?;
            if batch.live == 0 {
                *entry = None;
            }
            Ok(())
        })
    }

    /// Counts a blob that became available, for whoever asks whether it is.
    pub(crate) fn count_attested(record: &SubmissionOf<T>, until: RoundIndex) {
        AttestedBlobs::<T>::mutate((record.commitment, record.size), |entry| {
            let known = entry.get_or_insert(Attested { count: 0, until });
            known.count = known.count.saturating_add(1);
            known.until = known.until.max(until);
        });
    }

    /// The window of an available blob reaches further.
    pub(crate) fn prolong_attested(record: &SubmissionOf<T>, until: RoundIndex) {
        AttestedBlobs::<T>::mutate((record.commitment, record.size), |entry| {
            if let Some(known) = entry {
                known.until = known.until.max(until);
            }
        });
    }

    /// Takes the record of an available blob away whose window is over, with its entries.
    pub(crate) fn expire_blob(id: SubmissionId, record: &SubmissionOf<T>) -> DispatchResult {
        let State::Available { index, height, .. } = record.state else {
            return Ok(());
        };
        Submissions::<T>::remove(id);
        ByCommitment::<T>::remove(record.commitment, id);
        AttestedBlobs::<T>::mutate_exists((record.commitment, record.size), |entry| match entry {
            Some(known) if known.count > 1 => known.count = known.count.saturating_sub(1),
            _ => *entry = None,
        });
        let stored = Self::shape_of(record.size)?.stored_bytes();
        StoredBytes::<T>::mutate(|bytes| *bytes = bytes.saturating_sub(stored.into()));
        Self::strike_out(&record.namespace, index, height);
        Self::leave_batch(record, Zero::zero())?;
        Self::release_deposit(&record.payer, record.deposit);
        Self::deposit_event(Event::Expired {
            submission: id,
            namespace: record.namespace,
            index,
            height,
        });
        Ok(())
    }

    /// Whether the window of a submission is over.
    pub(crate) fn is_over(record: &SubmissionOf<T>) -> bool {
        Self::round() > Self::last_round_of(record)
    }

    /// Refunds or expires a submission that is due, for whoever does not want to wait for the agenda.
    pub(crate) fn do_expire(id: SubmissionId) -> DispatchResult {
        let record = Submissions::<T>::get(id).ok_or(Error::<T>::UnknownSubmission)?;
        if record.state == State::Submitted {
            let due = Self::refund_due(&record).ok_or(Error::<T>::NotOver)?;
            return Self::refund(id, record, due);
        }
        ensure!(Self::is_over(&record), Error::<T>::NotOver);
        Self::expire_blob(id, &record)
    }
}
