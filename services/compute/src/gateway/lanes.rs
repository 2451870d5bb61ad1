//! The rules of one lane, without anything else: which voucher is taken, and what is kept of it. `docs/design/compute.md`, *What is durable when*.

use codec::{Decode, Encode};
use noema_compute_primitives::{ChannelId, LaneId, SessionId, Voucher};

use crate::{SignedReceipt, SignedVoucher};

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
            answered: self.answered.clone(),
            working: Some(signed),
        })
    }

    /// The lane with the request under way over. As it is when none is, or the receipt is for another request.
    pub fn end(&self, receipt: SignedReceipt) -> Self {
        match self.working {
            Some(voucher) if voucher.voucher.nonce == receipt.receipt.nonce => Self {
                answered: Some(Answered { voucher, receipt }),
                working: None,
            },
            _ => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use noema_compute_primitives::Redemption;
    use proptest::prelude::*;

    use super::*;
    use crate::{samples, Signature};

    const UNSIGNED: Signature = Signature::Sr25519([0; 64]);

    fn voucher(nonce: u64, paid: u128, maximum: u128) -> SignedVoucher {
        let voucher = Voucher {
            nonce,
            paid,
            maximum,
            ..samples::voucher()
        };
        SignedVoucher {
            voucher,
            signature: UNSIGNED,
        }
    }

    fn receipt(of: &SignedVoucher, output: u64) -> SignedReceipt {
        SignedReceipt {
            receipt: samples::receipt_for(&of.voucher, output),
            signature: UNSIGNED,
        }
    }

    #[test]
    fn a_lane_begins_with_one_and_nothing() {
        let lane = LaneRecord::default();
        assert!(lane.begin(voucher(1, 0, 5)).is_ok());
        let refused = lane.begin(voucher(2, 0, 5)).unwrap_err();
        assert_eq!(
            refused,
            LaneRefusal::Nonce {
                expected: 1,
                found: 2
            }
        );
        let refused = lane.begin(voucher(1, 1, 5)).unwrap_err();
        assert_eq!(
            refused,
            LaneRefusal::Paid {
                expected: 0,
                found: 1
            }
        );
        let refused = lane.begin(voucher(1, 0, u128::MAX));
        assert!(refused.is_ok(), "it fits");
    }

    #[test]
    fn a_lane_has_one_request_at_a_time_and_one_receipt_for_each() {
        let first = voucher(1, 0, 50);
        let working = LaneRecord::default().begin(first).unwrap();
        assert_eq!(working.at_most(), 50);
        for again in [first, voucher(2, 0, 50)] {
            let refused = working.begin(again).unwrap_err();
            assert_eq!(refused, LaneRefusal::Busy { nonce: 1 });
        }
        let signed = receipt(&first, 3);
        let over = working.end(signed.clone());
        let refused = over.begin(first).unwrap_err();
        assert_eq!(refused, LaneRefusal::Answered(Box::new(signed.clone())));
        assert_eq!(
            over.end(receipt(&first, 9)),
            over,
            "the first receipt stays"
        );
        let other = voucher(1, 0, 51);
        assert!(matches!(
            over.begin(other),
            Err(LaneRefusal::Nonce { expected: 2, .. })
        ));
        let owed = over.owed();
        assert_eq!(owed, signed.receipt.cumulative);
        assert!(over.begin(voucher(2, owed, 50)).is_ok());
        for wrong in [owed - 1, owed + 1] {
            assert!(matches!(
                over.begin(voucher(2, wrong, 50)),
                Err(LaneRefusal::Paid { .. })
            ));
        }
        assert_eq!(
            over.begin(voucher(2, owed, u128::MAX)),
            Err(LaneRefusal::Overflow)
        );
    }

    #[test]
    fn keys_of_notes_keep_channels_together() {
        let key = LaneKey {
            channel: 258,
            session: 3,
            lane: 4,
        };
        assert_eq!(LaneKey::from_bytes(&key.to_bytes()), Some(key));
        assert_eq!(LaneKey::from_bytes(&key.to_bytes()[1..]), None);
        let next = LaneKey {
            channel: 259,
            ..key
        };
        assert!(key.to_bytes() < next.to_bytes());
    }

    proptest! {
        /// Whatever a client sends, the lane owes what its receipts say, never less than before, each request at most its maximum; and a claim with what is kept
        /// is covered by its voucher and never shown to be too much by any receipt that was signed.
        #[test]
        fn what_is_kept_is_always_redeemable_and_never_punishable(
            steps in prop::collection::vec((0..4u64, 0..30u128, 0..200u128, any::<bool>(), 0..40u64), 1..60),
        ) {
            let (mut lane, mut owed, mut receipts) = (LaneRecord::default(), 0, Vec::new());
            for (ahead, off, maximum, ends, output) in steps {
                // Mostly the right voucher, sometimes one that is a little off.
                let nonce = (receipts.len() as u64 + ahead).max(1);
                let paid = if off < 25 { owed } else { owed + off };
                let signed = voucher(nonce, paid, maximum);
                let taken = lane.begin(signed);
                let right = lane.working().is_none() && nonce == receipts.len() as u64 + 1 && paid == owed;
                prop_assert_eq!(taken.is_ok(), right);
                lane = taken.unwrap_or(lane);
                if ends {
                    if let Some(working) = lane.working().copied() {
                        let signed = receipt(&working, output);
                        owed = signed.receipt.cumulative;
                        receipts.push(signed.clone());
                        lane = lane.end(signed);
                    }
                }
                prop_assert_eq!(lane.owed(), owed);
                let again = LaneRecord::decode(&mut &lane.encode()[..]).unwrap();
                prop_assert_eq!(&again, &lane);
                if let Some(Answered { voucher, receipt }) = lane.answered() {
                    let (voucher, amount) = (&voucher.voucher, receipt.receipt.cumulative);
                    prop_assert!(amount <= voucher.ceiling().unwrap());
                    let claimed = Redemption { nonce: voucher.nonce, maximum: voucher.maximum, redeemed: amount };
                    for signed in &receipts {
                        let shown = claimed.excess(signed.receipt.nonce, signed.receipt.cumulative);
                        prop_assert_eq!(shown, None);
                    }
                }
            }
        }
    }
}
