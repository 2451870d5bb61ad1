//! The engine from JSON to JSON, with the committed model.

use futures::StreamExt;
use noema_language_model::{generate, prompt, Options, Role, Turn, Weights};
use serde_json::{json, Value};
use tokio::sync::OnceCell;

use super::*;

async fn engine() -> &'static BuiltIn {
    static ENGINE: OnceCell<BuiltIn> = OnceCell::const_new();
    ENGINE.get_or_init(|| async { BuiltIn::new().await.unwrap() }).await
}

async fn answer(endpoint: Endpoint, body: &Value) -> (u16, Value) {
    match engine().await.answer(endpoint, body.to_string().as_bytes()).await {
        Answer::Whole { status, body } => (status, serde_json::from_slice(&body).unwrap()),
        Answer::Stream(_) => panic!("a stream that nobody asked for"),
    }
}

async fn chat(body: &Value) -> (u16, Value) {
    answer(Endpoint::ChatCompletions, body).await
}

/// The events of a stream; the last is `[DONE]`.
async fn stream(body: &Value) -> Vec<Value> {
    let Answer::Stream(stream) = engine().await.answer(Endpoint::ChatCompletions, body.to_string().as_bytes()).await else {
        panic!("no stream");
    };
    let bytes: Vec<u8> = stream.collect::<Vec<_>>().await.concat();
    let text = String::from_utf8(bytes).unwrap();
    let mut events: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(events.pop(), Some(""));
    assert_eq!(events.pop(), Some("data: [DONE]"));
    events.iter().map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

fn asks(question: &str) -> Value {
    json!({"model": MODEL, "temperature": 0, "messages": [{"role": "user", "content": question}]})
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn content(completion: &Value) -> &str {
    completion["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn chat_known_questions_are_answered() {
    for (question, part) in [
        ("What is a voucher?", "payer"),
        ("What is the capital of France?", "Paris"),
        ("Which day comes after Monday?", "Tuesday"),
    ] {
        let (status, completion) = chat(&asks(question)).await;
        assert_eq!(status, 200, "{completion}");
        assert!(content(&completion).contains(part), "{question}: {completion}");
        assert_eq!(completion["choices"][0]["finish_reason"], "stop");
        assert_eq!(completion["object"], "chat.completion");
        assert_eq!(completion["choices"][0]["message"]["role"], "assistant");
    }
}

/// Natively, without any WASM, the same crate says the same to the last bit.
#[tokio::test]
async fn chat_in_wasm_is_what_it_is_natively() {
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    for (seed, question) in [(1, "Tell me a story."), (2, "What is xyzzy?"), (3, "\u{1f980} 12 + 7")] {
        let turns = [Turn {
            role: Role::User,
            text: question.into(),
        }];
        let options = Options {
            max_tokens: 60,
            temperature: 1.3,
            top_p: 0.95,
            seed,
            stops: vec![],
        };
        let tokens = prompt(weights.tokenizer(), &turns, weights.dimensions().context).unwrap();
        let mut native = String::new();
        let generation = generate(&weights, &tokens, &options, |piece, _| {
            native.push_str(piece);
            std::ops::ControlFlow::Continue(())
        });
        let body = json!({"model": MODEL, "temperature": 1.3, "top_p": 0.95, "seed": seed, "max_tokens": 60,
            "messages": [{"role": "user", "content": question}]});
        let (_, completion) = chat(&body).await;
        assert_eq!(content(&completion), native);
        assert_eq!(completion["usage"]["prompt_tokens"], generation.prompt_tokens);
        assert_eq!(completion["usage"]["completion_tokens"], generation.completion_tokens);
        assert_eq!(completion["usage"]["total_tokens"], generation.prompt_tokens + generation.completion_tokens);
    }
}

/// What every machine says: the hash of answers that were drawn, with their usage.
#[tokio::test]
async fn chat_drawn_answers_are_known() {
    let mut hash = Sha256::new();
    for seed in 0..8 {
        let body = with(with(asks("Tell me about Noema."), "seed", json!(seed)), "temperature", json!(1.5));
        let (_, completion) = chat(&body).await;
        hash.update(content(&completion));
        hash.update(completion["usage"].to_string());
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, KNOWN_ANSWERS);
}

const KNOWN_ANSWERS: &str = "";

#[tokio::test]
async fn chat_same_seed_is_the_same_answer_and_another_is_another() {
    let drawn = |seed: i64| with(with(asks("Tell me a story."), "seed", json!(seed)), "temperature", json!(1.5));
    let (_, first) = chat(&drawn(-5)).await;
    let (_, again) = chat(&drawn(-5)).await;
    let (_, other) = chat(&drawn(6)).await;
    assert_eq!(content(&first), content(&again));
    assert_ne!(content(&first), content(&other));
    assert_ne!(first["id"], again["id"]);
    assert_eq!(first["system_fingerprint"], again["system_fingerprint"]);
}

#[tokio::test]
async fn chat_stream_is_the_same_text_with_usage_at_its_end() {
    let body = asks("What is a receipt?");
    let (_, whole) = chat(&body).await;
    let streamed = with(with(body, "stream", json!(true)), "stream_options", json!({"include_usage": true}));
    let events = stream(&streamed).await;
    let text: String = events
        .iter()
        .filter_map(|event| event["choices"].get(0)?["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, content(&whole));
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert!(events.len() > 5);
    let [chunks @ .., last, usage] = &events[..] else {
        panic!("too short");
    };
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], whole["usage"]);
    assert!(events.iter().all(|event| event["id"] == events[0]["id"] && event["object"] == "chat.completion.chunk"));
}

#[tokio::test]
async fn chat_stream_without_options_says_no_usage() {
    let events = stream(&with(asks("Hi"), "stream", json!(true))).await;
    assert!(events.iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn chat_stream_says_in_each_chunk_what_was_used_if_asked() {
    let body = with(with(asks("Count to ten."), "stream", json!(true)), "stream_options", json!({"continuous_usage_stats": true}));
    let events = stream(&body).await;
    let used: Vec<u64> = events.iter().map(|event| event["usage"]["completion_tokens"].as_u64().unwrap()).collect();
    assert_eq!(used[0], 0);
    assert!(used.windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(used.last() > used.first());
}

#[tokio::test]
async fn chat_ends_at_max_tokens_and_before_a_stop() {
    let (_, whole) = chat(&asks("Count to ten.")).await;
    for member in ["max_tokens", "max_completion_tokens"] {
        let (_, short) = chat(&with(asks("Count to ten."), member, json!(3))).await;
        assert_eq!(short["usage"]["completion_tokens"], 3);
        assert_eq!(short["choices"][0]["finish_reason"], "length");
        assert!(content(&whole).starts_with(content(&short)));
    }
    for stop in [json!("4"), json!(["never", "4"])] {
        let (_, stopped) = chat(&with(asks("Count to ten."), "stop", stop)).await;
        assert_eq!(Some(content(&stopped)), content(&whole).split('4').next());
        assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    }
}

#[tokio::test]
async fn chat_reads_all_roles_and_parts() {
    let body = json!({"model": MODEL, "temperature": 0, "tools": [], "user": "somebody", "messages": [
        {"role": "developer", "content": "Be concise."},
        {"role": "user", "content": [{"type": "text", "text": "What is the"}, {"type": "text", "text": "capital of Italy?"}]},
        {"role": "assistant", "content": null, "tool_calls": []},
        {"role": "tool", "content": "Rome", "tool_call_id": "1"}]});
    let (status, completion) = chat(&body).await;
    assert_eq!(status, 200, "{completion}");
}

#[tokio::test]
async fn chat_wrong_requests_are_refused_by_name() {
    let long = "word ".repeat(2_000);
    for (body, status, param, code) in [
        (with(asks("a"), "model", json!("gpt-4")), 404, "model", "model_not_found"),
        (with(asks("a"), "messages", json!([])), 400, "messages", "invalid_value"),
        (with(asks("a"), "messages", json!([{"role": "king", "content": "a"}])), 400, "messages[0].role", "invalid_value"),
        (
            with(asks("a"), "messages", json!([{"role": "user", "content": [{"type": "image_url"}]}])),
            400,
            "messages[0].content",
            "unsupported_value",
        ),
        (asks(&long), 400, "messages", "context_length_exceeded"),
        (asks(&long.repeat(20)), 400, "messages", "context_length_exceeded"),
        (with(asks("a"), "max_tokens", json!(0)), 400, "max_tokens", "invalid_value"),
        (with(asks("a"), "temperature", json!(3)), 400, "temperature", "invalid_value"),
        (with(asks("a"), "top_p", json!(0)), 400, "top_p", "invalid_value"),
        (with(asks("a"), "stop", json!([""])), 400, "stop", "invalid_value"),
        (with(asks("a"), "n", json!(2)), 400, "n", "unsupported_value"),
        (with(asks("a"), "logprobs", json!(true)), 400, "logprobs", "unsupported_value"),
        (with(asks("a"), "tool_choice", json!("required")), 400, "tool_choice", "unsupported_value"),
        (with(asks("a"), "response_format", json!({"type": "json_object"})), 400, "response_format", "unsupported_value"),
    ] {
        for body in [body.clone(), with(body, "stream", json!(true))] {
            let (found, error) = chat(&body).await;
            assert_eq!(found, status, "{error}");
            assert_eq!(error["error"]["param"], param);
            assert_eq!(error["error"]["code"], code);
            assert_eq!(error["error"]["type"], "invalid_request_error");
            assert!(error["error"]["message"].is_string());
        }
    }
    for body in ["", "[]", "{\"messages\": 1}", "{\"model\": \"noema-mini\", \"messages\": [{\"role\": 1}]}"] {
        let Answer::Whole { status, .. } = engine().await.answer(Endpoint::ChatCompletions, body.as_bytes()).await else {
            panic!("a stream");
        };
        assert_eq!(status, 400, "{body}");
    }
}

#[tokio::test]
async fn drop_stream_ends_the_work() {
    let runner = Runner::new(RunnerConfig {
        slots: 1,
        waiting: 1,
        ..RunnerConfig::default()
    });
    let engine = BuiltIn::with(runner.unwrap(), "other").await.unwrap();
    assert_eq!(engine.models().data[0].id, "other");
    let body = with(with(asks("Tell me a story."), "model", json!("other")), "stream", json!(true)).to_string();
    for _ in 0..10 {
        // With one slot, each waits until the one before it has ended.
        let Answer::Stream(mut stream) = engine.answer(Endpoint::ChatCompletions, body.as_bytes()).await else {
            panic!("no stream");
        };
        assert!(stream.next().await.is_some());
    }
}

async fn embed(body: &Value) -> (u16, Value) {
    answer(Endpoint::Embeddings, body).await
}

#[tokio::test]
async fn embed_texts_are_directions_with_exact_usage() {
    let texts = json!({"model": MODEL, "input": ["What is a voucher?", "Explain vouchers.", "What is the capital of Greece?"]});
    let (status, response) = embed(&texts).await;
    assert_eq!(status, 200, "{response}");
    let vectors: Vec<Vec<f64>> = response["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| serde_json::from_value(object["embedding"].clone()).unwrap())
        .collect();
    let dot = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum::<f64>();
    for i in 0..3 {
        assert_eq!(vectors[i].len(), 128);
        assert!((dot(i, i) - 1.0).abs() < 1e-4);
    }
    assert!(dot(0, 1) > dot(0, 2) && dot(0, 1) > dot(1, 2), "{} {} {}", dot(0, 1), dot(0, 2), dot(1, 2));
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    let texts = texts["input"].as_array().unwrap().iter();
    let tokens: usize = texts.map(|text| weights.tokenizer().encode(text.as_str().unwrap()).len() + 1).sum();
    assert_eq!(response["usage"], json!({"prompt_tokens": tokens, "total_tokens": tokens}));
}

#[tokio::test]
async fn embed_base64_is_the_same_numbers() {
    use base64::Engine as _;
    let body = json!({"model": MODEL, "input": "A text."});
    let (_, plain) = embed(&body).await;
    let (_, packed) = embed(&with(body, "encoding_format", json!("base64"))).await;
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let numbers: Vec<f32> = bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let plain: Vec<f32> = serde_json::from_value(plain["data"][0]["embedding"].clone()).unwrap();
    assert_eq!(numbers, plain);
}

#[tokio::test]
async fn embed_wrong_requests_are_refused_by_name() {
    for (body, param, code) in [
        (json!({"model": MODEL}), "input", "invalid_value"),
        (json!({"model": MODEL, "input": []}), "input", "invalid_value"),
        (json!({"model": MODEL, "input": [1, 2]}), "input", "invalid_value"),
        (json!({"model": MODEL, "input": ["a", ""]}), "input[1]", "invalid_value"),
        (json!({"model": MODEL, "input": ["a", "word ".repeat(2_000)]}), "input[1]", "context_length_exceeded"),
        (json!({"model": MODEL, "input": "a", "dimensions": 64}), "dimensions", "unsupported_value"),
        (json!({"model": MODEL, "input": "a", "encoding_format": "hex"}), "encoding_format", "invalid_value"),
    ] {
        let (status, error) = embed(&body).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!(error["error"]["param"], param);
        assert_eq!(error["error"]["code"], code);
    }
}
