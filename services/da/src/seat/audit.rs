//! Answering audits: rows that the chain asks for are shown, in the first moments of the window.

use std::{collections::BTreeSet, time::Duration};

use noema_chain_client::{ChainError, SubmitError};
use noema_da_primitives::{RowProof, Software};
use tokio_util::sync::CancellationToken;

use super::{App, Seat};
use crate::{
    chain::{Asked, AskedRow, RowAudits},
    store::StoreError,
};

/// Submissions of one blob that are looked through.
const SUBMISSIONS: usize = 1024;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum AuditError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// Answers whatever is asked, until `stop`. A restart begins from the chain's state and needs nothing of its own.
pub(super) async fn run<C: RowAudits>(app: App<C>, stop: CancellationToken) {
    let mut heads = app.lookup.chain().heads();
    let mut named = Named::default();
    loop {
        let failed = match stop.run_until_cancelled(app.answer(&mut named)).await {
            None => return,
            Some(Ok(())) => false,
            Some(Err(error)) => {
                tracing::warn!(%error, "an audit could not be answered; trying again");
                true
            }
        };
        let next = async {
            if failed {
                tokio::time::sleep(PAUSE).await;
            }
            // A chain that is gone will not change; the program is about to end then.
            let _ = heads.changed().await;
        };
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

/// Whether the chain will accept the proof.
fn holds(asked: &AskedRow, proof: &RowProof) -> bool {
    proof
        .verify::<Software>(&asked.commitment, &asked.shape, asked.row)
        .is_ok()
}

/// What cannot be shown and was said so, in the round that runs.
#[derive(Debug, Default)]
struct Named {
    round: u32,
    rows: BTreeSet<u8>,
}

impl<C: RowAudits> Seat<C> {
    async fn answer(&self, named: &mut Named) -> Result<(), AuditError> {
        let Some(asked) = self.lookup.chain().asked(self.provider).await? else {
            self.metrics.lacking.set(0);
            return Ok(());
        };
        if named.round != asked.round {
            *named = Named {
                round: asked.round,
                rows: BTreeSet::new(),
            };
        }
        let Asked { round, rows, .. } = asked;
        let mut proofs = Vec::new();
        let mut lacking = 0;
        for row in rows.into_iter().filter(|row| !row.answered) {
            match self.prove(row).await {
                Ok(proof) => proofs.push((row.index, proof)),
                Err(error) => {
                    lacking += 1;
                    if named.rows.insert(row.index) {
                        let AskedRow {
                            commitment, row, ..
                        } = row;
                        tracing::error!(round, %commitment, row, %error, "a row that an audit asks for cannot be shown");
                        let unanswerable = ["unanswerable"];
                        self.metrics
                            .challenges
                            .with_label_values(&unanswerable)
                            .inc();
                    }
                }
            }
        }
        self.metrics.lacking.set(lacking);
        let most = self.lookup.chain().most_answers().await?.max(1);
        while !proofs.is_empty() {
            let rest = proofs.split_off(most.min(proofs.len()));
            let count = proofs.len() as u64;
            let now = std::mem::replace(&mut proofs, rest);
            let chain = self.lookup.chain();
            chain.answer(self.provider, round, now).await?;
            let answered = ["answered"];
            self.metrics
                .challenges
                .with_label_values(&answered)
                .inc_by(count);
        }
        Ok(())
    }

    /// The proof of a row, of whichever submission of the blob this seat holds it.
    async fn prove(&self, asked: AskedRow) -> Result<RowProof, StoreError> {
        let store = self.store.clone();
        let proving = tokio::task::spawn_blocking(move || {
            let mut failure = StoreError::NotHeld {
                submission: 0,
                row: asked.row,
            };
            // Of a blob that was submitted more often, any submission's row will do.
            for submission in store.of_commitment(&asked.commitment, SUBMISSIONS)? {
                let Some(record) = store.get(submission)? else {
                    continue;
                };
                if record.shape() != Ok(asked.shape) || record.place(asked.row).is_none() {
                    continue;
                }
                let root = record.combinations_root;
                let read = store.reader(record);
                match read.and_then(|reader| reader.row(asked.row)) {
                    Ok(row) => match row.proof(root).filter(|proof| holds(&asked, proof)) {
                        Some(proof) => return Ok(proof),
                        None => failure = StoreError::DamagedRecord { submission },
                    },
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        });
        proving.await.map_err(|_| StoreError::Closing)?
    }
}
