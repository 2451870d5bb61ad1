//! An engine that speaks OpenAI's interface, small enough to know what it says: as many words as the last message asks for (`words N`), slowly if it says so (`slow N`).

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{header::CONTENT_TYPE, HeaderValue},
    response::{IntoResponse, Response},
    routing::post,
    Json, Router,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use serde_json::{json, Value};
use tokio::{net::TcpListener, task::JoinHandle};

/// Tokens of input of every conversation.
pub const CHAT_INPUT: u64 = 10;
/// Tokens of input of each text that is embedded.
pub const TEXT_INPUT: u64 = 7;
/// How long a slow word takes.
const SLOW: Duration = Duration::from_millis(40);

/// An engine that runs until this is dropped.
#[derive(Debug)]
pub struct Engine {
    url: String,
    serving: JoinHandle<()>,
}

impl Engine {
    /// Starts one on loopback.
    pub async fn start() -> anyhow::Result<Self> {
        let router = Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/embeddings", post(embeddings));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the engine stopped");
            }
        });
        Ok(Self { url, serving })
    }

    /// Where it answers, without `/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn usage(output: u64) -> Value {
    json!({ "prompt_tokens": CHAT_INPUT, "completion_tokens": output, "total_tokens": CHAT_INPUT + output })
}

/// What is asked for: how many words, and how long each takes.
fn asked(body: &Value) -> (u64, Duration) {
    let messages = body["messages"].as_array();
    let last = messages.and_then(|messages| messages.last()?["content"].as_str());
    let (how, words) = last
        .and_then(|text| text.split_once(' '))
        .unwrap_or(("words", "1"));
    let most = body["max_tokens"].as_u64().unwrap_or(u64::MAX);
    let pause = if how == "slow" { SLOW } else { Duration::ZERO };
    (words.parse().unwrap_or(1).min(most), pause)
}

async fn chat(Json(body): Json<Value>) -> Response {
    let (words, pause) = asked(&body);
    let model = &body["model"];
    if body["stream"] == true {
        return streamed(model, words, pause, &body["stream_options"]);
    }
    for _ in 0..words {
        tokio::time::sleep(pause).await;
    }
    let content: String = (0..words).map(|word| format!("w{word} ")).collect();
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
        "usage": usage(words),
    }))
    .into_response()
}

fn streamed(model: &Value, words: u64, pause: Duration, options: &Value) -> Response {
    let piece = |choices: Value, usage: Value| {
        let piece = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices, "usage": usage,
        });
        format!("data: {piece}\n\n")
    };
    let delta =
        |delta: Value, end: Value| json!([{ "index": 0, "delta": delta, "finish_reason": end }]);
    let word = |word| {
        let content = format!("w{word} ");
        piece(
            delta(json!({ "content": content }), Value::Null),
            Value::Null,
        )
    };
    let mut events: Vec<String> = (0..words).map(word).collect();
    events.push(piece(delta(json!({}), json!("stop")), Value::Null));
    if options["include_usage"] == true {
        events.push(piece(json!([]), usage(words)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    let events = stream::iter(events).then(move |event| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(Bytes::from(event))
    });
    let mut response = Response::new(Body::from_stream(events));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

async fn embeddings(Json(body): Json<Value>) -> Json<Value> {
    let texts = body["input"].as_array().map_or(1, Vec::len);
    let data: Vec<_> = (0..texts)
        .map(|index| json!({ "object": "embedding", "index": index, "embedding": [0.5, -0.25] }))
        .collect();
    let tokens = (0..texts).map(|_| TEXT_INPUT).sum::<u64>();
    Json(json!({
        "object": "list", "data": data, "model": body["model"],
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}
