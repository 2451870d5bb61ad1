//! Giving files to the providers that were drawn for them.

use std::{collections::BTreeSet, time::Duration};

use noema_chain_client::AccountId;
use noema_storage::client::{Peer, UploadError, UploadOptions, UploadReport};
use serde_json::json;
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use super::{
    super::{
        providers::{Choice, Providers},
        world::World,
    },
    Fleet, Item, Running,
};
use crate::{
    commands::storage_put_rules::{assigned, data_is_placed, is_done},
    failure::Failure,
    progress::Part,
};

/// Segments under way at the same time, of all files; each takes 512 KiB of memory.
const SEGMENTS: usize = 64;
/// How long a provider may take to see a deal that we see.
///
/// Short: meanwhile the place is taken from files of providers that do, and afterwards it is asked again.
const DEAL_PATIENCE: Duration = Duration::from_secs(3);

/// An upload that ended.
pub(super) struct Uploaded {
    index: usize,
    peer: Peer,
    began: Instant,
    part: Part,
    result: Result<UploadReport, UploadError>,
}

/// Uploads under way, and what is known of those who take them.
#[derive(Default)]
pub(super) struct Uploads {
    tasks: JoinSet<Uploaded>,
    providers: Providers,
}

impl Uploads {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The next that ends; `None` when none is under way.
    pub(super) async fn next(&mut self) -> Option<Result<Uploaded, JoinError>> {
        self.tasks.join_next().await
    }
}

impl<W: World> Fleet<W> {
    /// Starts uploads of files whose providers are drawn, as many as may run.
    pub(super) async fn upload_more(&mut self, running: &mut Running) {
        if running.uploads.tasks.len() >= self.parallel {
            return;
        }
        let waiting = self.waiting(&running.open);
        let of_all = waiting.iter().flat_map(|(_, providers)| providers.iter());
        let unknown = running.uploads.providers.unknown(of_all.copied());
        if !unknown.is_empty() {
            let providers = &mut running.uploads.providers;
            let read = providers.look_up(&self.world, unknown);
            // The next turn tries again.
            if let Err(error) = read.await {
                tracing::debug!(%error, "cannot look providers up");
                running.trouble = Some(error.to_string());
            }
        }
        let now = Instant::now();
        for (index, providers) in waiting {
            if running.uploads.tasks.len() >= self.parallel {
                return;
            }
            let Some(item) = self.items.get_mut(index) else {
                continue;
            };
            let known = &running.uploads.providers;
            match known.choose(&providers, &item.attempts, now) {
                Choice::Ask(peer) => {
                    item.uploading = true;
                    running.uploads.providers.asked(&peer.provider);
                    self.start(running, index, peer);
                }
                Choice::Later => {}
                Choice::Nobody => {
                    let failure = nobody_takes_it(item, &providers, known);
                    item.fail(failure);
                    running.open.remove(&index);
                    running.changed_at = now;
                }
            }
        }
    }

    /// Files that nobody has, with the providers that are to get them.
    fn waiting(&self, open: &BTreeSet<usize>) -> Vec<(usize, Vec<AccountId>)> {
        let of = |index: &usize| {
            let item = self.items.get(*index)?;
            let deal = item.deal.as_ref()?;
            let placed = item.uploading || data_is_placed(deal, item.uploaded.as_ref());
            let providers = assigned(deal);
            (!placed && !providers.is_empty()).then_some((*index, providers))
        };
        open.iter().filter_map(of).collect()
    }

    fn start(&self, running: &mut Running, index: usize, peer: Peer) {
        let Some(item) = self.items.get(index) else {
            return;
        };
        let (known, world) = (item.known.clone(), self.world.clone());
        let part = running.bar.part();
        let at_once = self.parallel.min(self.items.len()).max(1);
        let options = UploadOptions {
            concurrency: (SEGMENTS / at_once).max(1),
            wait_for_deal: DEAL_PATIENCE,
            progress: Some(part.on_progress()),
            ..UploadOptions::default()
        };
        running.uploads.tasks.spawn(async move {
            let began = Instant::now();
            let result = world.upload(&known, &peer, options).await;
            Uploaded {
                index,
                peer,
                began,
                part,
                result,
            }
        });
    }

    /// Notes how an upload ended.
    pub(super) fn uploaded(&mut self, running: &mut Running, done: Uploaded) {
        running.changed_at = Instant::now();
        let Some(item) = self.items.get_mut(done.index) else {
            return;
        };
        item.uploading = false;
        let is_open = running.open.contains(&done.index);
        let failure = match done.result {
            Ok(_) => {
                running.uploads.providers.worked(&done.peer.provider);
                item.uploaded = Some(done.peer);
                let deal = item.deal.as_ref().filter(|_| is_open);
                if deal.is_some_and(|deal| is_done(deal, self.wait, item.uploaded.as_ref())) {
                    item.stage = super::Stage::Stored;
                    running.open.remove(&done.index);
                }
                return;
            }
            Err(UploadError::Provider { peer, source }) => {
                done.part.undo();
                let providers = &mut running.uploads.providers;
                let (began, now) = (done.began, Instant::now());
                if providers.failed(peer.provider, began, &source, &mut item.attempts, now) {
                    self.output.warn(format_args!(
                        "provider {} takes no files and is left alone for a while: {source}",
                        peer.provider
                    ));
                }
                return;
            }
            Err(UploadError::Changed { path, .. }) => Failure::new(
                "file_changed",
                format!(
                    "{} changed while it was uploaded: it is no longer what was committed to",
                    path.display()
                ),
            ),
            Err(error) => Failure::new("file", error.to_string()),
        };
        done.part.undo();
        running.uploads.providers.left(&done.peer.provider);
        // Others may have brought it to its end meanwhile.
        if is_open {
            item.fail(failure);
            running.open.remove(&done.index);
        }
    }
}

fn nobody_takes_it(item: &Item, assigned: &[AccountId], providers: &Providers) -> Failure {
    let mut reasons: Vec<(AccountId, &str)> = item.attempts.reasons().collect();
    for provider in assigned {
        let is_new = reasons.iter().all(|(known, _)| known != provider);
        let trouble = providers.trouble_of(provider).filter(|_| is_new);
        reasons.extend(trouble.map(|why| (*provider, why)));
    }
    let said: Vec<_> = reasons
        .iter()
        .map(|(provider, why)| format!("provider {provider}: {why}"))
        .collect();
    let details: Vec<_> = reasons
        .iter()
        .map(|(provider, why)| json!({ "provider": provider, "error": why }))
        .collect();
    Failure::new(
        "upload_failed",
        format!(
            "no assigned provider took the file ({}); the deal stands, run the command again to go on",
            said.join("; ")
        ),
    )
    .with(json!({ "file": item.file().file, "providers": details }))
}
