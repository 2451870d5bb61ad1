//! The process that runs jobs: `noema-compute job-runner`. The gateway starts it; people have no use for it.

mod fetch;
mod orders;
mod rooms;

use std::sync::Arc;

use noema_compute_engine::job::{Fault, Limits, Runner, RunnerConfig};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::{
    frames::{frame, read_frame, write_frame, FrameError},
    message::{FromRunner, ToRunner},
};
use fetch::Fetches;
use orders::Orders;
pub(super) use rooms::share;

/// Messages that wait to be written.
const WAITING: usize = 64;

/// What the gateway tells its runner at the start.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RunnerArgs {
    /// Jobs that run at a time
    #[arg(long, value_name = "NUMBER")]
    pub slots: u64,
    /// Jobs that may wait for a slot
    #[arg(long, value_name = "NUMBER")]
    pub waiting: u64,
    /// Bytes of memory of this process
    #[arg(long, value_name = "BYTES")]
    pub memory: u64,
    /// Seconds of processor time after which it takes no more orders; after four times as many it is ended
    #[arg(long, value_name = "SECONDS")]
    pub cpu_seconds: u64,
}

/// Why the runner ends before its input does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The operating system does not bound the process.
    #[error("cannot limit this process: {0}")]
    Limit(#[from] nix::Error),
    /// Nothing can be run.
    #[error("cannot run jobs: {0}")]
    Engine(#[from] Fault),
    /// What came is no message.
    #[error("the gateway says something that is no message: {0}")]
    Frame(#[from] FrameError),
}

impl RunnerArgs {
    fn config(&self) -> RunnerConfig {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        RunnerConfig {
            slots: count(self.slots),
            waiting: count(self.waiting),
            memory: share::jobs(self.memory),
            output: share::output(self.memory),
            limits: share::limits(self.memory),
            ..RunnerConfig::default()
        }
    }
}

/// Runs jobs until the gateway closes the input.
///
/// # Errors
/// When the process cannot be limited, or what comes is no message.
pub async fn run(
    args: RunnerArgs,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> Result<(), RunnerError> {
    rooms::limit(&args)?;
    let runner = Runner::new(args.config())?;
    let (says, said) = mpsc::channel(WAITING);
    let writing = tokio::spawn(write_all(said, output));
    let fetches = Fetches::new(says.clone(), share::inputs(args.memory));
    let orders = Orders::new(runner, fetches.clone(), says.clone());
    let retiring = tokio::spawn(rooms::retire(args.cpu_seconds, says.clone()));
    let ended = serve(input, &says, &fetches, &orders).await;
    retiring.abort();
    // Nobody reads any more: whatever runs is of no use.
    writing.abort();
    ended
}

async fn serve(
    mut input: impl AsyncRead + Unpin,
    says: &mpsc::Sender<FromRunner>,
    fetches: &Arc<Fetches>,
    orders: &Arc<Orders>,
) -> Result<(), RunnerError> {
    // Whoever does not listen has closed the input.
    let _ = says.send(FromRunner::Ready).await;
    while let Some(message) = read_frame(&mut input).await? {
        match message {
            ToRunner::Order {
                job,
                module,
                inputs,
                fuel,
                memory,
                output,
            } => {
                let limits = Limits {
                    fuel,
                    memory,
                    output,
                };
                orders.begin(job, module, inputs, limits);
            }
            ToRunner::Next { job } => orders.ask(job),
            ToRunner::Stop { job } => orders.stop(job),
            ToRunner::Part { fetch, bytes } => fetches.part(fetch, &bytes),
            ToRunner::Fetched { fetch, result } => fetches.end(fetch, result),
        }
    }
    Ok(())
}

async fn write_all(mut said: mpsc::Receiver<FromRunner>, mut output: impl AsyncWrite + Unpin) {
    while let Some(message) = said.recv().await {
        if write_frame(&mut output, &frame(&message)).await.is_err() {
            // The gateway is gone, and the input says so, too.
            return;
        }
    }
}
