//! One seat over HTTP. Whatever it says is bounded by what was asked for, and checked by whoever asked.

use std::{future::Future, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use noema_da_primitives::{Commitment, Shape};
use noema_transport::{Clients, EndpointUrl};
use reqwest::{header, Body, Response};
use tokio::time::{timeout, timeout_at, Instant};

use super::SeatFault;
use crate::{
    bls::SignatureBytes,
    chain::SubmissionId,
    coding::{Row, ShardDecoder, ShardItem},
    wire::{ErrorBody, ErrorDetail, SignedShard},
};

/// Bytes of an answer in JSON, at most.
const MAX_JSON: usize = 64 << 10;

/// How long seats may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the beginning of an answer, and between two pieces of it.
    pub answer: Duration,
    /// Bytes per second that must come, or be taken, on average.
    pub least: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(20),
            least: 64 << 10,
        }
    }
}

impl Patience {
    /// For so many bytes.
    fn for_bytes(&self, bytes: u64) -> Duration {
        let millis = bytes.saturating_mul(1_000) / self.least.max(1);
        self.answer.saturating_add(Duration::from_millis(millis))
    }
}

/// Asks seats. Cloning is cheap and shares connections.
#[derive(Clone, Debug)]
pub struct SeatClient {
    clients: Clients,
    patience: Patience,
}

impl Default for SeatClient {
    fn default() -> Self {
        Self::new(Patience::default())
    }
}

impl SeatClient {
    /// With this patience.
    pub fn new(patience: Patience) -> Self {
        let name = concat!("noema-da/", env!("CARGO_PKG_VERSION"));
        Self {
            clients: Clients::new(name, patience.connect),
            patience,
        }
    }

    fn url(
        &self,
        endpoint: &str,
        submission: SubmissionId,
        what: &str,
    ) -> Result<EndpointUrl, SeatFault> {
        let path = format!("v1/submissions/{submission}/{what}");
        Ok(self.clients.url(endpoint, &path)?)
    }

    async fn answered(
        &self,
        asking: impl Future<Output = reqwest::Result<Response>>,
        patience: Duration,
    ) -> Result<Response, SeatFault> {
        let asked = timeout(patience, asking).await;
        let response = asked
            .map_err(|_| SeatFault::TooSlow)?
            .map_err(|error| SeatFault::Unreachable(causes(&error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let bytes = self.bounded(response, MAX_JSON).await?;
        let detail = serde_json::from_slice::<ErrorBody>(&bytes).map_or_else(
            |_| ErrorDetail {
                code: "unknown".to_owned(),
                message: String::new(),
            },
            |body| plain(body.error),
        );
        Err(SeatFault::Refused { status, detail })
    }

    /// All of an answer, if it is not longer than it may be.
    async fn bounded(&self, response: Response, most: usize) -> Result<Bytes, SeatFault> {
        let mut pieces = self.pieces(response, most as u64);
        let mut bytes = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if bytes.len() + piece.len() > most {
                return Err(SeatFault::Malformed(format!("more than {most} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// The pieces of an answer that should have so many bytes.
    fn pieces(
        &self,
        response: Response,
        bytes: u64,
    ) -> impl Stream<Item = Result<Bytes, SeatFault>> + Send + Unpin + use<> {
        let end = Instant::now() + self.patience.for_bytes(bytes);
        let pause = self.patience.answer;
        let pieces = futures::stream::unfold(response, move |mut response| async move {
            let deadline = end.min(Instant::now() + pause);
            let piece = match timeout_at(deadline, response.chunk()).await {
                Err(_) => Err(SeatFault::TooSlow),
                Ok(Err(error)) => Err(SeatFault::Unreachable(causes(&error))),
                Ok(Ok(piece)) => Ok(piece?),
            };
            Some((piece, response))
        });
        Box::pin(pieces)
    }

    /// Sends a seat its shard, whose pieces have `length` bytes in all. Returns what it says is its signature: whoever asked verifies it.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn send_shard(
        &self,
        endpoint: &str,
        submission: SubmissionId,
        pieces: impl Stream<Item = Bytes> + Send + 'static,
        length: u64,
    ) -> Result<SignatureBytes, SeatFault> {
        let EndpointUrl { url, client } = self.url(endpoint, submission, "shard")?;
        let body = Body::wrap_stream(pieces.map(Ok::<_, std::io::Error>));
        let request = client
            .put(url)
            .header(header::CONTENT_LENGTH, length)
            .body(body);
        let patience = self.patience.for_bytes(length);
        let response = self.answered(request.send(), patience).await?;
        self.signature_of(response, submission).await
    }

    /// Asks for the signature of a shard that was sent before.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn signature(
        &self,
        endpoint: &str,
        submission: SubmissionId,
    ) -> Result<SignatureBytes, SeatFault> {
        let EndpointUrl { url, client } = self.url(endpoint, submission, "signature")?;
        let asking = client.get(url).send();
        let response = self.answered(asking, self.patience.answer).await?;
        self.signature_of(response, submission).await
    }

    async fn signature_of(
        &self,
        response: Response,
        submission: SubmissionId,
    ) -> Result<SignatureBytes, SeatFault> {
        let bytes = self.bounded(response, MAX_JSON).await?;
        decode_signature(&bytes, submission)
    }

    /// The combinations that a seat says are the blob's.
    ///
    /// # Errors
    /// When it gives none of that length.
    pub async fn combinations(
        &self,
        endpoint: &str,
        submission: SubmissionId,
        shape: &Shape,
    ) -> Result<Bytes, SeatFault> {
        let EndpointUrl { url, client } = self.url(endpoint, submission, "combinations")?;
        let asking = client.get(url).send();
        let response = self.answered(asking, self.patience.answer).await?;
        let expected = shape.combinations_bytes() as usize;
        let bytes = self.bounded(response, expected).await?;
        match bytes.len() == expected {
            true => Ok(bytes),
            false => {
                let found = bytes.len();
                let message = format!("{found} bytes of combinations: expected {expected}");
                Err(SeatFault::Malformed(message))
            }
        }
    }

    /// These rows, ascending, of a seat. Each is handed over as it comes, not verified yet.
    ///
    /// # Errors
    /// When it does not give exactly these.
    pub async fn rows(
        &self,
        endpoint: &str,
        submission: SubmissionId,
        (commitment, shape): (Commitment, Shape),
        wanted: &[u16],
        mut take: impl FnMut(Row),
    ) -> Result<(), SeatFault> {
        let EndpointUrl { mut url, client } = self.url(endpoint, submission, "rows")?;
        url.set_query(Some(&format!("index={}", ranges(wanted))));
        let asking = client.get(url).send();
        let response = self.answered(asking, self.patience.answer).await?;
        let length = wanted.len() as u64 * crate::coding::row_on_the_wire(&shape);
        let mut pieces = self.pieces(response, length);
        // A blob has fewer rows.
        let mut decoder = ShardDecoder::rows_only(commitment, shape, wanted.len() as u16);
        let mut source = BytesMut::new();
        let mut expected = wanted.iter();
        loop {
            while let Some(item) = decoder.decode(&mut source)? {
                let ShardItem::Row(row) = item else { continue };
                if expected.next() != Some(&row.index) {
                    let message = format!("row {} came, which was not asked for", row.index);
                    return Err(SeatFault::Malformed(message));
                }
                take(row);
            }
            match pieces.next().await {
                Some(piece) => source.extend_from_slice(&piece?),
                None => return Ok(decoder.finish(&source)?),
            }
        }
    }
}

/// Reads a signed shard as a seat answers it.
///
/// # Errors
/// When it is something else.
pub fn decode_signature(
    bytes: &[u8],
    submission: SubmissionId,
) -> Result<SignatureBytes, SeatFault> {
    let malformed = |reason: String| SeatFault::Malformed(reason);
    let signed: SignedShard =
        serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    if signed.submission != submission {
        let found = signed.submission;
        let message = format!("a signature of submission {found}: expected {submission}");
        return Err(malformed(message));
    }
    let digits = signed.signature.strip_prefix("0x");
    let mut signature = [0; crate::bls::SIGNATURE_BYTES];
    digits
        .and_then(|digits| hex::decode_to_slice(digits, &mut signature).ok())
        .ok_or_else(|| malformed("expected a signature of 0x and 192 hex digits".to_owned()))?;
    Ok(SignatureBytes(signature))
}

/// Indices as they stand in a request: `3,9-20`.
fn ranges(rows: &[u16]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for run in rows.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        match run {
            [] => {}
            [one] => parts.push(one.to_string()),
            [first, .., last] => parts.push(format!("{first}-{last}")),
        }
    }
    parts.join(",")
}

/// What a stranger says, shortened and without control characters: it is shown to people.
fn plain(detail: ErrorDetail) -> ErrorDetail {
    let short = |text: String, most| {
        let shown = text.chars().filter(|c| !c.is_control());
        shown.take(most).collect::<String>()
    };
    ErrorDetail {
        code: short(detail.code, 40),
        message: short(detail.message, 300),
    }
}

/// An error with what caused it: the outermost alone says too little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_rows_are_asked_for_as_ranges() {
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[0, 1]), "0-1");
        assert_eq!(ranges(&[3, 9, 10, 11, 65_535]), "3,9-11,65535");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let json = |submission: u64, digits: &str| {
            let signature = format!("0x{digits}");
            serde_json::json!({ "submission": submission, "seat": 1, "signature": signature })
                .to_string()
        };
        let good = json(7, &"ab".repeat(96));
        assert_eq!(
            decode_signature(good.as_bytes(), 7),
            Ok(SignatureBytes([0xab; 96]))
        );
        for (text, submission) in [
            (good, 8),
            (json(7, &"ab".repeat(95)), 7),
            (json(7, &"zz".repeat(96)), 7),
            ("[]".to_owned(), 7),
        ] {
            assert!(decode_signature(text.as_bytes(), submission).is_err());
        }
    }

    #[test]
    fn what_strangers_say_is_short_and_plain() {
        let detail = plain(ErrorDetail {
            code: "c".repeat(100),
            message: "a\u{1b}[31m\nb".to_owned(),
        });
        assert_eq!(detail.code.len(), 40);
        assert_eq!(detail.message, "a[31mb");
    }
}
