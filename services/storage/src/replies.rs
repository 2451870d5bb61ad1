//! Error answers of the daemon.

use axum::{
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};

use crate::{
    client::{ErrorBody, ErrorDetail},
    store::StoreError,
    token::TokenError,
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        if error.is_disk_full() {
            // Paths are for the operator's log.
            let message = match error {
                StoreError::Io { .. } => "the disk is full".to_owned(),
                _ => message,
            };
            return Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", message);
        }
        match error {
            StoreError::UnknownFile(_) => {
                Refusal::new(StatusCode::NOT_FOUND, "unknown_file", message)
            }
            StoreError::Deleting(_) => {
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "deleting", message)
            }
            StoreError::Damaged { .. } => {
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "damaged", message)
            }
            StoreError::Closed => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "closing", message),
            _ => {
                // Paths and causes are for the operator's log, not for the network.
                tracing::error!(error = %message, "the store fails");
                let message = "the provider's store fails; its operator can see why";
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "store", message)
            }
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        let (status, code) = match &error {
            TokenError::Malformed(_) | TokenError::Version(_) => {
                (StatusCode::UNAUTHORIZED, "bad_token")
            }
            TokenError::Expired { .. } => (StatusCode::UNAUTHORIZED, "token_expired"),
            _ => (StatusCode::FORBIDDEN, "token_refused"),
        };
        let message = error.to_string();
        Refusal::new(status, code, message)
    }
}
