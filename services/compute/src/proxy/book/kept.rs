//! Receipts that are kept for people to look at and to check again, with what they were held against. Those that prove something against a provider are kept with their lanes as well.

use codec::{Decode, DecodeAll, Encode};

use super::{Book, Pending, State};
use noema_journal::{Change, Journal, JournalError, Table};

use crate::{unix_millis, SignedReceipt};

/// Receipts with their vouchers.
pub(super) const ANSWERS: Table = "answers";
/// Receipts alone, by earlier versions.
pub(super) const RECEIPTS: Table = "receipts";
/// Receipts that are kept: some 60 MB of them.
const KEPT: u64 = 100_000;

/// Number of a receipt, in the order in which they came.
pub(crate) type ReceiptNumber = u64;

/// A receipt, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Kept {
    /// What was promised, of what was asked.
    pub(crate) pending: Pending,
    /// What it cost.
    pub(crate) receipt: SignedReceipt,
    /// Whether the whole answer arrived and was the one that the receipt binds.
    pub(crate) arrived: bool,
    /// When it came, in milliseconds since 1970, by this machine's clock.
    pub(crate) time: u64,
}

/// A receipt as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// With its voucher.
    Whole(Box<Kept>),
    /// Of an earlier version, that kept no more.
    Receipt(Box<SignedReceipt>),
}

/// A part of the receipts, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptPage {
    pub(crate) items: Vec<(ReceiptNumber, Found)>,
    /// Where the next part begins: before this one. None when there is no more.
    pub(crate) before: Option<ReceiptNumber>,
}

fn number_of(key: &[u8]) -> Result<ReceiptNumber, JournalError> {
    let bytes = key.try_into().map_err(|_| damaged())?;
    Ok(u64::from_be_bytes(bytes))
}

fn damaged() -> JournalError {
    JournalError::Read("a receipt is damaged".to_owned())
}

/// The number after the last receipt.
pub(super) fn next(journal: &Journal) -> Result<ReceiptNumber, JournalError> {
    let mut next = 0;
    for table in [RECEIPTS, ANSWERS] {
        if let Some(last) = journal.last_key(table)? {
            next = next.max(number_of(&last)?.saturating_add(1));
        }
    }
    Ok(next)
}

impl State {
    /// Numbers a receipt. The changes that keep it, and remove the one that is too old.
    pub(super) fn keep(
        &mut self,
        pending: &Pending,
        receipt: &SignedReceipt,
        arrived: bool,
    ) -> Vec<Change> {
        let number = self.next_receipt;
        self.next_receipt = number.saturating_add(1);
        let kept = Kept {
            pending: pending.clone(),
            receipt: receipt.clone(),
            arrived,
            time: unix_millis(),
        };
        let note = |table, number: ReceiptNumber, value| Change {
            table,
            key: number.to_be_bytes().to_vec(),
            value,
        };
        let mut changes = vec![note(ANSWERS, number, Some(kept.encode()))];
        if let Some(oldest) = number.checked_sub(KEPT) {
            changes.push(note(ANSWERS, oldest, None));
            changes.push(note(RECEIPTS, oldest, None));
        }
        changes
    }
}

impl Book {
    /// The last receipts before one, or in all: at most `most` of them. Those that came a moment ago may not be among them yet.
    pub(crate) fn kept(
        &self,
        before: Option<ReceiptNumber>,
        most: usize,
    ) -> Result<KeptPage, JournalError> {
        let before = before.unwrap_or(u64::MAX).to_be_bytes();
        let mut items = Vec::new();
        for (key, value) in self.journal.last_before(ANSWERS, &before, most)? {
            let kept = Kept::decode_all(&mut &value[..]).map_err(|_| damaged())?;
            items.push((number_of(&key)?, Found::Whole(Box::new(kept))));
        }
        for (key, value) in self.journal.last_before(RECEIPTS, &before, most)? {
            let receipt = SignedReceipt::decode_all(&mut &value[..]).map_err(|_| damaged())?;
            items.push((number_of(&key)?, Found::Receipt(Box::new(receipt))));
        }
        items.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let is_full = items.len() >= most;
        items.truncate(most);
        let last = items.last().map(|(number, _)| *number);
        Ok(KeptPage {
            items,
            before: last.filter(|last| is_full && *last > 0),
        })
    }
}
