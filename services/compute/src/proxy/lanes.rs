//! The rules of one lane on the buyer's side, without anything else: at most one voucher is out, and each ends with a receipt.

use codec::{Decode, Encode};
use noema_chain_client::AccountId;
use noema_compute_primitives::{Hash, ModelName};

use crate::{chain::Tick, receipts::Asked, SignedReceipt, SignedVoucher};

/// A voucher that is out: its receipt has not come.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pending {
    /// What was signed.
    pub signed: SignedVoucher,
    /// The model that was asked for.
    pub model: ModelName,
    /// The key that the channel froze.
    pub key: AccountId,
    /// Bytes of the request's body.
    pub body_bytes: u64,
    /// Tokens of output that the request allowed in all.
    pub max_output: Option<u64>,
    /// The application that asked.
    pub application: String,
}

impl Pending {
    /// What its receipt is held against.
    pub fn asked(&self, genesis: &Hash) -> Asked {
        Asked {
            voucher: self.signed.voucher,
            model: self.model.clone(),
            key: self.key,
            genesis: *genesis,
            body_bytes: self.body_bytes,
            max_output: self.max_output,
        }
    }
}

/// What a buyer keeps of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct BuyerLane {
    nonce: u64,
    owed: u128,
    /// When the last voucher expires: the next must not expire earlier, since the gateway has perhaps not redeemed it.
    expires: Tick,
    pending: Option<Pending>,
    stopped: Option<String>,
    /// The last receipts, the newest first: by them a redemption that is too much is proven.
    receipts: [Option<SignedReceipt>; 2],
}

impl BuyerLane {
    /// Whether a request can be sent on it.
    pub const fn is_free(&self) -> bool {
        self.pending.is_none() && self.stopped.is_none() && self.nonce < u64::MAX
    }

    /// Nonce and `paid` of the next voucher.
    pub const fn next(&self) -> (u64, u128) {
        (self.nonce.saturating_add(1), self.owed)
    }

    /// The tick before which its next voucher must not expire.
    pub const fn expires(&self) -> Tick {
        self.expires
    }

    /// What it owes in all by the receipts that came.
    pub const fn owed(&self) -> u128 {
        self.owed
    }

    /// The most that it owes, with the voucher that is out.
    pub fn at_most(&self) -> u128 {
        self.owed.saturating_add(self.promised())
    }

    /// What the voucher that is out may cost.
    pub fn promised(&self) -> u128 {
        self.pending
            .as_ref()
            .map_or(0, |pending| pending.signed.voucher.maximum)
    }

    /// The voucher that is out.
    pub const fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Why nothing is sent on it any more.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// The last receipts, the newest first.
    pub fn receipts(&self) -> impl Iterator<Item = &SignedReceipt> {
        self.receipts.iter().flatten()
    }

    /// The lane with a voucher out. None when it is not free or the voucher not its next.
    pub fn begin(&self, pending: Pending) -> Option<Self> {
        let voucher = &pending.signed.voucher;
        let fits = self.is_free() && (voucher.nonce, voucher.paid) == self.next();
        let expires = self.expires.max(voucher.expires);
        fits.then(|| Self {
            pending: Some(pending),
            expires,
            ..self.clone()
        })
    }

    /// The lane with the receipt of the voucher that is out, which was checked. None when it is for another.
    pub fn settle(&self, receipt: SignedReceipt) -> Option<Self> {
        let voucher = &self.pending.as_ref()?.signed.voucher;
        let (nonce, cumulative) = (receipt.receipt.nonce, receipt.receipt.cumulative);
        let ceiling = voucher.ceiling().ok()?;
        let fits = nonce == voucher.nonce && (voucher.paid..=ceiling).contains(&cumulative);
        let [last, _] = self.receipts.clone();
        fits.then(|| Self {
            nonce,
            owed: cumulative,
            expires: self.expires,
            pending: None,
            stopped: self.stopped.clone(),
            receipts: [Some(receipt), last],
        })
    }

    /// The lane on which nothing is sent any more.
    pub fn stop(&self, reason: String) -> Self {
        Self {
            stopped: Some(reason),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use noema_compute_primitives::Voucher;
    use proptest::prelude::*;

    use super::*;
    use crate::{gateway::LaneRecord, samples, Signature};

    const UNSIGNED: Signature = Signature::Sr25519([0; 64]);

    fn pending(next: (u64, u128), maximum: u128) -> Pending {
        let voucher = Voucher {
            nonce: next.0,
            paid: next.1,
            maximum,
            ..samples::voucher()
        };
        Pending {
            signed: SignedVoucher {
                voucher,
                signature: UNSIGNED,
            },
            model: b"tiny/1".to_vec().try_into().unwrap(),
            key: AccountId([2; 32]),
            body_bytes: 10,
            max_output: None,
            application: String::new(),
        }
    }

    fn receipt(of: &SignedVoucher, output: u64) -> SignedReceipt {
        SignedReceipt {
            receipt: samples::receipt_for(&of.voucher, output),
            signature: UNSIGNED,
        }
    }

    #[test]
    fn a_lane_has_one_voucher_out() {
        let lane = BuyerLane::default();
        let out = lane.begin(pending(lane.next(), 50)).unwrap();
        assert!(!out.is_free());
        assert_eq!(out.begin(pending(out.next(), 50)), None);
        assert_eq!((out.owed(), out.at_most()), (0, 50));
        assert_eq!(lane.begin(pending((2, 0), 50)), None);
        assert_eq!(lane.begin(pending((1, 1), 50)), None);
    }

    #[test]
    fn a_lane_remembers_how_long_its_vouchers_are_good() {
        let lane = BuyerLane::default();
        let lane = lane.begin(pending(lane.next(), 50)).unwrap();
        let signed = lane.pending().unwrap().signed;
        let lane = lane.settle(receipt(&signed, 1)).unwrap();
        assert_eq!(lane.expires(), signed.voucher.expires);
        let mut earlier = pending(lane.next(), 50);
        earlier.signed.voucher.expires -= 1;
        let lane = lane.begin(earlier).unwrap();
        assert_eq!(lane.expires(), signed.voucher.expires);
    }

    #[test]
    fn a_receipt_beyond_the_voucher_settles_nothing() {
        let lane = BuyerLane::default();
        let out = lane.begin(pending(lane.next(), 50)).unwrap();
        let signed = out.pending().unwrap().signed;
        let mut more = receipt(&signed, 1);
        more.receipt.cumulative = 51;
        assert_eq!(out.settle(more), None);
        let mut other = receipt(&signed, 1);
        other.receipt.nonce = 2;
        assert_eq!(out.settle(other), None);
        assert!(out.settle(receipt(&signed, 1)).unwrap().is_free());
    }

    #[test]
    fn a_stopped_lane_can_settle_and_never_begins() {
        let lane = BuyerLane::default();
        let out = lane.begin(pending(lane.next(), 50)).unwrap();
        let stopped = out.stop("a lie".to_owned());
        let signed = out.pending().unwrap().signed;
        let settled = stopped.settle(receipt(&signed, 1)).unwrap();
        assert_eq!(settled.stopped(), Some("a lie"));
        assert_eq!(settled.begin(pending(settled.next(), 50)), None);
    }

    proptest! {
        /// Both sides of a lane, with messages lost at will and both sides restarted at will from what was durable: they always come together again, the buyer never signs
        /// two vouchers for a nonce, and what the gateway can redeem is what the buyer knows or will know, never more than one maximum above.
        #[test]
        fn both_sides_come_together_whatever_is_lost(
            steps in prop::collection::vec((0..200u128, 0..60u64, any::<[bool; 4]>()), 1..40),
        ) {
            let (mut buyer, mut gateway) = (BuyerLane::default(), LaneRecord::default());
            let mut signed_for = std::collections::BTreeMap::new();
            for (maximum, output, [arrives, works, answered, asks]) in steps {
                if let Some(out) = buyer.begin(pending(buyer.next(), maximum)) {
                    let signed = out.pending().unwrap().signed;
                    prop_assert!(signed_for.insert(signed.voucher.nonce, signed).is_none());
                    buyer = out;
                }
                let signed = buyer.pending().unwrap().signed;
                if arrives {
                    if let Ok(began) = gateway.begin(signed) {
                        gateway = began;
                        if works {
                            gateway = gateway.end(receipt(&signed, output));
                        }
                        // Else it is killed while it works: its next start ends the request with nothing.
                        if let Some(lost) = gateway.working().copied() {
                            gateway = gateway.end(zero(&lost));
                        }
                    }
                }
                if answered || asks {
                    // Asked for a receipt, it ends what never came.
                    if let Ok(began) = gateway.begin(signed) {
                        gateway = began.end(zero(&signed));
                    }
                    let found = gateway.answered().unwrap();
                    prop_assert_eq!(found.voucher, signed);
                    buyer = buyer.settle(found.receipt.clone()).unwrap();
                    prop_assert!(buyer.is_free());
                    prop_assert_eq!(buyer.owed(), gateway.owed());
                }
                prop_assert!(gateway.owed() >= buyer.owed());
                prop_assert!(gateway.owed() <= buyer.at_most());
                let again = BuyerLane::decode(&mut &buyer.encode()[..]).unwrap();
                prop_assert_eq!(&again, &buyer);
            }
        }
    }

    fn zero(of: &SignedVoucher) -> SignedReceipt {
        let mut signed = receipt(of, 0);
        signed.receipt.amount = 0;
        signed.receipt.cumulative = of.voucher.paid;
        signed
    }
}
