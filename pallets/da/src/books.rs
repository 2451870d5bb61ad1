//! Books of eras: entries with running sums, what a seat's bits amount to, and what they are paid.

use crate::{
    lists::{self, List, LISTS},
    records::{Book, Entry, ListSums, PayAccount, SeatSums, CHUNK},
    Accounts, BalanceOf, Books, CommitteeOf, Committees, Config, Entries, EraIndex, Error, Event,
    Pallet, Running, SeatBits, Sums,
};
use alloc::vec::Vec;
use frame_support::{defensive, ensure};
use noema_da_primitives::MAX_SEATS;
use noema_traits::{AuditFreeze, RoundIndex};
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding,
    traits::{CheckedAdd, CheckedSub, UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult, Rounding,
};

/// `amount` x `part` / `whole`, rounded down: never more than `amount`, and nothing of no whole.
pub(crate) fn share(amount: u128, part: u128, whole: u128) -> u128 {
    multiply_by_rational_with_rounding(amount, part, whole, Rounding::Down)
        .unwrap_or(0)
        .min(amount)
}

/// What a seat earns of a list in one of its rounds: pay of the list x its stake / stake of all x its units / units of all, each rounded down.
pub(crate) fn earned(pay: u128, stake: (u128, u128), units: (u64, u64)) -> u128 {
    let of_stake = share(pay, stake.0, stake.1);
    share(of_stake, units.0.into(), units.1.into())
}

impl<Balance: Copy> Book<Balance> {
    /// The sums of a list.
    pub(crate) fn list(&self, list: u8) -> Option<&ListSums<Balance>> {
        self.lists.get(usize::from(list))
    }

    fn list_mut(&mut self, list: u8) -> Option<&mut ListSums<Balance>> {
        self.lists.get_mut(usize::from(list))
    }

    /// Whether the sums of a list were written to its seats'.
    pub(crate) fn is_noted(&self, list: u8) -> bool {
        1u32.checked_shl(list.into())
            .is_some_and(|bit| self.noted & bit != 0)
    }

    /// Whether a seat has units in a list: a blob has at least one row.
    pub(crate) fn holds(&self, seat: u8, list: u8) -> bool {
        self.list(list).is_some_and(|sums| sums.holders.get(seat))
    }

    fn set_noted(&mut self, list: u8) {
        self.noted |= 1u32.checked_shl(list.into()).unwrap_or(0);
    }
}

impl<T: Config> Pallet<T> {
    /// A book of an era of which nothing was attested yet.
    pub(crate) fn new_book(stake: u128) -> Book<BalanceOf<T>> {
        Book {
            stake,
            gone: SeatBits::default(),
            seats: 0,
            noted: 0,
            finished: false,
            lists: [ListSums::default(); LISTS],
        }
    }

    /// Puts an entry behind the last of a list. Writes one chunk.
    pub(crate) fn append_entry(
        book: &mut Book<BalanceOf<T>>,
        era: EraIndex,
        list: u8,
        entry: Entry,
    ) -> DispatchResult {
        let sums = book.list_mut(list).ok_or(Error::<T>::BadWindow)?;
        let chunk = sums.entries.checked_div(CHUNK).unwrap_or(0);
        let is_first = sums.entries.checked_rem(CHUNK) == Some(0);
        let mut running = match (is_first, chunk.checked_sub(1)) {
            (true, Some(before)) => Running::<T>::get((era, list, before)),
            _ => Running::<T>::get((era, list, chunk)),
        };
        sums.entries = sums
            .entries
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        sums.holders = sums.holders.union(&entry.bits);
        for seat in entry.bits.iter() {
            if let Some(sum) = running.0.get_mut(usize::from(seat)) {
                *sum = sum
                    .checked_add(entry.units)
                    .ok_or(ArithmeticError::Overflow)?;
            }
        }
        Running::<T>::insert((era, list, chunk), running);
        if Entries::<T>::try_append((era, list, chunk), entry).is_err() {
            defensive!("a chunk is full before its time");
            return Err(ArithmeticError::Overflow.into());
        }
        Ok(())
    }

    /// Adds a blob's units and what it pays a round to a list: once for each blob, whatever entries follow.
    pub(crate) fn add_pay(
        book: &mut Book<BalanceOf<T>>,
        list: u8,
        units: u64,
        pay: BalanceOf<T>,
    ) -> DispatchResult {
        let sums = book.list_mut(list).ok_or(Error::<T>::BadWindow)?;
        sums.units = sums
            .units
            .checked_add(units)
            .ok_or(ArithmeticError::Overflow)?;
        sums.pay = sums
            .pay
            .checked_add(&pay)
            .ok_or(ArithmeticError::Overflow)?;
        Ok(())
    }

    /// Units behind a seat's bits in a list, whether or not they were noted.
    pub(crate) fn units_of(
        era: EraIndex,
        book: &Book<BalanceOf<T>>,
        seat: &SeatSums,
        list: u8,
    ) -> u64 {
        if book.is_noted(list) {
            return seat.sums.get(usize::from(list)).copied().unwrap_or(0);
        }
        let entries = book.list(list).map_or(0, |sums| sums.entries);
        match entries.checked_sub(1) {
            Some(last) => {
                let chunk = last.checked_div(CHUNK).unwrap_or(0);
                Running::<T>::get((era, list, chunk)).of(seat.seat)
            }
            None => 0,
        }
    }

    /// What a seat with so many units earns of a list in one round.
    pub(crate) fn earned_of(
        book: &Book<BalanceOf<T>>,
        seat: &SeatSums,
        list: u8,
        units: u64,
    ) -> BalanceOf<T> {
        let Some(sums) = book.list(list) else {
            return Zero::zero();
        };
        let pay = sums.pay.unique_saturated_into();
        earned(pay, (seat.stake, book.stake), (units, sums.units)).unique_saturated_into()
    }

    /// The last round in which anything can be asked of a seat, by the lists as they are.
    pub(crate) fn last_round(
        era: EraIndex,
        book: &Book<BalanceOf<T>>,
        seat: &SeatSums,
    ) -> RoundIndex {
        List::all()
            .filter(|(index, _)| book.holds(seat.seat, *index))
            .map(|(_, list)| list.rounds(era).1)
            .max()
            .unwrap_or(0)
    }

    /// Puts seats on record with the audits whose first bit of the era is set, and opens their sums. Returns how many.
    pub(crate) fn enlist(
        book: &mut Book<BalanceOf<T>>,
        era: EraIndex,
        seats: &SeatBits,
        committee: &mut CommitteeOf<T>,
    ) -> Result<u32, DispatchError> {
        let mut enlisted = 0u32;
        for seat in seats.minus(&committee.enlisted).iter() {
            let (provider, stake) = committee.seat(seat).ok_or(Error::<T>::UnknownSeat)?;
            ensure!(!T::Audits::is_dropping(&provider), Error::<T>::SeatDropped);
            let mut account = Accounts::<T>::get(&provider).unwrap_or_else(|| PayAccount {
                settled: Self::round(),
                carried: Zero::zero(),
                eras: Default::default(),
            });
            // Eras come in their order, but for the two that can be attested in the same round.
            let place = account.eras.partition_point(|known| *known < era);
            account
                .eras
                .try_insert(place, era)
                .map_err(|_| Error::<T>::SeatUnsettled)?;
            Accounts::<T>::insert(&provider, account);
            let sums = [0; LISTS];
            Sums::<T>::insert(era, &provider, SeatSums { seat, stake, sums });
            // What that takes is part of the call's weight.
            let _weight = T::Audits::enlist(&provider);
            committee.enlisted.set(seat);
            book.seats = book.seats.saturating_add(1);
            enlisted = enlisted.saturating_add(1);
        }
        if enlisted > 0 {
            Committees::<T>::insert(era, &*committee);
        }
        Ok(enlisted)
    }

    /// Writes the sums of a closed list to its seats', and sends what nobody can earn of it to the fund: bits that were not set, seats that are gone,
    /// remainders.
    pub(crate) fn note_list(era: EraIndex, index: u8, list: List) -> DispatchResult {
        let Some(mut book) = Books::<T>::get(era) else {
            return Ok(());
        };
        let Some(sums) = book.list(index).copied().filter(|sums| sums.entries > 0) else {
            return Ok(());
        };
        if book.is_noted(index) {
            return Ok(());
        }
        let mut left = sums.pay;
        let seats: Vec<_> = Sums::<T>::iter_prefix(era).take(MAX_SEATS).collect();
        for (provider, mut seat) in seats {
            let units = Self::units_of(era, &book, &seat, index);
            if units == 0 {
                continue;
            }
            let earned = Self::earned_of(&book, &seat, index, units);
            left = left
                .checked_sub(&earned)
                .ok_or(ArithmeticError::Underflow)?;
            if let Some(sum) = seat.sums.get_mut(usize::from(index)) {
                *sum = units;
            }
            Sums::<T>::insert(era, provider, seat);
        }
        book.set_noted(index);
        Books::<T>::insert(era, book);
        let amount = Self::times(left, list.count())?;
        Self::send_to_fund(amount);
        if !amount.is_zero() {
            Self::deposit_event(Event::Unearned { era, list, amount });
        }
        Ok(())
    }

    /// Takes away the sums of a seat: what was owed by them is settled, or was sent elsewhere.
    pub(crate) fn remove_sums(
        era: EraIndex,
        provider: &T::AccountId,
        account: &mut PayAccount<BalanceOf<T>>,
    ) {
        Sums::<T>::remove(era, provider);
        account.eras.retain(|known| *known != era);
        Books::<T>::mutate_exists(era, |entry| {
            if let Some(book) = entry {
                book.seats = book.seats.saturating_sub(1);
                if book.finished && book.seats == 0 {
                    *entry = None;
                }
            }
        });
    }

    /// Keeps an account as long as there is something to say.
    pub(crate) fn put_account(provider: &T::AccountId, account: PayAccount<BalanceOf<T>>) {
        if account.eras.is_empty() && account.carried.is_zero() {
            Accounts::<T>::remove(provider);
        } else {
            Accounts::<T>::insert(provider, account);
        }
    }

    /// Ends an era of which nothing is available any more, and nothing can become so: its committee is forgotten, and the sums of seats that have settled all
    /// of it go. Those of others go when they have.
    pub(crate) fn finish_era(era: EraIndex) {
        Self::forget_committee(era);
        let Some(mut book) = Books::<T>::get(era) else {
            return;
        };
        book.finished = true;
        Books::<T>::insert(era, &book);
        let seats: Vec<_> = Sums::<T>::iter_prefix(era).take(MAX_SEATS).collect();
        for (provider, seat) in seats {
            let Some(mut account) = Accounts::<T>::get(&provider) else {
                defensive!("a seat has sums and no account");
                continue;
            };
            if account.settled >= Self::last_round(era, &book, &seat) {
                Self::remove_sums(era, &provider, &mut account);
                Self::put_account(&provider, account);
            }
        }
        if book.seats == 0 {
            Books::<T>::remove(era);
        }
    }

    /// Whether nothing of an era can be added any more, and all its lists were taken away.
    pub(crate) fn is_done(era: EraIndex, round: RoundIndex) -> bool {
        round >= List::Until(1).closes(era)
            && Books::<T>::get(era).is_none_or(|book| {
                !book.finished && book.lists.iter().all(|list| list.entries == 0)
            })
    }

    /// Of all eras of a provider: the era, its book, and what its bits amount to.
    pub(crate) fn seats_of(
        account: &PayAccount<BalanceOf<T>>,
        provider: &T::AccountId,
    ) -> Vec<(EraIndex, Book<BalanceOf<T>>, SeatSums)> {
        account
            .eras
            .iter()
            .filter_map(|era| {
                let seat = Sums::<T>::get(era, provider)?;
                Some((*era, Books::<T>::get(era)?, seat))
            })
            .collect()
    }

    /// Lists of an era that have `round`, with a seat's units in each.
    pub(crate) fn lists_in(
        era: EraIndex,
        book: &Book<BalanceOf<T>>,
        seat: &SeatSums,
        round: RoundIndex,
    ) -> Vec<(u8, u64)> {
        if round < lists::first_of_day(era, 1) || round > era.saturating_add(lists::LAST_ROUND) {
            return Vec::new();
        }
        List::all()
            .filter(|(index, list)| list.contains(era, round) && book.holds(seat.seat, *index))
            .map(|(index, _)| (index, Self::units_of(era, book, seat, index)))
            .filter(|(_, units)| *units > 0)
            .collect()
    }
}
