//! What is asked before any work: everything that needs no body. `docs/design/compute.md`, *Before any work*, 1 to 4.

use std::sync::Arc;

use axum::http::{header, HeaderMap, Uri};
use noema_compute_primitives::{Hash, VerificationMode};

use super::{
    directory::{Directory, Unknown},
    lanes::LaneRefusal,
    ledger::Refusal,
};
use crate::{
    chain::{ChannelInfo, ChannelSessions, ChannelState, ComputeChain, SessionInfo, Tick},
    openai::ApiError,
    wire::{PaidRoute, VOUCHER_HEADER},
    SignedVoucher,
};

/// A voucher, and what the chain says of who signed it.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    pub(crate) signed: SignedVoucher,
    pub(crate) channel: Arc<ChannelInfo>,
    pub(crate) session: SessionInfo,
}

/// Refuses a query string: no route has one, and what is hashed has none.
pub(crate) fn no_query(uri: &Uri) -> Result<(), ApiError> {
    match uri.query() {
        None => Ok(()),
        Some(_) => {
            let message = "expected no query string: it would not be part of what is paid for";
            Err(ApiError::invalid("query_string", message))
        }
    }
}

/// Refuses bodies that are encoded once more, or are no JSON.
pub(crate) fn plain_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let coded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if coded {
        let message = "expected a body without content coding";
        return Err(ApiError::invalid("content_encoding", message));
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next());
    match essence.map(str::trim) {
        Some(json) if json.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => {
            let message = "expected content-type: application/json";
            Err(ApiError::invalid("content_type", message))
        }
    }
}

/// The one voucher of a request.
pub(crate) fn voucher(headers: &HeaderMap) -> Result<SignedVoucher, ApiError> {
    let mut found = headers.get_all(VOUCHER_HEADER).iter();
    let (Some(value), None) = (found.next(), found.next()) else {
        let message = format!("expected exactly one {VOUCHER_HEADER} header: every request is paid for by a voucher of its own");
        return Err(ApiError::payment("voucher_missing", message));
    };
    SignedVoucher::from_text(value.as_bytes())
        .map_err(|error| ApiError::payment("voucher_malformed", error.to_string()))
}

/// Whose voucher it is: the channel is known, the session exists, its key signed.
pub(crate) async fn payer<C: ComputeChain>(
    directory: &Directory<C>,
    genesis: &Hash,
    signed: SignedVoucher,
    before_signature: impl FnOnce(&ChannelInfo, &SessionInfo) -> Result<(), ApiError>,
) -> Result<Payer, ApiError> {
    let voucher = &signed.voucher;
    let channel = directory.channel(voucher.channel, voucher.session).await?;
    if channel.service != voucher.service {
        let message = format!(
            "the channel pays service {}; the voucher names {}",
            channel.service, voucher.service
        );
        return Err(ApiError::payment("wrong_service", message));
    }
    let session = channel.session(voucher.session).ok_or_else(|| {
        let message = "the channel has no such session, by the finalised state of the chain";
        ApiError::payment("session_unknown", message)
    })?;
    if voucher.lane >= session.lanes {
        let message = format!("the session has {} lanes, from 0", session.lanes);
        return Err(ApiError::payment("lane_unknown", message));
    }
    before_signature(&channel, session)?;
    if !signed.is_by(&session.key, genesis) {
        let message = "the voucher is not signed by the session's key, for this chain";
        return Err(ApiError::payment("bad_signature", message));
    }
    let session = session.clone();
    Ok(Payer {
        signed,
        channel,
        session,
    })
}

/// Whether the voucher can be redeemed for long enough, and is for what is asked.
pub(crate) fn terms<C: ComputeChain>(
    directory: &Directory<C>,
    asked: PaidRoute,
    margin: Tick,
    signed: &SignedVoucher,
    channel: &ChannelInfo,
    session: &SessionInfo,
) -> Result<(), ApiError> {
    let voucher = &signed.voucher;
    let now = directory.now()?;
    let offer = directory.offer(voucher.service).ok_or_else(|| {
        let message = "the service is not offered any more";
        ApiError::not_found("service_retired", message)
    })?;
    if offer.info.descriptor.kind != asked.kind() {
        let message = format!("the service is of another kind than {}", asked.path());
        return Err(ApiError::not_found("wrong_kind", message));
    }
    if !directory.works_for(channel) {
        let message = format!(
            "the channel is for service {} and key {}, with which this gateway does not work any more",
            channel.service, channel.key
        );
        return Err(ApiError::payment("wrong_key", message));
    }
    if channel.state != ChannelState::Open {
        let message = "the channel is being closed: open another";
        return Err(ApiError::payment("channel_closing", message));
    }
    if session.revoked {
        let message = "the session is revoked: use another key";
        return Err(ApiError::payment("session_revoked", message));
    }
    let least = now.saturating_add(margin);
    for (what, ends) in [
        ("session ends", session.ends),
        ("voucher expires", voucher.expires),
    ] {
        if ends < least {
            let message = format!("the {what} at tick {ends}; expected {least} at least, since it must be redeemed before");
            return Err(ApiError::payment("too_short", message));
        }
    }
    if voucher.maximum > session.limits.per_use {
        let message = format!(
            "the voucher may cost {}; the session allows {} for a request",
            voucher.maximum, session.limits.per_use
        );
        return Err(ApiError::payment("above_per_use", message));
    }
    if !directory.accepts(&offer, &voucher.price, now) {
        let message = format!(
            "the voucher binds {:?}; the price in force is {:?}",
            voucher.price, offer.info.descriptor.price
        );
        return Err(ApiError::payment("price_changed", message));
    }
    Ok(())
}

/// The words for how answers of a service can be checked.
pub(crate) fn verification(mode: VerificationMode) -> &'static str {
    mode.label()
}

impl From<Unknown> for ApiError {
    fn from(unknown: Unknown) -> Self {
        let message = unknown.to_string();
        match unknown {
            Unknown::Channel => Self::payment("channel_unknown", message),
            Unknown::Busy => Self::unavailable("chain_busy", message),
            Unknown::Stale { .. } => Self::unavailable("chain_stale", message),
            Unknown::Chain(error) => {
                tracing::warn!(%error, "a channel cannot be asked for");
                Self::unavailable("chain_unreachable", "the gateway cannot ask the chain now")
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Lane(LaneRefusal::Busy { .. }) => Self::conflict("lane_busy", message),
            Refusal::Lane(LaneRefusal::Answered(_)) => Self::conflict("already_answered", message),
            Refusal::Lane(LaneRefusal::Nonce { .. }) => Self::conflict("wrong_nonce", message),
            Refusal::Lane(LaneRefusal::Paid { .. }) => Self::conflict("wrong_paid", message),
            Refusal::Lane(LaneRefusal::Expires { .. }) => Self::payment("expires_early", message),
            Refusal::PerUse { .. } => Self::payment("above_per_use", message),
            Refusal::Lane(LaneRefusal::Overflow) => Self::payment("overflow", message),
            Refusal::Unknown => Self::conflict("lane_lost", message),
            Refusal::Exposure { .. } => Self::payment("channel_exhausted", message),
            Refusal::Journal(error) => {
                tracing::error!(%error, "a voucher cannot be noted");
                let message = "the gateway cannot write its ledger; its operator can see why";
                Self::unavailable("ledger", message)
            }
        }
    }
}
