//! Deleting data whose last deal has ended.

use std::time::Duration;

use crate::{
    directory::Directory,
    store::{Store, StoreError},
    unix_now,
};

/// How far the time of the finalised block may be behind the clock for data to be deleted, in
/// seconds. A node that is catching up shows a state in which later deals do not exist yet.
const MAX_BEHIND: u64 = 600;

/// Marks files without a deal, and deletes those that had the mark for longer than `grace`. Returns
/// how many were deleted. `block_time` is the time of the finalised block in seconds since 1970.
///
/// The mark is durable and taken off when the file has a deal again, so that neither restarts nor
/// the moment of a sweep decide what is deleted.
pub(crate) async fn sweep(
    store: &Store,
    directory: &Directory,
    grace: Duration,
    block_time: u64,
) -> Result<u64, StoreError> {
    let now = unix_now();
    if block_time.saturating_add(MAX_BEHIND) < now {
        tracing::debug!(block_time, "the finalised state is old: nothing is deleted");
        return Ok(0);
    }
    let mut deleted = 0;
    for (file, record) in store.files()? {
        if directory.file(&file).is_some() {
            continue;
        }
        match record.orphaned_at {
            None => {
                tracing::info!(%file, grace = ?grace, "a file has no deal any more");
                store.mark_orphan(file, now).await?;
            }
            Some(since) if now.saturating_sub(since) >= grace.as_secs() => {
                if store.delete_orphan(file).await? {
                    tracing::info!(%file, bytes = record.bytes, "deleted a file without a deal");
                    deleted += 1;
                }
            }
            Some(_) => {}
        }
    }
    Ok(deleted)
}
