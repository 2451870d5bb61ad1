//! Errors in the form that OpenAI's clients turn into exceptions.

use axum::{
    http::{header, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    Json,
};
use serde_json::{json, Value};

/// OpenAI's names for what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// Who asks is not known.
    Authentication,
    /// Who asks may not.
    Permission,
    /// It is not paid for.
    Payment,
    /// Too much at once.
    RateLimit,
    /// Not the client's fault.
    Server,
}

impl ErrorKind {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::Payment => "insufficient_quota",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
        }
    }
}

/// The code of an answer that is an error; an extension of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(pub &'static str);

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Of the response.
    pub status: StatusCode,
    /// Its kind.
    pub kind: ErrorKind,
    /// For programs.
    pub code: &'static str,
    /// The member of the request that is wrong.
    pub param: Option<&'static str>,
    /// For people.
    pub message: String,
}

impl ApiError {
    /// An error without a member.
    pub fn new(
        status: StatusCode,
        kind: ErrorKind,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            code,
            param: None,
            message: message.into(),
        }
    }

    /// A request that is wrong.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::InvalidRequest;
        Self::new(StatusCode::BAD_REQUEST, kind, code, message)
    }

    /// Something that is not there.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::InvalidRequest;
        Self::new(StatusCode::NOT_FOUND, kind, code, message)
    }

    /// A voucher that is no payment.
    pub fn payment(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::Payment;
        Self::new(StatusCode::PAYMENT_REQUIRED, kind, code, message)
    }

    /// Two at once, or one twice.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::InvalidRequest;
        Self::new(StatusCode::CONFLICT, kind, code, message)
    }

    /// Too much at once.
    pub fn busy(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::RateLimit;
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, code, message)
    }

    /// Something is missing here for a while.
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::Server;
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, code, message)
    }

    /// Whoever is asked behind this one fails.
    pub fn upstream(code: &'static str, message: impl Into<String>) -> Self {
        let kind = ErrorKind::Server;
        Self::new(StatusCode::BAD_GATEWAY, kind, code, message)
    }

    /// The body.
    pub fn body(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": self.kind.name(),
            "param": self.param,
            "code": self.code,
        }})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        response.extensions_mut().insert(ErrorCode(self.code));
        let waits = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::CONFLICT,
        ];
        if waits.contains(&self.status) {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, second);
        }
        response
    }
}

impl From<super::RequestError> for ApiError {
    fn from(error: super::RequestError) -> Self {
        Self {
            param: error.param,
            ..Self::invalid("invalid_request", error.message)
        }
    }
}
