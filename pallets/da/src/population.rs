//! What a provider can be challenged for: the rows behind its own set bits, of lists that are closed.

use crate::{
    lists::List,
    records::{Book, PayAccount, SeatSums, SeedState, State, CHUNK},
    Accounts, BalanceOf, Config, Drops, Entries, EraIndex, HostHashing, Pallet, Running,
    Submissions,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::defensive;
use noema_da_primitives::{Commitment, Committee, RowOrder, RowProof, Shape, SizeClass, Window};
use noema_traits::{Auditable, Population, ProofFault, RoundIndex};
use scale_info::TypeInfo;

/// One row that is asked for, complete: it can be checked when its blob is gone.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct AskedRow {
    /// What the coding commits to.
    pub commitment: Commitment,
    /// Class of the blob.
    pub class: SizeClass,
    /// Exact bytes of the blob.
    pub size: u32,
    /// The row.
    pub row: u16,
}

impl AskedRow {
    fn shape(&self) -> Option<Shape> {
        Shape::new(self.class, self.size).ok()
    }
}

impl<T: Config> Pallet<T> {
    /// Bytes that a seat holds of so many units, about: four times as many are coded, of which it has the part of its stake. At least one, so that who can be
    /// challenged is.
    fn held_bytes(book: &Book<BalanceOf<T>>, seat: &SeatSums, units: u64) -> u128 {
        let coded = u128::from(units).saturating_mul(4);
        crate::books::share(coded, seat.stake, book.stake).max(1)
    }

    /// The eras of a provider whose rows can be asked for in a round; none, if everything is being taken from it.
    fn asked_in(
        provider: &T::AccountId,
        account: &PayAccount<BalanceOf<T>>,
    ) -> Vec<(EraIndex, Book<BalanceOf<T>>, SeatSums)> {
        if Drops::<T>::contains_key(provider) {
            return Vec::new();
        }
        Self::seats_of(account, provider)
    }

    /// The first round from `from` on in which one of these seats has units, of lists that are still open as well: there they only become more.
    pub(crate) fn first_with_units(
        seats: &[(EraIndex, Book<BalanceOf<T>>, SeatSums)],
        from: RoundIndex,
    ) -> Option<RoundIndex> {
        let mut best: Option<RoundIndex> = None;
        for (era, book, seat) in seats {
            for (index, list) in List::all() {
                let (first, last) = list.rounds(*era);
                let begins = first.max(from);
                if begins <= last
                    && best.is_none_or(|best| begins < best)
                    && book.holds(seat.seat, index)
                {
                    best = Some(begins);
                }
            }
        }
        best
    }

    /// The number of the chunk in which a seat's units pass `target`, and how many are before it: by halves.
    fn chunk_of(
        era: EraIndex,
        list: u8,
        entries: u32,
        seat: u8,
        target: u64,
    ) -> Option<(u32, u64)> {
        let (mut from, mut to) = (0u32, entries.div_ceil(CHUNK));
        while from < to {
            let middle = from.midpoint(to);
            if Running::<T>::get((era, list, middle)).of(seat) > target {
                to = middle;
            } else {
                from = middle.checked_add(1)?;
            }
        }
        let before = match from.checked_sub(1) {
            Some(before) => Running::<T>::get((era, list, before)).of(seat),
            None => 0,
        };
        Some((from, before))
    }

    /// The row that a number within a seat's units of a list is.
    fn row_at(era: EraIndex, list: u8, entries: u32, seat: u8, target: u64) -> Option<AskedRow> {
        let (chunk, before) = Self::chunk_of(era, list, entries, seat, target)?;
        let mut rest = target.checked_sub(before)?;
        let entry = Entries::<T>::get((era, list, chunk))
            .into_iter()
            .filter(|entry| entry.bits.get(seat))
            .find(|entry| match rest.checked_sub(entry.units) {
                Some(left) => {
                    rest = left;
                    false
                }
                None => true,
            })?;
        let record = Submissions::<T>::get(entry.submission)?;
        let State::Available { .. } = record.state else {
            return None;
        };
        let SeedState::Drawn(seed) = Self::seed_of(&record) else {
            return None;
        };
        let committee = Self::committee(era)?;
        let stakes = Committee::new(&committee.stakes()).ok()?;
        let class = Shape::of(record.size.into()).ok()?.class();
        let window = Window::of(class, &stakes, seat.into())?;
        let number = rest.checked_rem(window.len.into())?;
        let place = u64::from(window.first)
            .checked_add(number)?
            .checked_rem(class.rows().into())?;
        let order = RowOrder::new::<HostHashing>(class, &committee.id, &record.commitment, &seed);
        Some(AskedRow {
            commitment: record.commitment,
            class,
            size: record.size,
            row: order.get(u16::try_from(place).ok()?)?,
        })
    }
}

impl<T: Config> Auditable<T::AccountId, BalanceOf<T>> for Pallet<T> {
    type Item = AskedRow;
    type Proof = RowProof;

    fn population(provider: &T::AccountId, round: RoundIndex) -> Population {
        let Some(account) = Accounts::<T>::get(provider) else {
            return Population::default();
        };
        let mut population = Population::default();
        for (era, book, seat) in Self::asked_in(provider, &account) {
            for (_, units) in Self::lists_in(era, &book, &seat, round) {
                population.units = population.units.saturating_add(units.into());
                let bytes = Self::held_bytes(&book, &seat, units);
                population.bytes = population.bytes.saturating_add(bytes);
            }
        }
        population
    }

    fn item_at(provider: &T::AccountId, round: RoundIndex, target: u128) -> Option<AskedRow> {
        let account = Accounts::<T>::get(provider)?;
        let mut rest = target;
        for (era, book, seat) in Self::asked_in(provider, &account) {
            for (list, units) in Self::lists_in(era, &book, &seat, round) {
                match rest.checked_sub(units.into()) {
                    Some(left) => rest = left,
                    None => {
                        let entries = book.list(list)?.entries;
                        let target = u64::try_from(rest).ok()?;
                        let row = Self::row_at(era, list, entries, seat.seat, target);
                        if row.is_none() {
                            defensive!("a seat's units have no row");
                        }
                        return row;
                    }
                }
            }
        }
        None
    }

    fn next_populated(provider: &T::AccountId, from: RoundIndex) -> Option<RoundIndex> {
        let account = Accounts::<T>::get(provider)?;
        Self::first_with_units(&Self::asked_in(provider, &account), from)
    }

    fn check(item: &AskedRow, proof: &RowProof) -> Result<(), ProofFault> {
        let shape = item.shape().ok_or(ProofFault::WrongProof)?;
        let fits = u32::try_from(proof.row.len()) == Ok(shape.row_bytes())
            && u32::try_from(proof.siblings.len()) == Ok(shape.depth());
        if fits {
            Ok(())
        } else {
            Err(ProofFault::WrongLength)
        }
    }

    fn verify(item: &AskedRow, proof: &RowProof) -> Result<(), ProofFault> {
        Self::check(item, proof)?;
        let shape = item.shape().ok_or(ProofFault::WrongProof)?;
        proof
            .verify::<HostHashing>(&item.commitment, &shape, item.row)
            .map_err(|_| ProofFault::WrongProof)
    }

    fn begin_drop(provider: &T::AccountId, _taken: BalanceOf<T>) {
        if !Drops::<T>::contains_key(provider) {
            Drops::<T>::insert(provider, Self::round());
        }
    }

    fn populated() -> Vec<T::AccountId> {
        Accounts::<T>::iter()
            .filter(|(_, account)| !account.eras.is_empty())
            .map(|(provider, _)| provider)
            .collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(provider: &T::AccountId, items: u32) {
        crate::benchmarking::scene::fill::<T>(provider, items);
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &AskedRow) -> RowProof {
        crate::uniform::answer_for(item)
    }
}
