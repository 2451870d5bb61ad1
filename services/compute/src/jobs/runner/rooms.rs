//! What the process may take of the machine, and how that is shared out.

use std::time::Duration;

use nix::{
    sys::{
        resource::{getrusage, setrlimit, Resource, UsageWho},
        time::TimeValLike,
    },
    Result,
};
use tokio::sync::mpsc;

use super::{FromRunner, RunnerArgs};

/// Bytes of a file that the process may write: of memory that it shares with itself, in which an engine keeps what modules begin with. It has no other files.
const WRITES: u64 = 64 << 20;
/// Files and pipes that it may have open.
const OPEN: u64 = 256;
/// How many times the processor time after which it retires it may use in all.
const AT_MOST: u64 = 4;
/// How often it looks at the processor time that it used.
const LOOK: Duration = Duration::from_secs(1);

/// The parts of the process's memory.
pub(in crate::jobs) mod share {
    use noema_compute_engine::job::Limits;

    /// The most that one job may ask for.
    pub(in crate::jobs) fn limits(memory: u64) -> Limits {
        let most = |bytes: u64, usual: u32| u32::try_from(bytes).unwrap_or(u32::MAX).min(usual);
        Limits {
            memory: most(jobs(memory), Limits::MOST.memory),
            output: most(output(memory), Limits::MOST.output),
            ..Limits::MOST
        }
    }

    /// For the memories of running jobs.
    pub(in crate::jobs) const fn jobs(memory: u64) -> u64 {
        memory / 2
    }

    /// For inputs.
    pub(in crate::jobs) const fn inputs(memory: u64) -> u64 {
        memory / 4
    }

    /// For output that nobody took yet. What is left is for stacks, the compiler and what it made.
    pub(in crate::jobs) const fn output(memory: u64) -> u64 {
        memory / 16
    }
}

/// Bounds the process, for good: memory that it can write to, processor time, files, no dump of its memory, no rights beyond those that it has.
pub(super) fn limit(args: &RunnerArgs) -> Result<()> {
    let bounds = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, WRITES),
        (Resource::RLIMIT_NOFILE, OPEN),
        (
            Resource::RLIMIT_CPU,
            args.cpu_seconds.saturating_mul(AT_MOST),
        ),
    ];
    for (resource, most) in bounds {
        setrlimit(resource, most, most)?;
    }
    #[cfg(target_os = "linux")]
    {
        // What is reserved and not written to does not count: engines reserve much more than memories have.
        setrlimit(Resource::RLIMIT_DATA, args.memory, args.memory)?;
        nix::sys::prctl::set_no_new_privs()?;
    }
    Ok(())
}

/// Says when so much processor time is used, so that another process takes the orders from then on.
pub(super) async fn retire(cpu_seconds: u64, says: mpsc::Sender<FromRunner>) {
    let enough = i64::try_from(cpu_seconds).unwrap_or(i64::MAX);
    loop {
        tokio::time::sleep(LOOK).await;
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            continue;
        };
        let used = usage.user_time() + usage.system_time();
        if used.num_seconds() >= enough {
            // Whoever does not listen has closed the input.
            let _ = says.send(FromRunner::Retiring).await;
            return;
        }
    }
}
