//! Error answers.

use axum::{
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};

use crate::{
    chain::{LookupError, PlanError},
    store::StoreError,
    wire::{ErrorBody, ErrorDetail},
};

/// A request that is not fulfilled: status, code for programs, words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// Not now, but soon.
    pub(crate) fn busy(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }

    /// Something is wrong here that is none of the peer's business.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request fails");
        let message = "this daemon fails; its operator can see why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self {
            status,
            code,
            message,
        } = self;
        let body = ErrorBody {
            error: ErrorDetail {
                code: code.to_owned(),
                message,
            },
        };
        let mut response = (status, Json(body)).into_response();
        if matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_EARLY | StatusCode::CONFLICT
        ) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<LookupError> for Refusal {
    fn from(error: LookupError) -> Self {
        let message = error.to_string();
        match error {
            LookupError::UnknownSubmission { .. } => {
                Refusal::new(StatusCode::NOT_FOUND, "unknown_submission", message)
            }
            LookupError::Plan(PlanError::AwaitsSeed { .. }) => {
                Refusal::new(StatusCode::TOO_EARLY, "awaits_seed", message)
            }
            LookupError::Plan(PlanError::SeedLost { .. }) => {
                Refusal::new(StatusCode::GONE, "seed_lost", message)
            }
            LookupError::Chain(error) => {
                tracing::warn!(%error, "the chain cannot be read");
                Refusal::busy("no_chain", "the chain cannot be read at present")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        if error.is_full() {
            // Paths are for the operator's log.
            let message = match error {
                StoreError::Io { .. } => "the disk is full".to_owned(),
                _ => message,
            };
            return Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "full", message);
        }
        match error {
            StoreError::UnderWay { .. } => Refusal::new(StatusCode::CONFLICT, "under_way", message),
            StoreError::Held { .. } => Refusal::new(StatusCode::CONFLICT, "held", message),
            StoreError::NotHeld { .. } => Refusal::new(StatusCode::NOT_FOUND, "not_held", message),
            StoreError::Closing => Refusal::busy("closing", message),
            error if error.is_damage() => {
                tracing::error!(%error, "what was signed for cannot be shown");
                Refusal::busy("damaged", "these rows are damaged on the disk")
            }
            error => Self::internal(&error),
        }
    }
}
