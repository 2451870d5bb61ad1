//! What an answer says that it used.

use noema_compute_primitives::Usage;
use serde::Deserialize;

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
    choices: Option<Vec<serde::de::IgnoredAny>>,
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

/// A piece of a streamed answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The usage until here, if it is told.
    pub usage: Option<Usage>,
    /// Whether there is something of the answer in it.
    pub has_choices: bool,
}

impl Piece {
    /// Reads the data of an event. What is none has nothing.
    pub fn parse(data: &[u8]) -> Self {
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else {
            return Self::default();
        };
        Self {
            usage: chunk.usage.map(Counts::usage),
            has_choices: chunk.choices.is_some_and(|choices| !choices.is_empty()),
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
    fn the_last_piece_is_known() {
        let last =
            Piece::parse(br#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#);
        assert!(last.is_usage_only());
        let text = Piece::parse(br#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#);
        assert!(text.has_choices && !text.is_usage_only());
        assert_eq!(Piece::parse(b"[DONE]"), Piece::default());
    }
}
