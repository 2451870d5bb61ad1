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
                let [max_tokens, temperature, top_p] = [reader.u32()?, reader.u32()?, reader.u32()?];
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
            1 => Self::Embed((0..reader.count(MAX_TEXTS)?).map(|_| reader.text()).collect::<Result<_, _>>()?),
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

/// Why there is no event: more bytes may make one, or none can.
enum Incomplete {
    More,
    Never,
}

impl From<Malformed> for Incomplete {
    fn from(Malformed: Malformed) -> Self {
        Self::More
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    fn count(&mut self, most: usize) -> Result<usize, Malformed> {
        let count = usize::from(self.u16()?);
        (count <= most).then_some(count).ok_or(Malformed)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()?;
        self.take(usize::try_from(len).map_err(|_| Malformed)?)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        core::str::from_utf8(self.bytes()?).map(Into::into).map_err(|_| Malformed)
    }

    fn event(&mut self) -> Result<Event, Incomplete> {
        Ok(match self.u8()? {
            0 => {
                let tokens = self.u32()?;
                let bytes = self.bytes()?;
                let text = core::str::from_utf8(bytes).map_err(|_| Incomplete::Never)?;
                Event::Piece {
                    tokens,
                    text: text.into(),
                }
            }
            1 => {
                let reason = match self.u8()? {
                    0 => FinishReason::Stop,
                    1 => FinishReason::Length,
                    _ => return Err(Incomplete::Never),
                };
                Event::End(Generation {
                    reason,
                    prompt_tokens: self.u32()?,
                    completion_tokens: self.u32()?,
                })
            }
            2 => {
                let tokens = self.u32()?;
                let count = usize::from(self.u16()?);
                let vector = (0..count).map(|_| self.u32().map(f32::from_bits)).collect::<Result<_, _>>()?;
                Event::Embedding { tokens, vector }
            }
            3 => {
                let why = self.u8()?;
                let (tokens, context) = (self.u32()? as usize, self.u32()? as usize);
                Event::Refused(match why {
                    0 => PromptError::Empty,
                    1 => PromptError::TooLong { tokens, context },
                    _ => return Err(Incomplete::Never),
                })
            }
            4 => Event::Begin {
                prompt_tokens: self.u32()?,
            },
            _ => return Err(Incomplete::Never),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn requests() -> impl Strategy<Value = Request> {
        let role = prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)];
        let turn = (role, ".{0,20}").prop_map(|(role, text)| Turn { role, text });
        let options = (1u32.., 0f32..2.0, 0.01f32..1.0, any::<u64>(), prop::collection::vec(".{1,9}", 0..4)).prop_map(
            |(max_tokens, temperature, top_p, seed, stops)| Options {
                max_tokens,
                temperature,
                top_p,
                seed,
                stops,
            },
        );
        prop_oneof![
            (prop::collection::vec(turn, 0..5), options).prop_map(|(turns, options)| Request::Chat { turns, options }),
            prop::collection::vec(".{0,20}", 0..5).prop_map(Request::Embed),
        ]
    }

    fn events() -> impl Strategy<Value = Event> {
        let reason = prop_oneof![Just(FinishReason::Stop), Just(FinishReason::Length)];
        prop_oneof![
            any::<u32>().prop_map(|prompt_tokens| Event::Begin { prompt_tokens }),
            (any::<u32>(), ".{0,20}").prop_map(|(tokens, text)| Event::Piece { tokens, text }),
            (reason, any::<u32>(), any::<u32>()).prop_map(|(reason, prompt_tokens, completion_tokens)| Event::End(Generation {
                reason,
                prompt_tokens,
                completion_tokens
            })),
            (any::<u32>(), prop::collection::vec(-1f32..1.0, 0..20)).prop_map(|(tokens, vector)| Event::Embedding { tokens, vector }),
            Just(Event::Refused(PromptError::Empty)),
            (any::<u32>(), any::<u32>()).prop_map(|(tokens, context)| Event::Refused(PromptError::TooLong {
                tokens: tokens as usize,
                context: context as usize
            })),
        ]
    }

    proptest! {
        #[test]
        fn decode_any_request_reads_back(request in requests()) {
            let bytes = request.encode();
            prop_assert_eq!(Request::decode(&bytes), Ok(request));
            prop_assert_eq!(Request::decode(&[&bytes[..], &[0]].concat()), Err(Malformed));
            prop_assert_eq!(Request::decode(&bytes[..bytes.len() - 1]), Err(Malformed));
        }

        #[test]
        fn decode_any_bytes_is_a_request_or_malformed(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(request) = Request::decode(&bytes) {
                prop_assert_eq!(request.encode(), bytes);
            }
        }

        #[test]
        fn take_events_in_pieces_reads_them_all(events in prop::collection::vec(events(), 0..6), size in 1usize..9) {
            let bytes: Vec<u8> = events.iter().flat_map(Event::encode).collect();
            let (mut held, mut read) = (vec![], vec![]);
            for piece in bytes.chunks(size) {
                held.extend_from_slice(piece);
                while let Some(event) = Event::take(&mut held).unwrap() {
                    read.push(event);
                }
            }
            prop_assert!(held.is_empty());
            prop_assert_eq!(read, events);
        }
    }

    #[test]
    fn take_what_can_be_no_event_is_malformed() {
        for bytes in [&[5][..], &[1, 2], &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0xff], &[3, 2, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(Event::take(&mut bytes.to_vec()), Err(Malformed), "{bytes:?}");
        }
    }
}
