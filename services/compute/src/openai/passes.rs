//! Which members of a request reach an engine. Engines read more than OpenAI's interface has, and some of that undoes what a request says about its cost: another name for the number of tokens, more
//! answers, media to be fetched, services of others that cost. So nothing passes but what is listed here, and what the operator of a service lists.

use serde_json::value::RawValue;

use super::{members::Members, request::RequestError, Route};

/// Members of a conversation that pass.
const CHAT: &[&str] = &[
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
];

/// Members of a request for vectors that pass.
const EMBEDDINGS: &[&str] = &["dimensions", "encoding_format", "input", "model", "user"];

/// Members of a message that pass.
const MESSAGE: &[&str] = &[
    "content",
    "function_call",
    "name",
    "reasoning",
    "reasoning_content",
    "refusal",
    "role",
    "tool_call_id",
    "tool_calls",
];

/// Texts that one request may ask vectors for, as with OpenAI.
pub const MAX_INPUTS: usize = 2_048;

/// What passes beside that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// Further members of a request by their names; those of messages as `messages.NAME`. Whoever lists one answers for what the engine does with it.
    pub members: Vec<String>,
    /// Whether messages may have parts of any kind, and media that the engine fetches from elsewhere.
    pub remote_media: bool,
}

fn wrong(param: &'static str, message: String) -> RequestError {
    RequestError {
        param: Some(param),
        message,
    }
}

impl Passes {
    fn lists(&self, name: &str) -> bool {
        self.members.iter().any(|listed| listed == name)
    }

    /// Whether everything in a request passes.
    ///
    /// # Errors
    /// The first thing that does not.
    pub(super) fn check(&self, route: Route, members: &Members<'_>) -> Result<(), RequestError> {
        let known = match route {
            Route::Chat => CHAT,
            Route::Embeddings => EMBEDDINGS,
        };
        let mut names = members.names();
        if let Some(name) = names.find(|name| !known.contains(name) && !self.lists(name)) {
            let message = format!(
                "the member {name:?} is none that is passed on to an engine here: leave it out"
            );
            return Err(RequestError {
                param: None,
                message,
            });
        }
        match route {
            Route::Chat => {
                for message in list(members, "messages")? {
                    self.message(message)?;
                }
                for tool in list(members, "tools")? {
                    tool_of(tool)?;
                }
                Ok(())
            }
            Route::Embeddings => inputs(members),
        }
    }

    fn message(&self, raw: &RawValue) -> Result<(), RequestError> {
        let message = object(raw, "messages")?;
        let mut names = message.names();
        let foreign = names.find(|name| {
            !MESSAGE.contains(name)
                && !self
                    .members
                    .iter()
                    .any(|one| one.strip_prefix("messages.") == Some(*name))
        });
        if let Some(name) = foreign {
            let message = format!("the member {name:?} of a message is none that is passed on to an engine here: leave it out");
            return Err(wrong("messages", message));
        }
        if self.remote_media {
            return Ok(());
        }
        let content = message.raw("content").map(RawValue::get);
        if content.is_some_and(|content| content.starts_with('[')) {
            for part in list(&message, "content")? {
                part_of(part)?;
            }
        } else if content.is_some_and(|content| content.starts_with('{')) {
            let message =
                "the content of a message: expected a text, or a list of parts".to_owned();
            return Err(wrong("messages", message));
        }
        Ok(())
    }
}

/// The elements of a member that is a list; none when it is not there.
fn list<'a>(members: &Members<'a>, name: &'static str) -> Result<Vec<&'a RawValue>, RequestError> {
    let Some(raw) = members.raw(name) else {
        return Ok(Vec::new());
    };
    let elements: Option<Vec<&RawValue>> = serde_json::from_str(raw.get())
        .map_err(|_| wrong(name, format!("{name}: expected a list")))?;
    Ok(elements.unwrap_or_default())
}

fn object<'a>(raw: &'a RawValue, param: &'static str) -> Result<Members<'a>, RequestError> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let message = format!("{param}: expected objects with each member once ({error})");
        wrong(param, message)
    })
}

/// A part of a message's content: text, or media that it has within itself.
fn part_of(raw: &RawValue) -> Result<(), RequestError> {
    let refused = |what: String| {
        let message = format!("a part of a message {what}: expected text, or media as a data: URL; nothing is fetched from elsewhere here");
        wrong("messages", message)
    };
    let part = object(raw, "messages")?;
    let kind: Option<String> = part.get("type").unwrap_or_default();
    let kind = kind.ok_or_else(|| refused("has no type".to_owned()))?;
    // An engine may choose by another member than the type.
    if let Some(other) = part.names().find(|name| *name != "type" && *name != kind) {
        return Err(refused(format!("of type {kind:?} has {other:?}")));
    }
    let Some(value) = part.raw(&kind) else {
        return Err(refused(format!("of type {kind:?} has no {kind:?}")));
    };
    let (allowed, source): (&[&str], _) = match kind.as_str() {
        "text" | "refusal" => return Ok(()),
        "image_url" | "video_url" | "audio_url" => (&["url", "detail", "format"], "url"),
        "input_audio" => (&["data", "format"], "data"),
        "file" => (&["file_data", "filename"], "file_data"),
        _ => return Err(refused(format!("is of type {kind:?}"))),
    };
    let source_is_here = |text: &str| {
        source == "data" && !text.contains(':')
            || text
                .get(..5)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    };
    if let Ok(url) = serde_json::from_str::<String>(value.get()) {
        return match source_is_here(&url) {
            true => Ok(()),
            false => Err(refused("names an address".to_owned())),
        };
    }
    let value = object(value, "messages")?;
    if let Some(other) = value.names().find(|name| !allowed.contains(name)) {
        return Err(refused(format!("of type {kind:?} has {other:?}")));
    }
    let text: Option<String> = value.get(source).unwrap_or_default();
    match text.is_some_and(|text| source_is_here(&text)) {
        true => Ok(()),
        false => Err(refused("names an address".to_owned())),
    }
}

/// A tool that the client runs itself, and not somebody at a cost.
fn tool_of(raw: &RawValue) -> Result<(), RequestError> {
    let tool = object(raw, "tools")?;
    let kind: Option<String> = tool
        .get("type")
        .map_err(|_| wrong("tools", "tools: expected a type that is a text".to_owned()))?;
    match kind.as_deref() {
        None | Some("function" | "custom") => Ok(()),
        Some(other) => {
            let message = format!(
                "a tool is of type {other:?}: expected \"function\"; no others are run here"
            );
            Err(wrong("tools", message))
        }
    }
}

/// Texts to make vectors of, or one.
fn inputs(members: &Members<'_>) -> Result<(), RequestError> {
    let is_list = members
        .raw("input")
        .is_some_and(|raw| raw.get().starts_with('['));
    if !is_list {
        return Ok(());
    }
    let list = list(members, "input")?;
    // One text can be a list, too: of the numbers of its tokens.
    let is_text = list
        .iter()
        .all(|one| one.get().bytes().all(|byte| byte.is_ascii_digit()));
    if !is_text && list.len() > MAX_INPUTS {
        let message = format!("{} inputs: expected at most {MAX_INPUTS}", list.len());
        return Err(wrong("input", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::ParsedRequest;

    fn refused(route: Route, body: &str, passes: &Passes) -> Option<String> {
        let parsed = ParsedRequest::parse(route, body.as_bytes()).unwrap();
        parsed.passes(passes).err().map(|error| error.message)
    }

    fn chat(members: &str) -> String {
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}]{members}}}"#)
    }

    fn with_part(part: &str) -> String {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"text","text":"a"}},{part}]}}]}}"#
        )
    }

    #[test]
    fn what_openai_has_passes() {
        let none = Passes::default();
        let tools = r#","tools":[{"type":"function","function":{"name":"a","parameters":{"x":1}}}],"tool_choice":"auto""#;
        for members in [
            "",
            tools,
            r#","temperature":0.5,"top_p":1,"seed":3,"stop":["a"],"logit_bias":{"1":2},"user":"u""#,
            r#","response_format":{"type":"json_object"},"stream":true,"stream_options":{"include_usage":true}"#,
            r#","n":2,"max_tokens":3,"max_completion_tokens":3,"logprobs":true,"top_logprobs":2,"tools":null"#,
        ] {
            assert_eq!(
                refused(Route::Chat, &chat(members), &none),
                None,
                "{members}"
            );
        }
        let call = r#"{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"x"}]}"#;
        assert_eq!(refused(Route::Chat, call, &none), None);
        let embed = r#"{"model":"m","input":["a","b"],"dimensions":8,"encoding_format":"float"}"#;
        assert_eq!(refused(Route::Embeddings, embed, &none), None);
    }

    #[test]
    fn what_undoes_the_bounds_or_costs_elsewhere_does_not_pass() {
        let none = Passes::default();
        for member in [
            r#""n_predict":100000"#,
            r#""n_predict":-1"#,
            r#""min_tokens":100000"#,
            r#""best_of":16"#,
            r#""n_cmpl":16"#,
            r#""ignore_eos":true"#,
            r#""service_tier":"priority""#,
            r#""web_search_options":{}"#,
            r#""store":true"#,
            r#""prediction":{"type":"content","content":"a"}"#,
            r#""mm_processor_kwargs":{}"#,
            r#""tools":[{"type":"web_search"}]"#,
            r#""tools":{"type":"function"}"#,
            r#""tools":[{"type":"function","type":"web_search"}]"#,
        ] {
            let body = chat(&format!(",{member}"));
            assert!(refused(Route::Chat, &body, &none).is_some(), "{member}");
        }
        let many = vec!["\"a\""; MAX_INPUTS + 1].join(",");
        let body = format!(r#"{{"model":"m","input":[{many}]}}"#);
        assert!(refused(Route::Embeddings, &body, &none).is_some());
        let tokens = vec!["7"; MAX_INPUTS + 1].join(",");
        let body = format!(r#"{{"model":"m","input":[{tokens}]}}"#);
        assert_eq!(refused(Route::Embeddings, &body, &none), None, "one text");
    }

    #[test]
    fn media_come_within_the_request_or_not_at_all() {
        let none = Passes::default();
        for part in [
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}}"#,
            r#"{"type":"image_url","image_url":"DATA:image/png;base64,AA"}"#,
            r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#,
            r#"{"type":"file","file":{"file_data":"data:application/pdf;base64,AA","filename":"a"}}"#,
        ] {
            assert_eq!(
                refused(Route::Chat, &with_part(part), &none),
                None,
                "{part}"
            );
        }
        for part in [
            r#"{"type":"image_url","image_url":{"url":"http://10.0.0.1/"}}"#,
            r#"{"type":"image_url","image_url":{"url":" data:,","url":"file:///etc/passwd"}}"#,
            r#"{"type":"image_url","image_url":"https://example.org/a.png"}"#,
            r#"{"type":"image_url","image_url":{"url":"data:,","file_id":"x"}}"#,
            r#"{"type":"image_url","image_url":{}}"#,
            r#"{"type":"video_url","video_url":{"url":"https://example.org/a.mp4"}}"#,
            r#"{"type":"input_audio","input_audio":{"data":"http://10.0.0.1/"}}"#,
            r#"{"type":"file","file":{"file_id":"file-1"}}"#,
            r#"{"type":"text","text":"a","image_url":{"url":"http://10.0.0.1/"}}"#,
            r#"{"image_url":{"url":"http://10.0.0.1/"}}"#,
            r#"{"type":"image_embeds","image_embeds":"AA"}"#,
            r#""text""#,
        ] {
            let body = with_part(part);
            assert!(refused(Route::Chat, &body, &none).is_some(), "{part}");
        }
        let twice = r#"{"model":"m","messages":[{"role":"user","content":"a","content":[{"type":"image_url","image_url":"http://a"}]}]}"#;
        assert!(refused(Route::Chat, twice, &none).is_some());
        let images =
            r#"{"model":"m","messages":[{"role":"user","content":"a","images":["http://a"]}]}"#;
        assert!(refused(Route::Chat, images, &none).is_some());
    }

    #[test]
    fn a_service_lists_what_passes_beside_that() {
        let more = Passes {
            members: vec!["repeat_penalty".to_owned(), "messages.images".to_owned()],
            remote_media: true,
        };
        let body = chat(r#","repeat_penalty":1.1"#);
        assert!(refused(Route::Chat, &body, &Passes::default()).is_some());
        assert_eq!(refused(Route::Chat, &body, &more), None);
        let images = r#"{"model":"m","messages":[{"role":"user","content":"a","images":["x"]}]}"#;
        assert_eq!(refused(Route::Chat, images, &more), None);
        let part = r#"{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}"#;
        assert_eq!(refused(Route::Chat, &with_part(part), &more), None);
        assert!(refused(Route::Chat, &chat(r#","n_predict":9"#), &more).is_some());
    }
}
