//! What goes into the model's job and comes out of it, as bytes.
//!
//! All numbers little-endian, a text is its length as `u32` and its bytes in UTF-8.
//!
//! A **request** is a version byte (1), then
//! - `0`: a chat. `u32` most tokens, `f32` temperature, `f32` top_p, `u64` seed, `u8` stops, each a text, `u16` turns, each a role byte
//!   (0 system, 1 user, 2 assistant) and a text;
//! - `1`: embeddings. `u16` texts, each a text.
//!
//! The answer is a sequence of **events**, each a tag byte and
//! - `0`: a piece of an answer. `u32` tokens of the answer up to its end, and a text;
//! - `1`: a chat's end. `u8` reason (0 stop, 1 length), `u32` tokens of the prompt, `u32` tokens of the answer. The last event;
//! - `2`: an embedding. `u32` tokens, `u16` numbers, each an `f32`. One for each text, in their order;
//! - `3`: the request is refused. `u8` why (0 empty, 1 too long), `u32` tokens, `u32` tokens that the context has. The last event;
//! - `4`: a chat's begin. `u32` tokens of the prompt.

use alloc::{string::String, vec::Vec};

use crate::{
    chat::{PromptError, Role, Turn},
    generate::{FinishReason, Generation, Options},
};

mod read;
#[cfg(test)]
mod tests;

use read::{Incomplete, Reader};

const VERSION: u8 = 1;

/// The most texts of one request for embeddings.
pub const MAX_TEXTS: usize = 256;
/// The most turns of one request for an answer.
pub const MAX_TURNS: usize = 1_024;

/// What is asked of the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// An answer to a conversation.
    Chat {
        /// The conversation.
        turns: Vec<Turn>,
        /// How to answer.
        options: Options,
    },
    /// Embeddings of texts.
    Embed(Vec<String>),
}

/// What the model says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The prompt was accepted.
    Begin {
        /// Tokens of it.
        prompt_tokens: u32,
    },
    /// A piece of the answer.
    Piece {
        /// Tokens of the answer up to the piece's end.
        tokens: u32,
        /// What it says.
        text: String,
    },
    /// The answer is complete.
    End(Generation),
    /// An embedding, and the tokens that were read for it.
    Embedding {
        /// Tokens read.
        tokens: u32,
        /// The numbers.
        vector: Vec<f32>,
    },
    /// The request cannot be answered.
    Refused(PromptError),
}

/// The bytes are no request, or no event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

impl Request {
    /// The request's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = [VERSION].to_vec();
        match self {
            Self::Chat { turns, options } => {
                out.push(0);
                out.extend(options.max_tokens.to_le_bytes());
                out.extend(options.temperature.to_le_bytes());
                out.extend(options.top_p.to_le_bytes());
                out.extend(options.seed.to_le_bytes());
                out.push(options.stops.len() as u8);
                for stop in &options.stops {
                    put_text(&mut out, stop);
                }
                out.extend((turns.len() as u16).to_le_bytes());
                for turn in turns {
                    out.push(match turn.role {
                        Role::System => 0,
                        Role::User => 1,
                        Role::Assistant => 2,
                    });
                    put_text(&mut out, &turn.text);
                }
            }
            Self::Embed(texts) => {
                out.push(1);
                out.extend((texts.len() as u16).to_le_bytes());
                for text in texts {
                    put_text(&mut out, text);
                }
            }
        }
        out
    }

    /// Reads a request. Options must lie within their bounds, and nothing may follow.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        if reader.u8()? != VERSION {
            return Err(Malformed);
        }
        let request = match reader.u8()? {
            0 => {
                let [max_tokens, temperature, top_p] =
                    [reader.u32()?, reader.u32()?, reader.u32()?];
                let mut options = Options {
                    max_tokens,
                    temperature: f32::from_bits(temperature),
                    top_p: f32::from_bits(top_p),
                    seed: reader.u64()?,
                    stops: Vec::new(),
                };
                for _ in 0..reader.u8()? {
                    options.stops.push(reader.text()?);
                }
                options.check().map_err(|_| Malformed)?;
                let mut turns = Vec::new();
                for _ in 0..reader.count(MAX_TURNS)? {
                    let role = match reader.u8()? {
                        0 => Role::System,
                        1 => Role::User,
                        2 => Role::Assistant,
                        _ => return Err(Malformed),
                    };
                    turns.push(Turn {
                        role,
                        text: reader.text()?,
                    });
                }
                Self::Chat { turns, options }
            }
            1 => Self::Embed(
                (0..reader.count(MAX_TEXTS)?)
                    .map(|_| reader.text())
                    .collect::<Result<_, _>>()?,
            ),
            _ => return Err(Malformed),
        };
        reader.0.is_empty().then_some(request).ok_or(Malformed)
    }
}

impl Event {
    /// The event's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Begin { prompt_tokens } => {
                out.push(4);
                out.extend(prompt_tokens.to_le_bytes());
            }
            Self::Piece { tokens, text } => {
                out.push(0);
                out.extend(tokens.to_le_bytes());
                put_text(&mut out, text);
            }
            Self::End(generation) => {
                out.push(1);
                out.push(match generation.reason {
                    FinishReason::Stop => 0,
                    FinishReason::Length | FinishReason::Cancelled => 1,
                });
                out.extend(generation.prompt_tokens.to_le_bytes());
                out.extend(generation.completion_tokens.to_le_bytes());
            }
            Self::Embedding { tokens, vector } => {
                out.push(2);
                out.extend(tokens.to_le_bytes());
                out.extend((vector.len() as u16).to_le_bytes());
                for x in vector {
                    out.extend(x.to_le_bytes());
                }
            }
            Self::Refused(why) => {
                let (tag, tokens, context) = match *why {
                    PromptError::Empty => (0, 0, 0),
                    PromptError::TooLong { tokens, context } => (1, tokens as u32, context as u32),
                };
                out.extend([3, tag]);
                out.extend(tokens.to_le_bytes());
                out.extend(context.to_le_bytes());
            }
        }
        out
    }

    /// Takes the next event from the front of `bytes`; `None` as long as it is not complete.
    pub fn take(bytes: &mut Vec<u8>) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader(bytes);
        match reader.event() {
            Ok(event) => {
                let taken = bytes.len() - reader.0.len();
                bytes.drain(..taken);
                Ok(Some(event))
            }
            Err(Incomplete::More) => Ok(None),
            Err(Incomplete::Never) => Err(Malformed),
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}
