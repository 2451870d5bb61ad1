//! The state of a running chain, over a node's JSON-RPC.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use futures::{stream, StreamExt, TryStreamExt};
use jsonrpsee::{
    core::{
        client::{ClientT, Error as RpcError},
        traits::ToRpcParams,
    },
    ws_client::{WsClient, WsClientBuilder},
};
use noema_core::{Hash, Header};
use serde::de::DeserializeOwned;
use serde_json::{json, value::RawValue, Value};
use tokio::{sync::Mutex, time::sleep};

use crate::{
    state::{State, Values, CHILD_PREFIX},
    Error,
};

/// Keys asked for at once; nodes give no more.
const KEYS: usize = 1_000;
/// Values asked for at once, fewer where they are large.
const VALUES: usize = 500;
/// Questions for values that are under way at the same time.
const PARALLEL: usize = 4;
/// How often a question is asked before it is given up, while the connection breaks or nobody answers.
const ATTEMPTS: u32 = 6;
/// Pause before the second attempt, doubled before each further one.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest answer taken: code of a runtime is a few megabytes, twice that in hex.
const LARGEST: u32 = 256 << 20;
/// Values between two lines about the progress.
const SAID: usize = 20_000;

/// Fetches the state at block `at`, or at the newest finalised block, from the node at `url` (`ws://` or `wss://`).
///
/// # Errors
/// When the node does not answer, does not have that state, or answers with something else.
pub async fn fetch(url: &str, at: Option<Hash>, say: &dyn Fn(&str)) -> Result<State, Error> {
    // Where several are compiled in, one has to be chosen. Another part of the program may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let node = Node {
        url,
        client: Mutex::new(None),
    };
    let genesis: Option<Hash> = node
        .ask("the genesis hash", "chain_getBlockHash", json!([0]))
        .await?;
    let genesis = genesis.ok_or_else(|| node.error("the genesis hash", "it has none"))?;
    let hash: Hash = match at {
        Some(hash) => hash,
        None => {
            node.ask("the finalised block", "chain_getFinalizedHead", json!([]))
                .await?
        }
    };
    let header: Option<Header> = node
        .ask("a header", "chain_getHeader", json!([hash]))
        .await?;
    let header = header
        .filter(|header| header.hash() == hash)
        .ok_or_else(|| node.error("a header", format!("it does not have block {hash:?}")))?;
    say(&format!("fetching the state of block {}", header.number));

    let top = node.trie(&Trie { hash, child: None }, say).await?;
    let mut children = BTreeMap::new();
    let names = top.keys().filter_map(|key| key.strip_prefix(CHILD_PREFIX));
    for name in names {
        let trie = Trie {
            hash,
            child: Some([CHILD_PREFIX, name].concat()),
        };
        children.insert(name.to_vec(), node.trie(&trie, say).await?);
    }
    say(&format!("fetched {} values", top.len()));
    Ok(State {
        genesis,
        header,
        top,
        children,
    })
}

/// A trie in the state of a block.
struct Trie {
    hash: Hash,
    /// Its key in the main trie, if it is a child.
    child: Option<Vec<u8>>,
}

/// A node, connected to when it is asked.
struct Node<'a> {
    url: &'a str,
    client: Mutex<Option<Arc<WsClient>>>,
}

/// Why a question was not answered.
enum Unanswered {
    /// The node says no.
    Refused(String),
    /// Nobody says anything.
    Broken(String),
}

impl Node<'_> {
    /// Everything in a trie. Values are asked for while further keys come.
    async fn trie(&self, trie: &Trie, say: &dyn Fn(&str)) -> Result<Values, Error> {
        let pages = stream::try_unfold(Some(Vec::new()), |after: Option<Vec<u8>>| async move {
            let Some(after) = after else { return Ok(None) };
            let page = self.keys(trie, &after).await?;
            let next = (page.len() == KEYS).then(|| page.last().cloned()).flatten();
            Ok::<_, Error>(Some((page, next)))
        });
        let chunks = pages
            .map_ok(|page| {
                let chunks: Vec<_> = page.chunks(VALUES).map(<[_]>::to_vec).collect();
                stream::iter(chunks).map(Ok::<_, Error>)
            })
            .try_flatten();
        let mut fetched = pin!(chunks
            .map(|chunk| async move { self.values(trie, chunk?).await })
            .buffer_unordered(PARALLEL));
        let mut values = Values::new();
        let mut said = 0;
        while let Some(more) = fetched.try_next().await? {
            values.extend(more);
            if values.len() >= said + SAID {
                said = values.len();
                say(&format!("{said} values so far"));
            }
        }
        Ok(values)
    }

    async fn keys(&self, trie: &Trie, after: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let after = (!after.is_empty()).then(|| hex(after));
        let (method, params) = match &trie.child {
            None => ("state_getKeysPaged", json!(["0x", KEYS, after, trie.hash])),
            Some(child) => (
                "childstate_getKeysPaged",
                json!([hex(child), "0x", KEYS, after, trie.hash]),
            ),
        };
        let keys: Vec<String> = self.ask("keys", method, params).await?;
        keys.iter().map(|key| self.bytes(key)).collect()
    }

    /// The values of `keys`. An answer that is too large is asked for in halves.
    async fn values(
        &self,
        trie: &Trie,
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        const WHAT: &str = "values";
        let mut wanted = vec![keys];
        let mut values = Vec::new();
        while let Some(keys) = wanted.pop() {
            match self.values_at_once(trie, &keys).await {
                Ok(more) => values.extend(more),
                Err(Unanswered::Refused(_)) if keys.len() > 1 => {
                    let (first, second) = keys.split_at(keys.len() / 2);
                    wanted.push(second.to_vec());
                    wanted.push(first.to_vec());
                }
                Err(Unanswered::Refused(reason) | Unanswered::Broken(reason)) => {
                    return Err(self.error(WHAT, reason));
                }
            }
        }
        Ok(values)
    }

    async fn values_at_once(
        &self,
        trie: &Trie,
        keys: &[Vec<u8>],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Unanswered> {
        let hexed: Vec<_> = keys.iter().map(|key| hex(key)).collect();
        let found: Vec<Option<String>> = match &trie.child {
            None => {
                #[derive(serde::Deserialize)]
                struct Changes {
                    changes: Vec<(String, Option<String>)>,
                }
                let params = json!([hexed, trie.hash]);
                let sets: Vec<Changes> = self.try_ask("state_queryStorageAt", params).await?;
                let mut found: BTreeMap<_, _> = sets.into_iter().flat_map(|s| s.changes).collect();
                hexed
                    .iter()
                    .map(|key| found.remove(key).flatten())
                    .collect()
            }
            Some(child) => {
                let params = json!([hex(child), hexed, trie.hash]);
                self.try_ask("childstate_getStorageEntries", params).await?
            }
        };
        if found.len() != keys.len() {
            return Err(Unanswered::Broken("it answers for other keys".into()));
        }
        let pairs = keys.iter().zip(found).map(|(key, value)| {
            let value = value.and_then(|value| unhex(&value)).ok_or_else(|| {
                Unanswered::Broken(format!("it has a key without a value: {}", hex(key)))
            })?;
            Ok((key.clone(), value))
        });
        pairs.collect()
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        what: &'static str,
        method: &str,
        params: Value,
    ) -> Result<T, Error> {
        self.try_ask(method, params).await.map_err(|e| match e {
            Unanswered::Refused(reason) | Unanswered::Broken(reason) => self.error(what, reason),
        })
    }

    /// Asks until there is an answer, be it a refusal.
    async fn try_ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, Unanswered> {
        let mut attempt = 1;
        loop {
            let reason = match self.ask_once(method, &params).await {
                Err(Unanswered::Broken(reason)) => reason,
                answer => return answer,
            };
            if attempt == ATTEMPTS {
                return Err(Unanswered::Broken(reason));
            }
            sleep(PAUSE.saturating_mul(1 << (attempt - 1))).await;
            attempt += 1;
        }
    }

    async fn ask_once<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<T, Unanswered> {
        let broken = |e: RpcError| Unanswered::Broken(e.to_string());
        let client = self.connected().await.map_err(broken)?;
        match client.request(method, Params(params)).await {
            Ok(answer) => Ok(answer),
            Err(RpcError::Call(error)) => {
                let data = error.data().map(RawValue::get).unwrap_or_default();
                Err(Unanswered::Refused(
                    format!("{} {data}", error.message()).trim().to_owned(),
                ))
            }
            Err(other) => {
                // The next attempt connects anew, unless another question has done so.
                let mut current = self.client.lock().await;
                if current.as_ref().is_some_and(|c| Arc::ptr_eq(c, &client)) {
                    *current = None;
                }
                Err(broken(other))
            }
        }
    }

    async fn connected(&self) -> Result<Arc<WsClient>, RpcError> {
        let mut current = self.client.lock().await;
        if let Some(client) = &*current {
            return Ok(client.clone());
        }
        let client = WsClientBuilder::default()
            .max_response_size(LARGEST)
            .request_timeout(PATIENCE)
            .build(self.url)
            .await?;
        Ok(current.insert(Arc::new(client)).clone())
    }

    fn bytes(&self, hex: &str) -> Result<Vec<u8>, Error> {
        unhex(hex).ok_or_else(|| self.error("keys", format!("{hex:?} is no key")))
    }

    fn error(&self, what: &'static str, reason: impl Into<String>) -> Error {
        Error::Fetch {
            url: self.url.to_owned(),
            what,
            reason: reason.into(),
        }
    }
}

/// Parameters that are JSON already.
struct Params<'a>(&'a Value);

impl ToRpcParams for Params<'_> {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        serde_json::value::to_raw_value(self.0).map(Some)
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

#[cfg(test)]
mod tests;
