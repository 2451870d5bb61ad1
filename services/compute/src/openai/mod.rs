//! The parts of OpenAI's interface that are read here: <https://platform.openai.com/docs/api-reference>. Everything else is passed on as it is.

mod error;
mod members;
mod request;
mod usage;

pub use error::{ApiError, ErrorKind};
pub use request::{Limits, ParsedRequest, RequestError, Route, MAX_CHOICES};
pub use usage::{usage_of, Piece};
