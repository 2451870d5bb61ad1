//! Jobs of others: the process that runs them, and the gateway's end of it. `docs/design/compute-jobs.md`, *The runner's process*.
//!
//! The process has no keys, no network and no files: what it needs comes over its standard input, and what it says goes over its standard output.

mod cache;
mod child;
mod files;
mod frames;
mod message;
mod pool;
mod runner;
mod work;

pub use files::StoredFile;
#[doc(hidden)]
pub use message::{FromRunner, ToRunner};
pub use pool::{JobsConfig, JobsError};
pub use runner::{run as run_runner, RunnerArgs};

#[doc(hidden)]
pub use frames::{read_frame, FrameError, MAX_FRAME};

pub(crate) use message::RefusalKind;
pub(crate) use pool::JobPool;
pub(crate) use work::{JobFailure, JobWork, Stage};
