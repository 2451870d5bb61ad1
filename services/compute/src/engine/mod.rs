//! What does the work behind a gateway.

mod built_in;
mod url;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::openai::Route;

pub use built_in::{BuiltInEngine, BUILT_IN};
pub use url::{UrlEngine, UrlEngineError};

/// The longest answer that is taken as a whole, in bytes.
pub const MAX_ANSWER: usize = 32 << 20;

/// A request that is paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRequest {
    /// What is asked for.
    pub route: Route,
    /// Whether the answer is to come as a stream of server-sent events.
    pub stream: bool,
    /// A JSON object in the form of OpenAI's interface. Of a stream, the usage is asked for; `max_tokens` is what is paid for at most.
    pub body: Bytes,
}

/// What an engine answers.
pub enum EngineAnswer {
    /// A whole: an answer, or an error of the engine's.
    Whole {
        /// Status of HTTP.
        status: u16,
        /// A JSON object in the form of OpenAI's interface.
        body: Bytes,
    },
    /// Bytes of server-sent events in the form of OpenAI's interface, cut anywhere. Ends with `[DONE]`, or early with an error. Dropping it ends the work.
    Stream(BoxStream<'static, Result<Bytes, EngineError>>),
}

/// The engine does not answer as it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// It cannot be reached, or broke off.
    #[error("the engine does not answer: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the engine took longer than {seconds} s")]
    Timeout {
        /// How long was waited.
        seconds: u64,
    },
    /// What it answers is longer than is taken.
    #[error("the engine's answer has more than {most} bytes")]
    TooLong {
        /// What is taken, in bytes.
        most: usize,
    },
    /// What it answers is none of the forms that are expected.
    #[error("the engine's answer cannot be used: {0}")]
    Malformed(String),
}

/// Answers requests in the form of OpenAI's interface. Called for requests only that are paid for.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Does what can be done before the first request. Called once, before the gateway answers anybody.
    ///
    /// # Errors
    /// When it will not answer anything.
    async fn prepare(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Answers one. Dropping the future ends the work.
    ///
    /// # Errors
    /// When there is no answer, not even one that says what is wrong with the request.
    async fn answer(&self, request: EngineRequest) -> Result<EngineAnswer, EngineError>;
}
