//! Reading numbers, texts and events.

use alloc::string::String;

use super::{Event, Malformed};
use crate::{FinishReason, Generation, PromptError};

/// Why there is no event: more bytes may make one, or none can.
pub(super) enum Incomplete {
    More,
    Never,
}

impl From<Malformed> for Incomplete {
    fn from(Malformed: Malformed) -> Self {
        Self::More
    }
}

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

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

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn count(&mut self, most: usize) -> Result<usize, Malformed> {
        let count = usize::from(self.u16()?);
        (count <= most).then_some(count).ok_or(Malformed)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()?;
        self.take(usize::try_from(len).map_err(|_| Malformed)?)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        core::str::from_utf8(self.bytes()?)
            .map(Into::into)
            .map_err(|_| Malformed)
    }

    pub(super) fn event(&mut self) -> Result<Event, Incomplete> {
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
                let vector = (0..count)
                    .map(|_| self.u32().map(f32::from_bits))
                    .collect::<Result<_, _>>()?;
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
