//! What is wrong with a request, in the form of OpenAI's interface.

use noema_language_model::PromptError;
use serde::Serialize;
use serde_json::json;

use crate::job::{Fault, Outcome, StartError};

/// The kinds of errors that clients tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request asks for what there is not. Status 400, of an unknown model 404, of too large a body 413.
    InvalidRequestError,
    /// Too much is asked at the same time. Status 429.
    RateLimitError,
    /// Something here failed. Status 500.
    ServerError,
}

/// An error of the engine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Status of HTTP.
    #[serde(skip)]
    pub status: u16,
    /// What was expected, what was found, what to do.
    pub message: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: ErrorKind,
    /// Which member of the request is wrong.
    pub param: Option<String>,
    /// A word for programs.
    pub code: Option<&'static str>,
}

impl ApiError {
    pub(super) fn invalid(param: &str, message: String) -> Self {
        Self {
            status: 400,
            message,
            kind: ErrorKind::InvalidRequestError,
            param: Some(param.into()),
            code: Some("invalid_value"),
        }
    }

    pub(super) fn unsupported(param: &str, message: &str) -> Self {
        Self {
            code: Some("unsupported_value"),
            ..Self::invalid(param, format!("{message} is not supported by this model"))
        }
    }

    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        Self {
            param: None,
            code: None,
            ..Self::invalid(
                "",
                format!("the body is not a request of this route: {error}"),
            )
        }
    }

    pub(super) fn too_large(found: usize, most: usize) -> Self {
        Self {
            status: 413,
            param: None,
            code: Some("request_too_large"),
            ..Self::invalid(
                "",
                format!("the body has {found} bytes, and a request has at most {most}"),
            )
        }
    }

    pub(super) fn too_many_tokens(param: &str, most: usize) -> Self {
        Self {
            code: Some("max_tokens_per_request"),
            ..Self::invalid(
                param,
                format!("all texts of a request have at most {most} tokens together, and these have more; send fewer at a time"),
            )
        }
    }

    pub(super) fn unknown_model(asked: &str, known: &str) -> Self {
        let asked: String = asked.chars().take(80).collect();
        Self {
            status: 404,
            code: Some("model_not_found"),
            ..Self::invalid(
                "model",
                format!("there is no model {asked:?} here, but `{known}`"),
            )
        }
    }

    pub(super) fn prompt(param: &str, error: PromptError) -> Self {
        match error {
            PromptError::Empty => Self::invalid(param, "expected some text, found none".into()),
            PromptError::TooLong { tokens, context } => Self {
                code: Some("context_length_exceeded"),
                ..Self::invalid(
                    param,
                    match tokens {
                        0 => format!("this model's context has {context} tokens, and the text is far longer; shorten it"),
                        _ => format!("this model's context has {context} tokens, and the text has {tokens}; shorten it"),
                    },
                )
            },
        }
    }

    pub(super) fn server(message: String) -> Self {
        Self {
            status: 500,
            message,
            kind: ErrorKind::ServerError,
            param: None,
            code: None,
        }
    }

    /// The model's job ended otherwise than it can: the files of this program do not fit each other.
    pub(super) fn outcome(outcome: &Outcome) -> Self {
        Self::server(format!(
            "the model's job ended without an answer: {outcome:?}"
        ))
    }

    /// The error's JSON, as a body.
    pub fn body(&self) -> Vec<u8> {
        json!({ "error": self }).to_string().into_bytes()
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Busy { .. } => Self {
                status: 429,
                message: error.to_string(),
                kind: ErrorKind::RateLimitError,
                param: None,
                code: Some("busy"),
            },
            _ => Self::server(error.to_string()),
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::server(fault.to_string())
    }
}
