//! The pallet's rules about redeeming and reporting, for the chain of the tests.

use noema_chain_client::{AccountId, BlockRef, DispatchFailure, Hash as BlockHash, SubmitError};
use noema_compute::{
    chain::{
        redemption_of, ChannelInfo, ChannelState, Claim, LaneInfo, Opening, SessionInfo,
        SessionLanes,
    },
    SignedReceipt,
};
use noema_compute_primitives::Demand;

use crate::chain::{State, TestChain, GENESIS};

pub(crate) fn failed(reason: &str) -> SubmitError {
    SubmitError::Dispatch {
        failure: DispatchFailure {
            pallet: Some("Compute".to_owned()),
            name: reason.to_owned(),
            docs: String::new(),
        },
        block: BlockRef {
            number: 1,
            hash: BlockHash([0; 32]),
        },
        tx: BlockHash([0; 32]),
    }
}

/// The pallet's rules, in its order.
fn redeem_one(state: &mut State, claim: &Claim, by_operator: bool) -> Result<u128, &'static str> {
    let (voucher, now) = (&claim.voucher.voucher, state.tick);
    let found = state
        .channels
        .iter_mut()
        .find(|(number, _)| *number == voucher.channel);
    let (_, channel) = found.ok_or("UnknownChannel")?;
    match channel.state {
        ChannelState::Open => {}
        ChannelState::Closing { until } if now < until => {}
        _ => return Err("ChannelOver"),
    }
    if by_operator && claim.demand.is_none() {
        return Err("DemandMissing");
    }
    if voucher.service != channel.service {
        return Err("WrongService");
    }
    let (key, left) = (channel.key, channel.left);
    let session = channel
        .sessions
        .iter_mut()
        .find(|one| one.session == voucher.session);
    let session = session.ok_or("UnknownSession")?;
    if now >= session.ends {
        return Err("SessionOver");
    }
    if voucher.maximum > session.limits.per_use {
        return Err("AbovePerUse");
    }
    if voucher.lane >= session.lanes {
        return Err("UnknownLane");
    }
    if now >= voucher.expires {
        return Err("VoucherExpired");
    }
    let before = session.lane(voucher.lane).copied();
    let (nonce, redeemed) = before.map_or((0, 0), |lane| (lane.nonce, lane.redeemed));
    if voucher.nonce < nonce {
        return Err("StaleVoucher");
    }
    if claim.amount > voucher.ceiling().map_err(|_| "Overflow")? {
        return Err("AboveVoucher");
    }
    let due = claim.amount.checked_sub(redeemed).filter(|due| *due > 0);
    let due = due.ok_or("NothingDue")?;
    if !claim.voucher.is_by(&session.key, &GENESIS) {
        return Err("BadSignature");
    }
    let demand = Demand::new(voucher, claim.amount).payload(&GENESIS);
    if by_operator
        && !claim
            .demand
            .is_some_and(|signature| signature.is_by(&key, &demand))
    {
        return Err("BadDemand");
    }
    let amount = due.min(left).min(session.left());
    if amount == 0 {
        return Err("ChannelEmpty");
    }
    session.spent += amount;
    let lane = LaneInfo {
        lane: voucher.lane,
        nonce: voucher.nonce,
        maximum: voucher.maximum,
        redeemed: redeemed + amount,
        at: now,
        punished: before.map_or(0, |lane| lane.punished),
    };
    session.redeemed.retain(|one| one.lane != voucher.lane);
    session.redeemed.push(lane);
    channel.left -= amount;
    channel.redeemed += amount;
    let provider = channel.provider;
    match state.paid.iter_mut().find(|(who, _)| *who == provider) {
        Some((_, paid)) => *paid += amount,
        None => state.paid.push((provider, amount)),
    }
    Ok(amount)
}

impl TestChain {
    pub(crate) fn open_now(&self, payer: AccountId, opening: Opening) -> Result<(), SubmitError> {
        self.change(|state| {
            let info = state
                .services
                .iter()
                .find(|info| info.service == opening.service);
            let info = info.ok_or_else(|| failed("UnknownService"))?;
            let opened = ChannelInfo {
                payer,
                provider: info.provider,
                service: opening.service,
                key: info.key,
                left: opening.cap,
                redeemed: 0,
                state: ChannelState::Open,
                sessions: vec![SessionInfo {
                    session: 0,
                    key: opening.grant.key,
                    limits: opening.grant.limits,
                    spent: 0,
                    ends: opening.grant.expires,
                    revoked: false,
                    lanes: opening.lanes,
                    redeemed: Vec::new(),
                }],
            };
            let number = 100 + state.channels.len() as u64;
            state.channels.push((number, opened));
            Ok(())
        })
    }

    pub(crate) fn redeem_now(
        &self,
        claims: &[Claim],
        by_operator: bool,
    ) -> Result<(), SubmitError> {
        self.change(|state| {
            let mut any = false;
            for claim in claims {
                match redeem_one(state, claim, by_operator) {
                    Ok(_) => any = true,
                    Err(reason) => state.refused.push(reason.to_owned()),
                }
            }
            state.redemptions.push(claims.len() as u32);
            any.then_some(()).ok_or_else(|| failed("ClaimsRefused"))
        })
    }

    pub(crate) fn report_now(&self, evidence: &SignedReceipt) -> Result<(), SubmitError> {
        self.change(|state| {
            let receipt = &evidence.receipt;
            let found = state
                .channels
                .iter_mut()
                .find(|(number, _)| *number == receipt.channel);
            let (_, channel) = found.ok_or_else(|| failed("UnknownChannel"))?;
            if !evidence.is_by(&channel.key, &GENESIS) {
                return Err(failed("BadSignature"));
            }
            let session = channel
                .sessions
                .iter_mut()
                .find(|one| one.session == receipt.session);
            let lane = session
                .and_then(|session| {
                    session
                        .redeemed
                        .iter_mut()
                        .find(|one| one.lane == receipt.lane)
                })
                .ok_or_else(|| failed("UnknownLane"))?;
            let redemption = redemption_of(lane);
            let excess = redemption.excess(receipt.nonce, receipt.cumulative);
            let excess = excess.filter(|excess| *excess > lane.punished);
            let excess = excess.ok_or_else(|| failed("NoExcess"))?;
            lane.punished = excess;
            state
                .reports
                .push((receipt.channel, receipt.session, receipt.lane, excess));
            Ok(())
        })
    }
}
