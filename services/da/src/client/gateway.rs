//! A gateway over HTTP.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use noema_da_primitives::{Namespace, MAX_BLOB_SIZE};
use noema_transport::{Clients, EndpointUrl, UrlError};
use reqwest::{header, Body, RequestBuilder, Response};

use crate::{
    chain::SubmissionId,
    wire::{BlobStatus, ErrorBody, SampleStatus},
};

/// Bytes of an answer in JSON, at most.
const MAX_JSON: usize = 1 << 20;

/// Why a gateway did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The address is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It does not answer.
    #[error("the gateway does not answer: {0}")]
    Http(#[from] reqwest::Error),
    /// It refuses.
    #[error("the gateway refuses ({status}, {code}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
    /// Its answer is not what was asked for.
    #[error("the gateway's answer is malformed: {0}")]
    Malformed(String),
}

/// How a blob is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// Where it is listed; where the gateway says, if nothing is said.
    pub namespace: Option<Namespace>,
    /// Days that are paid for.
    pub days: Option<u8>,
    /// Whether it may go with others, if it is small.
    pub bundle: bool,
}

/// Asks a gateway. Its word counts: whoever does not trust it reads with [`BlobReader`](super::BlobReader).
#[derive(Clone, Debug)]
pub struct GatewayClient {
    clients: Clients,
    endpoint: String,
    token: Option<String>,
}

impl GatewayClient {
    /// The gateway at this endpoint, which takes this token.
    pub fn new(endpoint: impl Into<String>, token: Option<String>) -> Self {
        let name = concat!("noema-da/", env!("CARGO_PKG_VERSION"));
        Self {
            clients: Clients::new(name, Duration::from_secs(5)),
            endpoint: endpoint.into(),
            token,
        }
    }

    fn url(&self, path: &str) -> Result<EndpointUrl, UrlError> {
        self.clients.url(&self.endpoint, path)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, GatewayError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = bounded(response, MAX_JSON).await?;
        let body: ErrorBody =
            serde_json::from_slice(&bytes).map_err(|e| GatewayError::Malformed(e.to_string()))?;
        Err(GatewayError::Refused {
            status: status.as_u16(),
            code: body.error.code,
            message: body.error.message,
        })
    }

    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, GatewayError> {
        let response = self.ask(request).await?;
        let bytes = bounded(response, MAX_JSON).await?;
        serde_json::from_slice(&bytes).map_err(|e| GatewayError::Malformed(e.to_string()))
    }

    /// Gives the gateway a blob of `size` bytes. When it answers, the bytes are durable there.
    ///
    /// # Errors
    /// When it does not take them.
    pub async fn put(
        &self,
        pieces: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        size: u64,
        options: PutOptions,
    ) -> Result<BlobStatus, GatewayError> {
        let EndpointUrl { mut url, client } = self.url("v1/blobs")?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("bundle", if options.bundle { "true" } else { "false" });
            if let Some(namespace) = options.namespace {
                query.append_pair("namespace", &hex::encode(namespace.0));
            }
            if let Some(days) = options.days {
                query.append_pair("days", &days.to_string());
            }
        }
        let body = Body::wrap_stream(pieces);
        let request = client.put(url).header(header::CONTENT_LENGTH, size);
        self.json(request.body(body)).await
    }

    /// How a blob stands that it was given.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn status(&self, id: &str) -> Result<BlobStatus, GatewayError> {
        let EndpointUrl { url, client } = self.url(&format!("v1/blobs/{id}"))?;
        self.json(client.get(url)).await
    }

    /// The bytes of a blob that it was given.
    ///
    /// # Errors
    /// When it does not have them.
    pub async fn get(&self, id: &str) -> Result<Bytes, GatewayError> {
        self.bytes(&format!("v1/blobs/{id}/data")).await
    }

    /// The bytes of any submission.
    ///
    /// # Errors
    /// When it does not have them.
    pub async fn get_submission(&self, submission: SubmissionId) -> Result<Bytes, GatewayError> {
        let path = format!("v1/submissions/{submission}/data");
        self.bytes(&path).await
    }

    /// The bytes of a member of a bundle.
    ///
    /// # Errors
    /// When it does not have them.
    pub async fn get_member(
        &self,
        submission: SubmissionId,
        member: u32,
    ) -> Result<Bytes, GatewayError> {
        let path = format!("v1/submissions/{submission}/members/{member}");
        self.bytes(&path).await
    }

    /// Has the gateway sample a blob.
    ///
    /// # Errors
    /// When it does not.
    pub async fn sample(
        &self,
        submission: SubmissionId,
        rows: usize,
    ) -> Result<SampleStatus, GatewayError> {
        let path = format!("v1/submissions/{submission}/sample");
        let EndpointUrl { mut url, client } = self.url(&path)?;
        url.set_query(Some(&format!("rows={rows}")));
        self.json(client.get(url)).await
    }

    async fn bytes(&self, path: &str) -> Result<Bytes, GatewayError> {
        let EndpointUrl { url, client } = self.url(path)?;
        let response = self.ask(client.get(url)).await?;
        bounded(response, MAX_BLOB_SIZE as usize).await
    }
}

async fn bounded(response: Response, most: usize) -> Result<Bytes, GatewayError> {
    let mut pieces = response.bytes_stream();
    let mut bytes = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if bytes.len() + piece.len() > most {
            return Err(GatewayError::Malformed(format!("more than {most} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
