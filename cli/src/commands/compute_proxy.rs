//! What goes through the buyer's proxy: how it is asked, and answers as they come.

use std::time::Duration;

use futures::StreamExt;
use noema_compute_primitives::ResponseHasher;
use noema_transport::{read_secret, Clients, EndpointUrl};
use serde_json::{json, Value};

use crate::{args::compute::ProxyArgs, failure::Failure};

/// How long the proxy may take to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest line of an answer in pieces, in bytes.
pub(super) const MAX_LINE: usize = 1 << 20;
/// The longest answer that is taken as a whole, in bytes.
const MAX_ANSWER: usize = 32 << 20;

/// A proxy, and how to ask it.
pub(super) struct Proxy {
    url: String,
    clients: Clients,
    key: Option<String>,
}

impl Proxy {
    pub(super) fn new(args: &ProxyArgs) -> Result<Self, Failure> {
        let key = args.key_file.as_deref().map(read_secret).transpose();
        let key = key.map_err(|e| Failure::new("key", e.to_string()))?;
        Ok(Self {
            url: args.proxy.trim_end_matches('/').to_owned(),
            clients: Clients::new(concat!("noema/", env!("CARGO_PKG_VERSION")), CONNECT),
            key: key.map(|key| key.trim().to_owned()),
        })
    }

    pub(super) fn failure(&self, why: impl std::fmt::Display) -> Failure {
        let hint = "is it running? `noema up --compute` starts one, `noema compute proxy --help` tells more";
        Failure::new(
            "proxy",
            format!("the proxy at {} does not answer: {why}; {hint}", self.url),
        )
    }

    /// Asks; an answer that is an error is one here.
    pub(super) async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Pieces, Failure> {
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
        let header = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let mut pieces = Pieces {
            provider: header("noema-provider"),
            verification: header("noema-verification"),
            hasher: ResponseHasher::new(status),
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

    pub(super) async fn json(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = self
            .ask(path, body)
            .await?
            .whole()
            .await
            .map_err(|e| self.failure(e))?;
        serde_json::from_slice(&answer).map_err(|e| self.failure(e))
    }

    /// What was asked for, or the first model that there is.
    pub(super) async fn model(&self, asked: Option<&String>) -> Result<String, Failure> {
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
pub(super) struct Pieces {
    /// Who answers, by the proxy's word.
    pub(super) provider: Option<String>,
    /// How its answers can be checked.
    pub(super) verification: Option<String>,
    /// Over all that came.
    pub(super) hasher: ResponseHasher,
    bytes: futures::stream::BoxStream<'static, Result<Vec<u8>, String>>,
    held: Vec<u8>,
}

impl Pieces {
    pub(super) async fn whole(&mut self) -> Result<Vec<u8>, String> {
        while self.more().await? {
            if self.held.len() > MAX_ANSWER {
                return Err(format!("its answer is longer than {MAX_ANSWER} bytes"));
            }
        }
        Ok(std::mem::take(&mut self.held))
    }

    /// Takes what comes next. False at the end.
    async fn more(&mut self) -> Result<bool, String> {
        let Some(piece) = self.bytes.next().await else {
            return Ok(false);
        };
        let piece = piece?;
        self.hasher.update(&piece);
        self.held.extend_from_slice(&piece);
        Ok(true)
    }

    /// The data of the next event; none at the end.
    pub(super) async fn event(&mut self) -> Result<Option<Value>, String> {
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
            if !self.more().await? {
                return Err("its answer broke off".to_owned());
            }
        }
    }
}
