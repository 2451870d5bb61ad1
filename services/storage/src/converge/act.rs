//! Calls that the states of slots ask for.

use std::time::Duration;

use noema_chain_client::{Call, FileId, Finalized, SubmitError};

use super::{
    pass::{Ask, Due},
    Converger, Shared, SharedCalls,
};
use crate::{
    chain_view::{ChainView, StateView},
    directory::Tracked,
    prove,
};

/// Pause before a call that failed is submitted again.
const RETRY: Duration = Duration::from_secs(5);
/// The same when the account cannot pay.
const RETRY_POOR: Duration = Duration::from_secs(30);

impl<C: ChainView> Converger<C> {
    /// Makes calls in their order, as many as may be under way.
    pub(super) fn act(&mut self, due: Vec<Due>, state: &C::State) -> Result<(), super::StepError> {
        for Due { item, ask, .. } in due {
            if !self.calls().begin(item.token) {
                continue;
            }
            match ask {
                Ask::Ready => self.ready(item),
                Ask::Prove(seed) => {
                    let sectors = state
                        .proof_sectors()
                        .inspect_err(|_| self.calls().end(item.token, Some(RETRY)))?;
                    self.prove(item, seed, sectors);
                }
                Ask::Resign => self.resign(item),
            }
        }
        Ok(())
    }

    fn ready(&mut self, item: Tracked) {
        let (shared, calls) = (self.shared.clone(), self.calls.clone());
        self.tasks.spawn(async move {
            let ((file, owner), slot) = (item.deal(), item.slot);
            let result = shared.chain.submit(Call::Ready { file, owner, slot }).await;
            shared.note("ready", file, item.token, &calls, result);
        });
    }

    fn prove(&mut self, item: Tracked, seed: [u8; 32], sectors: u32) {
        let (shared, calls) = (self.shared.clone(), self.calls.clone());
        self.tasks.spawn(async move {
            let ((file, owner), slot) = (item.deal(), item.slot);
            let drawn = prove::drawn(&item, &shared.provider, &seed, sectors);
            let proof = match prove::prove(&shared.store, &item.file, drawn).await {
                Ok(proof) => proof,
                Err(error) => {
                    shared.metrics.count_damage(&error);
                    tracing::error!(%file, %error, "cannot make a proof");
                    calls.lock().end(item.token, Some(RETRY));
                    return;
                }
            };
            let call = Call::Prove {
                file,
                owner,
                slot,
                proof,
            };
            let result = shared.chain.submit(call).await;
            shared.note("prove", file, item.token, &calls, result);
        });
    }

    /// Gives the slot of a denied file back. The chain draws another provider, which gets the file
    /// from those that hold it; nobody is penalised. A replica that earns is kept, and proven when it is challenged, until its replacement earns.
    fn resign(&mut self, item: Tracked) {
        let (shared, calls) = (self.shared.clone(), self.calls.clone());
        let ((file, owner), slot) = (item.deal(), item.slot);
        tracing::info!(%file, slot, "the file is on the deny-list: its slot is given back");
        self.tasks.spawn(async move {
            let call = Call::Resign { file, owner, slot };
            let result = shared.chain.submit(call).await;
            shared.note("resign", file, item.token, &calls, result);
        });
    }
}

impl<C: ChainView> Shared<C> {
    /// Writes down how a call ended.
    fn note(
        &self,
        name: &str,
        file: FileId,
        token: u64,
        calls: &SharedCalls,
        result: Result<Finalized, SubmitError>,
    ) {
        let (label, again_after) = match &result {
            Ok(done) => {
                tracing::info!(%file, block = done.block.number, "{name} is final");
                ("ok", None)
            }
            Err(error) => {
                tracing::warn!(%file, %error, "{name} failed");
                let pause = if matches!(error, SubmitError::CannotPay { .. }) {
                    RETRY_POOR
                } else {
                    RETRY
                };
                ("failed", Some(pause))
            }
        };
        self.metrics.calls.with_label_values(&[name, label]).inc();
        calls.lock().end(token, again_after);
    }
}
