//! Orders of jobs: what is asked before they are taken, and their answers. `docs/design/compute-jobs.md`, *Over HTTP*.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use noema_compute_engine::form::{
    output_event, progress_event, running_event, started_event, Ended, Order, OrderError, Terms,
};
use noema_compute_primitives::{ResponseHasher, Usage};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    meter::NOTHING,
    passing::{Reader, PIECES, READER_TIME},
    ready::{names_model, place, Ready},
    routes::{App, Refused},
    services::ServiceSlot,
    work::{Broken, Given, Job, Task},
};
use crate::{
    chain::ComputeChain,
    engine::EngineError,
    jobs::{JobFailure, JobPool, JobWork, RefusalKind, Stage},
    openai::ApiError,
    sse::Event,
    wire::RECEIPT_EVENT,
};

/// How long a job may say nothing before its reader is told that it runs.
const QUIET: Duration = Duration::from_secs(15);

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        Self {
            param: error.param,
            ..Self::invalid("invalid_order", error.message)
        }
    }
}

/// Reads an order and holds it against its voucher. Nothing is fetched or compiled for one that is not paid for.
pub(super) async fn prepare<C: ComputeChain>(
    app: &App<C>,
    slot: &ServiceSlot,
    pool: Arc<JobPool>,
    ready: Ready,
) -> Result<Job, Refused> {
    let Ready {
        payer,
        body,
        permit,
    } = ready;
    let voucher = payer.signed.voucher;
    let body_bytes = body.len() as u64;
    let order = Order::parse(&body).map_err(ApiError::from)?;
    // What counts of it is in the order.
    drop(body);
    names_model(slot, &order.model)?;
    let units = order.terms().most_units();
    let most = voucher.price.cost(&Usage::Units { units });
    if most.is_err() || most.is_ok_and(|most| most > voucher.maximum) {
        let message = format!(
            "the maximum does not pay for {units} units, which the job may use with what it takes to get it ready"
        );
        return Err(ApiError::payment("maximum_too_low", message).into());
    }
    let place = place(slot).await?;
    let order = Box::new(order);
    Ok(Job {
        core: app.core.clone(),
        task: Task::Wasm { pool, order },
        payer,
        model: slot.model.clone(),
        body_bytes,
        max_output: units,
        include_usage: true,
        _place: place,
        body: permit,
    })
}

/// Why a job does not go on to its end.
enum Halt {
    /// Nobody waits for it any more.
    Left,
    /// Its time is up, or the gateway stops.
    Stopped(&'static str),
    Failed(JobFailure),
}

/// What became of a job.
enum End {
    Ended(Ended),
    Halted(Halt),
}

/// The output that was handed out.
#[derive(Default)]
struct Output {
    hash: Sha256,
    bytes: u64,
}

impl Output {
    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    /// The report of a job that was stopped.
    fn stopped(&self, reason: &str, fuel: u64) -> Ended {
        let hash = self.hash.clone().finalize().into();
        Ended::stopped(reason, fuel, self.bytes, &hash)
    }

    /// Whether a report is over this output, and over no more fuel than was ordered.
    fn fits(&self, ended: &Ended, terms: &Terms) -> bool {
        let own = self.stopped("", ended.fuel);
        let report = (ended.output_bytes, &ended.output_sha256);
        report == (own.output_bytes, &own.output_sha256) && ended.fuel <= terms.limits.fuel
    }
}

const fn used(terms: &Terms, fuel: u64) -> Usage {
    Usage::Units {
        units: terms.units(fuel),
    }
}

impl Job {
    /// Runs a job. `given` gets what the client is given. Whoever hangs up ends it, and pays for what it used until then.
    pub(super) async fn run_wasm(
        &self,
        pool: &JobPool,
        order: &Order,
        mut over: BoxFuture<'static, ()>,
        mut given: oneshot::Sender<Given>,
    ) {
        let terms = order.terms();
        let begun = tokio::select! {
            biased;
            () = given.closed() => {
                // It may be compiled by now, and is kept.
                self.end_unread(&ResponseHasher::new(200), used(&terms, 0)).await;
                return;
            }
            () = &mut over => Err(Broken::Late.into()),
            () = self.core.cut.cancelled() => Err(Broken::Stopping.into()),
            begun = pool.order(order) => begun.map_err(Refusal::from),
        };
        match begun {
            Ok(work) if order.stream => {
                let (sender, receiver) = mpsc::channel(PIECES);
                // A client that is gone is noticed by the sender.
                let _ = given.send(Given::Stream(receiver));
                let reader = Reader::new(sender, READER_TIME);
                self.stream_job(work, &terms, over, reader).await;
            }
            Ok(work) => self.whole_job(work, &terms, over, given).await,
            Err(refusal) => {
                let refused = self.refuse(refusal).await;
                let _ = given.send(refused);
            }
        }
    }

    /// An answer that says why a job was not begun, or has no result. It costs nothing.
    async fn refuse(&self, refusal: Refusal) -> Given {
        let error = match refusal {
            Refusal::Broken(broken) => return self.failed(broken).await,
            Refusal::Job(failure) => self.error_of(&failure),
        };
        let body = Bytes::from(error.body().to_string());
        self.finish_whole(error.status, body, NOTHING).await
    }

    fn error_of(&self, failure: &JobFailure) -> ApiError {
        let message = failure.to_string();
        let JobFailure::Refused { kind, .. } = failure else {
            tracing::warn!(%failure, "a job has no result");
            self.core.metrics.engine_errors.inc();
            return ApiError::upstream("job_broke", message);
        };
        match kind {
            RefusalKind::Module => {
                // It was read, checked and perhaps compiled for nothing.
                let channel = self.payer.signed.voucher.channel;
                self.core.strikes.note(channel, Instant::now());
                ApiError {
                    param: Some("module"),
                    ..ApiError::invalid("module_refused", message)
                }
            }
            RefusalKind::FileUnknown => ApiError::not_found("file_unknown", message),
            RefusalKind::FileSize => ApiError::invalid("file_size", message),
            RefusalKind::FileWrong => ApiError::upstream("file_wrong", message),
            RefusalKind::FileFailed => ApiError::upstream("file_unavailable", message),
            RefusalKind::Limits => ApiError::invalid("limits", message),
            RefusalKind::Busy => ApiError::busy("no_place", message),
            RefusalKind::Fault => {
                tracing::error!(%failure, "the job runner fails");
                self.core.metrics.engine_errors.inc();
                ApiError::upstream("job_broke", message)
            }
        }
    }

    async fn whole_job(
        &self,
        mut work: JobWork,
        terms: &Terms,
        mut over: BoxFuture<'static, ()>,
        mut given: oneshot::Sender<Given>,
    ) {
        let (mut output, mut noted) = (Vec::new(), Output::default());
        let end = loop {
            let stage = tokio::select! {
                biased;
                () = given.closed() => break End::Halted(Halt::Left),
                () = &mut over => break End::Halted(Halt::Stopped("too_late")),
                () = self.core.cut.cancelled() => break End::Halted(Halt::Stopped("stopping")),
                stage = work.next() => stage,
            };
            match stage {
                Ok(Stage::Output(bytes)) => {
                    noted.add(&bytes);
                    if noted.bytes > terms.limits.output.into() {
                        break End::Halted(Halt::Failed(nonsense()));
                    }
                    output.extend_from_slice(&bytes);
                }
                Ok(Stage::Progress { .. }) => {}
                Ok(Stage::Ended(ended)) if noted.fits(&ended, terms) => break End::Ended(ended),
                Ok(Stage::Ended(_)) => break End::Halted(Halt::Failed(nonsense())),
                Err(failure) => break End::Halted(Halt::Failed(failure)),
            }
        };
        let ended = match end {
            End::Ended(ended) => ended,
            End::Halted(Halt::Failed(failure)) => {
                let refused = self.refuse(failure.into()).await;
                let _ = given.send(refused);
                return;
            }
            End::Halted(Halt::Left) => {
                let usage = match work.stop().await {
                    Some(fuel) => used(terms, fuel.min(terms.limits.fuel)),
                    None => NOTHING,
                };
                self.end_unread(&ResponseHasher::new(200), usage).await;
                return;
            }
            End::Halted(Halt::Stopped(reason)) => match work.stop().await {
                Some(fuel) => noted.stopped(reason, fuel.min(terms.limits.fuel)),
                None => {
                    let refused = self.refuse(JobFailure::Crashed.into()).await;
                    let _ = given.send(refused);
                    return;
                }
            },
        };
        let usage = used(terms, ended.fuel);
        let body = Bytes::from(ended.whole(terms, &output).to_string());
        drop(output);
        let whole = self.finish_whole(StatusCode::OK, body, usage).await;
        // Whoever went away by now asks for the receipt.
        let _ = given.send(whole);
    }

    async fn stream_job(
        &self,
        mut work: JobWork,
        terms: &Terms,
        mut over: BoxFuture<'static, ()>,
        mut reader: Reader,
    ) {
        let mut noted = Output::default();
        let mut hasher = ResponseHasher::new(200);
        let mut next = Some(started_event());
        let end = loop {
            if let Some(event) = next.take() {
                let event = event_of(&event);
                hasher.update(event.raw());
                if !reader.send(event.raw().clone()).await {
                    break End::Halted(Halt::Left);
                }
            }
            let stage = tokio::select! {
                biased;
                () = reader.closed() => break End::Halted(Halt::Left),
                () = &mut over => break End::Halted(Halt::Stopped("too_late")),
                () = self.core.cut.cancelled() => break End::Halted(Halt::Stopped("stopping")),
                stage = timeout(QUIET, work.next()) => stage,
            };
            let Ok(stage) = stage else {
                next = Some(running_event());
                continue;
            };
            match stage {
                Ok(Stage::Output(bytes)) => {
                    noted.add(&bytes);
                    if noted.bytes > terms.limits.output.into() {
                        break End::Halted(Halt::Failed(nonsense()));
                    }
                    next = Some(output_event(&bytes));
                }
                Ok(Stage::Progress { done, total }) => next = Some(progress_event(done, total)),
                Ok(Stage::Ended(ended)) if noted.fits(&ended, terms) => break End::Ended(ended),
                Ok(Stage::Ended(_)) => break End::Halted(Halt::Failed(nonsense())),
                Err(failure) => break End::Halted(Halt::Failed(failure)),
            }
        };
        let (last, usage) = match end {
            End::Ended(ended) => (done(&ended, terms), used(terms, ended.fuel)),
            End::Halted(Halt::Failed(failure)) => (broken(&self.error_of(&failure)), NOTHING),
            End::Halted(Halt::Left) => {
                let usage = match work.stop().await {
                    Some(fuel) => used(terms, fuel.min(terms.limits.fuel)),
                    None => NOTHING,
                };
                self.end_unread(&hasher, usage).await;
                return;
            }
            End::Halted(Halt::Stopped(reason)) => match work.stop().await {
                Some(fuel) => {
                    let ended = noted.stopped(reason, fuel.min(terms.limits.fuel));
                    (done(&ended, terms), used(terms, ended.fuel))
                }
                None => (broken(&self.error_of(&JobFailure::Crashed)), NOTHING),
            },
        };
        hasher.update(&last);
        let receipt = match self.finish(&hasher, usage).await {
            Ok(receipt) => receipt,
            Err(error) => {
                tracing::error!(%error, "a receipt cannot be noted; its job is lost");
                return;
            }
        };
        let mut last = BytesMut::from(&last[..]);
        let event = Event::new(Some(RECEIPT_EVENT), &receipt.to_text());
        last.extend_from_slice(event.raw());
        reader.send_last(last.freeze()).await;
    }
}

/// Why a job was not begun.
enum Refusal {
    Broken(Broken),
    Job(JobFailure),
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<JobFailure> for Refusal {
    fn from(failure: JobFailure) -> Self {
        match failure {
            JobFailure::Unavailable(why) => Broken::Engine(EngineError::Unreachable(why)).into(),
            failure => Self::Job(failure),
        }
    }
}

fn nonsense() -> JobFailure {
    JobFailure::Broke("the runner's report is for another output".to_owned())
}

fn event_of(value: &Value) -> Event {
    Event::new(None, &value.to_string())
}

/// The last bytes of a stream whose job has ended.
fn done(ended: &Ended, terms: &Terms) -> Bytes {
    let mut last = BytesMut::from(&event_of(&ended.event(terms)).raw()[..]);
    last.extend_from_slice(Event::new(None, "[DONE]").raw());
    last.freeze()
}

/// The last bytes of a stream whose job has no result.
fn broken(error: &ApiError) -> Bytes {
    event_of(&error.body()).raw().clone()
}
