//! The receipt of a lane's last request, for whoever has its voucher.

use axum::extract::Request;

use super::{
    admission::{self, Payer},
    lanes::{LaneKey, LaneRefusal},
    ledger::Refusal,
    routes::App,
};
use crate::{chain::ComputeChain, openai::ApiError, SignedReceipt};

/// The receipt; a request that never came is ended by it.
pub(super) async fn last_receipt<C: ComputeChain>(
    app: &App<C>,
    request: Request,
) -> Result<SignedReceipt, ApiError> {
    admission::no_query(request.uri())?;
    let signed = admission::voucher(request.headers())?;
    let genesis = &app.core.genesis;
    let Payer {
        channel, session, ..
    } = admission::payer(&app.directory, genesis, signed, |_, _| Ok(())).await?;
    let slot = app.slot(signed.voucher.service);
    let model = match slot {
        Ok(slot) if app.core.key(&channel.key).is_some() => slot.model.clone(),
        // What was answered before the configuration changed is told, and nothing else.
        other => {
            let lane = app.core.ledger.lane(&LaneKey::of(&signed.voucher));
            return match lane.map(|lane| lane.expects(&signed.voucher)) {
                Some(Err(LaneRefusal::Answered(receipt))) => Ok(*receipt),
                _ => Err(other.err().unwrap_or_else(|| {
                    let message =
                        "the channel is for a key with which this gateway does not work any more";
                    ApiError::payment("wrong_key", message)
                })),
            };
        }
    };
    let core = app.core.clone();
    // Apart from the connection: whoever hangs up does not leave the lane half ended.
    let ending = app.tasks.spawn(async move {
        match core.ledger.begin_to_end(signed, &session) {
            Ok(()) => {}
            Err(Refusal::Lane(LaneRefusal::Answered(receipt))) => return Ok(*receipt),
            Err(refusal) => return Err(refusal),
        }
        let receipt = core.nothing(&signed, &channel.key, &model);
        core.ledger.end(receipt.clone()).await?;
        Ok(receipt)
    });
    match ending.await {
        Ok(ended) => ended.map_err(ApiError::from),
        Err(_) => Err(ApiError::unavailable("ledger", "the request broke off")),
    }
}
