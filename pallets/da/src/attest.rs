//! Attestations: what seats sign, and what becomes of their bits.

use crate::{
    bls,
    lists::List,
    records::{Book, Entry, SeedState, State, SubmissionId},
    BalanceOf, Books, CommitteeOf, Config, Error, Event, Pallet, SeatBits, StoredBytes,
    SubmissionOf, Submissions,
};
use frame_support::ensure;
use noema_da_primitives::{Attestation, RowSeed, Shape};
use sp_runtime::{traits::CheckedSub, ArithmeticError, DispatchError, DispatchResult};

/// Version of the rules by which rows are assigned and held, which seats sign.
pub const RULES: u16 = 1;

/// What an attestation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attest {
    /// Whether it made the blob available.
    pub(crate) first: bool,
    /// Seats that were put on record with the audits.
    pub(crate) enlisted: u32,
}

/// An attestation while it is being checked.
pub(crate) struct Case<T: Config> {
    id: SubmissionId,
    bits: SeatBits,
    seed: RowSeed,
    record: SubmissionOf<T>,
    committee: CommitteeOf<T>,
    book: Book<BalanceOf<T>>,
}

impl<T: Config> Pallet<T> {
    /// The bytes that every seat signs of a submission.
    pub(crate) fn message(
        id: SubmissionId,
        record: &SubmissionOf<T>,
        committee: &CommitteeOf<T>,
        seed: RowSeed,
    ) -> Result<Attestation, DispatchError> {
        Ok(Attestation {
            genesis: Self::genesis(),
            pallet: Self::pallet_index(),
            rules: RULES,
            submission: id,
            commitment: record.commitment,
            class: Self::shape_of(record.size)?.class(),
            size: record.size,
            content: record.content,
            era: record.era,
            committee: committee.id,
            seed,
        })
    }

    /// Whether bits can still come: the era runs or the one after it, whose lists are open, and the time is not over.
    pub(crate) fn takes_bits(record: &SubmissionOf<T>) -> bool {
        Self::tick() < record.deadline && Self::round() < List::Until(1).closes(record.era)
    }

    /// Takes the bits of seats that signed.
    pub(crate) fn do_attest(
        id: SubmissionId,
        bits: SeatBits,
        signature: &bls::SignatureBytes,
    ) -> Result<Attest, DispatchError> {
        let case = Self::open_attest(id, bits)?;
        let message = Self::message(id, &case.record, &case.committee, case.seed)?;
        bls::aggregate_verifies(&case.committee, &bits, &message.signing_bytes(), signature)
            .map_err(|_| Error::<T>::BadSignature)?;
        Self::close_attest(case)
    }

    /// Everything that is checked of an attestation before its signature is.
    pub(crate) fn open_attest(id: SubmissionId, bits: SeatBits) -> Result<Case<T>, DispatchError> {
        let record = Submissions::<T>::get(id).ok_or(Error::<T>::UnknownSubmission)?;
        ensure!(Self::takes_bits(&record), Error::<T>::TooLate);
        ensure!(!bits.is_empty(), Error::<T>::NoBits);
        if let State::Available { bits: set, .. } = &record.state {
            ensure!(bits.is_disjoint(set), Error::<T>::AlreadyAttested);
        }
        let seed = match Self::seed_of(&record) {
            SeedState::Drawn(seed) => seed,
            SeedState::Awaited => return Err(Error::<T>::SeedNotDrawn.into()),
            SeedState::Lost => return Err(Error::<T>::SeedLost.into()),
        };
        let committee = Self::committee(record.era).ok_or(Error::<T>::NoCommittee)?;
        let stake = committee.stake_of(&bits).ok_or(Error::<T>::UnknownSeat)?;
        ensure!(
            record.state != State::Submitted || is_quorum(stake, committee.total()),
            Error::<T>::TooLittleStake
        );
        let book = Books::<T>::get(record.era).unwrap_or_else(|| Self::new_book(committee.total()));
        ensure!(bits.is_disjoint(&book.gone), Error::<T>::SeatDropped);
        Ok(Case {
            id,
            bits,
            seed,
            record,
            committee,
            book,
        })
    }

    /// What follows from an attestation whose signature is right.
    pub(crate) fn close_attest(case: Case<T>) -> Result<Attest, DispatchError> {
        let Case {
            id,
            bits,
            mut record,
            mut committee,
            mut book,
            ..
        } = case;
        let first = record.state == State::Submitted;
        let enlisted = Self::enlist(&mut book, record.era, &bits, &mut committee)?;
        let shape = Self::shape_of(record.size)?;
        let units = u64::from(shape.data_bytes());
        let list = List::Until(record.days)
            .index()
            .ok_or(Error::<T>::BadWindow)?;
        if first {
            Self::become_available(id, &mut record, &mut book, bits, (list, units, &shape))?;
        } else if let State::Available { bits: set, .. } = &mut record.state {
            *set = set.union(&bits);
            Self::deposit_event(Event::BitsAdded {
                submission: id,
                bits,
            });
        }
        let entry = Entry {
            submission: id,
            units,
            bits,
        };
        Self::append_entry(&mut book, record.era, list, entry)?;
        Books::<T>::insert(record.era, book);
        Submissions::<T>::insert(id, record);
        Ok(Attest { first, enlisted })
    }

    /// The first quorum: what was held for the window becomes pay of its list, and the blob is entered in its namespace.
    fn become_available(
        id: SubmissionId,
        record: &mut SubmissionOf<T>,
        book: &mut Book<BalanceOf<T>>,
        bits: SeatBits,
        (list, units, shape): (u8, u64, &Shape),
    ) -> DispatchResult {
        let rounds = List::Until(record.days).count();
        Self::pay_into_list(book, list, units, record.fee, rounds)?;
        Self::land(record);
        let index = Self::enter(&record.namespace, id, None)?;
        let height = Self::now();
        record.state = State::Available {
            bits,
            index,
            height,
        };
        let until = Self::last_round_of(record);
        Self::count_attested(record, until);
        StoredBytes::<T>::mutate(|bytes| {
            *bytes = bytes.saturating_add(shape.stored_bytes().into());
        });
        Self::deposit_event(Event::Available {
            submission: id,
            namespace: record.namespace,
            index,
            height,
            until,
            bits,
        });
        Ok(())
    }

    /// Spreads what is in the pot for a blob over the rounds of a list; what does not divide goes to the fund.
    pub(crate) fn pay_into_list(
        book: &mut Book<BalanceOf<T>>,
        list: u8,
        units: u64,
        amount: BalanceOf<T>,
        rounds: u32,
    ) -> DispatchResult {
        let pay = Self::amount(Self::wide(amount).checked_div(rounds.into()))?;
        let spread = Self::times(pay, rounds)?;
        let rest = amount
            .checked_sub(&spread)
            .ok_or(ArithmeticError::Underflow)?;
        Self::send_to_fund(rest);
        Self::add_pay(book, list, units, pay)
    }
}

/// Whether `stake` is at least two thirds of `total`.
pub(crate) fn is_quorum(stake: u128, total: u128) -> bool {
    let (three, two) = (stake.checked_mul(3), total.checked_mul(2));
    total > 0 && three.zip(two).is_some_and(|(three, two)| three >= two)
}

#[cfg(test)]
mod tests {
    use super::is_quorum;

    #[test]
    fn quorum_is_two_thirds_and_not_less() {
        assert!(is_quorum(2, 3));
        assert!(!is_quorum(199, 300));
        assert!(is_quorum(200, 300));
        assert!(!is_quorum(0, 0));
        assert!(is_quorum(u128::MAX >> 14, u128::MAX >> 14));
    }
}
