//! Requests, as far as they say what they cost.

use noema_compute_primitives::{ServiceKind, MAX_MODEL};
use serde::Deserialize;

use super::{members::Members, Passes};

/// Answers that one request may ask for.
pub const MAX_CHOICES: u64 = 16;

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Conversations.
    Chat,
    /// Vectors.
    Embeddings,
}

impl Route {
    /// Every one that there is.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Embeddings];

    /// The path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// What is hashed of it: method and path.
    pub const fn hashed(self) -> &'static str {
        match self {
            Self::Chat => "POST /v1/chat/completions",
            Self::Embeddings => "POST /v1/embeddings",
        }
    }

    /// The kind of service that answers.
    pub const fn kind(self) -> ServiceKind {
        match self {
            Self::Chat => ServiceKind::Chat,
            Self::Embeddings => ServiceKind::Embedding,
        }
    }
}

/// What a request says about its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Answers asked for: `n`.
    pub choices: u64,
    /// Tokens of each answer at most, if it says so.
    pub max_tokens: Option<u64>,
}

impl Limits {
    /// Tokens of all answers at most, if the request says so.
    pub fn max_output(&self) -> Option<u64> {
        Some(self.max_tokens?.saturating_mul(self.choices))
    }
}

/// A request that was understood.
#[derive(Debug)]
pub struct ParsedRequest<'a> {
    members: Members<'a>,
    route: Route,
    /// The model that it names.
    pub model: String,
    /// Whether the answer comes as a stream.
    pub stream: bool,
    /// Whether a stream ends with a piece that tells the usage.
    pub include_usage: bool,
    /// What it says about its cost.
    pub limits: Limits,
}

/// A request that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The member that is wrong, if it is one.
    pub param: Option<&'static str>,
    /// What is wrong and what was expected.
    pub message: String,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

fn wrong(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError {
        param: Some(param),
        message: message.into(),
    }
}

impl<'a> ParsedRequest<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it is no JSON object, has a member twice, or one that counts here is not what it should be.
    pub fn parse(route: Route, body: &'a [u8]) -> Result<Self, RequestError> {
        let members: Members<'a> = serde_json::from_slice(body).map_err(|e| RequestError {
            param: None,
            message: format!(
                "the body is no request: expected a JSON object with each member once ({e})"
            ),
        })?;
        let model: Option<String> = get(&members, "model", "a text")?;
        let model = model.ok_or_else(|| wrong("model", "expected the name of a model"))?;
        let visible = !model.is_empty() && model.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || model.len() > MAX_MODEL as usize {
            let expected = format!("expected a name of 1 to {MAX_MODEL} visible ASCII characters");
            return Err(wrong("model", expected));
        }
        let (mut stream, mut include_usage) = (false, false);
        let mut limits = Limits {
            choices: 1,
            max_tokens: Some(0),
        };
        if route == Route::Chat {
            stream = get(&members, "stream", "true or false")?.unwrap_or(false);
            let options: Option<StreamOptions> =
                get(&members, "stream_options", "an object with include_usage")?;
            include_usage = stream && options.unwrap_or_default().include_usage.unwrap_or(false);
            limits = chat_limits(&members)?;
        }
        Ok(Self {
            members,
            route,
            model,
            stream,
            include_usage,
            limits,
        })
    }

    /// Whether everything in it may reach an engine.
    ///
    /// # Errors
    /// The first thing that may not.
    pub fn passes(&self, passes: &Passes) -> Result<(), RequestError> {
        passes.check(self.route, &self.members)
    }

    /// The body that a buyer sends to a gateway: with the usage of streams asked for, without which nobody could see what a stream should cost. None when it is the same.
    pub fn for_gateway(&self) -> Option<Vec<u8>> {
        let is_changed = self.stream && !self.include_usage;
        is_changed.then(|| self.members.write_with(&[usage_wanted()]))
    }

    /// The body that the engine is given: the same members, with the usage of streams asked for, and no answer longer than `max_tokens` tokens.
    pub fn for_engine(&self, max_tokens: u64) -> Vec<u8> {
        if self.route != Route::Chat {
            return self.members.write_with(&[]);
        }
        let mut changed = Vec::new();
        if self.stream {
            changed.push(usage_wanted());
        }
        let bound = self
            .limits
            .max_tokens
            .map_or(max_tokens, |asked| asked.min(max_tokens));
        // The largest number that all engines read.
        let bound = bound.min(i32::MAX as u64).to_string();
        let names = ["max_tokens", "max_completion_tokens"];
        let given: Vec<_> = names
            .into_iter()
            .filter(|name| self.members.has(name))
            .collect();
        match &given[..] {
            [] => changed.push(("max_tokens", bound)),
            given => changed.extend(given.iter().map(|name| (*name, bound.clone()))),
        }
        self.members.write_with(&changed)
    }
}

fn usage_wanted() -> (&'static str, String) {
    ("stream_options", r#"{"include_usage":true}"#.to_owned())
}

fn chat_limits(members: &Members<'_>) -> Result<Limits, RequestError> {
    let number = |name| get::<u64>(members, name, "a whole number of at least 0");
    let choices = number("n")?.unwrap_or(1);
    if !(1..=MAX_CHOICES).contains(&choices) {
        return Err(wrong("n", format!("expected 1 to {MAX_CHOICES} answers")));
    }
    let given = [number("max_completion_tokens")?, number("max_tokens")?];
    let max_tokens = given.into_iter().flatten().min();
    if max_tokens == Some(0) {
        return Err(wrong("max_tokens", "expected at least 1 token"));
    }
    Ok(Limits {
        choices,
        max_tokens,
    })
}

fn get<T: for<'d> Deserialize<'d>>(
    members: &Members<'_>,
    name: &'static str,
    expected: &str,
) -> Result<Option<T>, RequestError> {
    members
        .get(name)
        .map_err(|_| wrong(name, format!("{name}: expected {expected}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{json, Value};

    use super::*;

    fn chat(body: &str) -> Result<ParsedRequest<'_>, RequestError> {
        ParsedRequest::parse(Route::Chat, body.as_bytes())
    }

    #[test]
    fn what_passes_reaches_the_engine_byte_by_byte() {
        let body = r#"{"model":"m","messages":[{"b":1,"a":2.50}],"tools":[{"z":1e3,"a":"\u00e4"}],"x":12345678901234567890123}"#;
        let sent = chat(body).unwrap().for_engine(7);
        let expected = body.trim_end_matches('}');
        assert_eq!(
            String::from_utf8(sent).unwrap(),
            format!("{expected},\"max_tokens\":7}}")
        );
    }

    #[test]
    fn the_engine_is_asked_for_no_more_than_is_paid_for() {
        for (body, expected) in [
            (r#"{"model":"m"}"#, json!({"model":"m","max_tokens":9})),
            (
                r#"{"model":"m","max_tokens":5}"#,
                json!({"model":"m","max_tokens":5}),
            ),
            (
                r#"{"model":"m","max_tokens":50}"#,
                json!({"model":"m","max_tokens":9}),
            ),
            (
                r#"{"model":"m","max_tokens":null}"#,
                json!({"model":"m","max_tokens":9}),
            ),
            (
                r#"{"model":"m","max_completion_tokens":50,"max_tokens":8}"#,
                json!({"model":"m","max_completion_tokens":8,"max_tokens":8}),
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":false}}"#,
                json!({"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":9}),
            ),
        ] {
            let sent: Value = serde_json::from_slice(&chat(body).unwrap().for_engine(9)).unwrap();
            assert_eq!(sent, expected, "{body}");
        }
    }

    #[test]
    fn a_gateway_is_asked_for_the_usage_of_every_stream() {
        for (body, expected) in [
            (r#"{"model":"m","n":2}"#, None),
            (
                r#"{"model":"m","stream":true}"#,
                Some(r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#),
            ),
            (
                r#"{"stream_options":{"include_usage":false},"model":"m","stream":true}"#,
                Some(r#"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#),
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
                None,
            ),
        ] {
            let sent = chat(body).unwrap().for_gateway();
            let sent = sent.map(|sent| String::from_utf8(sent).unwrap());
            assert_eq!(sent.as_deref(), expected);
        }
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for body in [
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","n":1,"n":16}"#,
            r#"{"model":"a","\u006eodel":1,"m\u006fdel":"b"}"#,
            r#"{"model":"a"} {"model":"b"}"#,
            r#"[{"model":"a"}]"#,
            r#"{"model":1}"#,
            r#"{"model":""}"#,
            r#"{"model":"a","stream":1}"#,
            r#"{"model":"a","n":0}"#,
            r#"{"model":"a","n":17}"#,
            r#"{"model":"a","n":1.0}"#,
            r#"{"model":"a","max_tokens":-1}"#,
            r#"{"model":"a","max_tokens":0}"#,
            r#"{"model":"a","stream_options":7}"#,
            "",
            "\u{feff}{}",
        ] {
            assert!(chat(body).is_err(), "{body}");
        }
        let refused = chat(r#"{"model":"a","n":17}"#).unwrap_err();
        assert_eq!(refused.param, Some("n"));
    }

    #[test]
    fn embeddings_have_no_output() {
        let body = br#"{"model":"e","input":["a","b"]}"#;
        let parsed = ParsedRequest::parse(Route::Embeddings, body).unwrap();
        assert_eq!(parsed.limits.max_output(), Some(0));
        assert!(!parsed.stream);
        assert_eq!(parsed.for_engine(9), body);
    }

    proptest! {
        /// What was understood is understood again in what the engine is given, and the engine reads the same model.
        #[test]
        fn the_engine_reads_what_was_read(bytes in prop::collection::vec(any::<u8>(), 0..80), max in 1..1000u64) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let body = json!({ "model": "m", "x": text, "n": 2 }).to_string();
            let parsed = chat(&body).unwrap();
            let sent = parsed.for_engine(max);
            let again = ParsedRequest::parse(Route::Chat, &sent).unwrap();
            prop_assert_eq!(&again.model, &parsed.model);
            prop_assert_eq!(again.limits.max_tokens, Some(max));
            let value: Value = serde_json::from_slice(&sent).unwrap();
            prop_assert_eq!(&value["x"], &json!(text));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            for route in Route::ALL {
                if let Ok(parsed) = ParsedRequest::parse(route, &bytes) {
                    prop_assert!(ParsedRequest::parse(route, &parsed.for_engine(5)).is_ok());
                }
            }
        }
    }
}
