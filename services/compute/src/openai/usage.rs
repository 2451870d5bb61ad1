//! What an answer says that it used.

use noema_compute_primitives::Usage;
use serde::Deserialize;
use serde_json::{json, Value};

use super::members::Members;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Clone, Copy, Deserialize)]
struct Counts {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Value>,
    #[serde(default)]
    finish_reason: Option<serde::de::IgnoredAny>,
}

/// Members of a delta in which the model's own words are, and those of a call within.
const WORDS: [&str; 4] = ["content", "reasoning_content", "reasoning", "refusal"];
const CALL: [&str; 2] = ["name", "arguments"];

/// Bytes of what the model wrote in a delta.
fn words(delta: &Value) -> u64 {
    let length = |of: &Value, name: &str| of[name].as_str().map_or(0, str::len);
    let call = |call: &Value| CALL.iter().map(|name| length(call, name)).sum::<usize>();
    let texts: usize = WORDS.iter().map(|name| length(delta, name)).sum();
    let calls = delta["tool_calls"].as_array().into_iter().flatten();
    let calls: usize = calls.map(|one| call(&one["function"])).sum();
    (texts + calls + call(&delta["function_call"])) as u64
}

impl Counts {
    fn usage(self) -> Usage {
        let cached = self
            .prompt_tokens_details
            .unwrap_or_default()
            .cached_tokens
            .unwrap_or(0);
        // More cached than there was is nonsense; then none was.
        Usage::from_openai(
            self.prompt_tokens,
            cached,
            self.completion_tokens.unwrap_or(0),
        )
        .unwrap_or(Usage::Tokens {
            input: self.prompt_tokens,
            cached: 0,
            output: self.completion_tokens.unwrap_or(0),
        })
    }
}

/// The usage that the body of a whole answer tells, if it does.
pub fn usage_of(body: &[u8]) -> Option<Usage> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    answer.usage.map(Counts::usage)
}

fn told(usage: Usage) -> Option<Value> {
    let Usage::Tokens {
        input,
        cached,
        output,
    } = usage
    else {
        return None;
    };
    let prompt = input.saturating_add(cached);
    Some(json!({
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt.saturating_add(output),
        "prompt_tokens_details": { "cached_tokens": cached },
    }))
}

/// A whole answer that tells no usage, with one. None when it is no JSON object, or the usage none of tokens.
pub fn with_usage(body: &[u8], usage: Usage) -> Option<Vec<u8>> {
    let members: Members<'_> = serde_json::from_slice(body).ok()?;
    Some(members.write_with(&[("usage", told(usage)?.to_string())]))
}

/// The data of the last piece of a stream, which tells its usage and nothing else. None when the usage is none of tokens.
pub fn usage_piece(model: &str, usage: Usage) -> Option<String> {
    let piece = json!({
        "id": "usage", "object": "chat.completion.chunk", "created": 0, "model": model,
        "choices": [], "usage": told(usage)?,
    });
    Some(piece.to_string())
}

/// A piece of a streamed answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The usage until here, if it is told.
    pub usage: Option<Usage>,
    /// Whether there is something of the answer in it.
    pub has_choices: bool,
    /// Bytes of what the model wrote.
    pub words: u64,
    /// Whether an answer ends with it.
    pub finishes: bool,
}

impl Piece {
    /// Reads the data of an event. What is none has nothing.
    pub fn parse(data: &[u8]) -> Self {
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else {
            return Self::default();
        };
        let choices = chunk.choices.unwrap_or_default();
        let deltas = choices.iter().filter_map(|choice| choice.delta.as_ref());
        Self {
            usage: chunk.usage.map(Counts::usage),
            has_choices: !choices.is_empty(),
            words: deltas.map(words).sum(),
            finishes: choices.iter().any(|choice| choice.finish_reason.is_some()),
        }
    }

    /// Whether it is the last piece, which tells the usage and nothing else, and which clients that did not ask for it do not expect.
    pub fn is_usage_only(&self) -> bool {
        self.usage.is_some() && !self.has_choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_with_what_was_cached() {
        let body = br#"{"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        let expected = Usage::Tokens {
            input: 6,
            cached: 4,
            output: 3,
        };
        assert_eq!(usage_of(body), Some(expected));
        let embedding = br#"{"usage":{"prompt_tokens":10,"total_tokens":10}}"#;
        let expected = Usage::Tokens {
            input: 10,
            cached: 0,
            output: 0,
        };
        assert_eq!(usage_of(embedding), Some(expected));
        for none in [&b"{}"[..], b"{\"usage\":null}", b"nothing", b""] {
            assert_eq!(usage_of(none), None);
        }
    }

    #[test]
    fn more_cached_than_there_was_counts_as_none() {
        let body = br#"{"usage":{"prompt_tokens":1,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        let expected = Usage::Tokens {
            input: 1,
            cached: 0,
            output: 3,
        };
        assert_eq!(usage_of(body), Some(expected));
    }

    #[test]
    fn what_the_model_wrote_is_counted_and_its_end_seen() {
        let piece = Piece::parse(br#"{"choices":[{"delta":{"role":"assistant","content":"abcd","reasoning_content":"ef"},"finish_reason":null}]}"#);
        assert_eq!((piece.words, piece.finishes), (6, false));
        let call = br#"{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"ab","arguments":"{}"}}]}},{"delta":{},"finish_reason":"stop"}]}"#;
        let piece = Piece::parse(call);
        assert_eq!((piece.words, piece.finishes), (4, true));
        assert_eq!(Piece::parse(br#"{"choices":[{"delta":7}]}"#).words, 0);
    }

    #[test]
    fn an_answer_without_usage_is_given_one_that_is_read_again() {
        let usage = Usage::Tokens {
            input: 6,
            cached: 4,
            output: 3,
        };
        let body = with_usage(br#"{"choices":[1.50],"usage":null}"#, usage).unwrap();
        assert_eq!(usage_of(&body), Some(usage));
        assert!(body.starts_with(br#"{"choices":[1.50],"#));
        assert_eq!(with_usage(b"[]", usage), None);
        let piece = usage_piece("m", usage).unwrap();
        let piece = Piece::parse(piece.as_bytes());
        assert!(piece.is_usage_only() && piece.usage == Some(usage));
    }

    #[test]
    fn the_last_piece_is_known() {
        let last =
            Piece::parse(br#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#);
        assert!(last.is_usage_only());
        let text = Piece::parse(br#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#);
        assert!(text.has_choices && !text.is_usage_only());
        assert_eq!(Piece::parse(b"[DONE]"), Piece::default());
    }
}
