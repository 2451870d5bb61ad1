//! Deleting data whose last deal has ended.

use std::{collections::HashSet, time::Duration};

use noema_chain_client::FileId;

use crate::{
    directory::Directory,
    store::{Store, StoreError},
    unix_now,
};

/// Files looked at together.
const PAGE: usize = 1000;

/// How far the time of the finalised block may be behind the clock for data to be deleted, in
/// seconds. A node that is catching up shows a state in which later deals do not exist yet.
const MAX_BEHIND: u64 = 600;

/// Marks files without a deal, and deletes those that had the mark for longer than `grace`. Returns
/// how many were deleted. `block_time` is the time of the finalised block in seconds since 1970.
///
/// What is asked for in the running round (`challenged`) is kept, grace or not: what was removed after a round was drawn must be proven still. Nothing
/// that was removed before can be drawn later.
///
/// The mark is durable and taken off when the file has a deal again, so that neither restarts nor
/// the moment of a sweep decide what is deleted. It carries the chain's time and not the machine's: a clock that was
/// wrong for a while neither shortens the grace nor makes it last for ever. Deletions that an error broke off are
/// finished here, as a start would.
pub(crate) async fn sweep(
    store: &Store,
    directory: &Directory,
    grace: Duration,
    block_time: u64,
    challenged: &HashSet<FileId>,
) -> Result<u64, StoreError> {
    let mut deleted = store.finish_deletions().await?;
    if block_time.saturating_add(MAX_BEHIND) < unix_now() {
        tracing::debug!(block_time, "the finalised state is old: nothing is deleted");
        return Ok(deleted);
    }
    let mut after = None;
    loop {
        let page = store.files_after(after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(deleted);
        };
        after = Some(*last);
        let ids: Vec<FileId> = page.iter().map(|(file, _)| *file).collect();
        let has = directory.has(&ids)?;
        let without = page.into_iter().zip(has).filter(|(_, has)| !has);
        for ((file, record), _) in without {
            match record.orphaned_at {
                Some(since) if since > block_time => {
                    // Marked by a clock that was ahead: the grace begins now.
                    store.mark_orphan(file, block_time).await?;
                }
                Some(_) if challenged.contains(&file) => {
                    tracing::debug!(%file, "a file without a deal is asked for in this round: it is kept");
                }
                Some(since) if block_time - since >= grace.as_secs() => {
                    if store.delete_orphan(file).await? {
                        tracing::info!(%file, bytes = record.bytes, "deleted a file without a deal");
                        deleted += 1;
                    }
                }
                Some(_) => {}
                None => {
                    tracing::info!(%file, grace = ?grace, "a file has no deal any more");
                    store.mark_orphan(file, block_time).await?;
                }
            }
        }
    }
}
