//! An engine that speaks OpenAI's interface over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use reqwest::{
    header::{HeaderValue, AUTHORIZATION, CONTENT_TYPE},
    redirect, Client, Response, Url,
};
use tokio::time::timeout;

use super::{Engine, EngineAnswer, EngineError, EngineRequest, MAX_ANSWER};
use crate::openai::Route;

/// How long the engine may take to take a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// An engine at an address.
#[derive(Clone, Debug)]
pub struct UrlEngine {
    client: Client,
    chat: Url,
    embeddings: Url,
    authorization: Option<HeaderValue>,
    patience: Duration,
}

/// Why there is no engine at an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlEngineError {
    /// It is no address.
    #[error("{url:?} is no address of an engine: expected http:// or https://, host, and the path before /v1 ({reason})")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key has characters that no header has.
    #[error("the engine's key has characters that a header cannot have: expected visible ASCII")]
    Key,
    /// No client can be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
}

impl UrlEngine {
    /// The engine whose interface stands under `base`/v1. `key` is sent as a bearer token; `patience` is how long it may think before an answer
    /// begins, and between two pieces of it.
    ///
    /// # Errors
    /// When `base` is no address or `key` no token.
    pub fn new(base: &str, key: Option<&str>, patience: Duration) -> Result<Self, UrlEngineError> {
        noema_transport::install_crypto();
        let bad = |reason: String| UrlEngineError::Url {
            url: base.to_owned(),
            reason,
        };
        let parsed = Url::parse(base).map_err(|e| bad(e.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(bad("the scheme is neither http nor https".to_owned()));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(bad("it has a query or a fragment".to_owned()));
        }
        let below = |route: Route| {
            let mut url = parsed.clone();
            let path = format!("{}{}", url.path().trim_end_matches('/'), route.path());
            url.set_path(&path);
            url
        };
        let authorization = key
            .map(|key| {
                let mut value = HeaderValue::try_from(format!("Bearer {key}"))
                    .map_err(|_| UrlEngineError::Key)?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .build()
            .map_err(UrlEngineError::Client)?;
        Ok(Self {
            client,
            chat: below(Route::Chat),
            embeddings: below(Route::Embeddings),
            authorization,
            patience,
        })
    }

    fn timed_out(&self) -> EngineError {
        EngineError::Timeout {
            seconds: self.patience.as_secs(),
        }
    }

    async fn whole(&self, response: Response) -> Result<Bytes, EngineError> {
        let mut body = BytesMut::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = timeout(self.patience, pieces.next())
            .await
            .map_err(|_| self.timed_out())?
        {
            let piece = piece.map_err(unreachable)?;
            if body.len() + piece.len() > MAX_ANSWER {
                return Err(EngineError::TooLong { most: MAX_ANSWER });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

fn unreachable(error: reqwest::Error) -> EngineError {
    // Without the address, which is the operator's affair.
    EngineError::Unreachable(error.without_url().to_string())
}

#[async_trait]
impl Engine for UrlEngine {
    async fn answer(&self, request: EngineRequest) -> Result<EngineAnswer, EngineError> {
        let url = match request.route {
            Route::Chat => self.chat.clone(),
            Route::Embeddings => self.embeddings.clone(),
        };
        let mut asking = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(request.body);
        if let Some(authorization) = &self.authorization {
            asking = asking.header(AUTHORIZATION, authorization.clone());
        }
        let response = timeout(self.patience, asking.send())
            .await
            .map_err(|_| self.timed_out())?
            .map_err(unreachable)?;
        let status = response.status().as_u16();
        if !(request.stream && status == 200) {
            let body = self.whole(response).await?;
            return Ok(EngineAnswer::Whole { status, body });
        }
        let (patience, late) = (self.patience, self.timed_out());
        let pieces = response.bytes_stream().boxed();
        let pieces = futures::stream::unfold(Some(pieces), move |pieces| {
            let late = late.clone();
            async move {
                let mut pieces = pieces?;
                match timeout(patience, pieces.next()).await {
                    Ok(Some(Ok(piece))) => Some((Ok(piece), Some(pieces))),
                    Ok(Some(Err(error))) => Some((Err(unreachable(error)), None)),
                    Ok(None) => None,
                    Err(_) => Some((Err(late), None)),
                }
            }
        });
        Ok(EngineAnswer::Stream(pieces.boxed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_path_lead_to_v1() {
        let chat = |base: &str| {
            let engine = UrlEngine::new(base, None, CONNECT);
            engine.map(|engine| engine.chat.to_string())
        };
        assert_eq!(
            chat("http://localhost:8000").unwrap(),
            "http://localhost:8000/v1/chat/completions"
        );
        assert_eq!(
            chat("https://a/b/").unwrap(),
            "https://a/b/v1/chat/completions"
        );
        for bad in ["ftp://a", "a:1", "http://a?x=1", "http://a#b", ""] {
            assert!(chat(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let engine = UrlEngine::new("http://a", Some("sesame"), CONNECT).unwrap();
        assert!(!format!("{engine:?}").contains("sesame"));
        assert!(UrlEngine::new("http://a", Some("a\nb"), CONNECT).is_err());
    }
}
