//! One supervised child process.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{mpsc, Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{self, Signal},
        wait::{waitid, Id, WaitPidFlag},
    },
    unistd::Pid,
};
use tokio::sync::{mpsc as async_mpsc, watch};

use crate::{error::Crash, logs::ProcessLog, spawn, Error};

/// How long the last output of a process that has ended is waited for: a grandchild that inherited
/// the pipe must not hold us.
const DRAIN_PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not started yet.
    Idle,
    Running {
        pid: u32,
    },
    Exited {
        status: String,
    },
}

/// A process that can be started, told to end, killed and started again.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    log: Arc<ProcessLog>,
    state: watch::Sender<State>,
    live: Mutex<Live>,
    crashes: async_mpsc::UnboundedSender<Crash>,
}

/// Guarded by a lock that whoever reaps the child takes as well: a process id is only signalled while
/// it cannot have been given to another process.
#[derive(Debug, Default)]
struct Live {
    pid: Option<Pid>,
    /// We have told it to end.
    end_expected: bool,
}

/// Settings that a person has made for a daemon of its own must not get into those of a network.
pub(crate) fn forget_settings(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

impl Process {
    pub(crate) fn new(
        name: String,
        log: Arc<ProcessLog>,
        crashes: async_mpsc::UnboundedSender<Crash>,
    ) -> Self {
        let (state, _) = watch::channel(State::Idle);
        Self {
            inner: Arc::new(Inner {
                name,
                log,
                state,
                live: Mutex::default(),
                crashes,
            }),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn log(&self) -> &ProcessLog {
        &self.inner.log
    }

    /// Process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        match *self.inner.state.borrow() {
            State::Running { pid } => Some(pid),
            _ => None,
        }
    }

    /// Starts `command` with its output captured, in a process group of its own so that a Ctrl-C on
    /// the terminal reaches only us, who then end everything in order.
    pub(crate) fn start(&self, mut command: Command) -> Result<(), Error> {
        let mut live = self.inner.lock();
        if live.pid.is_some() {
            return Err(Error::RunsAlready {
                name: self.inner.name.clone(),
            });
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let child = spawn::spawn(command).map_err(|source| Error::Spawn {
            name: self.inner.name.clone(),
            source,
        })?;
        let pid = child.id();
        *live = Live {
            pid: Some(as_pid(pid)),
            end_expected: false,
        };
        self.inner.state.send_replace(State::Running { pid });
        drop(live);
        let inner = self.inner.clone();
        thread::Builder::new()
            .name(format!("wait {}", inner.name))
            .spawn(move || inner.supervise(child))
            .map_err(|source| Error::Spawn {
                name: self.inner.name.clone(),
                source,
            })?;
        Ok(())
    }

    /// Sends `signal` if the process runs; its end then counts as wanted.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut live = self.inner.lock();
        if let Some(pid) = live.pid {
            live.end_expected = true;
            // It cannot have been reaped while we hold the lock, so the only failure would be
            // missing permission over our own child. A request to end is for the process alone,
            // which ends its own children; a kill takes them with it.
            let _ = match signal {
                Signal::SIGKILL => signal::killpg(pid, signal),
                _ => signal::kill(pid, signal),
            };
        }
    }

    /// Waits until it does not run; at once if it does not.
    pub(crate) async fn ended(&self) {
        let mut state = self.inner.state.subscribe();
        // The sender lives in `self`.
        let _ = state
            .wait_for(|state| !matches!(state, State::Running { .. }))
            .await;
    }

    /// Kills it at once and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    /// Asks it to end, and kills it if it has not after `patience`.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.signal(Signal::SIGTERM);
        if tokio::time::timeout(patience, self.ended()).await.is_err() {
            tracing::warn!(
                process = self.name(),
                "did not end when asked to, killing it"
            );
            self.kill().await;
        }
    }

    /// Kills it without an asynchronous runtime, for destructors.
    pub(crate) fn kill_blocking(processes: &[Self]) {
        for process in processes {
            process.signal(Signal::SIGKILL);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while processes.iter().any(|p| p.pid().is_some()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The error for a process that was found ended while it was waited for.
    pub(crate) fn crash(&self) -> Option<Crash> {
        match &*self.inner.state.borrow() {
            State::Exited { status } => Some(self.inner.crash_with(status.clone())),
            _ => None,
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crash_with(&self, status: String) -> Crash {
        Crash {
            name: self.name.clone(),
            status,
            tail: self.log.tail(),
        }
    }

    /// Captures the child's output until it ends, reaps it and tells whoever waits.
    fn supervise(self: Arc<Self>, mut child: Child) {
        let (done, drained) = mpsc::channel::<()>();
        if let Some(out) = child.stdout.take() {
            self.drain(out, done.clone());
        }
        if let Some(err) = child.stderr.take() {
            self.drain(err, done);
        }
        // Notices the end without reaping: until the lock is held the process id stays taken.
        let pid = as_pid(child.id());
        while let Err(Errno::EINTR) =
            waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
        {}
        // What is left of its process group has lost its owner. The group keeps its number at least
        // until the process is reaped.
        let _ = signal::killpg(pid, Signal::SIGKILL);
        let deadline = Instant::now() + DRAIN_PATIENCE;
        // Both senders drop when both pipes are read to their ends.
        while let Ok(()) = drained.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
        }

        let mut live = self.lock();
        let status = describe(child.wait());
        let expected = live.end_expected;
        live.pid = None;
        self.state.send_replace(State::Exited {
            status: status.clone(),
        });
        drop(live);
        if !expected {
            // Nobody may be listening any more.
            let _ = self.crashes.send(self.crash_with(status));
        }
    }

    fn drain(self: &Arc<Self>, pipe: impl io::Read + Send + 'static, done: mpsc::Sender<()>) {
        let log = self.log.clone();
        let started = thread::Builder::new()
            .name(format!("log {}", self.name))
            .spawn(move || {
                log.drain(pipe);
                drop(done);
            });
        if let Err(e) = started {
            tracing::warn!(process = %self.name, error = %e, "its output is not captured");
        }
    }
}

fn as_pid(id: u32) -> Pid {
    // Process ids are positive and fit: the kernel's limit is 2^22.
    Pid::from_raw(i32::try_from(id).unwrap_or(i32::MAX))
}

fn describe(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(e) => format!("its exit status is unknown: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogHub;

    fn process(dir: &tempfile::TempDir) -> (Process, async_mpsc::UnboundedReceiver<Crash>) {
        let (crashes, reports) = async_mpsc::unbounded_channel();
        let log = LogHub::new(dir.path().to_path_buf())
            .unwrap()
            .of("p")
            .unwrap();
        (Process::new("p".into(), log, crashes), reports)
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn alive(pid: u32) -> bool {
        signal::kill(as_pid(pid), None).is_ok()
    }

    #[tokio::test]
    async fn a_death_that_nobody_asked_for_is_reported_with_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let (p, mut reports) = process(&dir);
        p.start(shell("echo one; echo two >&2; exit 3")).unwrap();
        let crash = reports.recv().await.unwrap();
        assert_eq!(crash.name, "p");
        assert!(crash.status.contains('3'), "{}", crash.status);
        assert!(
            crash.tail.contains("one") && crash.tail.contains("two"),
            "{}",
            crash.tail
        );
        assert_eq!(p.crash().unwrap(), crash);
    }

    #[tokio::test]
    async fn it_can_be_killed_and_started_again_without_a_report() {
        let dir = tempfile::tempdir().unwrap();
        let (p, mut reports) = process(&dir);
        p.start(shell("exec sleep 1000")).unwrap();
        let pid = p.pid().unwrap();
        assert!(matches!(
            p.start(shell("true")),
            Err(Error::RunsAlready { .. })
        ));
        p.kill().await;
        assert!(!alive(pid));
        assert!(p.pid().is_none());
        p.start(shell("exec sleep 1000")).unwrap();
        assert_ne!(p.pid().unwrap(), pid);
        p.stop(Duration::from_secs(5)).await;
        assert!(p.pid().is_none());
        assert!(reports.try_recv().is_err());
    }

    #[tokio::test]
    async fn one_that_ignores_the_request_to_end_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let (p, _reports) = process(&dir);
        p.start(shell("trap '' TERM; echo set; while :; do sleep 1; done"))
            .unwrap();
        while p.log().find(|line| line == "set").is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = p.pid().unwrap();
        p.stop(Duration::from_millis(100)).await;
        assert!(!alive(pid));
    }

    #[tokio::test]
    async fn its_own_children_go_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let (p, _reports) = process(&dir);
        for kill in [true, false] {
            p.start(shell("sleep 1000 & echo child $!; wait")).unwrap();
            let line = loop {
                match p.log().find(|line| line.starts_with("child ")) {
                    Some(line) => break line,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            let child: u32 = line.trim_start_matches("child ").parse().unwrap();
            if kill {
                p.kill().await;
            } else {
                p.stop(Duration::from_secs(5)).await;
            }
            // Killed by now, and reaped a moment later by whoever adopted it.
            let gone = || {
                std::fs::read_to_string(format!("/proc/{child}/stat"))
                    .map_or(true, |stat| stat.contains(") Z "))
            };
            for _ in 0..200 {
                if gone() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(gone(), "{child} outlived its parent");
        }
    }

    #[test]
    fn destructors_can_kill_without_a_runtime() {
        let dir = tempfile::tempdir().unwrap();
        let (p, _reports) = process(&dir);
        p.start(shell("exec sleep 1000")).unwrap();
        let pid = p.pid().unwrap();
        Process::kill_blocking(&[p]);
        assert!(!alive(pid));
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let (p, _reports) = process(&dir);
        let error = p.start(Command::new("/nonexistent/program")).unwrap_err();
        assert!(matches!(error, Error::Spawn { .. }), "{error}");
        assert!(p.pid().is_none());
    }
}
