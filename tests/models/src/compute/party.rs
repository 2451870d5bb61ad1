//! What happens off chain: requests, vouchers, receipts, and the truth about what is owed.

use super::{Balance, Key, Receipt, Tick, Voucher};
use std::collections::BTreeMap;

/// A request that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// What the payer signed.
    pub voucher: Voucher,
    /// Who signed it.
    pub signer: Key,
    /// What the provider signed.
    pub receipt: Receipt,
}

/// The lanes of all channels, as both sides keep them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    lanes: BTreeMap<(u64, u32, u16), Vec<Requested>>,
}

impl Party {
    /// One request: `cost` is what it would cost, of which no more than `maximum` is owed.
    #[allow(clippy::too_many_arguments, reason = "all that a voucher says")]
    pub fn request(
        &mut self,
        lane: (u64, u32, u16),
        signer: Key,
        service: u64,
        maximum: Balance,
        cost: Balance,
        expires: Tick,
    ) -> Requested {
        let before = self.lanes.entry(lane).or_default();
        let paid = before.last().map_or(0, |last| last.receipt.cumulative);
        let nonce = before.len() as u64 + 1;
        let (channel, session, number) = lane;
        let voucher = Voucher {
            channel,
            session,
            lane: number,
            nonce,
            service,
            paid,
            maximum,
            expires,
        };
        let receipt = Receipt {
            channel,
            session,
            lane: number,
            nonce,
            cumulative: paid + cost.min(maximum),
        };
        let requested = Requested {
            voucher,
            signer,
            receipt,
        };
        before.push(requested);
        requested
    }

    /// The requests of a lane.
    pub fn requests(&self, lane: (u64, u32, u16)) -> &[Requested] {
        self.lanes.get(&lane).map_or(&[], Vec::as_slice)
    }

    /// What a lane owes by the last receipt.
    pub fn owed(&self, lane: (u64, u32, u16)) -> Balance {
        self.requests(lane)
            .last()
            .map_or(0, |last| last.receipt.cumulative)
    }

    /// The largest maximum that was ever promised in a lane.
    pub fn largest_maximum(&self, lane: (u64, u32, u16)) -> Balance {
        self.requests(lane)
            .iter()
            .map(|request| request.voucher.maximum)
            .max()
            .unwrap_or(0)
    }
}
