//! Whether a receipt is good: everything in it that can be recomputed, recomputed.

use crate::{CostError, Hash, ModelName, Receipt, Voucher};

/// What a buyer knows of a request by itself.
#[derive(Clone, Copy, Debug)]
pub struct Agreed<'a> {
    /// What it signed.
    pub voucher: &'a Voucher,
    /// What it received. None when not all of it arrived, so that its hash is not known: a request that was cancelled, a connection that broke.
    pub response: Option<Received<'a>>,
    /// The model that it asked for.
    pub model: &'a ModelName,
}

/// An answer that arrived as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Its hash.
    pub hash: &'a Hash,
    /// Bytes of its body.
    pub bytes: u64,
}

/// What a good receipt says about the answer. Either way it is payable, and the lane goes on from its cumulative amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseCheck {
    /// It binds the answer that arrived.
    Matches,
    /// It binds an answer that did not arrive as a whole: payable, response unverified. What of it arrived must not be taken for what the receipt binds.
    Unverified,
}

/// Why a receipt is not good. Whose signature it has must be checked beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// It is for another channel, session, lane, nonce or service: an old one, or somebody else's.
    #[error("the receipt is for another request; expected channel, session, lane, nonce and service of the voucher")]
    OtherRequest,
    /// It does not bind what was asked.
    #[error("the receipt binds another request than the voucher does")]
    RequestHash,
    /// It does not bind what was received.
    #[error("the receipt binds another response than the one that arrived")]
    ResponseHash,
    /// Another model answered.
    #[error("the receipt names another model than the one that was asked for")]
    Model,
    /// It was charged at another price than the voucher's.
    #[error("the receipt charges another price than the voucher binds")]
    Price,
    /// Price and usage do not go together.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// The amount is not the cost, bounded by the maximum.
    #[error("the receipt charges {found}; expected {expected}, by its usage and the maximum")]
    Amount {
        /// What follows from price, usage and maximum.
        expected: u128,
        /// What it says.
        found: u128,
    },
    /// The cumulative amount does not continue from the voucher's.
    #[error("the receipt's cumulative amount is {found}; expected {expected}, what was owed before and this amount")]
    Cumulative {
        /// What follows from the voucher and the amount.
        expected: u128,
        /// What it says.
        found: u128,
    },
}

impl Receipt {
    /// Whether the receipt says of this request what the buyer knows of it.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn check(&self, agreed: &Agreed<'_>) -> Result<ResponseCheck, ReceiptFault> {
        let voucher = agreed.voucher;
        let same_request = self.channel == voucher.channel
            && self.session == voucher.session
            && self.lane == voucher.lane
            && self.nonce == voucher.nonce
            && self.service == voucher.service;
        if !same_request {
            return Err(ReceiptFault::OtherRequest);
        }
        if self.request != voucher.request {
            return Err(ReceiptFault::RequestHash);
        }
        let response = match agreed.response {
            Some(received)
                if self.response != *received.hash || self.response_bytes != received.bytes =>
            {
                return Err(ReceiptFault::ResponseHash);
            }
            Some(_) => ResponseCheck::Matches,
            None => ResponseCheck::Unverified,
        };
        if self.model != *agreed.model {
            return Err(ReceiptFault::Model);
        }
        if self.price != voucher.price {
            return Err(ReceiptFault::Price);
        }
        let expected = self.price.cost(&self.usage)?.min(voucher.maximum);
        if self.amount != expected {
            return Err(ReceiptFault::Amount {
                expected,
                found: self.amount,
            });
        }
        let expected = voucher.paid.saturating_add(self.amount);
        if self.cumulative != expected {
            return Err(ReceiptFault::Cumulative {
                expected,
                found: self.cumulative,
            });
        }
        Ok(response)
    }
}
