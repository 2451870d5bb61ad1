//! Waiting until a process is ready, with its death noticed at once.

use std::{future::Future, time::Duration};

use tokio::time::{sleep, Instant};

use crate::{process::Process, Error};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

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
