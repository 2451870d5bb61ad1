//! How jobs are run: the flags `--job-…`, and the table `[jobs]` of the configuration file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use noema_daemon::in_range;
use serde::Deserialize;

use super::ConfigError;
use crate::jobs::JobsConfig;

/// What a configuration says instead of an engine's address for a service that sells jobs.
pub(super) const JOB: &str = "job";

/// Orders that wait for a slot, for each slot.
const WAITING: u64 = 8;

/// The settings.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobSettings {
    /// Jobs that run at a time, each on one processor [default: all processors but one]
    #[arg(
        long = "job-slots",
        env = "NOEMA_GATEWAY_JOB_SLOTS",
        value_name = "NUMBER"
    )]
    slots: Option<u64>,
    /// Bytes of memory of the process that runs jobs: half of it is for theirs, a quarter for inputs [default: 4294967296]
    #[arg(
        long = "job-memory",
        env = "NOEMA_GATEWAY_JOB_MEMORY",
        value_name = "BYTES"
    )]
    memory: Option<u64>,
    /// Seconds of processor time of such a process after which another one takes the orders; after four times as many it is ended [default: 86400]
    #[arg(
        long = "job-cpu-seconds",
        env = "NOEMA_GATEWAY_JOB_CPU_SECONDS",
        value_name = "SECONDS"
    )]
    cpu_seconds: Option<u64>,
    /// Directory for stored files that jobs need [default: files in the data directory]
    #[arg(
        long = "job-cache",
        env = "NOEMA_GATEWAY_JOB_CACHE",
        value_name = "DIR"
    )]
    cache: Option<PathBuf>,
    /// Bytes of stored files that are kept [default: 8589934592]
    #[arg(
        long = "job-cache-bytes",
        env = "NOEMA_GATEWAY_JOB_CACHE_BYTES",
        value_name = "BYTES"
    )]
    cache_bytes: Option<u64>,
    /// Seconds that a stored file may take to be fetched [default: 120]
    #[arg(
        long = "job-fetch-seconds",
        env = "NOEMA_GATEWAY_JOB_FETCH_SECONDS",
        value_name = "SECONDS"
    )]
    fetch_seconds: Option<u64>,
}

impl JobSettings {
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            slots: self.slots.or(other.slots),
            memory: self.memory.or(other.memory),
            cpu_seconds: self.cpu_seconds.or(other.cpu_seconds),
            cache: self.cache.or(other.cache),
            cache_bytes: self.cache_bytes.or(other.cache_bytes),
            fetch_seconds: self.fetch_seconds.or(other.fetch_seconds),
        }
    }

    pub(super) fn into_config(self, data_dir: &Path) -> Result<JobsConfig, ConfigError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let usual = processors.saturating_sub(1).max(1);
        let slots = self.slots.unwrap_or(usual);
        let slots = in_range("job-slots", slots, 1..=1024, "1 to 1024")?;
        Ok(JobsConfig {
            program: this_program()?,
            slots,
            waiting: slots.saturating_mul(WAITING),
            memory: in_range(
                "job-memory",
                self.memory.unwrap_or(4 << 30),
                512 << 20..=1 << 44,
                "536870912 bytes or more, for the engine's own needs, too",
            )?,
            cpu_seconds: in_range(
                "job-cpu-seconds",
                self.cpu_seconds.unwrap_or(86_400),
                60..=31_536_000,
                "60 to 31536000 seconds",
            )?,
            cache_dir: self.cache.unwrap_or_else(|| data_dir.join("files")),
            cache_bytes: self.cache_bytes.unwrap_or(8 << 30),
            fetch_time: Duration::from_secs(in_range(
                "job-fetch-seconds",
                self.fetch_seconds.unwrap_or(120),
                1..=86_400,
                "1 to 86400 seconds",
            )?),
        })
    }
}

/// The program that runs, whatever lies at its path by now: both ends of a pipe are of one build.
fn this_program() -> Result<PathBuf, ConfigError> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe().map_err(|source| ConfigError::Read {
        path: PathBuf::from("this program"),
        source,
    })
}
