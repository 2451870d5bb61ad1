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
