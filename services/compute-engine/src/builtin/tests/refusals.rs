//! What is refused.

use super::*;

#[tokio::test]
async fn chat_wrong_requests_are_refused_by_name() {
    let long = "word ".repeat(2_000);
    for (body, status, param, code) in [
        (
            with(asks("a"), "model", json!("gpt-4")),
            404,
            "model",
            "model_not_found",
        ),
        (
            with(asks("a"), "messages", json!([])),
            400,
            "messages",
            "invalid_value",
        ),
        (
            with(
                asks("a"),
                "messages",
                json!([{"role": "king", "content": "a"}]),
            ),
            400,
            "messages[0].role",
            "invalid_value",
        ),
        (
            with(
                asks("a"),
                "messages",
                json!([{"role": "user", "content": [{"type": "image_url"}]}]),
            ),
            400,
            "messages[0].content",
            "unsupported_value",
        ),
        (asks(&long), 400, "messages", "context_length_exceeded"),
        (
            asks(&long.repeat(20)),
            400,
            "messages",
            "context_length_exceeded",
        ),
        (
            with(asks("a"), "max_tokens", json!(0)),
            400,
            "max_tokens",
            "invalid_value",
        ),
        (
            with(asks("a"), "max_completion_tokens", json!(0)),
            400,
            "max_completion_tokens",
            "invalid_value",
        ),
        (
            with(asks("a"), "temperature", json!(3)),
            400,
            "temperature",
            "invalid_value",
        ),
        (
            with(asks("a"), "top_p", json!(0)),
            400,
            "top_p",
            "invalid_value",
        ),
        (
            with(asks("a"), "stop", json!([""])),
            400,
            "stop",
            "invalid_value",
        ),
        (
            with(asks("a"), "n", json!(2)),
            400,
            "n",
            "unsupported_value",
        ),
        (
            with(asks("a"), "logprobs", json!(true)),
            400,
            "logprobs",
            "unsupported_value",
        ),
        (
            with(asks("a"), "tool_choice", json!("required")),
            400,
            "tool_choice",
            "unsupported_value",
        ),
        (
            with(asks("a"), "response_format", json!({"type": "json_object"})),
            400,
            "response_format",
            "unsupported_value",
        ),
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
    for body in [
        "",
        "[]",
        "{\"messages\": 1}",
        "{\"model\": \"noema-mini\", \"messages\": [{\"role\": 1}]}",
    ] {
        let Answer::Whole { status, .. } = engine()
            .await
            .answer(Endpoint::ChatCompletions, body.as_bytes())
            .await
        else {
            panic!("a stream");
        };
        assert_eq!(status, 400, "{body}");
    }
}
