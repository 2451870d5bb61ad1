//! The engine from JSON to JSON, with the committed model.

mod chat;
mod embeddings;
mod refusals;

use futures::StreamExt;
use serde_json::{json, Value};
use tokio::sync::OnceCell;

use super::*;

async fn engine() -> &'static BuiltIn {
    static ENGINE: OnceCell<BuiltIn> = OnceCell::const_new();
    ENGINE
        .get_or_init(|| async { BuiltIn::new().await.unwrap() })
        .await
}

async fn answer(endpoint: Endpoint, body: &Value) -> (u16, Value) {
    match engine()
        .await
        .answer(endpoint, body.to_string().as_bytes())
        .await
    {
        Answer::Whole { status, body } => (status, serde_json::from_slice(&body).unwrap()),
        Answer::Stream(_) => panic!("a stream that nobody asked for"),
    }
}

async fn chat(body: &Value) -> (u16, Value) {
    answer(Endpoint::ChatCompletions, body).await
}

/// The events of a stream; the last is `[DONE]`.
async fn stream(body: &Value) -> Vec<Value> {
    let Answer::Stream(stream) = engine()
        .await
        .answer(Endpoint::ChatCompletions, body.to_string().as_bytes())
        .await
    else {
        panic!("no stream");
    };
    let bytes: Vec<u8> = stream.collect::<Vec<_>>().await.concat();
    let text = String::from_utf8(bytes).unwrap();
    let mut events: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(events.pop(), Some(""));
    assert_eq!(events.pop(), Some("data: [DONE]"));
    events
        .iter()
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

fn asks(question: &str) -> Value {
    json!({"model": MODEL, "temperature": 0, "messages": [{"role": "user", "content": question}]})
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn content(completion: &Value) -> &str {
    completion["choices"][0]["message"]["content"]
        .as_str()
        .unwrap()
}
