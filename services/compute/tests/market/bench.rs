//! A buyer's proxy before one provider's gateway.

use reqwest::{Client, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::*;

pub(crate) struct Bench {
    pub(crate) market: Market,
    pub(crate) proxy: Running,
    pub(crate) dir: TempDir,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(
        change: impl FnOnce(&mut noema_compute::proxy::ProxyConfig),
    ) -> Self {
        let market = Market::start().await;
        let dir = tempfile::tempdir().unwrap();
        let mut config = proxy_config(dir.path());
        change(&mut config);
        let proxy = run_proxy(&market.chain, config).await;
        Self {
            market,
            proxy,
            dir,
            client: client(),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> Response {
        post(&self.client, &self.proxy.url, path, body).await
    }

    pub(crate) async fn health(&self) -> Value {
        health(&self.client, &self.proxy.url).await
    }

    pub(crate) async fn stop(self) {
        self.proxy.stop().await;
        self.market.gateway.stop().await;
    }
}

pub(crate) async fn post(
    client: &Client,
    url: &str,
    path: &str,
    body: impl Into<String>,
) -> Response {
    client
        .post(format!("{url}{path}"))
        .header("content-type", "application/json")
        .body(body.into())
        .send()
        .await
        .unwrap()
}

pub(crate) async fn health(client: &Client, url: &str) -> Value {
    let url = url.replace("/v1", "/health");
    client.get(url).send().await.unwrap().json().await.unwrap()
}

pub(crate) fn data(text: &[u8]) -> Vec<String> {
    let all = events(text);
    assert!(
        all.iter().all(|event| !event.is_receipt()),
        "receipts are the proxy's affair"
    );
    all.iter()
        .filter_map(|event| event.data())
        .map(|data| String::from_utf8(data).unwrap())
        .collect()
}
