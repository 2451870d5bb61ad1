//! The parts of OpenAI's interface that are read here: <https://platform.openai.com/docs/api-reference>; and which others are passed on as they are.

mod error;
mod members;
mod passes;
mod request;
mod usage;

pub use error::{ApiError, ErrorCode, ErrorKind};
pub use passes::{Passes, MAX_INPUTS};
pub use request::{Limits, ParsedRequest, RequestError, Route, MAX_CHOICES};
pub use usage::{usage_of, usage_piece, with_usage, Piece};
