//! The rules of one lane, without anything else: which voucher is taken, and what is kept of it. `docs/design/compute.md`, *What is durable when*.

use codec::{Decode, Encode};
use noema_compute_primitives::{ChannelId, LaneId, SessionId, Voucher};

use crate::{chain::Tick, SignedReceipt, SignedVoucher};

/// Names a lane. In SCALE, with numbers turned so that lanes of a channel stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneKey {
    /// Its channel.
    pub channel: ChannelId,
    /// The session.
    pub session: SessionId,
    /// The lane of the session.
    pub lane: LaneId,
}

impl LaneKey {
    /// The lane of a voucher.
    pub const fn of(voucher: &Voucher) -> Self {
        Self {
            channel: voucher.channel,
            session: voucher.session,
            lane: voucher.lane,
        }
    }

    /// As the key of a note.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.channel.to_be_bytes().to_vec();
        bytes.extend(self.session.to_be_bytes());
        bytes.extend(self.lane.to_be_bytes());
        bytes
    }

    /// From the key of a note.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (channel, rest) = bytes.split_first_chunk::<8>()?;
        let (session, rest) = rest.split_first_chunk::<4>()?;
        let lane: &[u8; 2] = rest.try_into().ok()?;
        Some(Self {
            channel: u64::from_be_bytes(*channel),
            session: u32::from_be_bytes(*session),
            lane: u16::from_be_bytes(*lane),
        })
    }
}

/// A request that is over: what the payer promised for it, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Answered {
    /// The promise.
    pub voucher: SignedVoucher,
    /// What it cost.
    pub receipt: SignedReceipt,
}

/// What a gateway keeps of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct LaneRecord {
    answered: Option<Answered>,
    /// The last request that cost something, where those after it cost nothing: its voucher is what covers all that is owed.
    covering: Option<Answered>,
    working: Option<SignedVoucher>,
}

/// Why a voucher is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneRefusal {
    /// A request of the lane is under way, this one or the one before.
    #[error("request {nonce} of the lane is under way; wait for its receipt, or use another lane")]
    Busy {
        /// Its nonce.
        nonce: u64,
    },
    /// It was answered; this is its receipt.
    #[error("request {} of the lane is answered", .0.receipt.nonce)]
    Answered(Box<SignedReceipt>),
    /// It is not the next.
    #[error("the voucher has nonce {found}; expected {expected}")]
    Nonce {
        /// The next.
        expected: u64,
        /// The voucher's.
        found: u64,
    },
    /// It does not acknowledge what the lane owes, no less and no more.
    #[error("the voucher acknowledges {found}; expected {expected}, the cumulative amount of the lane's last receipt")]
    Paid {
        /// What the last receipt says.
        expected: u128,
        /// What the voucher says.
        found: u128,
    },
    /// It would be worth something for a shorter time than the voucher that covers what the lane owes.
    #[error("the voucher expires at tick {found}; expected {expected} at least, as the voucher does that covers what the lane owes and was not redeemed")]
    Expires {
        /// When the covering voucher does.
        expected: Tick,
        /// When it does.
        found: Tick,
    },
    /// It promises more than can be counted.
    #[error("what the lane owes and the maximum do not fit into 128 bits together; promise less")]
    Overflow,
}

impl LaneRecord {
    /// What the lane owes in all, by its last receipt.
    pub fn owed(&self) -> u128 {
        self.answered
            .as_ref()
            .map_or(0, |answered| answered.receipt.receipt.cumulative)
    }

    /// The most that the lane will owe when what is under way is over.
    pub fn at_most(&self) -> u128 {
        let under_way = self.working.map_or(0, |signed| signed.voucher.maximum);
        self.owed().saturating_add(under_way)
    }

    /// The last request that is over.
    pub const fn answered(&self) -> Option<&Answered> {
        self.answered.as_ref()
    }

    /// The request with which what is owed is claimed: the last one that cost something, and with it all before. What came after it added nothing, and its voucher was perhaps made to be worth
    /// nothing. No receipt shows such a claim to be too much: those of later requests say the same sum.
    pub fn claimable(&self) -> Option<&Answered> {
        self.covering.as_ref().or(self.answered.as_ref())
    }

    /// Whether what is owed beyond `redeemed` stays claimable for as long as it is, when the voucher is taken.
    ///
    /// # Errors
    /// When the voucher expires earlier than the one that covers what is owed.
    pub fn prolongs(&self, voucher: &Voucher, redeemed: u128) -> Result<(), LaneRefusal> {
        let covering = self.claimable().filter(|_| self.owed() > redeemed);
        match covering.map(|covering| covering.voucher.voucher.expires) {
            Some(expected) if voucher.expires < expected => Err(LaneRefusal::Expires {
                expected,
                found: voucher.expires,
            }),
            _ => Ok(()),
        }
    }

    /// The voucher of the request under way.
    pub const fn working(&self) -> Option<&SignedVoucher> {
        self.working.as_ref()
    }

    fn next_nonce(&self) -> u64 {
        let last = self.answered.as_ref();
        last.map_or(0, |answered| answered.voucher.voucher.nonce)
            .saturating_add(1)
    }

    /// Whether the voucher is the lane's next: whether [`Self::begin`] would take it.
    ///
    /// # Errors
    /// Why not.
    pub fn expects(&self, voucher: &Voucher) -> Result<(), LaneRefusal> {
        if let Some(working) = self.working {
            let nonce = working.voucher.nonce;
            return Err(LaneRefusal::Busy { nonce });
        }
        if let Some(answered) = &self.answered {
            if answered.voucher.voucher == *voucher {
                return Err(LaneRefusal::Answered(Box::new(answered.receipt.clone())));
            }
        }
        let expected = self.next_nonce();
        if voucher.nonce != expected {
            return Err(LaneRefusal::Nonce {
                expected,
                found: voucher.nonce,
            });
        }
        let expected = self.owed();
        if voucher.paid != expected {
            return Err(LaneRefusal::Paid {
                expected,
                found: voucher.paid,
            });
        }
        voucher
            .ceiling()
            .map(|_| ())
            .map_err(|_| LaneRefusal::Overflow)
    }

    /// The lane with the request under way.
    ///
    /// # Errors
    /// When the voucher is not its next.
    pub fn begin(&self, signed: SignedVoucher) -> Result<Self, LaneRefusal> {
        self.expects(&signed.voucher)?;
        Ok(Self {
            working: Some(signed),
            ..self.clone()
        })
    }

    /// The lane with the request under way over. As it is when none is, or the receipt is for another request.
    pub fn end(&self, receipt: SignedReceipt) -> Self {
        match self.working {
            Some(voucher) if voucher.voucher.nonce == receipt.receipt.nonce => Self {
                covering: match receipt.receipt.amount {
                    0 => self.claimable().filter(|_| self.owed() > 0).cloned(),
                    _ => None,
                },
                answered: Some(Answered { voucher, receipt }),
                working: None,
            },
            _ => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
