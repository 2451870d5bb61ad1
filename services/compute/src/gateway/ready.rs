//! A request whose body was read, and what is asked of every such one.

use std::time::Duration;

use bytes::Bytes;
use noema_compute_primitives::request_hash;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{admission::Payer, bodies::BodyPermit, services::ServiceSlot};
use crate::{openai::ApiError, wire::PaidRoute};

/// How long a request waits for a free place.
const PLACE_TIME: Duration = Duration::from_secs(10);

/// A request that was read.
pub(super) struct Ready {
    pub(super) payer: Payer,
    pub(super) body: Bytes,
    pub(super) permit: BodyPermit,
}

impl Ready {
    /// Whether its voucher is for it.
    pub(super) fn binds(&self, asked: PaidRoute) -> Result<(), ApiError> {
        let hash = request_hash(asked.hashed(), &self.body)
            .map_err(|error| ApiError::invalid("route", error.to_string()))?;
        if hash != self.payer.signed.voucher.request {
            let message = "the voucher binds another request: another route, or other bytes";
            return Err(ApiError::payment("wrong_request", message));
        }
        Ok(())
    }
}

/// Whether the request names the service's model.
pub(super) fn names_model(slot: &ServiceSlot, model: &str) -> Result<(), ApiError> {
    if model.as_bytes() == &slot.model[..] {
        return Ok(());
    }
    let message = format!(
        "service {} answers with {:?}",
        slot.service,
        String::from_utf8_lossy(&slot.model)
    );
    let mut error = ApiError::not_found("model_not_found", message);
    error.param = Some("model");
    Err(error)
}

/// A place among those that the service works on.
pub(super) async fn place(slot: &ServiceSlot) -> Result<OwnedSemaphorePermit, ApiError> {
    let place = timeout(PLACE_TIME, slot.places.clone().acquire_owned()).await;
    match place {
        Ok(Ok(place)) => Ok(place),
        _ => {
            let message = "all places of the service are taken; try again";
            Err(ApiError::busy("no_place", message))
        }
    }
}
