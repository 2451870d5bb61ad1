//! Following one deal until it is as wanted.

use std::time::Duration;

use noema_chain_client::{AccountId, ChainClient, Deal, FileId, Head};
use tokio::{
    sync::watch,
    time::{timeout_at, Instant},
};

use crate::failure::Failure;

/// How long a deal may stay as it is before it is given up.
pub(crate) const STALL: Duration = Duration::from_secs(15 * 60);

/// Follows one deal from finalised block to finalised block, through breaks of the connection.
pub(crate) struct Follow {
    client: ChainClient,
    heads: watch::Receiver<Head>,
    file: FileId,
    owner: AccountId,
    /// First block at which the deal must be there.
    not_before: u32,
    last: Option<Deal>,
    changed_at: Instant,
}

impl Follow {
    /// From the block `not_before` on, in which the deal must be there.
    pub(crate) fn new(
        client: &ChainClient,
        file: FileId,
        owner: AccountId,
        not_before: u32,
    ) -> Self {
        let mut heads = client.finalized_heads();
        // The present head counts as news.
        heads.mark_changed();
        Self {
            client: client.clone(),
            heads,
            file,
            owner,
            not_before,
            last: None,
            changed_at: Instant::now(),
        }
    }

    /// Makes the present head news again.
    pub(crate) fn look_again(&mut self) {
        self.heads.mark_changed();
        self.changed_at = Instant::now();
    }

    /// The deal at the next head. Fails when it is gone, or has not changed for long.
    pub(crate) async fn next(&mut self) -> Result<Deal, Failure> {
        let mut trouble = None;
        loop {
            let deadline = self.changed_at + STALL;
            match timeout_at(deadline, self.heads.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(Failure::new("chain", "the connection is closed")),
                Err(_) => return Err(self.stalled(trouble)),
            }
            let head = *self.heads.borrow_and_update();
            if head.number < self.not_before {
                continue;
            }
            let read = async {
                self.client
                    .at(head.block())
                    .await?
                    .deal(&self.file, &self.owner)
                    .await
            };
            match read.await {
                Ok(Some(deal)) => {
                    if self.last.as_ref() != Some(&deal) {
                        self.changed_at = Instant::now();
                        self.last = Some(deal.clone());
                    }
                    return Ok(deal);
                }
                Ok(None) => {
                    return Err(Failure::new(
                        "not_found",
                        format!("the deal over {} is gone: somebody removed it", self.file),
                    ));
                }
                // The node may be restarting; the next head brings another chance.
                Err(e) => {
                    tracing::debug!(error = %e, "cannot read the deal");
                    trouble = Some(e.to_string());
                }
            }
        }
    }

    fn stalled(&self, trouble: Option<String>) -> Failure {
        let state = self
            .last
            .as_ref()
            .map_or_else(|| "never seen".into(), progress);
        let trouble = trouble
            .map(|why| format!("; last error: {why}"))
            .unwrap_or_default();
        Failure::new(
            "stalled",
            format!(
                "nothing has changed for {} s ({state}{trouble}); the deal stands, run the command again \
                 to go on",
                STALL.as_secs()
            ),
        )
    }
}

/// How far a deal is, by the states of its slots.
pub(crate) fn progress(deal: &Deal) -> String {
    let count = |wanted: &str| {
        deal.slots
            .iter()
            .filter(|s| s.state.name() == wanted)
            .count()
    };
    let states: Vec<_> = ["drawing", "assigned", "proving", "held"]
        .into_iter()
        .map(|name| (name, count(name)))
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    format!("{} replicas: {}", deal.slots.len(), states.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::{Slot, SlotState, Terms};

    #[test]
    fn progress_counts_the_slots_by_state() {
        let held = SlotState::Held {
            provider: AccountId([1; 32]),
            since: 9,
            joined: None,
        };
        let drawing = SlotState::Drawing { draw_at: 1 };
        let deal = Deal {
            root: [1; 32],
            size: 5,
            deposit: 0,
            committed_at: 1,
            terms: Terms::default(),
            balance: 0,
            offered_to: None,
            held: 2,
            slots: [held, held, drawing]
                .map(|state| Slot {
                    state,
                    token: 0,
                    passed_over: None,
                    leaving: None,
                    bounty: 0,
                })
                .to_vec(),
        };
        assert_eq!(progress(&deal), "3 replicas: 1 drawing, 2 held");
    }
}
