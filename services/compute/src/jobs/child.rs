//! The gateway's end of one runner process.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError, Weak,
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use noema_compute_engine::{
    form::{Ended, Order, Piece},
    job::FileId,
};
use tokio::{
    io::{AsyncReadExt, BufReader},
    process::{ChildStdin, ChildStdout, Command},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    files::StorageFiles,
    frames::{frame, read_frame, write_frame},
    message::{
        FetchNumber, FileFault, FromRunner, Given, JobNumber, RefusalKind, ToRunner, FILE_PART,
    },
    pool::{JobsConfig, JobsError},
    work::JobWork,
};

/// How long a process may take to be ready.
const READY: Duration = Duration::from_secs(20);
/// Messages that wait to be written.
const WAITING: usize = 64;
/// What a job may say before it is heard: it is asked for each event, so that more is no runner's.
const UNHEARD: usize = 8;

/// What a job says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Started,
    Refused { kind: RefusalKind, why: String },
    Output(Bytes),
    Progress { done: u64, total: u64 },
    Ended(Ended),
    Stopped { fuel: u64 },
    Broke(String),
}

/// A runner process. It ends when nobody holds this any more.
#[derive(Debug)]
pub(super) struct Child {
    says: mpsc::Sender<ToRunner>,
    state: Mutex<State>,
    retiring: AtomicBool,
    dead: CancellationToken,
    pub(super) began: Instant,
}

#[derive(Debug, Default)]
struct State {
    next: JobNumber,
    jobs: HashMap<JobNumber, Entry>,
}

#[derive(Debug)]
struct Entry {
    to: mpsc::Sender<Said>,
    /// Files that it may ask for, each once.
    files: Vec<(FileId, u64)>,
}

impl Child {
    /// Starts a process, and waits until it is ready.
    pub(super) async fn start(
        config: &JobsConfig,
        files: Arc<StorageFiles>,
    ) -> Result<Arc<Self>, JobsError> {
        let failed = |why: String| JobsError::Process {
            program: config.program.clone(),
            why,
        };
        let mut process = Command::new(&config.program)
            .arg("job-runner")
            .args(config.arguments())
            // No secret that was given by the environment, no directory that it could write to.
            .env_clear()
            .current_dir("/")
            // A signal to the gateway's group is the gateway's.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(e.to_string()))?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or_else(|| failed("it has no pipes".to_owned()))?;
        let mut output = BufReader::new(output);
        match timeout(READY, read_frame(&mut output)).await {
            Ok(Ok(Some(FromRunner::Ready))) => {}
            Ok(Ok(_)) => return Err(failed("it ended, or is another program".to_owned())),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed(format!("it was not ready within {READY:?}"))),
        }
        let (says, said) = mpsc::channel(WAITING);
        let child = Arc::new(Self {
            says,
            state: Mutex::default(),
            retiring: AtomicBool::default(),
            dead: CancellationToken::new(),
            began: Instant::now(),
        });
        let dead = child.dead.clone();
        tokio::spawn(write_all(said, input));
        let reading = Reading {
            child: Arc::downgrade(&child),
            files,
        };
        tokio::spawn(async move {
            reading.read_all(output).await;
            dead.cancel();
            // Whatever it is that speaks no more.
            if let Err(error) = process.kill().await {
                tracing::warn!(%error, "a job runner cannot be ended");
            }
        });
        Ok(child)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it takes orders.
    pub(super) fn takes_orders(&self) -> bool {
        !self.is_dead() && !self.retiring.load(Ordering::Relaxed)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.is_cancelled()
    }

    /// Orders a job. Whether it starts is the first that it says.
    pub(super) async fn order(self: &Arc<Self>, order: &Order) -> Option<JobWork> {
        let (to, said) = mpsc::channel(UNHEARD);
        let pieces = std::iter::once(&order.module).chain(&order.inputs);
        let files = pieces.filter_map(|piece| match piece {
            Piece::File { id, size } => Some((*id, *size)),
            Piece::Bytes(_) => None,
        });
        let entry = Entry {
            to,
            files: files.collect(),
        };
        let job = {
            let mut state = self.state();
            // Whoever came later would wait for ever.
            if self.is_dead() {
                return None;
            }
            state.next += 1;
            let job = state.next;
            state.jobs.insert(job, entry);
            job
        };
        let work = JobWork::new(self.clone(), job, said);
        let ordered = ToRunner::Order {
            job,
            module: Given::of(&order.module),
            inputs: order.inputs.iter().map(Given::of).collect(),
            fuel: order.limits.fuel,
            memory: order.limits.memory,
            output: order.limits.output,
        };
        self.say(ordered).await.then_some(work)
    }

    /// Says something to the process. False when it is gone.
    pub(super) async fn say(&self, message: ToRunner) -> bool {
        tokio::select! {
            sent = self.says.send(message) => sent.is_ok(),
            () = self.dead.cancelled() => false,
        }
    }

    /// Ends a job that nobody waits for.
    pub(super) fn give_up(self: &Arc<Self>, job: JobNumber) {
        self.state().jobs.remove(&job);
        if self.is_dead() {
            return;
        }
        let stop = ToRunner::Stop { job };
        if let Err(mpsc::error::TrySendError::Full(stop)) = self.says.try_send(stop) {
            let child = self.clone();
            tokio::spawn(async move { child.say(stop).await });
        }
    }

    /// Forgets a job that said its last.
    pub(super) fn forget(&self, job: JobNumber) {
        self.state().jobs.remove(&job);
    }

    fn take_file(&self, job: JobNumber, id: FileId) -> Option<u64> {
        let mut state = self.state();
        let files = &mut state.jobs.get_mut(&job)?.files;
        let at = files.iter().position(|(known, _)| *known == id)?;
        Some(files.swap_remove(at).1)
    }

    /// Tells a job's work what it said. False when it says more than it is asked for.
    fn tell(&self, job: JobNumber, said: Said) -> bool {
        let state = self.state();
        let Some(entry) = state.jobs.get(&job) else {
            // It was given up meanwhile.
            return true;
        };
        !matches!(
            entry.to.try_send(said),
            Err(mpsc::error::TrySendError::Full(_))
        )
    }
}

async fn write_all(mut said: mpsc::Receiver<ToRunner>, mut input: ChildStdin) {
    while let Some(message) = said.recv().await {
        let bytes = frame(&message);
        drop(message);
        if let Err(error) = write_frame(&mut input, &bytes).await {
            tracing::warn!(%error, "a job runner does not listen");
            return;
        }
    }
}

/// Hears what a process says. Does not keep it alive.
struct Reading {
    child: Weak<Child>,
    files: Arc<StorageFiles>,
}

impl Reading {
    async fn read_all(&self, mut output: BufReader<ChildStdout>) {
        loop {
            let message = match read_frame(&mut output).await {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "a job runner says something that is no message; it is ended");
                    break;
                }
            };
            let Some(child) = self.child.upgrade() else {
                return;
            };
            if !self.hear(&child, message) {
                tracing::error!("a job runner says what it was not asked for; it is ended");
                break;
            }
        }
        if let Some(child) = self.child.upgrade() {
            child.dead.cancel();
            // Whoever waits for a job sees that nothing more comes.
            child.state().jobs.clear();
        }
    }

    /// False when a runner would not say that.
    fn hear(&self, child: &Arc<Child>, message: FromRunner) -> bool {
        let (job, said) = match message {
            FromRunner::Ready => return false,
            FromRunner::Retiring => {
                child.retiring.store(true, Ordering::Relaxed);
                return true;
            }
            FromRunner::Fetch { job, fetch, id } => {
                self.send_file(child, job, fetch, FileId(id));
                return true;
            }
            FromRunner::Started { job } => (job, Said::Started),
            FromRunner::Refused { job, kind, why } => (job, Said::Refused { kind, why }),
            FromRunner::Output { job, bytes } => (job, Said::Output(bytes.into())),
            FromRunner::Progress { job, done, total } => (job, Said::Progress { done, total }),
            FromRunner::Ended { job, report } => match serde_json::from_str(&report) {
                Ok(ended) => (job, Said::Ended(ended)),
                Err(_) => return false,
            },
            FromRunner::Stopped { job, fuel } => (job, Said::Stopped { fuel }),
            FromRunner::Broke { job, why } => (job, Said::Broke(why)),
        };
        child.tell(job, said)
    }

    fn send_file(&self, child: &Arc<Child>, job: JobNumber, fetch: FetchNumber, id: FileId) {
        let size = child.take_file(job, id);
        let (child, files) = (child.clone(), self.files.clone());
        tokio::spawn(async move {
            let result = match size {
                Some(size) => send_parts(&child, &files, fetch, id, size).await,
                None => Err(FileFault::Failed("it is none of the job's".to_owned())),
            };
            child.say(ToRunner::Fetched { fetch, result }).await;
        });
    }
}

async fn send_parts(
    child: &Child,
    files: &StorageFiles,
    fetch: FetchNumber,
    id: FileId,
    size: u64,
) -> Result<(), FileFault> {
    let file = files.open(id, size).await?;
    let mut file = tokio::fs::File::from_std(file);
    loop {
        let mut bytes = Vec::with_capacity(FILE_PART);
        let mut part = (&mut file).take(FILE_PART as u64);
        let read = part.read_to_end(&mut bytes).await;
        let read = read.map_err(|e| FileFault::Failed(format!("it cannot be read here: {e}")))?;
        if read == 0 {
            return Ok(());
        }
        if !child.say(ToRunner::Part { fetch, bytes }).await {
            return Err(FileFault::Failed("the runner is gone".to_owned()));
        }
    }
}
