//! Submitting what needs no signature.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::{
    backend::Refusal,
    node::{refusal, transactions},
    outcome, Finalized,
};
use crate::{
    call::Call,
    client::ChainClient,
    error::{ChainError, SubmitError},
    types::Hash,
};

impl ChainClient {
    /// Submits a call that the chain takes without a signature and waits until it is final.
    pub async fn submit_unsigned(
        &self,
        call: &Call,
        patience: Duration,
    ) -> Result<Finalized, SubmitError> {
        let best = self.at(self.best().await?).await?;
        let from = self.finalized().number.saturating_add(1);
        let payload = call.payload(&best)?;
        let tx = best
            .at()
            .tx()
            .create_unsigned(&payload)
            .map_err(|e| best.incompatible("the transaction format", e))?;
        let hash = Hash(tx.hash().0);
        let submitting = self.legacy().author_submit_extrinsic(tx.encoded());
        if let Err(error) = self.within("a transaction", submitting).await? {
            match refusal(&error) {
                Refusal::Known => {}
                Refusal::NoAnswer(reason) => {
                    let what = "a transaction";
                    return Err(ChainError::Rpc { what, reason }.into());
                }
                Refusal::Unfit(reason) | Refusal::Later(reason) | Refusal::Never(reason) => {
                    return Err(SubmitError::Rejected { reason });
                }
                Refusal::CannotPay | Refusal::NonceUsed => {
                    let reason = error.to_string();
                    return Err(SubmitError::Rejected { reason });
                }
            }
        }
        match timeout(patience, self.find(hash, from)).await {
            Ok(found) => found,
            Err(_) => Err(SubmitError::NotFinalized {
                seconds: patience.as_secs(),
                // It never dies; it is only pushed out of the pool.
                dead_after: u32::MAX,
            }),
        }
    }

    /// The transaction in the first finalised block from `from` on that has it.
    async fn find(&self, tx: Hash, from: u32) -> Result<Finalized, SubmitError> {
        let mut blocks = std::pin::pin!(self.finalized_blocks(Some(from)));
        while let Some(block) = blocks.next().await {
            let block = block?;
            let (block, hashes) = transactions(self, block.number).await?;
            let Some(index) = hashes.iter().position(|hash| *hash == tx) else {
                continue;
            };
            return match outcome::read(self, block, index).await? {
                Ok(events) => Ok(Finalized { block, tx, events }),
                Err(failure) => Err(SubmitError::Dispatch { failure, block, tx }),
            };
        }
        Err(SubmitError::Stopped)
    }
}
