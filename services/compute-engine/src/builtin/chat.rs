//! An answer while it is made.

use noema_language_model::wire::Event;

use super::{
    response::{finish_reason, Usage},
    ApiError,
};
use crate::job::{JobEvent, Outcome, Running};

/// What comes of a conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ChatEvent {
    /// The answer goes on.
    Piece {
        /// How: never empty.
        text: String,
        /// What was used up to here: what is owed if nobody wants more.
        usage: Usage,
    },
    /// The answer is complete. The last event.
    End {
        /// `stop` or `length`.
        finish_reason: &'static str,
        /// What was used.
        usage: Usage,
    },
}

/// An answer while it is made. Dropping it ends the work.
pub struct ChatStream {
    events: Events,
    prompt_tokens: u32,
}

impl ChatStream {
    /// Waits until the prompt is accepted, so that a request that is refused is an error and no stream.
    pub(super) async fn begin(running: Running) -> Result<Self, ApiError> {
        let mut events = Events::new(running);
        match events.next().await? {
            Event::Begin { prompt_tokens } => Ok(Self {
                events,
                prompt_tokens,
            }),
            Event::Refused(why) => Err(ApiError::prompt("messages", why)),
            other => Err(unexpected(&other)),
        }
    }

    /// Tokens of the conversation.
    pub fn prompt_tokens(&self) -> u32 {
        self.prompt_tokens
    }

    /// The next event. After [`ChatEvent::End`] or an error it must not be asked again: it says that the answer ended too early.
    pub async fn next(&mut self) -> Result<ChatEvent, ApiError> {
        match self.events.next().await? {
            Event::Piece { tokens, text } => Ok(ChatEvent::Piece {
                text,
                usage: Usage::of(self.prompt_tokens, tokens),
            }),
            Event::End(generation) => Ok(ChatEvent::End {
                finish_reason: finish_reason(generation.reason),
                usage: Usage::of(generation.prompt_tokens, generation.completion_tokens),
            }),
            other => Err(unexpected(&other)),
        }
    }
}

pub(super) fn unexpected(event: &Event) -> ApiError {
    ApiError::server(format!(
        "the model's job said what does not belong here: {event:?}"
    ))
}

/// The events in the output of the model's job.
pub(super) struct Events {
    running: Running,
    held: Vec<u8>,
    ended: bool,
}

impl Events {
    pub(super) fn new(running: Running) -> Self {
        Self {
            running,
            held: Vec::new(),
            ended: false,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Event, ApiError> {
        loop {
            let event = Event::take(&mut self.held)
                .map_err(|_| ApiError::server("the model's job said what is no event".into()))?;
            if let Some(event) = event {
                return Ok(event);
            }
            if self.ended {
                return Err(ApiError::server(
                    "the model's answer ended too early".into(),
                ));
            }
            match self.running.next().await {
                JobEvent::Output(bytes) => self.held.extend_from_slice(&bytes),
                JobEvent::Progress { .. } => {}
                JobEvent::Ended(report) => {
                    self.ended = true;
                    let outcome = report?.outcome;
                    if outcome != Outcome::Completed {
                        return Err(ApiError::outcome(&outcome));
                    }
                }
            }
        }
    }
}
