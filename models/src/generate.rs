//! The loop that makes an answer of a prompt.

use alloc::{string::String, vec::Vec};
use core::ops::ControlFlow;

use crate::{
    network::Session,
    sample::{choose, Random},
    tokenizer::{Special, Token},
    weights::Weights,
};

/// The most texts at which an answer may be told to stop, as in OpenAI's interface.
pub const MAX_STOPS: usize = 4;
/// The most bytes of such a text.
pub const MAX_STOP_BYTES: usize = 256;

/// How to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Tokens at most. Fewer when the context is full before.
    pub max_tokens: u32,
    /// 0 for the likeliest token each time, 1 for the model's own probabilities, at most 2.
    pub temperature: f32,
    /// Only the likeliest tokens that together have this much probability; more than 0, at most 1.
    pub top_p: f32,
    /// The same seed gives the same answer.
    pub seed: u64,
    /// Texts before which the answer ends.
    pub stops: Vec<String>,
}

/// Why options are refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionsError {
    /// `max_tokens` is 0.
    MaxTokens,
    /// `temperature` is not within 0 and 2.
    Temperature,
    /// `top_p` is not above 0 and at most 1.
    TopP,
    /// More than [`MAX_STOPS`] stops, or one that is empty or longer than [`MAX_STOP_BYTES`].
    Stops,
}

impl Options {
    /// Whether all options lie within their bounds.
    pub fn check(&self) -> Result<(), OptionsError> {
        let sound = |stop: &String| (1..=MAX_STOP_BYTES).contains(&stop.len());
        if self.max_tokens == 0 {
            Err(OptionsError::MaxTokens)
        } else if !(0.0..=2.0).contains(&self.temperature) {
            Err(OptionsError::Temperature)
        } else if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            Err(OptionsError::TopP)
        } else if self.stops.len() > MAX_STOPS || !self.stops.iter().all(sound) {
            Err(OptionsError::Stops)
        } else {
            Ok(())
        }
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FinishReason {
    /// The model had said it, or one of the stops came.
    Stop,
    /// As many tokens as were asked for, or as fit into the context.
    Length,
    /// Whoever received it wanted no more.
    Cancelled,
}

/// What an answer was made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Generation {
    /// Why it ended.
    pub reason: FinishReason,
    /// Tokens of the prompt, special ones included.
    pub prompt_tokens: u32,
    /// Tokens that were produced: also those of a stop, which are not shown, but not the end mark.
    pub completion_tokens: u32,
}

/// Answers `prompt`, piece by piece: `piece` gets text that is never empty and the number of tokens that were produced up to it, and may break
/// off.
pub fn generate(
    weights: &Weights<'_>,
    prompt: &[Token],
    options: &Options,
    mut piece: impl FnMut(&str, u32) -> ControlFlow<()>,
) -> Generation {
    let mut session = Session::new(weights);
    let mut random = Random::new(options.seed);
    let mut text = Held::new(&options.stops);
    let mut completion_tokens = 0;
    let fits = prompt.iter().all(|token| session.read(*token).is_ok());
    let reason = loop {
        let full = session.len() >= weights.dimensions.context;
        if !fits || full || completion_tokens >= options.max_tokens {
            break FinishReason::Length;
        }
        let end = Special::End as Token;
        let allowed = |token: Token| token == end || !weights.tokenizer.bytes(token).is_empty();
        let token = choose(
            session.logits(),
            options.temperature,
            options.top_p,
            &mut random,
            allowed,
        );
        if token == end {
            break FinishReason::Stop;
        }
        completion_tokens += 1;
        let stopped = text.push(weights.tokenizer.bytes(token));
        if text
            .release(stopped, &mut |text| piece(text, completion_tokens))
            .is_break()
        {
            break FinishReason::Cancelled;
        }
        if stopped {
            break FinishReason::Stop;
        }
        if session.read(token).is_err() {
            break FinishReason::Length;
        }
    };
    let reason = match text.release(true, &mut |text| piece(text, completion_tokens)) {
        ControlFlow::Continue(()) => reason,
        ControlFlow::Break(()) => FinishReason::Cancelled,
    };
    Generation {
        reason,
        prompt_tokens: u32::try_from(prompt.len()).unwrap_or(u32::MAX),
        completion_tokens,
    }
}

/// Text that was produced and not yet given out: what may be the begin of a stop, or of a character.
struct Held<'a> {
    stops: &'a [String],
    bytes: Vec<u8>,
}

impl<'a> Held<'a> {
    fn new(stops: &'a [String]) -> Self {
        Self {
            stops,
            bytes: Vec::new(),
        }
    }

    /// Adds bytes. Whether a stop came: then it and what follows is gone.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        let places = self
            .stops
            .iter()
            .filter_map(|stop| find(&self.bytes, stop.as_bytes()));
        match places.min() {
            Some(place) => {
                self.bytes.truncate(place);
                true
            }
            None => false,
        }
    }

    /// Gives out what is sure to be text before any stop; `all` of it at the end.
    fn release(
        &mut self,
        all: bool,
        piece: &mut impl FnMut(&str) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let held = if all { 0 } else { self.begun_stop() };
        let sure = self.bytes.len() - held;
        let mut text = String::new();
        let mut given = 0;
        for chunk in self.bytes.get(..sure).unwrap_or_default().utf8_chunks() {
            text.push_str(chunk.valid());
            given += chunk.valid().len();
            // A character that is not complete may be yet, unless something follows.
            let last = given + chunk.invalid().len() == sure;
            let begun = last
                && held == 0
                && core::str::from_utf8(chunk.invalid())
                    .is_err_and(|error| error.error_len().is_none());
            if !chunk.invalid().is_empty() && (all || !begun) {
                text.push(char::REPLACEMENT_CHARACTER);
                given += chunk.invalid().len();
            }
        }
        self.bytes.drain(..given);
        if text.is_empty() {
            ControlFlow::Continue(())
        } else {
            piece(&text)
        }
    }

    /// The length of the longest end of the text that a stop begins with.
    fn begun_stop(&self) -> usize {
        let longest = |stop: &String| {
            let most = self.bytes.len().min(stop.len().saturating_sub(1));
            (1..=most).rev().find(|len| {
                stop.as_bytes()
                    .get(..*len)
                    .is_some_and(|begin| self.bytes.ends_with(begin))
            })
        };
        self.stops.iter().filter_map(longest).max().unwrap_or(0)
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len().max(1))
        .position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn told(stops: &[&str], pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).into()).collect();
        let mut held = Held::new(&stops);
        let mut told = vec![];
        let mut tell = |text: &str| {
            told.push(text.into());
            ControlFlow::Continue(())
        };
        let mut stopped = false;
        for piece in pieces {
            stopped = held.push(piece);
            let _ = held.release(stopped, &mut tell);
            if stopped {
                break;
            }
        }
        let _ = held.release(true, &mut tell);
        (told, stopped)
    }

    #[test]
    fn release_holds_back_what_may_become_a_stop() {
        assert_eq!(
            told(&["END"], &[b"ab E", b"N", b"x"]),
            (vec!["ab ".into(), "ENx".into()], false)
        );
        assert_eq!(
            told(&["END"], &[b"ab E", b"N", b"Dx", b"y"]),
            (vec!["ab ".into()], true)
        );
        assert_eq!(told(&["b", "ab"], &[b"xab"]), (vec!["x".into()], true));
    }

    #[test]
    fn release_holds_back_half_a_character() {
        assert_eq!(
            told(&[], &[b"\xf0\x9f", b"\xa6\x80!"]),
            (vec!["\u{1f980}!".into()], false)
        );
        assert_eq!(
            told(&[], &[b"a\xf0\x9f"]),
            (vec!["a".into(), "\u{fffd}".into()], false)
        );
        assert_eq!(
            told(&[], &[b"\xff", b"b"]),
            (vec!["\u{fffd}".into(), "b".into()], false)
        );
        // Before a stop that may have begun nothing can complete the character any more.
        assert_eq!(
            told(&["END"], &[b"\xf0\x9fE", b"x"]),
            (vec!["\u{fffd}".into(), "Ex".into()], false)
        );
    }

    #[test]
    fn check_options_beyond_their_bounds_is_refused() {
        let sound = Options {
            max_tokens: 1,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            stops: vec![],
        };
        assert_eq!(sound.check(), Ok(()));
        assert_eq!(
            Options {
                max_tokens: 0,
                ..sound.clone()
            }
            .check(),
            Err(OptionsError::MaxTokens)
        );
        for temperature in [-0.1, 2.1, f32::NAN] {
            assert_eq!(
                Options {
                    temperature,
                    ..sound.clone()
                }
                .check(),
                Err(OptionsError::Temperature)
            );
        }
        for top_p in [0.0, 1.1, f32::NAN] {
            assert_eq!(
                Options {
                    top_p,
                    ..sound.clone()
                }
                .check(),
                Err(OptionsError::TopP)
            );
        }
        for stops in [
            vec![String::new()],
            vec!["a".into(); 5],
            vec!["a".repeat(257)],
        ] {
            assert_eq!(
                Options {
                    stops,
                    ..sound.clone()
                }
                .check(),
                Err(OptionsError::Stops)
            );
        }
    }

    #[test]
    fn generate_prompt_and_answer_fill_the_context_and_no_more() {
        let file = include_bytes!("../data/noema-mini.weights");
        let weights = Weights::read(file).unwrap();
        let context = weights.dimensions.context;
        // Hot enough that it goes on.
        let options = Options {
            max_tokens: u32::MAX,
            temperature: 2.0,
            top_p: 1.0,
            seed: 3,
            stops: vec![],
        };
        let mut prompt = vec![Special::User as Token, b'a'.into()];
        for len in [context - 30, context - 1, context] {
            prompt.resize(len, b'a'.into());
            let generation = generate(
                &weights,
                &prompt,
                &options,
                |_, _| ControlFlow::Continue(()),
            );
            assert_eq!(generation.reason, FinishReason::Length);
            assert_eq!(generation.completion_tokens as usize, context - len);
        }
    }

    proptest! {
        #[test]
        fn release_tells_all_text_before_the_first_stop(text in "[abc\u{e4}]{0,30}", stop in "[abc]{1,3}", cuts in prop::collection::vec(1usize..4, 40)) {
            let bytes = text.as_bytes();
            let mut pieces = vec![];
            let mut rest = bytes;
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                pieces.push(piece);
            }
            pieces.push(rest);
            let (told, stopped) = told(&[&stop], &pieces);
            let expected = text.split(&stop).next().unwrap();
            prop_assert_eq!(told.concat(), expected);
            prop_assert_eq!(stopped, expected.len() < text.len());
        }
    }
}
