//! Consensus parameters of the client, with the reasons for each.
//!
//! The runtime fixes the slot (one second) and the epoch; what stands here is how this client authors and votes. A change
//! of any of these needs no agreement with other nodes, but the measured finality of 0.4 s after authoring (p50, four
//! validators) depends on all validators keeping to the GRANDPA values.

use noema_core::BlockNumber;
use noema_runtime::weights::block::{MAX_BLOCK_LENGTH, MAX_HEADER_LENGTH};
use sc_consensus_babe::SlotProportion;
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_service::ChainType;
use sp_consensus_babe::{
    inherents::{BabeCreateInherentDataProviders, InherentDataProvider as SlotProvider},
    SlotDuration,
};
use sp_runtime::traits::Block as BlockT;
use std::{sync::Arc, time::Duration};

/// How long GRANDPA allows a vote to travel. Finality comes about four of these after a block is authored: 100 ms gives
/// 0.42 s (p50) where the SDK's 333 ms gives 1.35 s, and costs about 0.03 of a core with four validators.
pub(crate) const GRANDPA_GOSSIP_DURATION: Duration = Duration::from_millis(100);

/// A justification is kept for at least every so many blocks (8.5 minutes here), besides those that change the validators.
/// Warp sync and `grandpa_proveFinality` use them.
pub(crate) const GRANDPA_JUSTIFICATION_PERIOD: u32 = 512;

/// Which block a validator votes for: the best one it knows, without delay.
///
/// The SDK's default rules hold votes back by two blocks and to three quarters of the unfinalised chain, to save work when
/// blocks are far apart and forks are common. Here they would turn 0.4 s to 2.4 s; the runtime keeps forks rare with few
/// primary slots, and a vote for a block that loses its fork only costs a further round.
pub(crate) const VOTING_RULE: () = ();

/// Part of the slot in which the author fills its block. The rest is for sealing, sending and the others' import, so that
/// the next author builds on this block and does not fork. The proposer itself stops at 88 % of it, after 441 ms.
const PROPOSAL_SLOT_PORTION: f32 = 0.5;

/// The most of a slot that an author may take after empty slots, when its block is allowed more time.
const MAX_PROPOSAL_SLOT_PORTION: f32 = 0.75;

/// The largest block that this client proposes, in encoded bytes: the runtime's block length (5 MiB) and its header length,
/// so that the runtime's own limits are the ones that count. The SDK's default is 4 MiB + 512 bytes. An upgrade that raises
/// the runtime's limits takes full effect with the client built beside it.
pub(crate) const BLOCK_SIZE_LIMIT: usize = (MAX_BLOCK_LENGTH + MAX_HEADER_LENGTH) as usize;

/// See the constants for both portions.
pub(crate) fn proposal_slot_portion() -> SlotProportion {
    SlotProportion::new(PROPOSAL_SLOT_PORTION)
}

/// See [`proposal_slot_portion`]; holds after slots without a block.
pub(crate) fn max_proposal_slot_portion() -> SlotProportion {
    SlotProportion::new(MAX_PROPOSAL_SLOT_PORTION)
}

/// Slows authoring down while finality stands still, so that a partition of the network cannot pile up an unbounded
/// unfinalised chain (which lives in memory).
///
/// It begins after five minutes of unfinalised blocks and adds one slot of waiting for every two further blocks, up to a
/// minute. The database's window of 4,096 unfinalised blocks then lasts for days rather than for the 68 minutes it would
/// last at full speed. A development chain has one validator and nothing to protect.
pub(crate) fn backoff_authoring(
    chain_type: &ChainType,
) -> Option<BackoffAuthoringOnFinalizedHeadLagging<BlockNumber>> {
    (*chain_type != ChainType::Development).then_some(BackoffAuthoringOnFinalizedHeadLagging {
        max_interval: 60,
        unfinalized_slack: 300,
        authoring_bias: 2,
    })
}

/// The inherents that an author adds and every importer checks: the slot and the time, both from the system clock.
pub(crate) fn inherent_data_providers<Block: BlockT>(
    slot_duration: SlotDuration,
) -> BabeCreateInherentDataProviders<Block> {
    Arc::new(move |_parent, ()| async move {
        let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
        let slot = SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
        Ok((slot, timestamp))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_core::time::SLOT_DURATION;
    use noema_runtime::weights::block::{MAX_BLOCK_MILLIS, NORMAL_RATIO};
    use sc_consensus_slots::BackoffAuthoringBlocksStrategy;

    #[test]
    fn the_proposal_portion_leaves_time_for_a_full_block() {
        // `sc-consensus-slots` keeps 2 % of the portion back, the proposer 10 % of the rest.
        let usable =
            |portion: SlotProportion| f64::from(portion.get()) * SLOT_DURATION as f64 * 0.98 * 0.9;
        let transactions = (NORMAL_RATIO * MAX_BLOCK_MILLIS) as f64;
        assert!(usable(proposal_slot_portion()) >= transactions);
        assert!(usable(max_proposal_slot_portion()) >= MAX_BLOCK_MILLIS as f64);
    }

    #[test]
    fn backoff_starts_after_five_minutes_without_finality() {
        let strategy = backoff_authoring(&ChainType::Live).expect("live chains back off");
        assert!(!strategy.should_backoff(300, 300.into(), 0, 301.into(), "test"));
        assert!(strategy.should_backoff(320, 320.into(), 0, 321.into(), "test"));
        assert!(backoff_authoring(&ChainType::Development).is_none());
    }
}
