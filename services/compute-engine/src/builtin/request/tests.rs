//! What is read of bodies.

use serde_json::json;

use super::*;

fn turns(messages: Value) -> Result<Vec<(Role, String)>, ApiError> {
    let body = json!({ "messages": messages }).to_string();
    match ChatRequest::parse(body.as_bytes())?.job()? {
        wire::Request::Chat { turns, .. } => Ok(turns
            .into_iter()
            .map(|turn| (turn.role, turn.text))
            .collect()),
        wire::Request::Embed(_) => panic!("another request"),
    }
}

#[test]
fn job_reads_all_roles_parts_and_calls() {
    let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}});
    let found = turns(json!([
            {"role": "developer", "content": "Be concise."},
            {"role": "system", "content": "Be exact."},
            {"role": "user", "content": [{"type": "text", "text": "What is the"}, {"type": "text", "text": "capital?"}]},
            {"role": "assistant", "content": null, "tool_calls": [call, call]},
            {"role": "tool", "content": "Rome", "tool_call_id": "1"},
            {"role": "assistant", "content": "So:", "function_call": {"name": "g", "arguments": ""}},
            {"role": "function", "name": "g", "content": "Yes"}]));
    let expected = [
        (Role::System, "Be concise."),
        (Role::System, "Be exact."),
        (Role::User, "What is the\ncapital?"),
        (Role::Assistant, "f({\"x\": 1})\nf({\"x\": 1})"),
        (Role::User, "Rome"),
        (Role::Assistant, "So:\ng()"),
        (Role::User, "Yes"),
    ];
    assert_eq!(
        found,
        Ok(expected.map(|(role, text)| (role, text.into())).to_vec())
    );
    let error = turns(json!([{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}]));
    assert_eq!(
        error.unwrap_err().param.as_deref(),
        Some("messages[0].tool_calls")
    );
}

#[test]
fn parse_arrays_in_place_of_objects_are_refused() {
    for body in [
        r#"["noema-mini", [{"role": "user", "content": "hi"}]]"#,
        r#"{"messages": [["user", "hi"]]}"#,
        r#"{"messages": [{"role": "user", "content": [["text", "hi"]]}]}"#,
        r#"{"messages": [{"role": "user", "content": "hi"}], "stream_options": [true]}"#,
    ] {
        assert!(ChatRequest::parse(body.as_bytes()).is_err(), "{body}");
    }
    assert!(EmbeddingRequest::parse(br#"["noema-mini", "text"]"#).is_err());
    // The same with names.
    let options = r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "stream_options": {"include_usage": true}}"#;
    let request = ChatRequest::parse(options.as_bytes()).unwrap();
    assert!(request.stream_options.unwrap().include_usage);
    assert!(request.job().is_ok());
    let null = r#"{"messages": [{"role": "user", "content": null}], "stream_options": null}"#;
    assert!(ChatRequest::parse(null.as_bytes()).unwrap().job().is_ok());
}

#[test]
fn parse_a_body_that_is_too_large_is_refused_unread() {
    let body = vec![b'['; MAX_REQUEST + 1];
    let error = ChatRequest::parse(&body).unwrap_err();
    assert_eq!((error.status, error.code), (413, Some("request_too_large")));
    let error = EmbeddingRequest::parse(&body[1..]).unwrap_err();
    assert_eq!(error.status, 400);
}

#[test]
fn job_more_text_than_is_read_is_refused_before_there_is_a_job() {
    let half = "a".repeat(MAX_PROMPT_BYTES / 2);
    let message = |text: &str| json!({"role": "user", "content": text});
    assert!(turns(json!([message(&half), message(&half)])).is_ok());
    let error = turns(json!([message(&half), message(&half), message("a")])).unwrap_err();
    assert_eq!(error.code, Some("context_length_exceeded"));
    let body = json!({"input": ["a", half.repeat(2) + "a"]}).to_string();
    let error = EmbeddingRequest::parse(body.as_bytes()).unwrap().job();
    assert_eq!(error.unwrap_err().param.as_deref(), Some("input[1]"));
}

#[test]
fn job_no_tokens_are_refused_by_the_name_they_were_asked_by() {
    for member in ["max_tokens", "max_completion_tokens"] {
        let body = json!({"messages": [{"role": "user", "content": "a"}], member: 0});
        let request = ChatRequest::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(request.job().unwrap_err().param.as_deref(), Some(member));
    }
}
