//! Claims that are redeemed, and receipts that are held against whoever redeemed too much.

use std::path::Path;

use noema_chain_client::{
    compute::{Claim, SignedReceipt},
    ChannelInfo, ComputeCall,
};
use noema_compute_primitives::Redemption;
use serde_json::{json, value::RawValue, Value};

use super::{
    compute::{begin, submit, Done},
    compute_channels,
};
use crate::{
    amount::Amount,
    args::compute::Redeem,
    failure::Failure,
    keyfile,
    output::Fields,
    session::{number, Session},
};

pub(super) async fn redeem(session: &Session, redeem: &Redeem) -> Result<(), Failure> {
    let mut claims = Vec::new();
    for path in &redeem.claims {
        claims.extend(read_claims(path)?);
    }
    let (submitter, state) = begin(session).await?;
    let most = state.compute_limits()?.max_claims;
    if claims.is_empty() || claims.len() > most as usize {
        return Err(Failure::usage(format!(
            "expected 1 to {most} claims, found {}: redeem some at a time",
            claims.len()
        )));
    }
    if let Some(path) = &redeem.service_key {
        let (key, genesis) = (keyfile::read(path)?, submitter.client().genesis_hash());
        for claim in claims.iter_mut().filter(|claim| claim.demand.is_none()) {
            *claim = claim.demanded(&key, &genesis.0);
        }
    }
    let call = ComputeCall::Redeem { claims };
    let done = submit(session, submitter, call, "redeem").await?;
    let (text, json) = redeemed(&done);
    session.output.answer(&done.answer(text, json))
}

/// A file with a claim, or with a list of them.
fn read_claims(path: &Path) -> Result<Vec<Claim>, Failure> {
    let text = read(path)?;
    let bad = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
    let list: Vec<Box<RawValue>> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?,
        false => {
            return Ok(vec![
                Claim::from_json(&text).map_err(|e| bad(e.to_string()))?
            ])
        }
    };
    list.iter()
        .enumerate()
        .map(|(place, claim)| {
            Claim::from_json(claim.get()).map_err(|e| bad(format!("claim {place}: {e}")))
        })
        .collect()
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))
}

/// What was paid, and what was refused and why.
fn redeemed(done: &Done) -> (Fields, Value) {
    let (mut amount, mut cut) = (0_u128, 0_u128);
    let (mut paid, mut refused) = (Vec::new(), Vec::new());
    let mut text = Fields::new();
    for event in &done.done.events {
        let field = |name: &str| event.fields.get(name);
        let units = |name: &str| field(name).and_then(number).unwrap_or(0);
        if event.is("Compute", "Redeemed") {
            amount = amount.saturating_add(units("amount"));
            cut = cut.saturating_add(units("cut"));
            paid.push(json!({
                "channel": field("channel"),
                "session": field("session"),
                "lane": field("lane"),
                "nonce": field("nonce"),
                "amount": units("amount").to_string(),
                "cut": units("cut").to_string(),
                "redeemed": units("redeemed").to_string(),
            }));
        } else if event.is("Compute", "ClaimRefused") {
            let why = field("error").map(|error| done.state.explain(error));
            let index = units("index");
            let said = why.as_ref().map_or_else(String::new, ToString::to_string);
            text = text.add(format!("claim {index} REFUSED"), said);
            refused.push(json!({
                "index": field("index"),
                "channel": field("channel"),
                "error": why.map(|why| why.name),
            }));
        }
    }
    let text = text
        .add("claims paid", paid.len())
        .add("redeemed", Amount(amount))
        .add("protocol's cut", Amount(cut))
        .add("received", Amount(amount.saturating_sub(cut)));
    let json = json!({
        "redeemed": amount.to_string(),
        "cut": cut.to_string(),
        "received": amount.saturating_sub(cut).to_string(),
        "claims": paid,
        "refused": refused,
    });
    (text, json)
}

pub(super) async fn report(session: &Session, path: &Path) -> Result<(), Failure> {
    let text = read(path)?;
    let receipt = SignedReceipt::from_json(&text)
        .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    let (submitter, state) = begin(session).await?;
    let info = compute_channels::find(&state, receipt.receipt.channel).await?;
    let genesis = submitter.client().genesis_hash();
    if !receipt.is_by(&info.key, &genesis.0) {
        return Err(Failure::new(
            "bad_signature",
            format!(
                "the receipt is not signed by {}, the key of channel {} on this chain",
                info.key, receipt.receipt.channel
            ),
        ));
    }
    let excess = excess(&info, &receipt)?;
    session.output.note(format!(
        "the receipt shows that {} too much was redeemed",
        Amount(excess)
    ));
    let channel = receipt.receipt.channel;
    let call = ComputeCall::Report { receipt };
    let done = submit(session, submitter, call, "report the provider").await?;
    let told = |field| done.number("OverRedemptionProven", field).unwrap_or(0);
    let (excess, slashed, back) = (told("excess"), told("slashed"), told("to_payer"));
    let text = Fields::new()
        .add("channel", channel)
        .add("provider", info.provider)
        .add("redeemed too much", Amount(excess))
        .add("slashed", Amount(slashed))
        .add("paid to payer", Amount(back));
    let json = json!({
        "channel": channel,
        "provider": info.provider,
        "payer": info.payer,
        "excess": excess.to_string(),
        "slashed": slashed.to_string(),
        "to_payer": back.to_string(),
    });
    session.output.answer(&done.answer(text, json))
}

/// What a receipt shows against the last redemption of its lane, by the chain's rule, beyond what was punished already.
fn excess(info: &ChannelInfo, receipt: &SignedReceipt) -> Result<u128, Failure> {
    let said = &receipt.receipt;
    let nothing = |why: &str| Failure::new("nothing_proven", why.to_owned());
    let lanes = info
        .sessions
        .iter()
        .find(|session| session.session == said.session)
        .map(|session| &session.redeemed);
    let lane = lanes
        .into_iter()
        .flatten()
        .find(|lane| lane.lane == said.lane)
        .ok_or_else(|| nothing("nothing was redeemed of the receipt's lane"))?;
    let redemption = Redemption {
        nonce: lane.nonce,
        maximum: lane.maximum,
        redeemed: lane.redeemed,
    };
    let excess = redemption
        .excess(said.nonce, said.cumulative)
        .ok_or_else(|| {
            nothing("the receipt does not show that more was redeemed than the lane owes")
        })?;
    if excess <= lane.punished {
        return Err(nothing("as much as the receipt shows was punished already"));
    }
    Ok(excess)
}

#[cfg(test)]
mod tests {
    use noema_chain_client::{SessionInfo, SigningKey};
    use noema_compute_primitives::{ChannelState, LaneInfo, Price, Receipt, Usage, Voucher};
    use noema_session::Limits;

    use super::*;
    use crate::testing::who;
    use noema_chain_client::compute::{Signature, SignedVoucher};

    fn claim() -> Claim {
        let voucher = Voucher {
            channel: 1,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 2,
            paid: 0,
            maximum: 10,
            request: [3; 32],
            expires: u64::MAX,
            price: Price::Units { unit: 1 },
        };
        let key = SigningKey::dev("Alice").unwrap();
        Claim::of(SignedVoucher::sign(&key, &[0; 32], voucher), 7)
    }

    #[test]
    fn a_file_has_a_claim_or_a_list_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claims");
        // Signatures differ each time.
        let claim = claim();
        let one = claim.to_json();
        std::fs::write(&path, one.to_string()).unwrap();
        assert_eq!(read_claims(&path).unwrap(), [claim]);
        std::fs::write(&path, json!([one, one]).to_string()).unwrap();
        assert_eq!(read_claims(&path).unwrap().len(), 2);
        std::fs::write(&path, json!([one, {}]).to_string()).unwrap();
        let failure = read_claims(&path).unwrap_err();
        assert!(failure.to_string().contains("claim 1"), "{failure}");
        let failure = read_claims(&dir.path().join("none")).unwrap_err();
        assert_eq!(failure.code(), "file");
    }

    #[test]
    fn what_a_receipt_shows_is_told_before_anything_is_paid() {
        let lane = LaneInfo {
            lane: 0,
            nonce: 1,
            maximum: 100,
            redeemed: 100,
            at: 1,
            punished: 30,
        };
        let info = ChannelInfo {
            payer: who(1),
            provider: who(2),
            service: 2,
            key: who(3),
            left: 0,
            redeemed: 100,
            state: ChannelState::Open,
            sessions: vec![SessionInfo {
                session: 0,
                key: who(4),
                limits: Limits {
                    per_use: 100,
                    total: 100,
                },
                spent: 100,
                ends: u64::MAX,
                revoked: false,
                lanes: 1,
                redeemed: vec![lane],
            }],
        };
        let receipt = |lane, cumulative| {
            let receipt = Receipt {
                channel: 1,
                session: 0,
                lane,
                nonce: 1,
                service: 2,
                request: [3; 32],
                response: [4; 32],
                response_bytes: 1,
                model: Default::default(),
                usage: Usage::Units { units: 1 },
                price: Price::Units { unit: 1 },
                amount: cumulative,
                cumulative,
                time: 1,
            };
            let signature = Signature::Sr25519([0; 64]);
            SignedReceipt { receipt, signature }
        };
        assert_eq!(excess(&info, &receipt(0, 60)).unwrap(), 40);
        for (lane, cumulative) in [(0, 70), (0, 100), (1, 0)] {
            let failure = excess(&info, &receipt(lane, cumulative)).unwrap_err();
            assert_eq!(failure.code(), "nothing_proven");
        }
    }
}
