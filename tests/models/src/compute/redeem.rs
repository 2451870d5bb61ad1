//! What vouchers are worth.

use super::{Account, Balance, Claim, Error, Model, State};

impl Model {
    /// Redeems one claim. Returns what was paid.
    pub fn redeem(&mut self, who: Account, claim: &Claim) -> Result<Balance, Error> {
        let voucher = claim.voucher;
        let channel = self.channel(voucher.channel)?;
        if !self.acts_for(who, channel.provider) {
            return Err(Error::NotYourClaim);
        }
        match channel.state {
            State::Open => {}
            State::Closing(until) if self.now < until => {}
            State::Closing(_) | State::Settled(_) => return Err(Error::ChannelOver),
        }
        // Whoever only sends transactions does not say what is owed.
        let by_itself = who == channel.provider;
        if !by_itself && claim.demand.is_none() {
            return Err(Error::DemandMissing);
        }
        if voucher.service != channel.service {
            return Err(Error::WrongService);
        }
        let session = channel
            .sessions
            .get(&voucher.session)
            .ok_or(Error::UnknownSession)?;
        if self.now >= session.ends() {
            return Err(Error::SessionOver);
        }
        if voucher.maximum > session.grant.per_use {
            return Err(Error::AbovePerUse);
        }
        if voucher.lane >= session.lanes {
            return Err(Error::UnknownLane);
        }
        if self.now >= voucher.expires {
            return Err(Error::VoucherExpired);
        }
        let before = session.paid.get(&voucher.lane).copied().unwrap_or_default();
        if voucher.nonce < before.nonce {
            return Err(Error::StaleVoucher);
        }
        if claim.amount > voucher.paid + voucher.maximum {
            return Err(Error::AboveVoucher);
        }
        if claim.amount <= before.paid {
            return Err(Error::NothingDue);
        }
        let key_left = session.grant.total - session.spent();
        if key_left == 0 {
            return Err(Error::SessionSpent);
        }
        if channel.left() == 0 {
            return Err(Error::ChannelEmpty);
        }
        if claim.signer != Some(session.grant.key) {
            return Err(Error::BadSignature);
        }
        if !by_itself && claim.demand != Some(channel.key) {
            return Err(Error::BadDemand);
        }
        let amount = (claim.amount - before.paid)
            .min(channel.left())
            .min(key_left);
        let (payer, provider, now) = (channel.payer, channel.provider, self.now);
        let session = self
            .channel_mut(voucher.channel)?
            .sessions
            .get_mut(&voucher.session)
            .ok_or(Error::UnknownSession)?;
        let lane = session.paid.entry(voucher.lane).or_default();
        // What the payer has acknowledged since is no excess any more.
        lane.punished = lane.punished.min(lane.paid.saturating_sub(voucher.paid));
        lane.nonce = voucher.nonce;
        lane.maximum = voucher.maximum;
        lane.paid += amount;
        lane.at = now;
        *self.purses.entry(payer).or_default() -= amount;
        *self.pairs.entry((payer, provider)).or_default() += amount;
        let cut = (amount * self.parameters.cut_percent).div_ceil(100);
        let paid = self.bank.pay_held(payer, provider, amount - cut)
            && self.bank.pay_held(payer, self.treasury, cut);
        assert!(paid, "providers and the treasury have accounts");
        Ok(amount)
    }
}
