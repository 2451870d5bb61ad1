//! All files on their way at once.
//!
//! One loop decides everything: at each finalised block it reads the deals of the files that are under way, in a few questions
//! however many they are; what takes long (transactions, uploads) runs beside it and reports back.

mod upload;

use std::{collections::BTreeSet, time::Duration};

use noema_chain_client::{Call, Finalized, Head, SubmitError};
use tokio::{
    task::JoinSet,
    time::{interval, Instant, MissedTickBehavior},
};

use self::upload::Uploads;
use super::{
    batches::{Batches, Load, Waiting},
    item::{Item, Stage},
    price::call_of,
    report::Spent,
    world::World,
    Order,
};
use crate::{
    args::storage::Wait,
    commands::storage_put_rules::{data_is_placed, is_done},
    failure::Failure,
    follow::STALL,
    output::Output,
    progress::Shown,
    session::fee_of,
};

/// Transactions under way at the same time: each takes about two blocks to be final.
const TRANSACTIONS: usize = 4;
/// How often time is looked at.
const TICK: Duration = Duration::from_millis(500);
/// Pause after the chain had no room for more slots.
const BUSY_PAUSE: Duration = Duration::from_secs(3);

/// The files, and what they are sent with.
pub(super) struct Fleet<W> {
    pub(super) output: Output,
    pub(super) world: W,
    pub(super) order: Order,
    pub(super) wait: Wait,
    /// Uploads at the same time.
    pub(super) parallel: usize,
    pub(super) items: Vec<Item>,
    pub(super) batches: Batches,
    pub(super) spent: Spent,
}

/// What runs beside the loop.
struct Running {
    bar: Shown,
    /// Files that are under way: committing or placing.
    open: BTreeSet<usize>,
    commits: JoinSet<(Vec<Waiting>, Result<Finalized, SubmitError>)>,
    uploads: Uploads,
    /// No batch is sent before.
    not_before: Instant,
    /// When anything went on.
    changed_at: Instant,
    /// Why the chain could not be read.
    trouble: Option<String>,
}

impl<W: World> Fleet<W> {
    /// Brings every file to its end: stored, or failed.
    pub(super) async fn run(&mut self) {
        let total = self.items.iter().map(|item| item.file().size()).sum();
        let placing = self.items.iter().enumerate();
        let placing = placing.filter(|(_, item)| matches!(item.stage, Stage::Placing));
        let mut running = Running {
            bar: Shown::files(&self.output, "storing", total),
            open: placing.map(|(index, _)| index).collect(),
            commits: JoinSet::new(),
            uploads: Uploads::default(),
            not_before: Instant::now(),
            changed_at: Instant::now(),
            trouble: None,
        };
        let mut heads = self.world.heads();
        // The present head counts as news.
        heads.mark_changed();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.commit_more(&mut running);
            self.upload_more(&mut running).await;
            self.show(&running.bar);
            if running.open.is_empty() && self.batches.is_empty() {
                return;
            }
            tokio::select! {
                Some(done) = running.commits.join_next() => match done {
                    Ok((batch, result)) => self.committed(&mut running, batch, result),
                    Err(error) => return self.fail_rest("internal", &error.to_string()),
                },
                Some(done) = running.uploads.next() => match done {
                    Ok(done) => self.uploaded(&mut running, done),
                    Err(error) => return self.fail_rest("internal", &error.to_string()),
                },
                changed = heads.changed() => {
                    if changed.is_err() {
                        return self.fail_rest("chain", "the connection is closed");
                    }
                    let head = *heads.borrow_and_update();
                    self.look(&mut running, head).await;
                }
                _ = tick.tick() => {}
            }
            let waits = running.uploads.is_empty() && running.changed_at.elapsed() >= STALL;
            if waits {
                let trouble = running.trouble.map(|why| format!("; last error: {why}"));
                let why = format!(
                    "nothing has changed for {} s{}; what is committed stays, run the command again to go on",
                    STALL.as_secs(),
                    trouble.unwrap_or_default()
                );
                return self.fail_rest("stalled", &why);
            }
        }
    }

    fn show(&self, bar: &Shown) {
        let is_over = |item: &&Item| matches!(item.stage, Stage::Stored | Stage::Failed(_));
        let failed = |item: &&Item| matches!(item.stage, Stage::Failed(_));
        let over = self.items.iter().filter(is_over).count();
        let failed = match self.items.iter().filter(failed).count() {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        bar.say(format!("{over} of {} files{failed}", self.items.len()));
    }

    /// What is under way.
    fn load(&self, running: &Running) -> Load {
        let open = running
            .open
            .iter()
            .filter_map(|index| self.items.get(*index));
        open.fold(Load::default(), |load, item| {
            let drawing = item.drawing(self.order.replicas);
            let placed = item
                .deal
                .as_ref()
                .is_some_and(|deal| data_is_placed(deal, item.uploaded.as_ref()));
            let (files, bytes) = if placed {
                (0, 0)
            } else {
                (1, item.file().size())
            };
            Load {
                slots: load.slots.saturating_add(drawing),
                files: load.files.saturating_add(files),
                bytes: load.bytes.saturating_add(bytes),
            }
        })
    }

    fn commit_more(&mut self, running: &mut Running) {
        if self.batches.is_empty() || Instant::now() < running.not_before {
            return;
        }
        while running.commits.len() < TRANSACTIONS {
            let mut batch = self.batches.next(self.load(running));
            // The last moment at which nothing is promised yet.
            batch.retain(|waiting| self.is_unchanged(waiting.index));
            if batch.is_empty() {
                return;
            }
            for waiting in &batch {
                if let Some(item) = self.items.get_mut(waiting.index) {
                    item.stage = Stage::Committing;
                    running.open.insert(waiting.index);
                }
            }
            let Order { replicas, rounds } = self.order;
            let most = self.batches.most(&batch);
            let file = |index: usize| self.items.get(index).map(Item::file);
            let call = call_of(&batch, file, replicas, rounds, most);
            let world = self.world.clone();
            running
                .commits
                .spawn(async move { (batch, world.submit(call).await) });
        }
    }

    fn is_unchanged(&mut self, index: usize) -> bool {
        let Some(item) = self.items.get_mut(index) else {
            return false;
        };
        match item.known.source.check_unchanged() {
            Ok(()) => true,
            Err(failure) => {
                item.fail(failure);
                false
            }
        }
    }

    fn committed(
        &mut self,
        running: &mut Running,
        batch: Vec<Waiting>,
        result: Result<Finalized, SubmitError>,
    ) {
        match result {
            Ok(done) => {
                running.changed_at = Instant::now();
                self.spent.batches = self.spent.batches.saturating_add(1);
                let fee = fee_of(&done).unwrap_or(0);
                self.spent.fees = self.spent.fees.saturating_add(fee);
                for waiting in batch {
                    if let Some(item) = self.items.get_mut(waiting.index) {
                        item.stage = Stage::Placing;
                        item.committed_in = Some(done.block.number);
                    }
                }
            }
            Err(error) if is_busy(&error) => {
                tracing::debug!(%error, "the chain has no room for more slots");
                running.not_before = Instant::now() + BUSY_PAUSE;
                for waiting in &batch {
                    running.open.remove(&waiting.index);
                    if let Some(item) = self.items.get_mut(waiting.index) {
                        item.stage = Stage::Queued;
                    }
                }
                self.batches.put_back(batch);
            }
            // What is refused once would be refused again, for a fee each time.
            Err(error) => {
                let others = self.batches.give_up();
                let why = error.to_string();
                for waiting in &others {
                    if let Some(item) = self.items.get_mut(waiting.index) {
                        item.fail(Failure::new(
                            "not_committed",
                            format!("not committed to: those before were refused ({why})"),
                        ));
                    }
                }
                for waiting in batch {
                    running.open.remove(&waiting.index);
                    if let Some(item) = self.items.get_mut(waiting.index) {
                        let failure = Failure::from(error.clone());
                        item.fail(failure.while_doing("cannot commit to the file"));
                    }
                }
            }
        }
    }

    /// Reads the deals of all files that are under way.
    async fn look(&mut self, running: &mut Running, head: Head) {
        let owner = self.world.owner();
        let due = |index: &usize| {
            let item = self.items.get(*index)?;
            let placing = matches!(item.stage, Stage::Placing);
            let seen = item.committed_in.is_none_or(|block| block <= head.number);
            (placing && seen).then(|| (*index, item.key(owner)))
        };
        let (indices, keys): (Vec<_>, Vec<_>) = running.open.iter().filter_map(due).unzip();
        if keys.is_empty() {
            return;
        }
        let deals = match self.world.deals(head, &keys).await {
            Ok(deals) => deals,
            // The node may be restarting; the next head brings another chance.
            Err(error) => {
                tracing::debug!(%error, "cannot read the deals");
                running.trouble = Some(error.to_string());
                return;
            }
        };
        running.trouble = None;
        for (index, deal) in indices.into_iter().zip(deals) {
            let Some(item) = self.items.get_mut(index) else {
                continue;
            };
            let Some(deal) = deal else {
                item.fail(Failure::new(
                    "not_found",
                    format!(
                        "the deal over {} is gone: somebody removed it",
                        item.file().file
                    ),
                ));
                running.open.remove(&index);
                continue;
            };
            if item.deal.as_ref() != Some(&deal) {
                running.changed_at = Instant::now();
            }
            if is_done(&deal, self.wait, item.uploaded.as_ref()) {
                item.stage = Stage::Stored;
                running.open.remove(&index);
                if item.uploaded.is_none() && !item.uploading {
                    // Others had it.
                    running.bar.part().reach(item.file().size());
                }
            }
            item.deal = Some(deal);
        }
    }

    /// Gives every file up that is not at its end.
    fn fail_rest(&mut self, code: &'static str, why: &str) {
        self.batches.give_up();
        for item in &mut self.items {
            if !matches!(item.stage, Stage::Stored | Stage::Failed(_)) {
                item.fail(Failure::new(code, why));
            }
        }
    }

    /// Files that are no longer what this run committed to can never be stored: takes these commitments back, so that nothing is
    /// left on chain.
    pub(super) async fn take_back(&mut self) {
        let mut removing = JoinSet::new();
        for (index, item) in self.items.iter().enumerate() {
            let changed = matches!(&item.stage, Stage::Failed(why) if why.code() == "file_changed");
            if changed && item.committed_in.is_some() {
                let (world, file) = (self.world.clone(), item.file().file);
                let replicas = self.order.replicas;
                let call = Call::Remove { file, replicas };
                removing.spawn(async move { (index, file, world.submit(call).await) });
            }
        }
        while let Some(Ok((index, file, result))) = removing.join_next().await {
            let followed = match result {
                Ok(_) => "the commitment was taken back and the deposit returned".to_owned(),
                Err(e) => format!("{e}; remove it with `noema storage remove {file}`"),
            };
            let Some(item) = self.items.get_mut(index) else {
                continue;
            };
            let stage = std::mem::replace(&mut item.stage, Stage::Placing);
            item.stage = match stage {
                Stage::Failed(failure) => Stage::Failed(failure.and(&followed)),
                other => other,
            };
        }
    }
}

/// Whether the chain has no room for more slots now, and will have soon.
fn is_busy(error: &SubmitError) -> bool {
    matches!(error, SubmitError::Dispatch { failure, .. } if failure.is("Storage", "Busy"))
}

#[cfg(test)]
mod tests;
