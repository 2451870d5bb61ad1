//! Jobs that were ordered: each waits, runs and says what it has to say when it is asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use noema_compute_engine::{
    form::Ended,
    job::{FileId, FilesError, JobEvent, Limits, Runner, Running, StartError},
};
use tokio::{
    sync::{mpsc, Notify},
    time::{sleep_until, Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use super::fetch::{Fetches, JobFiles};
use crate::jobs::message::{job_of, FileFault, FromRunner, Given, JobNumber, RefusalKind};

/// Orders that are known at the same time: more than a gateway has places.
const ORDERS: usize = 8_192;
/// Between two times that a job says how far it is.
const PROGRESS: Duration = Duration::from_millis(100);

/// The jobs.
pub(super) struct Orders {
    runner: Runner,
    fetches: Arc<Fetches>,
    says: mpsc::Sender<FromRunner>,
    known: Mutex<HashMap<JobNumber, Arc<Handle>>>,
}

/// What the gateway has to do with one of them.
#[derive(Default)]
struct Handle {
    /// Told when the next event is asked for.
    asked: Notify,
    stop: CancellationToken,
}

impl Orders {
    pub(super) fn new(
        runner: Runner,
        fetches: Arc<Fetches>,
        says: mpsc::Sender<FromRunner>,
    ) -> Arc<Self> {
        Arc::new(Self {
            runner,
            fetches,
            says,
            known: Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<JobNumber, Arc<Handle>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, job: JobNumber) -> Option<Arc<Handle>> {
        self.known().get(&job).cloned()
    }

    /// Asks a job for its next event.
    pub(super) fn ask(&self, job: JobNumber) {
        if let Some(handle) = self.handle(job) {
            handle.asked.notify_one();
        }
    }

    /// Ends a job.
    pub(super) fn stop(&self, job: JobNumber) {
        if let Some(handle) = self.handle(job) {
            handle.stop.cancel();
        }
    }

    /// Begins a job.
    pub(super) fn begin(
        self: &Arc<Self>,
        job: JobNumber,
        module: Given,
        inputs: Vec<Given>,
        limits: Limits,
    ) {
        let handle = Arc::<Handle>::default();
        let is_new = {
            let mut known = self.known();
            let is_new = known.len() < ORDERS && !known.contains_key(&job);
            if is_new {
                known.insert(job, handle.clone());
            }
            is_new
        };
        let this = self.clone();
        tokio::spawn(async move {
            let last = match is_new {
                true => this.work(job, module, inputs, limits, &handle).await,
                false => FromRunner::Refused {
                    job,
                    kind: RefusalKind::Busy,
                    why: "too many orders are known here".to_owned(),
                },
            };
            if is_new {
                this.known().remove(&job);
            }
            // A gateway that does not listen has closed the input.
            let _ = this.says.send(last).await;
        });
    }

    /// What a job comes to.
    async fn work(
        &self,
        job: JobNumber,
        module: Given,
        inputs: Vec<Given>,
        limits: Limits,
        handle: &Handle,
    ) -> FromRunner {
        let sizes = std::iter::once(&module).chain(&inputs);
        let sizes = sizes.filter_map(|given| match given {
            Given::File { id, size } => Some((FileId(*id), *size)),
            Given::Bytes(_) => None,
        });
        let files = JobFiles {
            fetches: self.fetches.clone(),
            job,
            sizes: sizes.collect(),
            fault: OnceLock::new(),
        };
        let ordered = job_of(module, inputs, limits);
        let started = tokio::select! {
            biased;
            () = handle.stop.cancelled() => return FromRunner::Stopped { job, fuel: 0 },
            started = self.runner.start(&ordered, &files) => started,
        };
        // Its bytes are with the running job now.
        drop(ordered);
        match started {
            Ok(running) => self.follow(job, &running, handle).await,
            Err(error) => {
                let (kind, why) = refusal(&error, files.fault.get());
                FromRunner::Refused { job, kind, why }
            }
        }
    }

    async fn follow(&self, job: JobNumber, running: &Running, handle: &Handle) -> FromRunner {
        let mut says = FromRunner::Started { job };
        // A job can say how far it is faster than anybody reads.
        let mut quiet = Instant::now();
        loop {
            if self.says.send(says).await.is_err() {
                // Nobody listens; dropping it ends it.
                return FromRunner::Stopped { job, fuel: 0 };
            }
            let event = tokio::select! {
                biased;
                () = handle.stop.cancelled() => return stopped(job, running).await,
                event = async {
                    handle.asked.notified().await;
                    running.next().await
                } => event,
            };
            says = match event {
                JobEvent::Output(bytes) => FromRunner::Output {
                    job,
                    bytes: bytes.into(),
                },
                JobEvent::Progress { done, total } => {
                    tokio::select! {
                        biased;
                        () = handle.stop.cancelled() => return stopped(job, running).await,
                        () = sleep_until(quiet) => {}
                    }
                    quiet = Instant::now() + PROGRESS;
                    FromRunner::Progress { job, done, total }
                }
                JobEvent::Ended(Ok(report)) => {
                    let report = serde_json::to_string(&Ended::of(&report));
                    return match report {
                        Ok(report) => FromRunner::Ended { job, report },
                        Err(error) => broke(job, &error),
                    };
                }
                JobEvent::Ended(Err(fault)) => return broke(job, &fault),
            };
        }
    }
}

fn broke(job: JobNumber, error: &dyn std::error::Error) -> FromRunner {
    FromRunner::Broke {
        job,
        why: error.to_string(),
    }
}

/// Ends a job and says what it used. A job that ended at the same time has used what it has.
async fn stopped(job: JobNumber, running: &Running) -> FromRunner {
    running.cancel();
    while !matches!(running.next().await, JobEvent::Ended(_)) {}
    FromRunner::Stopped {
        job,
        fuel: running.fuel(),
    }
}

fn refusal(error: &StartError, fault: Option<&FileFault>) -> (RefusalKind, String) {
    let kind = match error {
        StartError::Module(_) => RefusalKind::Module,
        StartError::Limits(_) | StartError::Inputs | StartError::Memory { .. } => {
            RefusalKind::Limits
        }
        StartError::Busy { .. } => RefusalKind::Busy,
        StartError::Fault(_) => RefusalKind::Fault,
        StartError::Files(error) => return file_refusal(error, fault),
    };
    (kind, error.to_string())
}

fn file_refusal(error: &FilesError, fault: Option<&FileFault>) -> (RefusalKind, String) {
    let (id, fault) = match (error, fault) {
        (FilesError::Failed { id, .. }, Some(fault)) => (id, fault),
        (FilesError::Other { .. }, _) => return (RefusalKind::FileWrong, error.to_string()),
        (FilesError::Unknown(_), _) => return (RefusalKind::FileUnknown, error.to_string()),
        (FilesError::TooLarge { .. }, _) => return (RefusalKind::Limits, error.to_string()),
        (FilesError::Failed { .. }, None) => return (RefusalKind::FileFailed, error.to_string()),
    };
    match fault {
        FileFault::Unknown => (
            RefusalKind::FileUnknown,
            FilesError::Unknown(*id).to_string(),
        ),
        FileFault::Size { found } => (
            RefusalKind::FileSize,
            format!("file {id} has {found} bytes; expected as many as the order says"),
        ),
        FileFault::Failed(why) => {
            let error = FilesError::Failed {
                id: *id,
                why: why.clone(),
            };
            (RefusalKind::FileFailed, error.to_string())
        }
    }
}
