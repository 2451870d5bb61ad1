//! Connections to daemons that show the pinned key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use noema_endpoint::{Endpoint, EndpointError, Pin};
use reqwest::{redirect, Client, ClientBuilder, Url};

use crate::verifier::client_config;

/// Daemons whose connections are kept; beyond, all are let go and made anew when needed.
const KEPT: usize = 256;

/// Clients, one for each pinned key. Cloning is cheap and shares them.
#[derive(Clone, Debug)]
pub struct Clients {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    user_agent: String,
    connect_timeout: Duration,
    plain: Client,
    pinned: Mutex<HashMap<Pin, Client>>,
}

/// The address of a resource of a daemon, and the client that reaches it.
#[derive(Clone, Debug)]
pub struct EndpointUrl {
    /// The address.
    pub url: Url,
    /// Accepts the daemon's key and no other.
    pub client: Client,
}

/// Why a text leads to no daemon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// It is no URL.
    #[error("it is no URL: {0}")]
    Url(String),
}

impl Clients {
    /// Clients with this name and this limit for making a connection.
    pub fn new(user_agent: impl Into<String>, connect_timeout: Duration) -> Self {
        crate::install_crypto();
        let user_agent = user_agent.into();
        let plain = builder(&user_agent, connect_timeout)
            .build()
            .expect("these options need no resource that could be missing; qed");
        Self {
            shared: Arc::new(Shared {
                user_agent,
                connect_timeout,
                plain,
                pinned: Mutex::default(),
            }),
        }
    }

    /// `path` below `endpoint`, and the client for it.
    ///
    /// # Errors
    /// When `endpoint` is not an endpoint as the chain accepts them.
    pub fn url(&self, endpoint: &str, path: &str) -> Result<EndpointUrl, UrlError> {
        let parsed = Endpoint::parse(endpoint.as_bytes())?;
        let url = address(&parsed, path)?;
        let client = match parsed {
            Endpoint::Loopback { .. } => self.shared.plain.clone(),
            Endpoint::Https { pin, .. } => self.pinned(pin),
        };
        Ok(EndpointUrl { url, client })
    }

    fn pinned(&self, pin: Pin) -> Client {
        let shared = &self.shared;
        let mut pinned = shared.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.len() >= KEPT && !pinned.contains_key(&pin) {
            pinned.clear();
        }
        pinned
            .entry(pin)
            .or_insert_with(|| {
                builder(&shared.user_agent, shared.connect_timeout)
                    .tls_backend_preconfigured(client_config(pin))
                    .https_only(true)
                    .build()
                    .expect("these options need no resource that could be missing; qed")
            })
            .clone()
    }
}

/// The address of `path` below an endpoint.
fn address(endpoint: &Endpoint<'_>, path: &str) -> Result<Url, UrlError> {
    let mut url = Url::parse(endpoint.url()).map_err(|e| UrlError::Url(e.to_string()))?;
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn builder(user_agent: &str, connect_timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(user_agent)
        .connect_timeout(connect_timeout)
        // An endpoint is what was announced on chain and nothing it points to.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .http2_prior_knowledge()
        .http2_initial_stream_window_size(1 << 20)
        .http2_initial_connection_window_size(8 << 20)
        .http2_keep_alive_interval(Duration::from_secs(15))
        .http2_keep_alive_timeout(Duration::from_secs(15))
        .tcp_nodelay(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &str) -> Result<String, UrlError> {
        let clients = Clients::new("test", Duration::from_secs(1));
        Ok(clients.url(endpoint, "v1/info")?.url.to_string())
    }

    #[test]
    fn endpoints_may_have_a_path_and_a_slash() {
        assert_eq!(url("http://[::1]:1").unwrap(), "http://[::1]:1/v1/info");
        assert_eq!(
            url("http://localhost/").unwrap(),
            "http://localhost/v1/info"
        );
        let pinned = format!("https://a/noema#{}", Pin([7; 32]));
        assert_eq!(url(&pinned).unwrap(), "https://a/noema/v1/info");
    }

    #[test]
    fn what_is_not_protected_is_not_asked() {
        for bad in ["ftp://a", "a:1", "http://", "http://a", "https://a"] {
            assert!(matches!(url(bad), Err(UrlError::Endpoint(_))), "{bad}");
        }
    }
}
