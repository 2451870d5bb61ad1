//! Taking a shard. Rows prove themselves, so that anybody may send those of a finalised submission.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Path, State},
    http::{header, HeaderMap, StatusCode, Version},
    Extension, Json,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use noema_transport::Caller;
use tokio::{
    sync::mpsc,
    time::{timeout, timeout_at, Instant},
};

use super::{number, App, Seat, UploadPace};
use crate::{
    bls::SeatSecret,
    chain::{Plan, RowAudits},
    coding::{
        Accepted, RowVerifier, SeatCheck, ShardDecoder, ShardError, ShardHeader, ShardItem,
        Streamed, WireError,
    },
    replies::Refusal,
    store::{Incoming, Sealed, ShardRecord, Signed, StoreError},
    wire::SignedShard,
};

/// Rows that wait to be verified and written.
const QUEUE: usize = 4;
/// How much of the body of a refused request is read and thrown away, and for how long.
const DISCARD: usize = 4 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Why a shard is not signed for.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the shard came slower than {least} bytes in a second, or not at all for {patience:?}"
    )]
    Slow { least: u64, patience: Duration },
    #[error("the shard ended early")]
    Ended,
}

impl From<WireError> for UploadError {
    fn from(error: WireError) -> Self {
        Self::Shard(error.into())
    }
}

impl From<UploadError> for (Refusal, &'static str) {
    fn from(error: UploadError) -> Self {
        let message = error.to_string();
        match error {
            UploadError::Shard(_) => (
                Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_shard", message),
                "wrong",
            ),
            UploadError::Store(error) => (error.into(), "failed"),
            UploadError::Slow { .. } => (
                Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message),
                "slow",
            ),
            UploadError::Ended => (
                Refusal::new(StatusCode::BAD_REQUEST, "bad_body", message),
                "ended",
            ),
        }
    }
}

/// `PUT /v1/submissions/{submission}/shard`: the signature, once all rows verified and are durable.
pub(super) async fn put_shard<C: RowAudits>(
    State(app): State<App<C>>,
    Extension(caller): Extension<Caller>,
    Path(submission): Path<String>,
    version: Version,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SignedShard>, Refusal> {
    let mut body = body.into_data_stream();
    let result = take(&app, &caller, &submission, &headers, &mut body).await;
    // Over HTTP/1 a client that is still sending when the connection closes never sees the answer.
    if version < Version::HTTP_2 && !matches!(&result, Err(refusal) if refusal.code == "too_slow") {
        discard(body).await;
    }
    result.map(|record| Json(signed(&record)))
}

async fn discard(mut body: BodyDataStream) {
    let read = async {
        let mut left = DISCARD;
        while let Some(Ok(chunk)) = body.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(DISCARD_TIME, read).await;
}

pub(super) fn signed(record: &ShardRecord) -> SignedShard {
    SignedShard {
        submission: record.submission(),
        seat: record.seat,
        signature: record.signature().to_string(),
    }
}

async fn take<C: RowAudits>(
    app: &App<C>,
    caller: &Caller,
    submission: &str,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<ShardRecord, Refusal> {
    let submission = number(submission)?;
    if let Some(record) = app.store.get(submission)? {
        return Ok(record);
    }
    let (plan, seat, key) = app.assigned(submission).await?;
    let expected = shard_bytes(&plan, seat);
    if let Some(found) = content_length(headers).filter(|found| *found != expected) {
        let message = format!("the shard of this seat has {expected} bytes: announced are {found}");
        let code = "wrong_length";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, code, message));
    }
    let Some(_turn) = app.uploads.take(caller.peer).await else {
        return Err(Refusal::busy(
            "busy",
            "too many uploads are under way; try again",
        ));
    };
    let incoming = app.store.begin(&plan, seat)?;
    let taken = app.receive(&plan, incoming, body).await;
    let done = match taken {
        Ok(sealed) => app
            .sign(&plan, &key, sealed)
            .await
            .map_err(UploadError::from),
        Err(error) => Err(error),
    };
    let counter = |result| app.metrics.shards.with_label_values(&[result]).inc();
    match done {
        Ok(record) => {
            counter("signed");
            Ok(record)
        }
        Err(error) => {
            tracing::info!(submission, %error, "a shard is not signed for");
            let (refusal, result) = error.into();
            counter(result);
            Err(refusal)
        }
    }
}

/// Bytes of what is sent to the seat.
fn shard_bytes(plan: &Plan, seat: usize) -> u64 {
    let sent = plan.assignment.shard_rows(seat, plan.content());
    ShardHeader {
        commitment: plan.commitment(),
        shape: plan.shape,
        // A blob has fewer rows.
        rows: sent.len() as u16,
    }
    .shard_bytes()
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

impl<C: RowAudits> Seat<C> {
    /// The plan of a submission of which this seat must hold rows and can still sign for them, its place in the committee, and the key that signs.
    async fn assigned(&self, submission: u64) -> Result<(Arc<Plan>, usize, SeatSecret), Refusal> {
        let (plan, _) = self.lookup.plan(submission).await?;
        let parameters = self.lookup.parameters().await;
        let parameters = parameters.map_err(crate::chain::LookupError::from)?;
        if parameters.tick >= plan.deadline {
            let message = format!(
                "attestations of submission {submission} were due before tick {}: it is tick {}",
                plan.deadline, parameters.tick
            );
            return Err(Refusal::new(StatusCode::GONE, "too_late", message));
        }
        let era = plan.committee.era();
        let seat = plan.committee.seat_of(&self.provider).ok_or_else(|| {
            let message = format!(
                "{} has no seat in the committee of era {era}",
                self.provider
            );
            Refusal::new(StatusCode::FORBIDDEN, "no_seat", message)
        })?;
        let wanted = plan.committee.seats().get(seat).map(|seat| seat.key);
        let key = wanted.and_then(|key| self.keys.get(&key)).ok_or_else(|| {
            tracing::error!(era, key = ?wanted, "this seat's key of the committee is not among those that the daemon was given");
            Refusal::busy("no_key", "the seat lacks the key of this committee; its operator can see which")
        })?;
        Ok((plan, seat, key.clone()))
    }

    /// Verifies rows while they come, and stores them.
    async fn receive(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        incoming: Incoming,
        body: &mut BodyDataStream,
    ) -> Result<Sealed, UploadError> {
        let sent = incoming.rows().len() + usize::from(needs_front(plan, &incoming));
        let mut decoder = ShardDecoder::new(plan.commitment(), plan.shape, sent as u16);
        let mut source = BytesMut::new();
        let mut clock = Clock::new(self.pace);
        let Some(ShardItem::Combinations(combinations)) = self
            .next(&mut decoder, &mut source, &mut clock, body)
            .await?
        else {
            return Err(decoder
                .finish(&source)
                .err()
                .map_or(UploadError::Ended, Into::into));
        };
        // Apart from the buffer, which would otherwise stay in memory as long as these do.
        let combinations = Bytes::copy_from_slice(&combinations);
        let (rows, queue) = mpsc::channel(QUEUE);
        let of = plan.clone();
        let verifying =
            tokio::task::spawn_blocking(move || verify(&of, incoming, combinations, queue));
        let outcome = loop {
            match self.next(&mut decoder, &mut source, &mut clock, body).await {
                Ok(Some(ShardItem::Row(row))) => {
                    // Nobody takes it if a row before it was refused, which is then said.
                    if rows.send(row).await.is_err() {
                        break Ok(());
                    }
                }
                Ok(_) => break decoder.finish(&source).map_err(UploadError::from),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        let verified = verifying.await.map_err(|_| StoreError::Closing)?;
        let (check, incoming) = verified?;
        outcome?;
        self.finish(check, incoming).await
    }

    /// The next part of a shard; none at its end.
    async fn next(
        &self,
        decoder: &mut ShardDecoder,
        source: &mut BytesMut,
        clock: &mut Clock,
        body: &mut BodyDataStream,
    ) -> Result<Option<ShardItem>, UploadError> {
        loop {
            if let Some(item) = decoder.decode(source)? {
                return Ok(Some(item));
            }
            let UploadPace { least, patience } = clock.pace;
            let next = timeout_at(clock.deadline(), body.next()).await;
            let chunk = match next {
                Err(_) => return Err(UploadError::Slow { least, patience }),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(UploadError::Ended),
                Ok(Some(Ok(chunk))) => chunk,
            };
            source.extend_from_slice(&chunk);
            self.metrics.uploaded_bytes.inc_by(chunk.len() as u64);
            let waited = self.upload_rate.take(chunk.len() as u64).await;
            clock.came(chunk.len() as u64, waited);
        }
    }

    /// Codes the blob once more if the rows are enough for it, and makes them durable.
    async fn finish(&self, check: SeatCheck, incoming: Incoming) -> Result<Sealed, UploadError> {
        let streamed = check.finish_streaming()?;
        let coding = match &streamed {
            Streamed::Done(_) => None,
            Streamed::Recode(recode) => {
                let mib = (recode.shape().data_bytes() as usize).div_ceil(1 << 20);
                // A blob larger than all of it is coded alone.
                let wanted = mib.min(self.coding_mib) as u32;
                let permit = self.coding.clone().acquire_many_owned(wanted).await;
                Some(permit.map_err(|_| StoreError::Closing)?)
            }
        };
        let sealing = tokio::task::spawn_blocking(move || {
            let _coding = coding;
            seal(streamed, incoming)
        });
        sealing.await.map_err(|_| StoreError::Closing)?
    }

    /// Signs for rows that are durable. The record of it is, too, when this returns.
    async fn sign(
        &self,
        plan: &Plan,
        key: &SeatSecret,
        sealed: Sealed,
    ) -> Result<ShardRecord, StoreError> {
        let signed = Signed {
            attestation: plan.attestation,
            signature: key.sign(&plan.attestation),
        };
        self.store.commit(sealed, signed).await
    }
}

/// Whether row 0 is sent though it is not the seat's.
fn needs_front(plan: &Plan, incoming: &Incoming) -> bool {
    let rows = incoming.rows();
    plan.content().with_front(rows.to_vec()).len() > rows.len()
}

fn verify(
    plan: &Plan,
    mut incoming: Incoming,
    combinations: Bytes,
    mut rows: mpsc::Receiver<crate::coding::Row>,
) -> Result<(SeatCheck, Incoming), UploadError> {
    incoming.write_combinations(&combinations)?;
    let verifier =
        RowVerifier::new(plan.commitment(), plan.shape, combinations).map_err(ShardError::from)?;
    let own = incoming.rows().to_vec();
    let mut check = SeatCheck::streaming(verifier, *plan.content(), own);
    while let Some(row) = rows.blocking_recv() {
        if check.accept(&row)? == Accepted::Own {
            incoming.write_row(&row)?;
        }
    }
    Ok((check, incoming))
}

fn seal(streamed: Streamed, mut incoming: Incoming) -> Result<Sealed, UploadError> {
    let verifier = match streamed {
        Streamed::Done(verifier) => verifier,
        Streamed::Recode(recode) => {
            let rows = incoming.read_rows(recode.wanted())?;
            recode.finish(rows)?
        }
    };
    Ok(incoming.seal(verifier.combinations_root())?)
}

/// How much time a sender has left. What it is kept waiting here does not count.
struct Clock {
    pace: UploadPace,
    begun: Instant,
    last: Instant,
    received: u64,
}

impl Clock {
    fn new(pace: UploadPace) -> Self {
        let now = Instant::now();
        Self {
            pace,
            begun: now,
            last: now,
            received: 0,
        }
    }

    fn came(&mut self, bytes: u64, waited: Duration) {
        self.received = self.received.saturating_add(bytes);
        self.begun += waited;
        self.last = Instant::now();
    }

    fn deadline(&self) -> Instant {
        let earned =
            Duration::from_millis(self.received.saturating_mul(1_000) / self.pace.least.max(1));
        let on_average = self.begun + self.pace.patience + earned;
        on_average.min(self.last + self.pace.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_drips_runs_out_of_time_and_who_comes_on_does_not() {
        let pace = UploadPace {
            patience: Duration::from_secs(10),
            least: 1_000,
        };
        let mut clock = Clock::new(pace);
        assert_eq!(clock.deadline(), clock.begun + pace.patience);
        // A thousand bytes earn a second on average, and what was waited for here is given back.
        clock.came(5_000, Duration::from_secs(60));
        let earned = Duration::from_secs(15);
        assert_eq!(
            clock.begun + earned,
            clock.begun + pace.patience + Duration::from_secs(5)
        );
        // Whatever was earned, a pause is not longer than the patience.
        clock.came(1 << 40, Duration::ZERO);
        assert_eq!(clock.deadline(), clock.last + pace.patience);
    }
}
