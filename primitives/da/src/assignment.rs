//! Which seat must hold which rows.

use crate::{Commitment, Committee, CommitteeId, Content, Hasher, RowOrder, RowSeed, SizeClass};
use alloc::vec::Vec;

/// Neighbouring places in the order of a blob's rows; behind the last place follows the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first place.
    pub first: u16,
    /// How many places; never more than there are rows.
    pub len: u16,
}

impl Window {
    /// The places of a seat, which depend on the stakes and the class alone.
    ///
    /// Lay the stakes end to end on a line in the order of the seats and cut the line into as many equal
    /// pieces as there are rows, M: a seat gets the places of all pieces that its own stake touches. With
    /// c the stake of all seats before it, s its own and T everybody's, that is from floor(c M / T) up to,
    /// but not including, ceil((c + s) M / T). Where these are fewer than the class's
    /// [`min_rows`](crate::ClassParameters::min_rows), the places behind them are added until they are as
    /// many.
    ///
    /// **So** seats with the stake a together hold at least ceil(a M / T) different places, whichever they
    /// are: the pieces that they touch cover their part of the line, which is a M / T pieces long. With a
    /// quarter of the stake, that is K.
    ///
    /// None only if the committee has no such seat.
    pub fn of(class: SizeClass, committee: &Committee, seat: usize) -> Option<Self> {
        let (before, after) = committee.span(seat)?;
        // `MAX_TOTAL_STAKE` leaves room for the product with any class's rows, and for nothing beyond it.
        let (total, rows) = (committee.total(), u128::from(class.rows()));
        let scaled = after.checked_mul(rows)?;
        let first = before.checked_mul(rows)?.checked_div(total)?;
        let part = u128::from(scaled.checked_rem(total)? != 0);
        let end = scaled.checked_div(total)?.checked_add(part)?;
        let touched = u16::try_from(end.checked_sub(first)?).ok()?;
        Some(Self {
            first: u16::try_from(first).ok()?,
            len: touched.max(class.parameters().min_rows).min(class.rows()),
        })
    }
}

/// Who holds what of one blob: the seats' [`Window`]s over the [`RowOrder`] of the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    order: RowOrder,
    windows: Vec<Window>,
}

impl Assignment {
    /// The assignment of the submission with this commitment and row seed to the committee. `id` must be
    /// the committee's own ([`CommitteeId::new`]). Every seat of a [`Committee`] has a window, so that there
    /// always is one; none rather than an assignment in which a seat is left out.
    pub fn new<H: Hasher>(
        class: SizeClass,
        committee: &Committee,
        id: &CommitteeId,
        commitment: &Commitment,
        seed: &RowSeed,
    ) -> Option<Self> {
        let windows = (0..committee.seats()).map(|seat| Window::of(class, committee, seat));
        Some(Self {
            windows: windows.collect::<Option<_>>()?,
            order: RowOrder::new::<H>(class, id, commitment, seed),
        })
    }

    /// How many rows the seat holds; none if there is no such seat.
    pub fn count(&self, seat: usize) -> u16 {
        self.windows.get(seat).map_or(0, |window| window.len)
    }

    /// The seat's row number `number`, counted from 0 in the order of the window: what an audit draws.
    pub fn row(&self, seat: usize, number: u16) -> Option<u16> {
        let window = self.windows.get(seat)?;
        if number >= window.len {
            return None;
        }
        let rows = u32::try_from(self.order.as_slice().len()).ok()?;
        let place = u32::from(window.first)
            .checked_add(number.into())?
            .checked_rem(rows)?;
        self.order.get(u16::try_from(place).ok()?)
    }

    /// The seat's rows, each once, in the order of the window.
    pub fn rows(&self, seat: usize) -> Rows<'_> {
        Rows {
            assignment: self,
            seat,
            next: 0,
        }
    }

    /// The seat's rows, ascending.
    pub fn sorted_rows(&self, seat: usize) -> Vec<u16> {
        let mut rows: Vec<u16> = self.rows(seat).collect();
        rows.sort_unstable();
        rows
    }

    /// The rows that are sent to the seat, ascending: its own, and of a bundle row 0 as well, in which it
    /// finds what it attests to ([`Content::check_front`]) and which it need not keep.
    pub fn shard_rows(&self, seat: usize, content: &Content) -> Vec<u16> {
        content.with_front(self.sorted_rows(seat))
    }

    /// Whether the seat must hold this row.
    pub fn holds(&self, seat: usize, row: u16) -> bool {
        self.rows(seat).any(|held| held == row)
    }
}

/// The rows of a seat: [`Assignment::rows`].
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    assignment: &'a Assignment,
    seat: usize,
    next: u16,
}

impl Iterator for Rows<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let row = self.assignment.row(self.seat, self.next)?;
        self.next = self.next.saturating_add(1);
        Some(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.assignment.count(self.seat).saturating_sub(self.next);
        (left.into(), Some(left.into()))
    }
}

impl ExactSizeIterator for Rows<'_> {}
