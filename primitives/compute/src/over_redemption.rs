//! When a provider has redeemed more than it says itself that it is owed.

/// The last redemption of a lane, as the chain keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Nonce of the voucher that was redeemed.
    pub nonce: u64,
    /// Maximum of the voucher.
    pub maximum: u128,
    /// Cumulative amount that the lane has paid.
    pub redeemed: u128,
}

impl Redemption {
    /// The most that the provider may have redeemed, given a receipt of its own for the request `nonce` of the lane, which says that the lane owes `cumulative`:
    ///
    /// - with a receipt for the redeemed request or a later one, what it says: amounts of later requests are not smaller;
    /// - with the receipt of the request before, what it says and one maximum more: an answer may be on its way;
    /// - with an older one, nothing is said: None.
    pub const fn allowance(&self, nonce: u64, cumulative: u128) -> Option<u128> {
        if nonce >= self.nonce {
            Some(cumulative)
        } else if nonce.saturating_add(1) == self.nonce {
            Some(cumulative.saturating_add(self.maximum))
        } else {
            None
        }
    }

    /// By how much the redemption is above what such a receipt allows; at most one maximum, since what was owed before, the buyer acknowledged with its own
    /// signature. None when it is not above.
    pub fn excess(&self, nonce: u64, cumulative: u128) -> Option<u128> {
        let above = self
            .redeemed
            .checked_sub(self.allowance(nonce, cumulative)?)?;
        Some(above.min(self.maximum)).filter(|excess| *excess > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of request 5, for which up to 10 were promised on top of 20.
    const LAST: Redemption = Redemption {
        nonce: 5,
        maximum: 10,
        redeemed: 27,
    };

    #[test]
    fn excess_is_what_the_receipt_of_the_same_request_does_not_cover() {
        assert_eq!(LAST.excess(5, 27), None);
        assert_eq!(LAST.excess(5, 28), None);
        assert_eq!(LAST.excess(5, 26), Some(1));
        assert_eq!(LAST.excess(6, 26), Some(1));
    }

    #[test]
    fn excess_leaves_one_maximum_after_the_receipt_before() {
        assert_eq!(LAST.excess(4, 17), None);
        assert_eq!(LAST.excess(4, 16), Some(1));
    }

    #[test]
    fn excess_is_never_shown_by_an_older_receipt() {
        assert_eq!(LAST.excess(3, 0), None);
        assert_eq!(LAST.excess(0, 0), None);
    }

    #[test]
    fn excess_is_at_most_one_maximum() {
        assert_eq!(LAST.excess(9, 0), Some(10));
    }

    proptest! {
        /// A provider that redeems with the voucher of its last receipt, what that says, is never found guilty by any of its receipts.
        #[test]
        fn an_honest_provider_is_safe(
            requests in prop::collection::vec((0..50u128, 0..50u128), 1..20),
            redeem_at in any::<prop::sample::Index>(),
        ) {
            let mut receipts = Vec::new();
            let mut owed = 0;
            for (cost, maximum) in requests {
                owed += cost.min(maximum);
                receipts.push((receipts.len() as u64 + 1, maximum, owed));
            }
            let (nonce, maximum, redeemed) = receipts[redeem_at.index(receipts.len())];
            let redemption = Redemption { nonce, maximum, redeemed };
            for (nonce, _, cumulative) in receipts {
                prop_assert_eq!(redemption.excess(nonce, cumulative), None);
            }
        }

        /// One that redeems a unit more than its last receipt says is found out by that receipt.
        #[test]
        fn one_unit_more_is_proven(owed in 0..1_000u128, maximum in 1..1_000u128, more in 1..1_000u128) {
            let more = more.min(maximum);
            let redemption = Redemption { nonce: 3, maximum, redeemed: owed + more };
            prop_assert_eq!(redemption.excess(3, owed), Some(more));
        }
    }
}
