//! The engine as a gateway meets it: bodies in, bodies or server-sent events out.

use bytes::Bytes;
use futures::{
    stream::{self, BoxStream},
    StreamExt,
};
use serde::Serialize;

use super::{
    response::{Delta, Head, Usage},
    ApiError, BuiltIn, ChatChunk, ChatEvent, ChatRequest, ChatStream, EmbeddingRequest,
    StreamOptions,
};

/// The routes of OpenAI's interface that this engine has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/embeddings`.
    Embeddings,
}

/// An answer to a request.
pub enum Answer {
    /// As a whole: an answer, or an error.
    Whole {
        /// Status of HTTP.
        status: u16,
        /// JSON.
        body: Bytes,
    },
    /// Server-sent events, an item holds whole ones: chunks, then `[DONE]`; or an error, and nothing after it. Dropping the stream ends the work.
    Stream(BoxStream<'static, Bytes>),
}

impl BuiltIn {
    /// Answers the body of a request. Dropping the future, or the stream that comes of it, ends the work.
    pub async fn answer(&self, endpoint: Endpoint, body: &[u8]) -> Answer {
        let answer = match endpoint {
            Endpoint::ChatCompletions => self.answer_chat(body).await,
            Endpoint::Embeddings => self.answer_embeddings(body).await,
        };
        answer.unwrap_or_else(|error| Answer::Whole {
            status: error.status,
            body: error.body().into(),
        })
    }

    async fn answer_chat(&self, body: &[u8]) -> Result<Answer, ApiError> {
        let request = ChatRequest::parse(body)?;
        if request.stream != Some(true) {
            return whole(&self.complete(&request).await?);
        }
        let stream = self.chat(&request).await?;
        Ok(Answer::Stream(events(
            self.head("chatcmpl"),
            request.stream_options.unwrap_or_default(),
            stream,
        )))
    }

    async fn answer_embeddings(&self, body: &[u8]) -> Result<Answer, ApiError> {
        whole(&self.embed(&EmbeddingRequest::parse(body)?).await?)
    }
}

fn whole(answer: &impl Serialize) -> Result<Answer, ApiError> {
    let body = serde_json::to_vec(answer).map_err(|error| ApiError::server(error.to_string()))?;
    Ok(Answer::Whole {
        status: 200,
        body: body.into(),
    })
}

fn events(head: Head, options: StreamOptions, answer: ChatStream) -> BoxStream<'static, Bytes> {
    // The member of chunks that do not say it.
    let silent = options.include_usage.then_some(None);
    let said = move |usage| {
        if options.continuous_usage_stats {
            Some(Some(usage))
        } else {
            silent
        }
    };
    let role = Delta {
        role: Some("assistant"),
        content: Some(String::new()),
    };
    let first = event(&ChatChunk::new(
        &head,
        said(Usage::of(answer.prompt_tokens(), 0)),
        role,
        None,
    ));
    let rest = stream::unfold(Some(answer), move |answer| {
        let head = head.clone();
        async move {
            let mut answer = answer?;
            Some(match answer.next().await {
                Ok(ChatEvent::Piece { text, usage }) => {
                    let delta = Delta {
                        role: None,
                        content: Some(text),
                    };
                    (
                        event(&ChatChunk::new(&head, said(usage), delta, None)),
                        Some(answer),
                    )
                }
                Ok(ChatEvent::End {
                    finish_reason,
                    usage,
                }) => {
                    let mut last = event(&ChatChunk::new(
                        &head,
                        said(usage),
                        Delta::default(),
                        Some(finish_reason),
                    ));
                    if options.include_usage {
                        last.extend(event(&ChatChunk::usage(&head, usage)));
                    }
                    last.extend_from_slice(b"data: [DONE]\n\n");
                    (last, None)
                }
                Err(error) => ([b"data: ", &error.body()[..], b"\n\n"].concat(), None),
            })
        }
    });
    stream::once(async { first })
        .chain(rest)
        .map(Bytes::from)
        .boxed()
}

/// A server-sent event. JSON has no line breaks in it.
fn event(chunk: &ChatChunk) -> Vec<u8> {
    let json = serde_json::to_vec(chunk).unwrap_or_default();
    [b"data: ", &json[..], b"\n\n"].concat()
}
