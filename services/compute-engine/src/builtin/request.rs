//! Requests: what is read of them, and what of OpenAI's interface this model cannot do. Members that change nothing here are ignored, those
//! that would change the answer are refused.

use noema_language_model::{
    wire::{self, MAX_TEXTS, MAX_TURNS},
    Options, OptionsError, PromptError, Role, Turn, MAX_PROMPT_BYTES, MAX_STOPS, MAX_STOP_BYTES,
};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::Value;

use super::{
    object::{self, Object},
    response::Encoding,
    ApiError,
};

/// The most bytes of a body. Reading JSON takes many times a body's bytes, so whatever receives bodies must stop receiving them there as well.
pub const MAX_REQUEST: usize = 1 << 20;
/// Tokens of the model's context.
pub(super) const CONTEXT: usize = 512;

/// Numbers of an embedding.
const DIMENSIONS: u64 = 128;
/// The temperature that suits the model, where none is asked for.
const TEMPERATURE: f32 = 0.2;

/// The body of a request for a chat completion.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ChatRequest {
    /// The model's name.
    pub model: String,
    /// The conversation.
    #[serde(deserialize_with = "object::list")]
    pub messages: Vec<Message>,
    /// Whether the answer comes as a stream.
    pub stream: Option<bool>,
    /// Whether the stream ends with the usage.
    #[serde(deserialize_with = "object::option")]
    pub stream_options: Option<StreamOptions>,
    /// Tokens at most, by its older name.
    pub max_tokens: Option<u32>,
    /// Tokens at most.
    pub max_completion_tokens: Option<u32>,
    /// 0 to 2; 0.2 if not said.
    pub temperature: Option<f32>,
    /// More than 0, at most 1; 1 if not said.
    pub top_p: Option<f32>,
    /// What the answer is drawn by; 0 if not said, so that equal requests have equal answers.
    pub seed: Option<i64>,
    /// One text or a list of them.
    pub stop: Option<OneOrMany>,
    /// The rest, of which some is refused.
    #[serde(flatten)]
    pub other: Unsupported,
}

/// Members that this model cannot honour.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Unsupported {
    n: Option<u32>,
    logprobs: Option<bool>,
    logit_bias: Option<serde_json::Map<String, Value>>,
    presence_penalty: Option<f32>,
    frequency_penalty: Option<f32>,
    response_format: Option<Value>,
    modalities: Option<Vec<String>>,
    tool_choice: Option<Value>,
    function_call: Option<Value>,
}

/// Options of a stream.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StreamOptions {
    /// Whether a last chunk says the usage.
    pub include_usage: bool,
    /// Whether every chunk says the usage up to it. Not OpenAI's, but vLLM has it too; whoever charges for broken streams needs it.
    pub continuous_usage_stats: bool,
}

/// One text, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// What somebody says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message {
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
    pub role: String,
    /// What.
    pub content: Option<Content>,
    /// Tools that an assistant called: another one, since this model calls none.
    pub tool_calls: Option<Vec<Value>>,
    /// The same by its older name.
    pub function_call: Option<Value>,
}

/// A message's text, in one piece or in parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// In one piece.
    Text(String),
    /// In parts.
    Parts(#[serde(deserialize_with = "object::list")] Vec<Part>),
}

/// A part of a message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Part {
    /// What it is: `text`, or something that this model cannot read.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub text: String,
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.len() > MAX_REQUEST {
        return Err(ApiError::too_large(body.len(), MAX_REQUEST));
    }
    let request = serde_json::from_slice::<Object<T>>(body);
    request
        .map(|Object(request)| request)
        .map_err(|error| ApiError::malformed(&error))
}

impl ChatRequest {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        parse(body)
    }

    /// The same request as the model's job takes it.
    pub(crate) fn job(&self) -> Result<wire::Request, ApiError> {
        self.other.check()?;
        if self.messages.is_empty() || self.messages.len() > MAX_TURNS {
            return Err(ApiError::invalid(
                "messages",
                format!(
                    "expected 1 to {MAX_TURNS} messages, found {}",
                    self.messages.len()
                ),
            ));
        }
        let turns = self.messages.iter().enumerate();
        let turns: Vec<Turn> = turns
            .map(|(index, message)| message.turn(index))
            .collect::<Result<_, _>>()?;
        let bytes: usize = turns.iter().map(|turn| turn.text.len()).sum();
        if bytes > MAX_PROMPT_BYTES {
            return Err(far_too_long("messages"));
        }
        let (most, max_tokens) = match (self.max_completion_tokens, self.max_tokens) {
            (Some(tokens), _) => ("max_completion_tokens", tokens),
            (None, tokens) => ("max_tokens", tokens.unwrap_or(u32::MAX)),
        };
        let options = Options {
            // More than the context has is as many as fit.
            max_tokens,
            temperature: self.temperature.unwrap_or(TEMPERATURE),
            top_p: self.top_p.unwrap_or(1.0),
            seed: self.seed.unwrap_or(0) as u64,
            stops: match &self.stop {
                None => Vec::new(),
                Some(OneOrMany::One(stop)) => vec![stop.clone()],
                Some(OneOrMany::Many(stops)) => stops.clone(),
            },
        };
        options.check().map_err(|error| match error {
            OptionsError::MaxTokens => ApiError::invalid(most, "expected at least 1 token, found 0".into()),
            OptionsError::Temperature => ApiError::invalid("temperature", format!("expected 0 to 2, found {}", options.temperature)),
            OptionsError::TopP => ApiError::invalid("top_p", format!("expected more than 0 and at most 1, found {}", options.top_p)),
            OptionsError::Stops => ApiError::invalid(
                "stop",
                format!("expected at most {MAX_STOPS} texts of 1 to {MAX_STOP_BYTES} bytes, found something else"),
            ),
        })?;
        Ok(wire::Request::Chat { turns, options })
    }
}

impl Message {
    fn turn(&self, index: usize) -> Result<Turn, ApiError> {
        let at = |member: &str| format!("messages[{index}].{member}");
        let role = match self.role.as_str() {
            "system" | "developer" => Role::System,
            // What a tool says is news from outside, like what a person says.
            "user" | "tool" | "function" => Role::User,
            "assistant" => Role::Assistant,
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(ApiError::invalid(
                    &at("role"),
                    format!("expected system, developer, user, assistant or tool, found {other:?}"),
                ));
            }
        };
        let mut text = match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                if parts.iter().any(|part| part.kind != "text") {
                    return Err(ApiError::unsupported(
                        &at("content"),
                        "anything but text in a message",
                    ));
                }
                parts
                    .iter()
                    .map(|part| part.text.as_str())
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        };
        let calls = self.tool_calls.iter().flatten().map(|call| {
            let function = call.get("function");
            function.and_then(call_text).ok_or("tool_calls")
        });
        let call = self.function_call.iter().filter(|call| !call.is_null());
        let call = call.map(|call| call_text(call).ok_or("function_call"));
        for call in calls.chain(call) {
            let call = call.map_err(|member| {
                let message = "expected functions with a name and arguments, found something else";
                ApiError::invalid(&at(member), message.into())
            })?;
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&call);
        }
        Ok(Turn { role, text })
    }
}

/// A call of a function as this model reads it.
fn call_text(function: &Value) -> Option<String> {
    let member = |name| function.get(name).and_then(Value::as_str);
    Some(format!("{}({})", member("name")?, member("arguments")?))
}

/// More bytes than are read of a text at all.
fn far_too_long(param: &str) -> ApiError {
    let context = CONTEXT;
    ApiError::prompt(param, PromptError::TooLong { tokens: 0, context })
}

impl Unsupported {
    fn check(&self) -> Result<(), ApiError> {
        let text = |value: &Value| value.get("type").and_then(Value::as_str) == Some("text");
        let forced =
            |value: &Value| !matches!(value.as_str(), Some("auto" | "none")) && !value.is_null();
        let refused = [
            ("n", "more than one choice", self.n.is_some_and(|n| n != 1)),
            (
                "logprobs",
                "telling probabilities",
                self.logprobs == Some(true),
            ),
            (
                "logit_bias",
                "a bias",
                self.logit_bias
                    .as_ref()
                    .is_some_and(|bias| !bias.is_empty()),
            ),
            (
                "presence_penalty",
                "a penalty",
                self.presence_penalty.is_some_and(|penalty| penalty != 0.0),
            ),
            (
                "frequency_penalty",
                "a penalty",
                self.frequency_penalty.is_some_and(|penalty| penalty != 0.0),
            ),
            (
                "response_format",
                "a format other than text",
                self.response_format
                    .as_ref()
                    .is_some_and(|format| !text(format)),
            ),
            (
                "modalities",
                "anything but text",
                self.modalities
                    .as_ref()
                    .is_some_and(|all| all.iter().any(|modality| modality != "text")),
            ),
            (
                "tool_choice",
                "calling a tool",
                self.tool_choice.as_ref().is_some_and(forced),
            ),
            (
                "function_call",
                "calling a function",
                self.function_call.as_ref().is_some_and(forced),
            ),
        ];
        match refused.into_iter().find(|(_, _, asked)| *asked) {
            Some((param, what, _)) => Err(ApiError::unsupported(param, what)),
            None => Ok(()),
        }
    }
}

/// The body of a request for embeddings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmbeddingRequest {
    /// The model's name.
    pub model: String,
    /// The texts.
    pub input: Value,
    /// `float` or `base64`.
    pub encoding_format: Option<String>,
    /// How many numbers: 128, which is what the model has.
    pub dimensions: Option<u64>,
}

impl EmbeddingRequest {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        parse(body)
    }

    /// How many texts there are.
    pub(super) fn texts(&self) -> usize {
        self.input.as_array().map_or(1, Vec::len)
    }

    pub(crate) fn job(&self) -> Result<(wire::Request, Encoding), ApiError> {
        let encoding = match self.encoding_format.as_deref() {
            None | Some("float") => Encoding::Float,
            Some("base64") => Encoding::Base64,
            Some(_) => {
                return Err(ApiError::invalid(
                    "encoding_format",
                    "expected float or base64".into(),
                ))
            }
        };
        if self
            .dimensions
            .is_some_and(|dimensions| dimensions != DIMENSIONS)
        {
            return Err(ApiError::unsupported(
                "dimensions",
                "another number of dimensions than 128",
            ));
        }
        let texts: Option<Vec<String>> = match &self.input {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(texts) => texts
                .iter()
                .map(|text| text.as_str().map(Into::into))
                .collect(),
            _ => None,
        };
        let texts = texts.ok_or_else(|| ApiError::invalid("input", "expected a text or a list of texts; tokens are not read, since every model has its own".into()))?;
        if texts.is_empty() || texts.len() > MAX_TEXTS {
            return Err(ApiError::invalid(
                "input",
                format!("expected 1 to {MAX_TEXTS} texts, found {}", texts.len()),
            ));
        }
        if let Some(index) = texts.iter().position(|text| text.len() > MAX_PROMPT_BYTES) {
            return Err(far_too_long(&format!("input[{index}]")));
        }
        Ok((wire::Request::Embed(texts), encoding))
    }
}

#[cfg(test)]
mod tests;
