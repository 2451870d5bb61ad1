//! What stands on the stage of a benchmark: submissions that are available, however they came to be.

use super::{put_committee, ERA};
use crate::{
    lists::List,
    records::{Batch, Entry, SeedState, State, Submission, SubmissionId, MAX_ERAS},
    submissions::Blob,
    uniform, Accounts, Batches, Books, Committees, Config, Day, EraIndex, NextBatch,
    NextSubmission, Pallet, SeatBits, Submissions,
};
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use noema_da_primitives::{Content, Namespace, RowSeed, Shape, MAX_BLOB_SIZE, MAX_SEATS};
use noema_traits::{Rounds, Ticks};
use sp_runtime::traits::Bounded;

/// Where benchmarks list their blobs.
pub(super) const SPACE: Namespace = Namespace([3; 28]);

/// An account with money.
pub(super) fn payer<T: Config>(number: u32) -> T::AccountId {
    let who: T::AccountId = account("payer", number, 0);
    fund_account::<T>(&who);
    who
}

fn fund_account<T: Config>(who: &T::AccountId) {
    let half = crate::BalanceOf::<T>::max_value() / 64u32.into();
    T::Currency::mint_into(who, half.max(T::Currency::minimum_balance()))
        .expect("there is room for it");
}

/// The running era is [`ERA`] with a full committee, and the accounts that receive are there.
pub(super) fn begin<T: Config>() {
    T::Clock::set_round(ERA);
    T::Clock::set_tick(1_000_000);
    put_committee::<T>(ERA, MAX_SEATS as u32);
    for who in [T::Pot::get(), T::RepairFund::get(), T::Treasury::get()] {
        fund_account::<T>(&who);
    }
}

/// The largest blob.
pub(super) fn largest() -> Blob {
    let shape = Shape::of(MAX_BLOB_SIZE.into()).expect("there is such a shape");
    Blob {
        commitment: uniform::commitment(&shape),
        size: MAX_BLOB_SIZE,
        content: Content::Plain,
    }
}

/// Submits a blob whose row seed is drawn.
pub(super) fn submitted<T: Config>(blob: Blob, days: Day) -> SubmissionId {
    let all = crate::BalanceOf::<T>::max_value();
    let id =
        Pallet::<T>::do_submit(payer::<T>(0), blob, SPACE, days, all).expect("it can be submitted");
    let batch = Submissions::<T>::get(id).expect("it is there").batch;
    Batches::<T>::mutate(batch, |batch| {
        let batch = batch.as_mut().expect("it is there");
        batch.seed = SeedState::Drawn(RowSeed([5; 32]));
        Pallet::<T>::send_to_fund(core::mem::take(&mut batch.base));
    });
    crate::SeedCursor::<T>::put(NextBatch::<T>::get());
    id
}

/// Submits a blob which all seats attested.
pub(super) fn available<T: Config>(blob: Blob, days: Day) -> SubmissionId {
    let id = submitted::<T>(blob, days);
    let case = Pallet::<T>::open_attest(id, SeatBits::all(MAX_SEATS)).expect("it can be attested");
    Pallet::<T>::close_attest(case).expect("it can be attested");
    id
}

/// The time for bits of everything is over.
pub(super) fn after_bits<T: Config>() {
    T::Clock::set_tick(1_000_000 + T::AttestTicks::get());
}

/// Eras over which [`fill`] spreads items: so many that all of them can still be asked for when as many rounds as are settled at once have gone by.
const ERAS: u32 = 35;

/// Gives `provider` so many items of the largest blob, at least one for each era, which can be asked for in the running round and the next ones, spread over eras in
/// each of which it has the only seat. What a round earns, and what can be asked in it, is a sum over them. Besides, it has as many eras as can be unsettled: what
/// they hold begins later.
pub(crate) fn fill<T: Config>(provider: &T::AccountId, items: u32) {
    let round = Pallet::<T>::round();
    let last = round.checked_sub(2).expect("the second round is over");
    let from = payer::<T>(7);
    fund_account::<T>(&T::Pot::get());
    let blob = largest();
    let shape = Shape::of(blob.size.into()).expect("there is such a shape");
    let items = items.max(ERAS);
    let number = NextBatch::<T>::get();
    NextBatch::<T>::put(number + 1);
    crate::SeedCursor::<T>::put(number + 1);
    let first = NextSubmission::<T>::get();
    Batches::<T>::insert(
        number,
        Batch {
            block: Default::default(),
            first,
            count: items,
            live: items,
            base: Default::default(),
            seed: SeedState::Drawn(RowSeed([5; 32])),
        },
    );
    for item in 0..items {
        let era: EraIndex = last.saturating_sub(item % ERAS);
        let id = first + u64::from(item);
        put_item::<T>(provider, &from, (era, id, number), &blob, &shape);
    }
    NextSubmission::<T>::put(first + u64::from(items));
    for later in 1..=MAX_ERAS - ERAS {
        let era = last + later;
        let book = enlist_alone::<T>(provider, era);
        Books::<T>::insert(era, book);
    }
}

/// Puts the provider on record as the only seat of an era.
fn enlist_alone<T: Config>(
    provider: &T::AccountId,
    era: EraIndex,
) -> crate::records::Book<crate::BalanceOf<T>> {
    seat_alone::<T>(provider, era);
    let mut committee = Committees::<T>::get(era).expect("it is there");
    let mut book = Books::<T>::get(era).unwrap_or_else(|| Pallet::<T>::new_book(committee.total()));
    Pallet::<T>::enlist(&mut book, era, &alone(), &mut committee).expect("it is a seat");
    Accounts::<T>::mutate(provider, |account| {
        let account = account.as_mut().expect("it is enlisted");
        account.settled = Pallet::<T>::round();
    });
    book
}

/// The only seat.
fn alone() -> SeatBits {
    let mut bits = SeatBits::default();
    bits.set(0);
    bits
}

fn put_item<T: Config>(
    provider: &T::AccountId,
    from: &T::AccountId,
    (era, id, batch): (EraIndex, SubmissionId, u64),
    blob: &Blob,
    shape: &Shape,
) {
    let mut book = enlist_alone::<T>(provider, era);
    let bits = alone();
    let list = List::Until(13).index().expect("there is such a list");
    let units = u64::from(shape.data_bytes());
    let pay: crate::BalanceOf<T> = 1_000u32.into();
    let escrow = Pallet::<T>::times(pay, 52).expect("it is little");
    Pallet::<T>::pay_in(from, escrow).expect("it has that");
    Pallet::<T>::add_pay(&mut book, list, units, pay).expect("there is room");
    let entry = Entry {
        submission: id,
        units,
        bits,
    };
    Pallet::<T>::append_entry(&mut book, era, list, entry).expect("there is room");
    Books::<T>::insert(era, book);
    Submissions::<T>::insert(
        id,
        Submission {
            payer: from.clone(),
            namespace: SPACE,
            commitment: blob.commitment,
            size: blob.size,
            content: blob.content,
            era,
            batch,
            deadline: 0,
            days: 13,
            fee: escrow,
            base: Default::default(),
            deposit: Default::default(),
            state: State::Available {
                bits,
                index: id,
                height: Default::default(),
            },
        },
    );
}

/// A committee of the provider alone, unless there is one.
fn seat_alone<T: Config>(provider: &T::AccountId, era: EraIndex) {
    if Committees::<T>::contains_key(era) {
        return;
    }
    let (key, point) = crate::signing::key_of(1);
    let seat = crate::Seat {
        provider: provider.clone(),
        key,
        point,
        stake: 1_000,
    };
    let record = Pallet::<T>::record(era, alloc::vec![seat]).expect("it has a seat");
    Committees::<T>::insert(era, record);
}
