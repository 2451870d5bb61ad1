//! Answers, as OpenAI's clients read them.

use base64::{engine::general_purpose::STANDARD, Engine as _};
use noema_language_model::FinishReason;
use serde::Serialize;

/// What every answer to a chat begins with.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) system_fingerprint: String,
}

/// What was used, in tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens that were read: of the conversation with its marks, or of texts.
    pub prompt_tokens: u32,
    /// Tokens that were produced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u32>,
    /// Both.
    pub total_tokens: u32,
}

impl Usage {
    /// Of a chat.
    pub(super) fn of(prompt_tokens: u32, completion_tokens: u32) -> Self {
        Self {
            prompt_tokens,
            completion_tokens: Some(completion_tokens),
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
        }
    }
}

/// Why an answer ended, in a word.
pub(super) fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length | FinishReason::Cancelled => "length",
    }
}

/// An answer as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)] // The members are those of OpenAI's interface.
pub struct ChatCompletion {
    pub id: String,
    pub object: &'static str,
    pub created: u64,
    pub model: String,
    pub system_fingerprint: String,
    pub choices: Vec<Choice>,
    pub usage: Usage,
}

/// The answer among others, of which there is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Choice {
    pub index: u32,
    pub message: ChatMessage,
    pub logprobs: Option<()>,
    pub finish_reason: &'static str,
}

/// What the model said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ChatMessage {
    pub role: &'static str,
    pub content: String,
    pub refusal: Option<()>,
}

impl ChatCompletion {
    pub(super) fn new(
        head: Head,
        content: String,
        finish_reason: &'static str,
        usage: Usage,
    ) -> Self {
        Self {
            id: head.id,
            object: "chat.completion",
            created: head.created,
            model: head.model,
            system_fingerprint: head.system_fingerprint,
            choices: vec![Choice {
                index: 0,
                message: ChatMessage {
                    role: "assistant",
                    content,
                    refusal: None,
                },
                logprobs: None,
                finish_reason,
            }],
            usage,
        }
    }
}

/// A piece of an answer that is streamed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ChatChunk {
    pub id: String,
    pub object: &'static str,
    pub created: u64,
    pub model: String,
    pub system_fingerprint: String,
    pub choices: Vec<ChunkChoice>,
    /// Not there unless it was asked for; null in all chunks but the last, unless it was asked for in each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Option<Usage>>,
}

/// The choice that a chunk continues.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ChunkChoice {
    pub index: u32,
    pub delta: Delta,
    pub logprobs: Option<()>,
    pub finish_reason: Option<&'static str>,
}

/// What a chunk adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl ChatChunk {
    /// `usage`: whether the chunk has a member of this name, and what it says.
    pub(super) fn new(
        head: &Head,
        usage: Option<Option<Usage>>,
        delta: Delta,
        finish_reason: Option<&'static str>,
    ) -> Self {
        Self {
            id: head.id.clone(),
            object: "chat.completion.chunk",
            created: head.created,
            model: head.model.clone(),
            system_fingerprint: head.system_fingerprint.clone(),
            choices: vec![ChunkChoice {
                index: 0,
                delta,
                logprobs: None,
                finish_reason,
            }],
            usage,
        }
    }

    pub(super) fn usage(head: &Head, usage: Usage) -> Self {
        Self {
            choices: Vec::new(),
            ..Self::new(head, Some(Some(usage)), Delta::default(), None)
        }
    }
}

/// How the numbers of an embedding are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Encoding {
    Float,
    Base64,
}

/// Embeddings of texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EmbeddingResponse {
    pub object: &'static str,
    pub data: Vec<EmbeddingObject>,
    pub model: String,
    pub usage: Usage,
}

/// The embedding of one text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EmbeddingObject {
    pub object: &'static str,
    pub index: usize,
    pub embedding: Vector,
}

/// Numbers, written as was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Vector {
    /// As numbers.
    Float(Vec<f32>),
    /// As the base64 of their bytes, little-endian.
    Base64(String),
}

impl EmbeddingResponse {
    pub(super) fn new(
        model: String,
        vectors: Vec<Vec<f32>>,
        encoding: Encoding,
        tokens: u32,
    ) -> Self {
        let written = |vector: Vec<f32>| match encoding {
            Encoding::Float => Vector::Float(vector),
            Encoding::Base64 => Vector::Base64(
                STANDARD.encode(
                    vector
                        .iter()
                        .flat_map(|x| x.to_le_bytes())
                        .collect::<Vec<_>>(),
                ),
            ),
        };
        Self {
            object: "list",
            data: vectors
                .into_iter()
                .enumerate()
                .map(|(index, vector)| EmbeddingObject {
                    object: "embedding",
                    index,
                    embedding: written(vector),
                })
                .collect(),
            model,
            usage: Usage {
                prompt_tokens: tokens,
                completion_tokens: None,
                total_tokens: tokens,
            },
        }
    }
}

/// The models that there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ModelList {
    pub object: &'static str,
    pub data: Vec<ModelObject>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ModelObject {
    pub id: String,
    pub object: &'static str,
    pub created: u64,
    pub owned_by: &'static str,
}
