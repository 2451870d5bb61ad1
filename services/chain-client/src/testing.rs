//! A node in memory: enough RPC for reading, signing and following, with the committed metadata.
#![cfg_attr(fuzzing, allow(dead_code))]

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use codec::{Decode, Encode};
use serde_json::{json, value::RawValue, Value};
use subxt::rpcs::{
    client::{RawRpcFuture, RawRpcSubscription, RpcClient, RpcClientT},
    Error, UserError,
};
use tokio::sync::mpsc;

use crate::{
    client::{ChainClient, ConnectOptions},
    types::{BlockNumber, BlockRef, Hash},
};

const METADATA: &[u8] = include_bytes!("../metadata.scale");

#[derive(Clone, Default)]
pub(crate) struct FakeNode {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    spec_version: u32,
    finalized: BlockNumber,
    storage: BTreeMap<Vec<u8>, Vec<u8>>,
    submitted: Vec<Vec<u8>>,
    asked: HashMap<String, usize>,
    answers: HashMap<String, Vec<u8>>,
    subscribers: Vec<mpsc::UnboundedSender<Value>>,
    keeps_keystore: bool,
}

/// The header of a block: everything but the number is zero.
fn header(number: BlockNumber) -> Value {
    let zero = Hash::default();
    json!({
        "parentHash": zero,
        "number": format!("{number:#x}"),
        "stateRoot": zero,
        "extrinsicsRoot": zero,
        "digest": { "logs": [] },
    })
}

fn hash_of(number: BlockNumber) -> Hash {
    crate::follower::block_of(&serde_json::from_value(header(number)).unwrap()).hash
}

fn hex_bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap()
}

fn to_hex(bytes: impl AsRef<[u8]>) -> Value {
    json!(format!("0x{}", hex::encode(bytes)))
}

impl FakeNode {
    pub(crate) fn new() -> Self {
        let node = Self::default();
        node.with(|state| {
            state.spec_version = 100;
            state.finalized = 7;
        });
        node
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    pub(crate) async fn connect(&self) -> ChainClient {
        let rpc = RpcClient::new(self.clone());
        ChainClient::over("ws://memory", rpc, &ConnectOptions::default())
            .await
            .unwrap()
    }

    pub(crate) fn block(&self, number: BlockNumber) -> BlockRef {
        BlockRef {
            number,
            hash: hash_of(number),
        }
    }

    pub(crate) fn put(&self, key: Vec<u8>, value: impl Encode) {
        self.put_raw(key, value.encode());
    }

    /// Puts bytes that need not be the encoding of anything.
    pub(crate) fn put_raw(&self, key: Vec<u8>, value: Vec<u8>) {
        self.with(|state| state.storage.insert(key, value));
    }

    /// Has a function of the runtime answer this.
    #[cfg(test)]
    pub(crate) fn answer_with(&self, function: &str, answer: impl Encode) {
        self.with(|state| state.answers.insert(function.to_owned(), answer.encode()));
    }

    /// Forgets everything that was put.
    #[cfg(fuzzing)]
    pub(crate) fn forget_storage(&self) {
        self.with(|state| {
            state.storage.clear();
            state.asked.clear();
        });
    }

    /// Replaces the runtime by one of another version.
    pub(crate) fn upgrade(&self, spec_version: u32) {
        self.with(|state| state.spec_version = spec_version);
    }

    pub(crate) fn finalize(&self, number: BlockNumber, tell: bool) {
        self.with(|state| {
            state.finalized = number;
            if tell {
                state
                    .subscribers
                    .retain(|to| to.send(header(number)).is_ok());
            }
        });
    }

    /// Makes it answer as a node does to callers on other machines.
    pub(crate) fn keep_keystore(&self) {
        self.with(|state| state.keeps_keystore = true);
    }

    /// Ends every subscription, as a restart of the node does.
    pub(crate) fn hang_up(&self) {
        self.with(|state| state.subscribers.clear());
    }

    /// How often something was asked: an RPC method, or a runtime function.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.with(|state| state.asked.get(what).copied().unwrap_or(0))
    }

    pub(crate) fn submitted(&self) -> Vec<Vec<u8>> {
        self.with(|state| state.submitted.clone())
    }

    fn answer(&self, method: &str, params: &[Value]) -> Result<Value, Error> {
        self.with(|state| {
            *state.asked.entry(method.to_owned()).or_default() += 1;
            Ok(match method {
                "chain_getBlockHash" => match params[0].as_u64() {
                    Some(number) => json!(hash_of(number as BlockNumber)),
                    None => json!(hash_of(state.finalized)),
                },
                "chain_getFinalizedHead" => json!(hash_of(state.finalized)),
                "chain_getHeader" => {
                    let number = (0..=state.finalized)
                        .find(|n| params[0] == json!(hash_of(*n)))
                        .unwrap_or(state.finalized);
                    header(number)
                }
                "system_accountNextIndex" => json!(3),
                "author_rotateKeysWithOwner" | "author_hasSessionKeys" if state.keeps_keystore => {
                    let message = "RPC call is unsafe to be called externally".to_owned();
                    return Err(Error::User(UserError {
                        message,
                        ..UserError::method_not_found()
                    }));
                }
                "author_rotateKeysWithOwner" => json!({ "keys": KEYS, "proof": params[0] }),
                "author_hasSessionKeys" => json!(params[0] == KEYS),
                "state_call" => {
                    let function = params[0].as_str().unwrap().to_owned();
                    *state.asked.entry(function.clone()).or_default() += 1;
                    match state.answers.get(&function) {
                        Some(answer) => to_hex(answer),
                        None => to_hex(runtime_call(
                            &function,
                            &hex_bytes(&params[1]),
                            state.spec_version,
                        )),
                    }
                }
                "state_getStorage" => state
                    .storage
                    .get(&hex_bytes(&params[0]))
                    .map_or(Value::Null, to_hex),
                "state_getKeysPaged" => {
                    let prefix = hex_bytes(&params[0]);
                    let start = match &params[2] {
                        Value::Null => Vec::new(),
                        start => hex_bytes(start),
                    };
                    let limit = params[1].as_u64().unwrap() as usize;
                    let keys = state.storage.keys();
                    let keys = keys.filter(|key| key.starts_with(&prefix) && **key > start);
                    keys.take(limit).map(to_hex).collect()
                }
                "state_queryStorageAt" => {
                    let change = |key: &Value| {
                        let value = state.storage.get(&hex_bytes(key));
                        json!([key, value.map_or(Value::Null, to_hex)])
                    };
                    let changes: Vec<_> =
                        params[0].as_array().unwrap().iter().map(change).collect();
                    json!([{ "block": Hash::default(), "changes": changes }])
                }
                "author_submitExtrinsic" => {
                    state.submitted.push(hex_bytes(&params[0]));
                    json!(Hash::default())
                }
                _ => return Err(Error::User(UserError::method_not_found())),
            })
        })
    }
}

/// The keys that it makes, always the same.
const KEYS: &str = "0x0102";

fn runtime_call(function: &str, mut arguments: &[u8], spec_version: u32) -> Vec<u8> {
    match function {
        "Core_version" => {
            let apis: Vec<([u8; 8], u32)> = Vec::new();
            ("noema", "noema", 1u32, spec_version, 1u32, apis, 1u32, 1u8).encode()
        }
        "Metadata_metadata_versions" => vec![14u32, 15, 16].encode()[..].to_vec(),
        "Metadata_metadata_at_version" => Some(METADATA.to_vec()).encode(),
        // Three keys of 32 bytes; what follows is ignored.
        "SessionKeys_decode_session_keys" => {
            let keys = Vec::<u8>::decode(&mut arguments).unwrap();
            let each = keys.chunks_exact(32).take(3);
            let each: Vec<_> = each.map(|key| (key.to_vec(), *b"test")).collect();
            (each.len() == 3).then_some(each).encode()
        }
        other => panic!("{other}"),
    }
}

impl RpcClientT for FakeNode {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        let params: Vec<Value> =
            params.map_or_else(Vec::new, |raw| serde_json::from_str(raw.get()).unwrap());
        let answer = self.answer(method, &params);
        Box::pin(async move { Ok(serde_json::value::to_raw_value(&answer?).unwrap()) })
    }

    fn subscribe_raw<'a>(
        &'a self,
        _sub: &'a str,
        _params: Option<Box<RawValue>>,
        _unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|state| state.subscribers.push(sender));
        let stream = futures::stream::unfold(receiver, |mut receiver| async move {
            let value: Value = receiver.recv().await?;
            Some((
                Ok(serde_json::value::to_raw_value(&value).unwrap()),
                receiver,
            ))
        });
        Box::pin(async move {
            Ok(RawRpcSubscription {
                stream: Box::pin(stream),
                id: Some("1".to_owned()),
            })
        })
    }
}
