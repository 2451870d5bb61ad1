//! One job in a runner process, to whoever waits for it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use noema_compute_engine::form::Ended;
use tokio::{sync::mpsc, time::timeout};

use super::{
    child::{Child, Said},
    message::{JobNumber, RefusalKind, ToRunner},
};

/// How long a job may take to stop. It notices within 20 ms.
const STOP: Duration = Duration::from_secs(2);

/// What a running job says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The output goes on.
    Output(Bytes),
    /// How far it is.
    Progress { done: u64, total: u64 },
    /// It ended by itself.
    Ended(Ended),
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JobFailure {
    /// It was not begun.
    #[error("{why}")]
    Refused { kind: RefusalKind, why: String },
    /// The process ended.
    #[error("the process in which it ran ended")]
    Crashed,
    /// It broke off.
    #[error("{0}")]
    Broke(String),
    /// No process can be had now.
    #[error("jobs cannot be run now: {0}")]
    Unavailable(String),
}

/// A job. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct JobWork {
    child: Arc<Child>,
    job: JobNumber,
    said: mpsc::Receiver<Said>,
    /// Whether it was asked for its next event and did not answer yet.
    asked: bool,
    is_over: bool,
}

impl JobWork {
    pub(super) fn new(child: Arc<Child>, job: JobNumber, said: mpsc::Receiver<Said>) -> Self {
        Self {
            child,
            job,
            said,
            asked: false,
            is_over: false,
        }
    }

    async fn hear(&mut self) -> Result<Said, JobFailure> {
        let Some(said) = self.said.recv().await else {
            self.is_over = true;
            return Err(JobFailure::Crashed);
        };
        self.asked = false;
        let failure = match said {
            Said::Refused { kind, why } => JobFailure::Refused { kind, why },
            Said::Broke(why) => JobFailure::Broke(why),
            Said::Ended(_) | Said::Stopped { .. } => {
                self.end();
                return Ok(said);
            }
            other => return Ok(other),
        };
        self.end();
        Err(failure)
    }

    fn end(&mut self) {
        self.is_over = true;
        self.child.forget(self.job);
    }

    /// Waits until it runs.
    pub(super) async fn started(&mut self) -> Result<(), JobFailure> {
        match self.hear().await? {
            Said::Started => Ok(()),
            _ => Err(JobFailure::Broke("it did not begin".to_owned())),
        }
    }

    /// The next that it says. Can be given up and asked for again.
    pub(crate) async fn next(&mut self) -> Result<Stage, JobFailure> {
        if !self.asked {
            if !self.child.say(ToRunner::Next { job: self.job }).await {
                return Err(JobFailure::Crashed);
            }
            self.asked = true;
        }
        match self.hear().await? {
            Said::Output(bytes) => Ok(Stage::Output(bytes)),
            Said::Progress { done, total } => Ok(Stage::Progress { done, total }),
            Said::Ended(ended) => Ok(Stage::Ended(ended)),
            _ => Err(JobFailure::Broke("it was ended".to_owned())),
        }
    }

    /// Ends it. The fuel that it used; none when that cannot be known.
    pub(crate) async fn stop(mut self) -> Option<u64> {
        if !self.child.say(ToRunner::Stop { job: self.job }).await {
            return None;
        }
        let stopping = async {
            loop {
                match self.hear().await {
                    Ok(Said::Stopped { fuel }) => return Some(fuel),
                    // At the same moment.
                    Ok(Said::Ended(ended)) => return Some(ended.fuel),
                    Ok(_) => {}
                    Err(_) => return None,
                }
            }
        };
        timeout(STOP, stopping).await.ok().flatten()
    }
}

impl Drop for JobWork {
    fn drop(&mut self) {
        if !self.is_over {
            self.child.give_up(self.job);
        }
    }
}
