//! The rules of one lane.

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
fn a_request_that_costs_nothing_leaves_the_voucher_that_covers_what_is_owed() {
    let first = voucher(1, 0, 50);
    let lane = LaneRecord::default().begin(first).unwrap();
    let lane = lane.end(receipt(&first, 3));
    let (owed, mut lane) = (lane.owed(), lane);
    for nonce in [2, 3] {
        let mut worthless = voucher(nonce, owed, 0);
        worthless.voucher.expires = 0;
        lane = lane.begin(worthless).unwrap().end(receipt(&worthless, 0));
        assert_eq!(lane.owed(), owed);
        assert_eq!(lane.claimable().unwrap().voucher, first);
        assert_eq!(lane.answered().unwrap().voucher, worthless);
    }
    let next = voucher(4, owed, 50);
    let lane = lane.begin(next).unwrap().end(receipt(&next, 1));
    assert_eq!(lane.claimable().unwrap().voucher, next);
}

#[test]
fn a_voucher_that_expires_before_what_is_owed_is_redeemed_prolongs_nothing() {
    let first = voucher(1, 0, 50);
    let lane = LaneRecord::default().begin(first).unwrap();
    let lane = lane.end(receipt(&first, 3));
    let owed = lane.owed();
    let mut next = voucher(2, owed, 50).voucher;
    assert_eq!(lane.prolongs(&next, 0), Ok(()));
    next.expires -= 1;
    let expected = first.voucher.expires;
    let refused = LaneRefusal::Expires {
        expected,
        found: expected - 1,
    };
    assert_eq!(lane.prolongs(&next, owed - 1), Err(refused));
    assert_eq!(lane.prolongs(&next, owed), Ok(()), "nothing is due");
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
            if let Some(Answered { voucher, receipt }) = lane.claimable() {
                let (voucher, amount) = (&voucher.voucher, receipt.receipt.cumulative);
                prop_assert_eq!(amount, owed);
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
