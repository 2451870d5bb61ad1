//! Extensions: further days, each an entry of the list of that day.

use crate::{
    lists::{List, DAY_ROUNDS, MAX_DAYS},
    records::{Entry, State, SubmissionId},
    BalanceOf, Books, Config, Day, Error, Event, Pallet, Submissions,
};
use frame_support::ensure;
use noema_traits::RoundIndex;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub},
    ArithmeticError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// Buys `days` more days of an available blob at the price in force.
    pub(crate) fn do_extend(
        payer: &T::AccountId,
        id: SubmissionId,
        days: Day,
        max_fee: BalanceOf<T>,
    ) -> DispatchResult {
        let mut record = Submissions::<T>::get(id).ok_or(Error::<T>::UnknownSubmission)?;
        let State::Available { bits, .. } = record.state else {
            return Err(Error::<T>::NotAvailable.into());
        };
        // So that an entry of a later day has all bits that there will be.
        ensure!(!Self::takes_bits(&record), Error::<T>::StillAttesting);
        let last = record
            .days
            .checked_add(days)
            .filter(|last| days > 0 && *last <= MAX_DAYS)
            .ok_or(Error::<T>::BadWindow)?;
        let first = record.days.checked_add(1).ok_or(Error::<T>::BadWindow)?;
        ensure!(
            Self::round() < List::Only(first).closes(record.era),
            Error::<T>::ExtendedTooLate
        );
        let shape = Self::shape_of(record.size)?;
        let rounds = RoundIndex::from(days).saturating_mul(DAY_ROUNDS);
        let fee = Self::window_fee(&shape, rounds)?;
        ensure!(fee <= max_fee, Error::<T>::FeeAboveMaximum);
        let mut book = Books::<T>::get(record.era).ok_or(Error::<T>::UnknownSubmission)?;
        let bits = bits.minus(&book.gone);
        ensure!(!bits.is_empty(), Error::<T>::NobodyHolds);
        Self::pay_in(payer, fee)?;
        let units = u64::from(shape.data_bytes());
        let pay = Self::amount(Self::wide(fee).checked_div(rounds.into()))?;
        let spread = Self::times(pay, rounds)?;
        let rest = fee.checked_sub(&spread).ok_or(ArithmeticError::Underflow)?;
        Self::send_to_fund(rest);
        for day in first..=last {
            let list = List::Only(day).index().ok_or(Error::<T>::BadWindow)?;
            Self::add_pay(&mut book, list, units, pay)?;
            let entry = Entry {
                submission: id,
                units,
                bits,
            };
            Self::append_entry(&mut book, record.era, list, entry)?;
        }
        Books::<T>::insert(record.era, book);
        record.days = last;
        record.fee = record
            .fee
            .checked_add(&fee)
            .ok_or(ArithmeticError::Overflow)?;
        let until = Self::last_round_of(&record);
        Self::prolong_attested(&record, until);
        Self::deposit_event(Event::Extended {
            submission: id,
            namespace: record.namespace,
            days: last,
            until,
            fee,
        });
        Submissions::<T>::insert(id, record);
        Ok(())
    }
}
