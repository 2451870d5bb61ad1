//! Fetching challenged segments from peers at once: what the convergence heals by and by has a deadline here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use noema_chain_client::FileId;
use tokio_util::task::AbortOnDropHandle;

use crate::{chain_view::ChainView, client::FileRef, converge::Shared, pull::Puller};

/// Pause after the first attempt that brought nothing, doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// Segments that are being fetched.
#[derive(Default)]
pub(super) struct Healing {
    tasks: HashMap<(FileId, u64), AbortOnDropHandle<()>>,
}

impl Healing {
    /// Fetches these segments, one task for each: a provider has few challenges.
    pub(super) fn fetch<C: ChainView>(
        &mut self,
        shared: &Arc<Shared<C>>,
        segments: impl IntoIterator<Item = (FileRef, u64)>,
    ) {
        for (file, index) in segments {
            let task = self.tasks.get(&(file.file, index));
            if task.is_some_and(|task| !task.is_finished()) {
                continue;
            }
            let puller = Puller::new(shared.clone(), file);
            let fetching = async move {
                let mut pause = FIRST_PAUSE;
                loop {
                    match puller.segment(index).await {
                        Ok(true) => {
                            tracing::info!(file = %file.file, index, "a challenged segment came from a peer");
                            return;
                        }
                        Ok(false) => {
                            tracing::debug!(file = %file.file, index, "no peer has a challenged segment");
                        }
                        Err(error) => {
                            tracing::warn!(%error, file = %file.file, index, "cannot take a challenged segment");
                        }
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            };
            let task = AbortOnDropHandle::new(tokio::spawn(fetching));
            self.tasks.insert((file.file, index), task);
        }
    }

    /// Stops fetching: the round is over, or everything is answered. What is missing still is fetched by the convergence.
    pub(super) fn stop(&mut self) {
        self.tasks.clear();
    }
}
