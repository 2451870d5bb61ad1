//! The runner process that takes orders now, and the next one when it dies or has worked enough.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use noema_compute_engine::{form::Order, job::Limits};
use tokio::sync::Mutex;

use super::{
    cache::FileCache,
    child::Child,
    files::{FindFile, StorageFiles},
    message::RefusalKind,
    runner::share,
    work::{JobFailure, JobWork},
};

/// A process that dies younger than this is not replaced at once.
const YOUNG: Duration = Duration::from_secs(10);
/// How long then, doubled each time, and at most; and how long an order waits for it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(2);

/// How jobs are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobsConfig {
    /// The program that is started with the argument `job-runner`: this one.
    pub program: PathBuf,
    /// Jobs that run at a time, each on one processor.
    pub slots: u64,
    /// Jobs that may wait for a slot.
    pub waiting: u64,
    /// Bytes of memory of the process.
    pub memory: u64,
    /// Seconds of processor time of a process after which another one takes the orders. After four times as many it is ended.
    pub cpu_seconds: u64,
    /// Where stored files are kept.
    pub cache_dir: PathBuf,
    /// Bytes of them.
    pub cache_bytes: u64,
    /// How long a file may take to be fetched.
    pub fetch_time: Duration,
}

/// Why no job can be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The process does not run.
    #[error("cannot start {} job-runner: {why}", program.display())]
    Process {
        /// The program.
        program: PathBuf,
        /// Why not.
        why: String,
    },
    /// The directory of cached files cannot be used.
    #[error("cannot keep files in {}: {source}", path.display())]
    Cache {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl JobsConfig {
    pub(super) fn arguments(&self) -> Vec<String> {
        [
            ("--slots", self.slots),
            ("--waiting", self.waiting),
            ("--memory", self.memory),
            ("--cpu-seconds", self.cpu_seconds),
        ]
        .map(|(name, value)| [name.to_owned(), value.to_string()])
        .concat()
    }
}

/// Runs jobs, each in the process that takes orders now.
pub(crate) struct JobPool {
    config: JobsConfig,
    files: Arc<StorageFiles>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    child: Option<Arc<Child>>,
    /// Processes in a row that died young.
    failures: u32,
    /// When the next one may be started.
    next: Option<Instant>,
}

impl JobPool {
    /// With files that `chain` knows of. Starts the first process.
    pub(crate) async fn start(
        config: JobsConfig,
        chain: impl FindFile,
    ) -> Result<Arc<Self>, JobsError> {
        let cache = FileCache::open(config.cache_dir.clone(), config.cache_bytes);
        let cache = cache.map_err(|source| JobsError::Cache {
            path: config.cache_dir.clone(),
            source,
        })?;
        let files = Arc::new(StorageFiles::new(chain, cache, config.fetch_time));
        let child = Child::start(&config, files.clone()).await?;
        let now = Now {
            child: Some(child),
            ..Now::default()
        };
        Ok(Arc::new(Self {
            config,
            files,
            now: Mutex::new(now),
        }))
    }

    /// The most that a job may ask for.
    pub(crate) fn limits(&self) -> Limits {
        share::limits(self.config.memory)
    }

    /// Begins a job. It runs when this returns; dropping this ends it.
    pub(crate) async fn order(&self, order: &Order) -> Result<JobWork, JobFailure> {
        let mut begun = self.try_order(order).await;
        if matches!(begun, Err(JobFailure::Crashed)) {
            // By another's fault, perhaps. Once.
            begun = self.try_order(order).await;
        }
        if let Err(JobFailure::Refused {
            kind: RefusalKind::FileWrong,
            ..
        }) = &begun
        {
            // What is kept of it was harmed; the next order fetches it anew.
            for piece in std::iter::once(&order.module).chain(&order.inputs) {
                if let noema_compute_engine::form::Piece::File { id, .. } = piece {
                    self.files.forget(id);
                }
            }
        }
        begun
    }

    async fn try_order(&self, order: &Order) -> Result<JobWork, JobFailure> {
        let child = self.child().await?;
        let mut work = child.order(order).await.ok_or(JobFailure::Crashed)?;
        drop(child);
        work.started().await?;
        Ok(work)
    }

    /// The process that takes orders; a new one, if there is none.
    async fn child(&self) -> Result<Arc<Child>, JobFailure> {
        let mut now = self.now.lock().await;
        if let Some(child) = &now.child {
            if child.takes_orders() {
                return Ok(child.clone());
            }
            let died_young = child.is_dead() && child.began.elapsed() < YOUNG;
            if child.is_dead() {
                tracing::error!("the process that runs jobs ended; another one is started");
            }
            // One that retires ends with the last of its jobs.
            now.child = None;
            now.pause(died_young);
        }
        if let Some(next) = now.next {
            let wait = next.saturating_duration_since(Instant::now());
            if wait > PATIENCE {
                let message = format!(
                    "processes that run them end at once; the next one is started in {} s",
                    wait.as_secs() + 1
                );
                return Err(JobFailure::Unavailable(message));
            }
            tokio::time::sleep(wait).await;
        }
        match Child::start(&self.config, self.files.clone()).await {
            Ok(child) => {
                now.child = Some(child.clone());
                Ok(child)
            }
            Err(error) => {
                tracing::error!(%error, "no job can be run");
                now.pause(true);
                Err(JobFailure::Unavailable(
                    "no process can be started".to_owned(),
                ))
            }
        }
    }
}

impl Now {
    fn pause(&mut self, failed: bool) {
        if !failed {
            self.failures = 0;
            self.next = None;
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.next = Some(Instant::now() + pause.min(LONGEST_PAUSE));
    }
}
