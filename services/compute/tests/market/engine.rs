//! An engine that speaks OpenAI's interface, and does what the last message says: `words N`, `slow N`, `fail STATUS`, `break N`, `silent N`, `cached N`.

use std::{
    convert::Infallible,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex,
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
    Json, Router,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use serde_json::{json, Value};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// Method and path with query, headers and body of every request.
    pub(crate) requests: Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>,
    /// Pieces of streams that were taken.
    pub(crate) pieces: Arc<AtomicUsize>,
}

impl Seen {
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|(_, _, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }
}

pub(crate) struct TestEngine {
    pub(crate) url: String,
    pub(crate) seen: Seen,
}

impl TestEngine {
    pub(crate) async fn start() -> Self {
        let seen = Seen::default();
        let router = Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/embeddings", post(embeddings))
            .layer(axum::middleware::from_fn_with_state(seen.clone(), note))
            .with_state(seen.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }
}

async fn note(
    State(seen): State<Seen>,
    request: Request,
    next: axum::middleware::Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    seen.requests
        .lock()
        .unwrap()
        .push((line, parts.headers.clone(), body.clone()));
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn usage(output: u64, cached: u64) -> Value {
    json!({
        "prompt_tokens": 10,
        "completion_tokens": output,
        "total_tokens": 10 + output,
        "prompt_tokens_details": { "cached_tokens": cached },
    })
}

async fn chat(State(seen): State<Seen>, Json(body): Json<Value>) -> Response {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let last = messages
        .last()
        .and_then(|message| message["content"].as_str())
        .unwrap_or("words 3");
    let (what, number) = last.split_once(' ').unwrap_or(("words", "3"));
    let number: u64 = number.trim().parse().unwrap_or(3);
    let most = body["max_tokens"]
        .as_u64()
        .or(body["max_completion_tokens"].as_u64());
    let words = number.min(most.unwrap_or(u64::MAX));
    let model = body["model"].clone();
    if what == "fail" {
        let status = StatusCode::from_u16(number as u16).unwrap();
        let error = json!({ "error": { "message": "no", "type": "invalid_request_error", "param": null, "code": "no" }});
        return (status, Json(error)).into_response();
    }
    if body["stream"] != true {
        if what == "slow" {
            tokio::time::sleep(Duration::from_millis(20 * words)).await;
        }
        let mut message = json!({ "role": "assistant", "content": "word ".repeat(words as usize) });
        let mut reason = "stop";
        if body["tools"].is_array() {
            message = json!({ "role": "assistant", "content": null, "tool_calls": [{
                "id": "call_1", "type": "function",
                "function": { "name": body["tools"][0]["function"]["name"], "arguments": "{\"city\":\"Bern\"}" },
            }]});
            reason = "tool_calls";
        }
        let mut answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{ "index": 0, "message": message, "finish_reason": reason, "logprobs": null }],
        });
        if what != "silent" {
            answer["usage"] = usage(words, if what == "cached" { 4 } else { 0 });
        }
        return Json(answer).into_response();
    }
    let include = body["stream_options"]["include_usage"] == true;
    let piece = move |delta: Value, finish: Value| {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
            "usage": null,
        })
    };
    let mut pieces: Vec<Value> = (0..words)
        .map(|n| piece(json!({ "content": format!("w{n} ") }), Value::Null))
        .collect();
    pieces.push(piece(json!({}), json!("stop")));
    if include && what != "silent" {
        let mut last = piece(json!({}), Value::Null);
        last["choices"] = json!([]);
        last["usage"] = usage(words, 0);
        pieces.push(last);
    }
    let breaks = what == "break";
    let mut texts: Vec<String> = pieces
        .iter()
        .map(|piece| format!("data: {piece}\n\n"))
        .collect();
    texts.insert(0, ": a comment\n\n".to_owned());
    if breaks {
        texts.truncate(1 + words as usize);
    } else {
        texts.push("data: [DONE]\n\n".to_owned());
    }
    let pause = if what == "slow" {
        Duration::from_millis(20)
    } else {
        Duration::ZERO
    };
    let taken = seen.pieces.clone();
    let body = stream::iter(texts).then(move |text| {
        let taken = taken.clone();
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            taken.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Bytes::from(text))
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    response
        .headers_mut()
        .insert("content-type", "text/event-stream".parse().unwrap());
    response
}

async fn embeddings(Json(body): Json<Value>) -> Json<Value> {
    let inputs = body["input"].as_array().map_or(1, Vec::len);
    let data: Vec<_> = (0..inputs)
        .map(|index| json!({ "object": "embedding", "index": index, "embedding": [0.5, -0.25] }))
        .collect();
    Json(json!({
        "object": "list", "data": data, "model": body["model"],
        "usage": { "prompt_tokens": 7 * inputs, "total_tokens": 7 * inputs },
    }))
}
