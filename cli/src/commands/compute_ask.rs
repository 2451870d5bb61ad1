//! `noema compute chat`, `embed`, `proxy` and `gateway`: what goes through the buyer's proxy, and the daemons themselves.

use std::{
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::Command,
    time::Duration,
};

use futures::StreamExt;
use noema_local_net::Binaries;
use noema_transport::{read_secret, Clients, EndpointUrl};
use serde_json::{json, Value};

use crate::{
    args::compute::{Chat, Daemon, Embed, ProxyArgs},
    failure::Failure,
    output::Answer,
    session::Session,
};

/// How long the proxy may take to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest line of an answer in pieces, in bytes.
const MAX_LINE: usize = 1 << 20;
/// The longest answer that is taken as a whole, in bytes.
const MAX_ANSWER: usize = 32 << 20;

/// A proxy, and how to ask it.
struct Proxy {
    url: String,
    clients: Clients,
    key: Option<String>,
}

impl Proxy {
    fn new(args: &ProxyArgs) -> Result<Self, Failure> {
        let key = args.key_file.as_deref().map(read_secret).transpose();
        let key = key.map_err(|e| Failure::new("key", e.to_string()))?;
        Ok(Self {
            url: args.proxy.trim_end_matches('/').to_owned(),
            clients: Clients::new(concat!("noema/", env!("CARGO_PKG_VERSION")), CONNECT),
            key: key.map(|key| key.trim().to_owned()),
        })
    }

    fn failure(&self, why: impl std::fmt::Display) -> Failure {
        let hint = "is it running? `noema up --compute` starts one, `noema compute proxy --help` tells more";
        Failure::new(
            "proxy",
            format!("the proxy at {} does not answer: {why}; {hint}", self.url),
        )
    }

    /// Asks; an answer that is an error is one here.
    async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Pieces, Failure> {
        let EndpointUrl { url, client } = self
            .clients
            .url(&self.url, path)
            .map_err(|e| Failure::usage(format!("--proxy {}: {e}", self.url)))?;
        let mut request = match body {
            Some(body) => client
                .post(url)
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => client.get(url),
        };
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(|e| self.failure(e))?;
        let status = response.status().as_u16();
        let mut pieces = Pieces {
            bytes: response
                .bytes_stream()
                .map(|piece| piece.map(|bytes| bytes.to_vec()).map_err(|e| e.to_string()))
                .boxed(),
            held: Vec::new(),
        };
        if status == 200 {
            return Ok(pieces);
        }
        let answer = pieces.whole().await.unwrap_or_default();
        let error = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
        let said = error["error"]["message"].as_str().map_or_else(
            || String::from_utf8_lossy(&answer).chars().take(200).collect(),
            str::to_owned,
        );
        Err(Failure::new("refused", format!("{status}: {said}"))
            .with(json!({ "status": status, "answer": error })))
    }

    async fn json(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = self
            .ask(path, body)
            .await?
            .whole()
            .await
            .map_err(|e| self.failure(e))?;
        serde_json::from_slice(&answer).map_err(|e| self.failure(e))
    }

    /// What was asked for, or the first model that there is.
    async fn model(&self, asked: Option<&String>) -> Result<String, Failure> {
        if let Some(model) = asked {
            return Ok(model.clone());
        }
        let list = self.json("models", None).await?;
        let first = list["data"][0]["id"].as_str().map(str::to_owned);
        first.ok_or_else(|| {
            Failure::new(
                "model",
                "nobody sells anything that this proxy may buy: see `noema compute services`",
            )
        })
    }
}

/// An answer as it comes.
struct Pieces {
    bytes: futures::stream::BoxStream<'static, Result<Vec<u8>, String>>,
    held: Vec<u8>,
}

impl Pieces {
    async fn whole(&mut self) -> Result<Vec<u8>, String> {
        while let Some(piece) = self.bytes.next().await {
            self.held.extend_from_slice(&piece?);
            if self.held.len() > MAX_ANSWER {
                return Err(format!("its answer is longer than {MAX_ANSWER} bytes"));
            }
        }
        Ok(std::mem::take(&mut self.held))
    }

    /// The data of the next event; none at the end.
    async fn event(&mut self) -> Result<Option<Value>, String> {
        loop {
            while let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                let Some(data) = line.trim().strip_prefix("data:") else {
                    continue;
                };
                if data.trim() == "[DONE]" {
                    return Ok(None);
                }
                // What is no JSON is an event of another kind.
                if let Ok(event) = serde_json::from_str::<Value>(data) {
                    return Ok(Some(event));
                }
            }
            if self.held.len() > MAX_LINE {
                return Err(format!(
                    "a line of its answer is longer than {MAX_LINE} bytes"
                ));
            }
            match self.bytes.next().await {
                Some(piece) => self.held.extend_from_slice(&piece?),
                None => return Err("its answer broke off".to_owned()),
            }
        }
    }
}

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
