//! The built-in engine: chat completions and embeddings of a small language model (`models/`) that runs as a job.
//!
//! Requests and answers have the form of OpenAI's interface (<https://platform.openai.com/docs/api-reference>). [`BuiltIn::answer`] takes and
//! gives the bytes of a route's bodies; [`BuiltIn::chat`] and [`BuiltIn::embed`] are the same with types.

mod answer;
mod chat;
mod embeddings;
mod error;
mod model;
mod object;
mod request;
mod response;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use noema_language_model::{wire::Request, Tokenizer, Weights};
use sha2::{Digest, Sha256};

use crate::job::{Fault, Limits, Module, Runner, RunnerConfig, Running, Source, StartError};

pub use answer::{Answer, Endpoint};
pub use chat::{ChatEvent, ChatStream};
pub use error::{ApiError, ErrorKind};
pub use model::{fingerprint, MODEL, MODEL_MODULE, MODEL_WEIGHTS};
pub use request::{
    ChatRequest, Content, EmbeddingRequest, Message, OneOrMany, Part, StreamOptions, Unsupported,
    MAX_REQUEST,
};
pub use response::{
    ChatChunk, ChatCompletion, ChatMessage, Choice, ChunkChoice, Delta, EmbeddingObject,
    EmbeddingResponse, ModelList, ModelObject, Usage, Vector,
};

/// The most tokens of all texts of a request for embeddings, marks included.
const MAX_BATCH_TOKENS: usize = 4_096;
/// Tokens of an embedding's text besides those of its words: who speaks, its end, who speaks next.
const MARKS: usize = 3;

/// What an answer may use: more than twice what the largest takes, which a test measures.
const LIMITS: Limits = Limits {
    fuel: 100_000_000_000,
    memory: 64 << 20,
    output: 4 << 20,
};

/// The built-in engine. Clones are the same engine.
#[derive(Clone, Debug)]
pub struct BuiltIn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runner: Runner,
    module: Module,
    weights: Bytes,
    tokenizer: Tokenizer,
    name: String,
    fingerprint: String,
    answers: AtomicU64,
}

impl BuiltIn {
    /// An engine under the model's own name, with a slot per processor and eight times as many requests waiting.
    pub async fn new() -> Result<Self, StartError> {
        let config = RunnerConfig::default();
        Self::with(MODEL, config.slots, config.waiting).await
    }

    /// An engine under another name, that answers `slots` requests at a time and has `waiting` more wait. Its runner is its own: jobs of others
    /// take neither slots nor places from it.
    pub async fn with(name: &str, slots: usize, waiting: usize) -> Result<Self, StartError> {
        let runner = Runner::new(RunnerConfig {
            slots,
            waiting,
            modules: 1,
            memory: u64::from(LIMITS.memory) * slots as u64,
            output: 2 * u64::from(LIMITS.output) * slots as u64,
            limits: LIMITS,
        })?;
        let module = Source::Bytes(Bytes::from_static(MODEL_MODULE));
        let module = runner.load(&module, &()).await?;
        let weights = Weights::read(MODEL_WEIGHTS);
        let weights = weights.map_err(|error| Fault::Runner(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            runner,
            module,
            weights: Bytes::from_static(MODEL_WEIGHTS),
            tokenizer: weights.tokenizer().clone(),
            name: name.into(),
            fingerprint: fingerprint(),
            answers: AtomicU64::new(0),
        })))
    }

    /// What the model is called.
    pub fn model(&self) -> &str {
        &self.0.name
    }

    /// A list of the one model, as `/v1/models` gives it.
    pub fn models(&self) -> ModelList {
        ModelList {
            object: "list",
            data: vec![ModelObject {
                id: self.0.name.clone(),
                object: "model",
                created: model::CREATED,
                owned_by: "noema",
            }],
        }
    }

    /// Answers a conversation, piece by piece. Dropping the stream ends the work.
    pub async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ApiError> {
        self.check_model(&request.model)?;
        let job = request.job()?;
        let running = self.start(&job).await?;
        ChatStream::begin(running).await
    }

    /// Answers a conversation as a whole.
    pub async fn complete(&self, request: &ChatRequest) -> Result<ChatCompletion, ApiError> {
        let mut stream = self.chat(request).await?;
        let mut content = String::new();
        loop {
            match stream.next().await? {
                ChatEvent::Piece { text, .. } => content.push_str(&text),
                ChatEvent::End {
                    finish_reason,
                    usage,
                } => {
                    return Ok(ChatCompletion::new(
                        self.head("chatcmpl"),
                        content,
                        finish_reason,
                        usage,
                    ))
                }
            }
        }
    }

    /// Embeds texts.
    pub async fn embed(&self, request: &EmbeddingRequest) -> Result<EmbeddingResponse, ApiError> {
        self.check_model(&request.model)?;
        let (job, encoding) = request.job()?;
        self.check_batch(&job)?;
        let running = self.start(&job).await?;
        let (vectors, tokens) = embeddings::collect(running, request.texts()).await?;
        Ok(EmbeddingResponse::new(
            self.0.name.clone(),
            vectors,
            encoding,
            tokens,
        ))
    }

    /// Before anything is computed: a batch is answered as a whole, or not at all.
    fn check_batch(&self, request: &Request) -> Result<(), ApiError> {
        let Request::Embed(texts) = request else {
            return Ok(());
        };
        let mut tokens = 0;
        for text in texts {
            tokens += self.0.tokenizer.encode(text.trim()).len() + MARKS;
            if tokens > MAX_BATCH_TOKENS {
                return Err(ApiError::too_many_tokens("input", MAX_BATCH_TOKENS));
            }
        }
        Ok(())
    }

    async fn start(&self, request: &Request) -> Result<Running, ApiError> {
        let inputs = vec![request.encode().into(), self.0.weights.clone()];
        Ok(self
            .0
            .runner
            .start_loaded(&self.0.module, inputs, LIMITS)
            .await?)
    }

    fn check_model(&self, asked: &str) -> Result<(), ApiError> {
        match asked == self.0.name {
            true => Ok(()),
            false => Err(ApiError::unknown_model(asked, &self.0.name)),
        }
    }

    /// What an answer begins with: an id of its own, the time, names.
    fn head(&self, kind: &str) -> response::Head {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(now.as_nanos().to_le_bytes());
        hash.update(std::process::id().to_le_bytes());
        hash.update(self.0.answers.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        let id = hash
            .finalize()
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        response::Head {
            id: format!("{kind}-{id}"),
            created: now.as_secs(),
            model: self.0.name.clone(),
            system_fingerprint: self.0.fingerprint.clone(),
        }
    }
}
