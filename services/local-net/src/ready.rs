//! Waiting until a process is ready, with its death noticed at once.

use std::{future::Future, time::Duration};

use noema_transport::{Clients, EndpointUrl};
use tokio::time::{sleep, Instant};

use crate::{process::Process, rpc::root_cause, Error};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a daemon may take to answer for its health.
const HEALTH_PATIENCE: Duration = Duration::from_secs(10);

/// Calls `look` until it answers with `Ok`, at most `patience` long. `look` answers with what is
/// missing otherwise. The end of the process ends the wait with its last log lines.
pub(crate) async fn until_ready<T, Look, Answer>(
    process: &Process,
    patience: Duration,
    mut look: Look,
) -> Result<T, Error>
where
    Look: FnMut() -> Answer,
    Answer: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + patience;
    loop {
        let missing = tokio::select! {
            answer = look() => match answer {
                Ok(value) => return Ok(value),
                Err(missing) => missing,
            },
            () = process.ended() => "it does not run".to_owned(),
        };
        if let Some(crash) = process.crash() {
            return Err(crash.into());
        }
        if Instant::now() >= deadline {
            return Err(Error::NotReady {
                name: process.name().to_owned(),
                seconds: patience.as_secs(),
                why: missing,
                tail: process.log().tail(),
            });
        }
        sleep(PAUSE).await;
    }
}

/// Asks a daemon whether it is healthy, at `path` below its endpoint; else what it says.
pub(crate) async fn health(clients: &Clients, endpoint: &str, path: &str) -> Result<(), String> {
    let EndpointUrl { url, client } = clients.url(endpoint, path).map_err(|e| e.to_string())?;
    let answer = client
        .get(url)
        .timeout(HEALTH_PATIENCE)
        .send()
        .await
        .map_err(|e| format!("it does not answer yet ({})", root_cause(&e)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let text = answer.text().await.unwrap_or_default();
    Err(format!("its health is {status}: {text}"))
}
