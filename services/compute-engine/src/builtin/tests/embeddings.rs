//! Embeddings.

use noema_language_model::Weights;

use super::*;

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
    let dot = |a: usize, b: usize| {
        vectors[a]
            .iter()
            .zip(&vectors[b])
            .map(|(a, b)| a * b)
            .sum::<f64>()
    };
    for (i, vector) in vectors.iter().enumerate() {
        assert_eq!(vector.len(), 128);
        assert!((dot(i, i) - 1.0).abs() < 1e-4);
    }
    assert!(
        dot(0, 1) > dot(0, 2) && dot(0, 1) > dot(1, 2),
        "{} {} {}",
        dot(0, 1),
        dot(0, 2),
        dot(1, 2)
    );
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    let texts = texts["input"].as_array().unwrap().iter();
    let tokens: usize = texts
        .map(|text| weights.tokenizer().encode(text.as_str().unwrap()).len() + 3)
        .sum();
    assert_eq!(
        response["usage"],
        json!({"prompt_tokens": tokens, "total_tokens": tokens})
    );
}

#[tokio::test]
async fn embed_base64_is_the_same_numbers() {
    use base64::Engine as _;
    let body = json!({"model": MODEL, "input": "A text."});
    let (_, plain) = embed(&body).await;
    let (_, packed) = embed(&with(body, "encoding_format", json!("base64"))).await;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(packed["data"][0]["embedding"].as_str().unwrap())
        .unwrap();
    let numbers: Vec<f32> = bytes
        .chunks(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let plain: Vec<f32> = serde_json::from_value(plain["data"][0]["embedding"].clone()).unwrap();
    assert_eq!(numbers, plain);
}

#[tokio::test]
async fn embed_wrong_requests_are_refused_by_name() {
    for (body, param, code) in [
        (json!({"model": MODEL}), "input", "invalid_value"),
        (
            json!({"model": MODEL, "input": []}),
            "input",
            "invalid_value",
        ),
        (
            json!({"model": MODEL, "input": [1, 2]}),
            "input",
            "invalid_value",
        ),
        (
            json!({"model": MODEL, "input": ["a", ""]}),
            "input[1]",
            "invalid_value",
        ),
        (
            json!({"model": MODEL, "input": ["a", "word ".repeat(2_000)]}),
            "input[1]",
            "context_length_exceeded",
        ),
        (
            json!({"model": MODEL, "input": "a", "dimensions": 64}),
            "dimensions",
            "unsupported_value",
        ),
        (
            json!({"model": MODEL, "input": "a", "encoding_format": "hex"}),
            "encoding_format",
            "invalid_value",
        ),
    ] {
        let (status, error) = embed(&body).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!(error["error"]["param"], param);
        assert_eq!(error["error"]["code"], code);
    }
}

/// As many tokens as one request may have, in texts that are as long as may be: each token costs the more the more are before it.
#[tokio::test]
async fn embed_largest_batch_is_answered_and_a_larger_one_refused() {
    let tokenizer = Weights::read(MODEL_WEIGHTS).unwrap().tokenizer().clone();
    let tokens = |text: &str| tokenizer.encode(text).len() + MARKS;
    // A text of so many tokens, or almost.
    let text = |most: usize| {
        let letters = "~q".chars().cycle();
        let mut text = String::new();
        for letter in letters {
            text.push(letter);
            if tokens(&text) > most {
                text.pop();
                return text;
            }
        }
        text
    };
    let longest = request::CONTEXT - 1;
    let mut texts = vec![text(longest); MAX_BATCH_TOKENS / longest];
    texts.push(text(MAX_BATCH_TOKENS % longest));
    let all = texts.iter().map(|text| tokens(text)).sum::<usize>();
    assert!(all + 2 * texts.len() > MAX_BATCH_TOKENS, "{all}");
    let engine = engine().await;
    let request = Request::Embed(texts.clone());
    assert_eq!(engine.check_batch(&request), Ok(()));
    let running = engine.start(&request).await.unwrap();
    let (report, _) = running.finish().await.unwrap();
    assert_eq!(report.outcome, crate::job::Outcome::Completed);
    assert!(2 * report.fuel < LIMITS.fuel, "{}", report.fuel);
    texts.push(text(longest));
    let body = |texts: &[String]| json!({"model": MODEL, "input": texts});
    let (status, error) = embed(&body(&texts)).await;
    assert_eq!(status, 400);
    assert_eq!(error["error"]["code"], "max_tokens_per_request");
    // The most texts, each short.
    let (status, response) = embed(&body(&vec!["A text.".into(); 256])).await;
    assert_eq!(status, 200, "{response}");
    assert_eq!(response["data"].as_array().unwrap().len(), 256);
}

#[test]
fn context_is_the_models() {
    let weights = Weights::read(MODEL_WEIGHTS).unwrap();
    assert_eq!(weights.dimensions().context, request::CONTEXT);
}
