//! The few node RPCs that tell whether a node is ready, over plain HTTP: a node under test may be
//! half up, and a subscription client would hide that by reconnecting.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{json, Value};

/// A node's RPC endpoint.
#[derive(Clone, Debug)]
pub(crate) struct NodeRpc {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<Value>,
}

impl NodeRpc {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            http: client(),
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer: Answer = self
            .http
            .post(&self.url)
            .json(&request)
            .send()
            .await
            .map_err(|e| format!("its RPC does not answer yet ({})", root_cause(&e)))?
            .json()
            .await
            .map_err(|e| format!("{method} was answered with something else ({e})"))?;
        match (answer.result, answer.error) {
            (Some(result), None) => Ok(result),
            (_, error) => Err(format!("{method} failed: {}", error.unwrap_or(Value::Null))),
        }
    }

    /// Identity of the node in the peer-to-peer network.
    pub(crate) async fn peer_id(&self) -> Result<String, String> {
        let id = self.call("system_localPeerId", json!([])).await?;
        id.as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("{id} is not a peer id"))
    }

    /// Number of the latest finalised block.
    pub(crate) async fn finalized(&self) -> Result<u64, String> {
        let hash = self.call("chain_getFinalizedHead", json!([])).await?;
        let header = self.call("chain_getHeader", json!([hash])).await?;
        header
            .get("number")
            .and_then(Value::as_str)
            .and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok())
            .ok_or_else(|| format!("{header} is not a block header"))
    }
}

/// A client for loopback addresses with timeouts fit for them.
pub(crate) fn client() -> reqwest::Client {
    noema_transport::install_crypto();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(10))
        // Nothing here may go through a proxy that the environment names.
        .no_proxy()
        .build()
        .expect("a client without TLS needs nothing of the system")
}

/// The innermost cause, which is the one that says "connection refused".
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
