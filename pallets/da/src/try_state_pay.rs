//! What must hold of lists, sums and money.

use crate::{
    lists::List,
    records::{Book, Entry, SeatSums, State, CHUNK},
    try_state_blobs::Known,
    Accounts, BalanceOf, Batches, Books, Committees, Config, Drops, EndingCursor, Entries,
    EraIndex, HoldReason, Pallet, Running, RunningSums, SeatBits, Sums,
};
use alloc::{
    collections::{btree_map::BTreeMap, btree_set::BTreeSet},
    vec::Vec,
};
use codec::Encode;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, InspectHold},
        Get,
    },
};
use noema_traits::AuditFreeze;
use sp_runtime::TryRuntimeError;

type Found = Result<(), TryRuntimeError>;

/// The sums of an era with the accounts that have them.
type Seats<T> = Vec<(<T as frame_system::Config>::AccountId, SeatSums)>;

impl<T: Config> Pallet<T> {
    /// Every invariant that is about pay, and what it is paid for.
    pub(crate) fn check_pay(known: &Known<T>) -> Found {
        for (era, book) in Books::<T>::iter() {
            let seats: Seats<T> = Sums::<T>::iter_prefix(era).collect();
            Self::check_lists(era, &book, known)?;
            Self::check_noted(era, &book, &seats)?;
            Self::check_seats(era, &book, &seats)?;
        }
        Self::check_chunks()?;
        Self::check_accounts()?;
        Self::check_drops()?;
        Self::check_pot(known)
    }

    /// Whether a list is being taken away, and its first entries may be gone.
    fn is_ending(era: EraIndex, list: List) -> bool {
        let now = EndingCursor::<T>::get().map_or(0, |(round, _, _)| round);
        list.rounds(era).1 < now
    }

    /// The entries of a list, oldest first, as far as they are there.
    fn entries_in(era: EraIndex, index: u8, count: u32) -> Vec<Entry> {
        (0..count.div_ceil(CHUNK))
            .flat_map(|chunk| Entries::<T>::get((era, index, chunk)))
            .collect()
    }

    /// The running sums of a list are those of its entries, chunk by chunk; its units are those of its blobs, each once; in the lists from the first day on,
    /// the bits of a blob's entries are disjoint, and together those of the blob.
    fn check_lists(era: EraIndex, book: &Book<BalanceOf<T>>, known: &Known<T>) -> Found {
        let mut bits: BTreeMap<u64, SeatBits> = BTreeMap::new();
        for (index, list) in List::all() {
            let Some(sums) = book.list(index) else {
                continue;
            };
            if sums.entries == 0 || Self::is_ending(era, list) {
                continue;
            }
            let entries = Self::entries_in(era, index, sums.entries);
            ensure!(
                u32::try_from(entries.len()) == Ok(sums.entries),
                "pallet-noema-da: the entries of a list are miscounted"
            );
            let (mut running, mut units) = (RunningSums::default(), BTreeMap::new());
            let mut holders = SeatBits::default();
            for (number, entry) in (1u32..).zip(&entries) {
                units.insert(entry.submission, entry.units);
                holders = holders.union(&entry.bits);
                for seat in entry.bits.iter() {
                    if let Some(sum) = running.0.get_mut(usize::from(seat)) {
                        *sum = sum.saturating_add(entry.units);
                    }
                }
                if matches!(list, List::Until(_)) {
                    let set = bits.entry(entry.submission).or_default();
                    ensure!(
                        set.is_disjoint(&entry.bits),
                        "pallet-noema-da: a bit was set twice"
                    );
                    *set = set.union(&entry.bits);
                }
                let chunk = number.saturating_sub(1).checked_div(CHUNK).unwrap_or(0);
                let ends = number.checked_rem(CHUNK) == Some(0) || number == sums.entries;
                ensure!(
                    !ends || Running::<T>::get((era, index, chunk)) == running,
                    "pallet-noema-da: the running sums of a chunk are not those of its entries"
                );
            }
            let all: u64 = units.into_values().fold(0, u64::saturating_add);
            ensure!(
                all == sums.units,
                "pallet-noema-da: the units of a list are not those of its blobs"
            );
            ensure!(
                holders == sums.holders,
                "pallet-noema-da: the holders of a list are not those of its entries"
            );
        }
        for (id, record) in known.iter().filter(|(_, record)| record.era == era) {
            if let (State::Available { bits: set, .. }, Some(found)) = (&record.state, bits.get(id))
            {
                ensure!(
                    set == found,
                    "pallet-noema-da: the bits of a blob are not those of its entries"
                );
            }
        }
        Ok(())
    }

    /// Exactly the lists with entries that are closed are noted, and what a seat's sums say of them is what its bits amount to; of others they say nothing.
    fn check_noted(era: EraIndex, book: &Book<BalanceOf<T>>, seats: &Seats<T>) -> Found {
        for (index, list) in List::all() {
            let Some(sums) = book.list(index) else {
                continue;
            };
            let used = sums.entries > 0 || sums.units > 0;
            let closed = list.closes(era) < Self::closed_before();
            ensure!(
                !book.is_noted(index) || list.closes(era) <= Self::round(),
                "pallet-noema-da: a list is noted that is not closed"
            );
            ensure!(
                !used || !closed || book.is_noted(index),
                "pallet-noema-da: a closed list was never noted"
            );
            let there = sums.entries > 0 && !Self::is_ending(era, list);
            let last = sums
                .entries
                .saturating_sub(1)
                .checked_div(CHUNK)
                .unwrap_or(0);
            let running = Running::<T>::get((era, index, last));
            for (_, seat) in seats {
                let noted = seat.sums.get(usize::from(index)).copied().unwrap_or(0);
                ensure!(
                    !book.is_noted(index) || book.holds(seat.seat, index) == (noted > 0),
                    "pallet-noema-da: the holders of a list are not who has units in it"
                );
                let expected = match (book.is_noted(index), there) {
                    (false, _) => Some(0),
                    (true, true) => Some(running.of(seat.seat)),
                    (true, false) => None,
                };
                ensure!(
                    expected.is_none_or(|expected| expected == noted),
                    "pallet-noema-da: the sums of a seat are not what its bits amount to"
                );
            }
        }
        Ok(())
    }

    /// The sums of an era are those of seats that are enlisted and not gone, as many as are counted; a finished era has no committee, another one has.
    fn check_seats(era: EraIndex, book: &Book<BalanceOf<T>>, seats: &Seats<T>) -> Found {
        ensure!(
            usize::try_from(book.seats) == Ok(seats.len()),
            "pallet-noema-da: the seats of an era are miscounted"
        );
        ensure!(
            !book.finished || book.seats > 0,
            "pallet-noema-da: a book is kept of which nobody is owed anything"
        );
        let committee = Committees::<T>::get(era);
        ensure!(
            committee.is_none() == book.finished,
            "pallet-noema-da: a committee is kept too long, or not long enough"
        );
        for (provider, seat) in seats {
            ensure!(
                !book.gone.get(seat.seat),
                "pallet-noema-da: a seat is gone and has sums"
            );
            if let Some(committee) = &committee {
                ensure!(
                    committee.enlisted.get(seat.seat)
                        && committee.seat(seat.seat) == Some((provider.clone(), seat.stake))
                        && committee.total() == book.stake,
                    "pallet-noema-da: the sums of a seat are another's"
                );
            }
        }
        Ok(())
    }

    /// There are no chunks but those of lists with entries, nor sums but those of books.
    fn check_chunks() -> Found {
        let keys = Entries::<T>::iter_keys().chain(Running::<T>::iter_keys());
        for (era, index, chunk) in keys {
            let entries = Books::<T>::get(era)
                .and_then(|book| book.list(index).map(|sums| sums.entries))
                .unwrap_or(0);
            ensure!(
                chunk < entries.div_ceil(CHUNK),
                "pallet-noema-da: a chunk is of no list"
            );
        }
        for (era, _) in Sums::<T>::iter_keys() {
            ensure!(
                Books::<T>::contains_key(era),
                "pallet-noema-da: sums are of no book"
            );
        }
        Ok(())
    }

    /// An account names exactly the eras of which there are sums, in order, and is there as long as there is something to say.
    fn check_accounts() -> Found {
        let mut eras: BTreeSet<_> = Sums::<T>::iter_keys()
            .map(|(era, provider)| (provider.encode(), era))
            .collect();
        for (provider, account) in Accounts::<T>::iter() {
            ensure!(
                account.eras.is_sorted() && account.settled <= Self::round(),
                "pallet-noema-da: an account has its eras out of order, or settled a round to come"
            );
            ensure!(
                !account.eras.is_empty()
                    || Self::wide(account.carried) > 0
                    || Drops::<T>::contains_key(&provider),
                "pallet-noema-da: an account says nothing"
            );
            for era in &account.eras {
                ensure!(
                    eras.remove(&(provider.encode(), *era)),
                    "pallet-noema-da: an account names an era without sums"
                );
            }
        }
        ensure!(
            eras.is_empty(),
            "pallet-noema-da: sums are of no account's era"
        );
        Ok(())
    }

    /// Whoever loses everything is known to the audits as such, and the other way round.
    fn check_drops() -> Found {
        for provider in Drops::<T>::iter_keys() {
            ensure!(
                T::Audits::is_dropping(&provider),
                "pallet-noema-da: the audits do not know that a provider loses everything"
            );
        }
        for provider in T::Audits::dropping() {
            ensure!(
                Drops::<T>::contains_key(&provider),
                "pallet-noema-da: a provider loses everything and keeps it"
            );
        }
        Ok(())
    }

    /// What a list still owes: of one that is noted, what its seats earn in rounds that they have not settled; of another, all that was paid in but for what
    /// was settled.
    fn owed_of(
        era: EraIndex,
        book: &Book<BalanceOf<T>>,
        seats: &Seats<T>,
        index: u8,
        list: List,
    ) -> u128 {
        let noted = book.is_noted(index);
        let (mut left, mut paid) = (0u128, 0u128);
        for (provider, seat) in seats {
            let settled = Accounts::<T>::get(provider).map_or(0, |account| account.settled);
            let units = Self::units_of(era, book, seat, index);
            let earned = Self::wide(Self::earned_of(book, seat, index, units));
            let after = list.rounds_after(era, settled);
            let before = list.count().saturating_sub(after);
            left = left.saturating_add(earned.saturating_mul(after.into()));
            paid = paid.saturating_add(earned.saturating_mul(before.into()));
        }
        if noted {
            return left;
        }
        let pay = book.list(index).map_or(0, |sums| Self::wide(sums.pay));
        pay.saturating_mul(list.count().into()).saturating_sub(paid)
    }

    /// On the pot's account exactly what is owed is held: fees that wait, base fees without a seed, what lists owe, what is carried. And it lives by itself.
    fn check_pot(known: &Known<T>) -> Found {
        let mut sum = 0u128;
        for (_, record) in known {
            if record.state == State::Submitted {
                sum = sum.saturating_add(Self::wide(record.fee));
            }
        }
        for batch in Batches::<T>::iter_values() {
            sum = sum.saturating_add(Self::wide(batch.base));
        }
        for (era, book) in Books::<T>::iter() {
            let seats: Seats<T> = Sums::<T>::iter_prefix(era).collect();
            for (index, list) in List::all() {
                sum = sum.saturating_add(Self::owed_of(era, &book, &seats, index, list));
            }
        }
        for account in Accounts::<T>::iter_values() {
            sum = sum.saturating_add(Self::wide(account.carried));
        }
        let pot = T::Pot::get();
        let held = T::Currency::balance_on_hold(&HoldReason::Escrow.into(), &pot);
        ensure!(
            Self::wide(held) == sum,
            "pallet-noema-da: the pot does not hold exactly what it owes"
        );
        ensure!(
            sum == 0 || T::Currency::balance(&pot) >= T::Currency::minimum_balance(),
            "pallet-noema-da: the pot does not live by itself"
        );
        Ok(())
    }
}
