//! What receipts prove.

use super::{Balance, Error, Key, Model, Outcome, Receipt};

impl Model {
    /// Holds a provider's receipt against what it redeemed. `signer` is who signed the receipt as it stands here.
    pub fn report(&mut self, receipt: &Receipt, signer: Option<Key>) -> Result<Outcome, Error> {
        let parameters = self.parameters;
        let now = self.now;
        let channel = self.channel_mut(receipt.channel)?;
        let (payer, provider, key) = (channel.payer, channel.provider, channel.key);
        let lane = channel
            .sessions
            .get_mut(&receipt.session)
            .and_then(|session| session.paid.get_mut(&receipt.lane))
            .ok_or(Error::NothingRedeemed)?;
        if now >= lane.at + parameters.evidence_window {
            return Err(Error::EvidenceTooLate);
        }
        // The last receipt, and one maximum more if the redeemed request is the one after it.
        let allowed = if receipt.nonce >= lane.nonce {
            receipt.cumulative
        } else if receipt.nonce + 1 == lane.nonce {
            receipt.cumulative + lane.maximum
        } else {
            return Err(Error::NotTooMuch);
        };
        let excess = lane.paid.saturating_sub(allowed).min(lane.maximum);
        if excess == 0 {
            return Err(Error::NotTooMuch);
        }
        if excess <= lane.punished {
            return Err(Error::AlreadyPunished);
        }
        if signer != Some(key) {
            return Err(Error::BadSignature);
        }
        let price = |excess: Balance| match excess {
            0 => 0,
            _ => (excess * parameters.slash_factor).max(parameters.min_slash),
        };
        let amount = price(excess) - price(lane.punished);
        lane.punished = excess;
        let record = self
            .providers
            .get_mut(&provider)
            .ok_or(Error::ProviderInactive)?;
        let slashed = amount.min(record.bond);
        record.bond -= slashed;
        record.active = false;
        let to_payer = slashed * parameters.payer_percent / 100;
        let paid = self.bank.pay(self.vault, payer, to_payer).is_ok()
            && self
                .bank
                .pay(self.vault, self.fund, slashed - to_payer)
                .is_ok();
        assert!(paid, "the vault has all bonds");
        Ok(Outcome {
            excess,
            slashed,
            to_payer,
        })
    }
}
