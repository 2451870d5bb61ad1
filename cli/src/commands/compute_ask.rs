//! `noema compute chat`, `embed`, `proxy` and `gateway`: what goes through the buyer's proxy, and the daemons themselves.

use std::{
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::Command,
};

use noema_local_net::Binaries;
use serde_json::{json, Value};

use super::compute_proxy::{Proxy, MAX_LINE};
use crate::{
    args::compute::{Chat, Daemon, Embed},
    failure::Failure,
    output::Answer,
    session::Session,
};

pub(super) async fn chat(session: &Session, chat: &Chat) -> Result<(), Failure> {
    let proxy = Proxy::new(&chat.proxy)?;
    let text = match chat.message.as_slice() {
        [] => from_stdin()?,
        words => words.join(" "),
    };
    let mut messages = Vec::new();
    if let Some(system) = &chat.system {
        messages.push(json!({ "role": "system", "content": system }));
    }
    messages.push(json!({ "role": "user", "content": text }));
    let mut body = json!({
        "model": proxy.model(chat.proxy.model.as_ref()).await?,
        "messages": messages,
        "max_tokens": chat.max_tokens,
    });
    if session.output.is_json() {
        let answer = proxy.json("chat/completions", Some(&body)).await?;
        return session.output.answer(&Answer::new("", answer));
    }
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let mut pieces = proxy.ask("chat/completions", Some(&body)).await?;
    let mut usage = Value::Null;
    while let Some(event) = pieces.event().await.map_err(|e| proxy.failure(e))? {
        if let Some(error) = event["error"]["message"].as_str() {
            return Err(Failure::new("refused", error));
        }
        if let Some(text) = event["choices"][0]["delta"]["content"].as_str() {
            say(text)?;
        }
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
    }
    say("\n")?;
    session.output.note(format_args!(
        "({} tokens read, {} written)",
        usage["prompt_tokens"], usage["completion_tokens"]
    ));
    Ok(())
}

pub(super) async fn embed(session: &Session, embed: &Embed) -> Result<(), Failure> {
    let proxy = Proxy::new(&embed.proxy)?;
    let body = json!({
        "model": proxy.model(embed.proxy.model.as_ref()).await?,
        "input": embed.texts,
        "encoding_format": "float",
    });
    let answer = proxy.json("embeddings", Some(&body)).await?;
    let vectors = answer["data"].as_array().into_iter().flatten();
    let lines: String = vectors
        .map(|one| format!("{}\n", one["embedding"]))
        .collect();
    session.output.answer(&Answer::new(lines, answer))
}

/// Runs the daemon in the place of this program.
pub(super) fn daemon(what: &str, daemon: &Daemon) -> Result<(), Failure> {
    let binary = Binaries::locate_compute()?;
    let error = Command::new(&binary)
        .arg(what)
        .args(&daemon.arguments)
        .exec();
    Err(Failure::io("run", &binary, &error))
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin()
        .lock()
        .take(MAX_LINE as u64)
        .read_to_string(&mut text);
    read.map_err(|e| Failure::new("file", format!("cannot read the message: {e}")))?;
    match text.trim() {
        "" => Err(Failure::usage(
            "there is no message: give it as arguments, or on standard input",
        )),
        text => Ok(text.to_owned()),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            "file",
            format!("cannot write the answer: {e}"),
        )),
        _ => Ok(()),
    }
}
