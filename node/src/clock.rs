//! An author whose clock is behind: it makes no block of a slot that is not after its parent's.
//!
//! The SDK's worker would try. The runtime then panics on the time of the block, which may not be before the parent's: a panic in the log that
//! says nothing of the clock.

use crate::consensus;
use sc_consensus_babe::find_pre_digest;
use sp_blockchain::HeaderBackend;
use sp_consensus_babe::{inherents::BabeCreateInherentDataProviders, Slot, SlotDuration};
use sp_inherents::CreateInherentDataProviders;
use sp_runtime::traits::Block as BlockT;
use std::sync::Arc;

/// The inherents of an author's block, or an error when this machine's time is not past the parent's slot.
pub(crate) fn author_inherents<Block, Client>(
    client: Arc<Client>,
    slot_duration: SlotDuration,
) -> BabeCreateInherentDataProviders<Block>
where
    Block: BlockT,
    Client: HeaderBackend<Block> + 'static,
{
    let inherents = consensus::inherent_data_providers::<Block>(slot_duration);
    Arc::new(move |parent: Block::Hash, ()| {
        let (client, inherents) = (client.clone(), inherents.clone());
        async move {
            let header = client
                .header(parent)?
                .ok_or_else(|| format!("block {parent:?} is not in the database"))?;
            let slot_of_parent = find_pre_digest::<Block>(&header)
                .map_err(|error| format!("block {parent:?} has no slot: {error}"))?
                .slot();
            let (slot, timestamp) = inherents.create_inherent_data_providers(parent, ()).await?;
            after(*slot, slot_of_parent, slot_duration)?;
            Ok((slot, timestamp))
        }
    })
}

/// Fails if `own` is not after `parent`.
fn after(own: Slot, parent: Slot, duration: SlotDuration) -> Result<(), String> {
    if own > parent {
        return Ok(());
    }
    let behind = (*parent).saturating_sub(*own).saturating_add(1);
    let seconds = behind.saturating_mul(duration.as_millis()).div_ceil(1000);
    Err(format!(
        "the best block is of slot {parent}, this machine's clock says slot {own}: no block is made for {seconds} s; \
         if this stays, the clock is behind: look with `timedatectl` and run an NTP client"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: SlotDuration = SlotDuration::from_millis(1000);

    #[test]
    fn the_next_slot_may_be_authored_in() {
        assert_eq!(after(8.into(), 7.into(), SECOND), Ok(()));
        // Genesis has slot 0.
        assert_eq!(after(Slot::from(u64::MAX), 0.into(), SECOND), Ok(()));
    }

    #[test]
    fn a_clock_that_is_behind_is_named_with_the_seconds_to_wait() {
        for (own, parent, seconds) in [
            (7u64, 7u64, "for 1 s"),
            (7, 37, "for 31 s"),
            (0, u64::MAX, "for 18446744073709552 s"),
        ] {
            let error = after(own.into(), parent.into(), SECOND).expect_err("not after the parent");
            assert!(error.contains(seconds), "{error}");
            assert!(error.contains(&parent.to_string()), "{error}");
        }
    }
}
