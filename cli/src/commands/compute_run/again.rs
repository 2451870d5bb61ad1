//! The same job once more, here: whoever has module and inputs can check a result.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use noema_chain_client::StateAt;
use noema_compute_engine::{
    form::{End, Ended, Order, Piece},
    job::{FileId, Files, FilesError, JobEvent, Runner, RunnerConfig},
};
use noema_storage::client::StorageClient;
use serde_json::json;

use crate::{
    args::storage::{Id, Which},
    download::Download,
    failure::Failure,
    lookup::{self, endpoints},
    progress::Shown,
    session::Session,
};

/// Stored files, verified on their way and once more by the runner.
struct Stored(StateAt);

#[async_trait]
impl Files for Stored {
    async fn get(&self, id: FileId, most: u64) -> Result<Bytes, FilesError> {
        let failed = |why: String| FilesError::Failed { id, why };
        let which = Which {
            id: Id(id.0),
            size: None,
        };
        let found = lookup::find(&self.0, &which).await;
        let found = found.map_err(|e| failed(e.to_string()))?;
        if found.file.size() > most {
            return Err(FilesError::TooLarge { id, most });
        }
        let holders = found.holders().into_iter().map(|holder| holder.provider);
        let peers = endpoints(&self.0, holders).await;
        let download = Download {
            file: found.file,
            first: Vec::new(),
            then: peers.map_err(|e| failed(e.to_string()))?,
            range: 0..found.file.size(),
            progress: Arc::new(|_| {}),
        };
        let mut bytes = Vec::new();
        let storage = StorageClient::default();
        let done = download.run(&storage, &mut bytes).await;
        done.map_err(|e| failed(e.to_string()))?;
        Ok(bytes.into())
    }
}

/// Runs the job here and holds its report against the provider's.
///
/// # Errors
/// When they differ, which names the provider's as wrong; and when there is none here, or the provider's is of no whole job.
pub(super) async fn compare(session: &Session, order: &Order, told: &Ended) -> Result<(), Failure> {
    if told.end == End::Stopped {
        return Err(Failure::new(
            "unchecked",
            "the job was stopped before its end: there is no result to compare",
        ));
    }
    let _shown = Shown::waiting(&session.output, "the job runs once more, here");
    let pieces = || std::iter::once(&order.module).chain(&order.inputs);
    let is_stored = pieces().any(|piece| matches!(piece, Piece::File { .. }));
    let found = match is_stored {
        true => {
            let state = session.connect().await?.at_finalized().await?;
            report(order, &Stored(state)).await?
        }
        false => report(order, &()).await?,
    };
    held_against(told, &found)
}

async fn report(order: &Order, files: &dyn Files) -> Result<Ended, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new("unchecked", format!("the job cannot be run here: {why}"))
    };
    let config = RunnerConfig {
        slots: 1,
        ..RunnerConfig::default()
    };
    let runner = Runner::new(config).map_err(|e| failed(&e))?;
    let running = runner.start(&order.job(), files).await;
    let running = running.map_err(|e| failed(&e))?;
    loop {
        match running.next().await {
            // Its hash is in the report.
            JobEvent::Output(_) | JobEvent::Progress { .. } => {}
            JobEvent::Ended(Ok(report)) => return Ok(Ended::of(&report)),
            JobEvent::Ended(Err(fault)) => return Err(failed(&fault)),
        }
    }
}

fn held_against(told: &Ended, found: &Ended) -> Result<(), Failure> {
    if told == found {
        return Ok(());
    }
    let message = format!(
        "the provider's result is WRONG: it says {}; here it is {}. The receipt proves what it said; no mode of verification that would punish it stands behind this service",
        in_words(told),
        in_words(found)
    );
    Err(Failure::new("wrong_result", message).with(json!({ "told": told, "found": found })))
}

fn in_words(ended: &Ended) -> String {
    format!(
        "{:?} after {} fuel with {} bytes of output of the hash {}",
        ended.end, ended.fuel, ended.output_bytes, ended.output_sha256
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_compute_engine::job::Limits;

    /// `(module (memory (export "memory") 1) (func (export "run")))`
    const NOTHING: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01\x07\x10\x02\x06memory\x02\0\x03run\0\0\x0a\x04\x01\x02\0\x0b";

    #[tokio::test]
    async fn a_report_is_the_same_here_and_another_one_is_told() {
        let order = Order {
            module: Piece::Bytes(NOTHING.into()),
            limits: Limits {
                fuel: 1_000,
                memory: 1 << 16,
                output: 0,
            },
            ..super::super::order::tests::order()
        };
        let found = report(&order, &()).await.unwrap();
        assert_eq!((found.end, found.output_bytes), (End::Completed, 0));
        held_against(&found, &found).unwrap();
        let more = Ended {
            fuel: found.fuel + 1,
            ..found.clone()
        };
        let failure = held_against(&more, &found).unwrap_err();
        assert_eq!(failure.code(), "wrong_result");
        assert!(failure.to_string().contains("WRONG"), "{failure}");
    }

    #[tokio::test]
    async fn what_is_no_module_cannot_be_checked() {
        let order = super::super::order::tests::order();
        assert_eq!(report(&order, &()).await.unwrap_err().code(), "unchecked");
    }
}
