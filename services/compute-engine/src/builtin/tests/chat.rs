//! Chat completions.

use std::time::Instant;

use noema_language_model::{generate, prompt, FinishReason, Options, Role, Turn, Weights};

use super::*;

#[tokio::test]
async fn chat_known_questions_are_answered() {
    for (question, part) in [
        ("What is a voucher?", "payer"),
        ("What is the capital of France?", "Paris"),
        ("Which day comes after Monday?", "Tuesday"),
    ] {
        let (status, completion) = chat(&asks(question)).await;
        assert_eq!(status, 200, "{completion}");
        assert!(
            content(&completion).contains(part),
            "{question}: {completion}"
        );
        assert_eq!(completion["choices"][0]["finish_reason"], "stop");
        assert_eq!(completion["object"], "chat.completion");
        assert_eq!(completion["choices"][0]["message"]["role"], "assistant");
    }
}

/// Natively, without any WASM, the same crate says the same to the last bit.
#[tokio::test]
async fn chat_in_wasm_is_what_it_is_natively() {
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    for (seed, question) in [
        (1, "Tell me a story."),
        (2, "What is xyzzy?"),
        (3, "\u{1f980} 12 + 7"),
    ] {
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
        assert_eq!(
            completion["usage"]["prompt_tokens"],
            generation.prompt_tokens
        );
        assert_eq!(
            completion["usage"]["completion_tokens"],
            generation.completion_tokens
        );
        assert_eq!(
            completion["usage"]["total_tokens"],
            generation.prompt_tokens + generation.completion_tokens
        );
    }
}

/// What every machine says: the hash of answers that were drawn, with their usage.
#[tokio::test]
async fn chat_drawn_answers_are_known() {
    let mut hash = Sha256::new();
    for seed in 0..8 {
        let body = with(
            with(asks("Tell me about Noema."), "seed", json!(seed)),
            "temperature",
            json!(1.5),
        );
        let (_, completion) = chat(&body).await;
        hash.update(content(&completion));
        hash.update(completion["usage"].to_string());
    }
    let hash: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hash, KNOWN_ANSWERS);
}

const KNOWN_ANSWERS: &str = "4671a4d559a5a0e778cb9c4f91563957663d0003c0408ab670f04d680458e715";

#[tokio::test]
async fn chat_same_seed_is_the_same_answer_and_another_is_another() {
    let drawn = |seed: i64| {
        with(
            with(asks("Tell me a story."), "seed", json!(seed)),
            "temperature",
            json!(1.5),
        )
    };
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
    let streamed = with(
        with(body, "stream", json!(true)),
        "stream_options",
        json!({"include_usage": true}),
    );
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
    assert!(chunks
        .iter()
        .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], whole["usage"]);
    assert!(events
        .iter()
        .all(|event| event["id"] == events[0]["id"] && event["object"] == "chat.completion.chunk"));
}

#[tokio::test]
async fn chat_stream_without_options_says_no_usage() {
    let events = stream(&with(asks("Hi"), "stream", json!(true))).await;
    assert!(events.iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn chat_stream_says_in_each_chunk_what_was_used_if_asked() {
    let body = with(
        with(asks("Count to ten."), "stream", json!(true)),
        "stream_options",
        json!({"continuous_usage_stats": true}),
    );
    let events = stream(&body).await;
    let used: Vec<u64> = events
        .iter()
        .map(|event| event["usage"]["completion_tokens"].as_u64().unwrap())
        .collect();
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

/// Asks for an answer that goes on until the context is full.
fn endless(model: &str) -> Value {
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    let turns = [Turn {
        role: Role::User,
        text: "Tell me a story.".into(),
    }];
    let tokens = prompt(weights.tokenizer(), &turns, request::CONTEXT).unwrap();
    // So hot that one of some seeds finds no end.
    let goes_on = |seed: &u64| {
        let options = Options {
            max_tokens: u32::MAX,
            temperature: 2.0,
            top_p: 1.0,
            seed: *seed,
            stops: vec![],
        };
        let go_on = |_: &str, _| std::ops::ControlFlow::Continue(());
        generate(&weights, &tokens, &options, go_on).reason == FinishReason::Length
    };
    let seed = (0..100).find(goes_on).unwrap();
    let body = with(asks("Tell me a story."), "temperature", json!(2));
    with(with(body, "model", json!(model)), "seed", json!(seed))
}

#[tokio::test]
async fn chat_that_fills_the_context_ends_there() {
    let (status, whole) = chat(&endless(MODEL)).await;
    assert_eq!(status, 200, "{whole}");
    assert_eq!(whole["choices"][0]["finish_reason"], "length");
    assert_eq!(whole["usage"]["total_tokens"], 512);
    // The longest prompt has room for one token.
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    let (mut words, mut tokens) = (String::from("a"), 0);
    while tokens < 511 {
        words.push_str(" a");
        tokens = weights.tokenizer().encode(&words).len() + MARKS;
    }
    let body = with(asks(&words), "temperature", json!(2));
    let mut answer = Value::Null;
    // The one token may be the end, which is none.
    for seed in 0..20 {
        (_, answer) = chat(&with(body.clone(), "seed", json!(seed))).await;
        if answer["choices"][0]["finish_reason"] == "length" {
            break;
        }
    }
    let usage = json!({"prompt_tokens": 511, "completion_tokens": 1, "total_tokens": 512});
    assert_eq!(answer["usage"], usage);
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    let (status, error) = chat(&asks(&(words + " a"))).await;
    assert_eq!(status, 400);
    assert_eq!(error["error"]["code"], "context_length_exceeded");
}

#[tokio::test]
async fn drop_stream_ends_the_work() {
    let engine = BuiltIn::with("other", 1, 1).await.unwrap();
    assert_eq!(engine.models().data[0].id, "other");
    let request = ChatRequest::parse(endless("other").to_string().as_bytes()).unwrap();
    let begun = Instant::now();
    engine.complete(&request).await.unwrap();
    let whole = begun.elapsed();
    let begun = Instant::now();
    for _ in 0..10 {
        // With one slot, each waits until the one before it has ended.
        let mut stream = engine.chat(&request).await.unwrap();
        assert!(matches!(stream.next().await, Ok(ChatEvent::Piece { .. })));
    }
    // Ten answers that nobody broke off take ten times as long.
    assert!(
        begun.elapsed() < 5 * whole,
        "{:?} for ten, {whole:?} for one",
        begun.elapsed()
    );
}

#[tokio::test]
async fn chat_is_answered_while_jobs_of_others_hold_all_slots() {
    let others = Runner::new(RunnerConfig {
        slots: 1,
        waiting: 1,
        ..RunnerConfig::default()
    });
    let others = others.unwrap();
    let endless: Vec<u8> = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "run") (loop (br_if 0 (i32.const 1)))))"#,
    )
    .unwrap();
    let job = crate::job::Job {
        module: Source::Bytes(endless.into()),
        inputs: vec![],
        limits: Limits::MOST,
    };
    let running = others.start(&job, &()).await.unwrap();
    let (status, answer) = chat(&asks("Hi")).await;
    assert_eq!(status, 200, "{answer}");
    drop(running);
}
