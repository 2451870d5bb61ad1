//! What a look at all slots finds: of all of them what is counted, the calls that are due first, and the files that are not complete.

use std::collections::{BTreeMap, BinaryHeap, HashMap};

use noema_chain_client::{BlockNumber, FileId, RoundIndex, SeedAt, SlotState, Tick};

use super::{calls::MAX_CALLS, StepError};
use crate::{
    directory::Tracked,
    store::{sector_bytes, FileRecord, Wanted},
};

/// What a slot asks of its provider now.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// To say that the file is here.
    Ready,
    /// To prove the sectors that this seed draws.
    Prove([u8; 32]),
    /// To give the slot back.
    Resign,
}

/// A call that may be made, ordered by when it is due, and among those of one tick by when it was seen.
#[derive(Debug)]
pub(super) struct Due {
    at: (Tick, u64),
    pub(super) item: Tracked,
    pub(super) ask: Ask,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

/// A file of which segments are missing: 40 bytes beside its id, so that even a provider that lost everything has them all in view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incomplete {
    /// What comes first when there is not room for all: 0 what is held, 1 what is being proven, 2 what is new.
    pub(super) rank: u8,
    pub(super) wanted: Wanted,
    /// Whether the store knows the file, so that segments can be fetched.
    pub(super) taken: bool,
}

/// What a look found.
#[derive(Default)]
pub(super) struct Pass {
    /// Slots that were found and noted.
    pub(super) found: u64,
    pub(super) states: BTreeMap<&'static str, i64>,
    pub(super) below_replicas: i64,
    /// The latest on top.
    due: BinaryHeap<Due>,
    seen: u64,
    pub(super) incomplete: HashMap<FileId, Incomplete>,
    /// Slots that were ready in one block share a draw point.
    pub(super) seeds: HashMap<BlockNumber, SeedAt>,
    pub(super) may_promise: Option<bool>,
    /// The running round, and how many a slot is left for at least, if anybody asked.
    pub(super) leaving: Option<(RoundIndex, u32)>,
    /// What went wrong first; the rest was looked at all the same.
    pub(super) trouble: Option<StepError>,
}

impl Pass {
    /// Keeps a call if it is among those due first.
    pub(super) fn push(&mut self, item: Tracked, ask: Ask) {
        let at = (item.due(), self.seen);
        self.seen += 1;
        self.due.push(Due { at, item, ask });
        if self.due.len() > MAX_CALLS {
            self.due.pop();
        }
    }

    /// The calls, those first that are due first.
    pub(super) fn take_due(&mut self) -> Vec<Due> {
        std::mem::take(&mut self.due).into_sorted_vec()
    }

    pub(super) fn note_trouble(&mut self, error: StepError) {
        if let Some(first) = &self.trouble {
            tracing::debug!(%error, %first, "more went wrong in a look at the slots");
        } else {
            self.trouble = Some(error);
        }
    }

    pub(super) fn count(&mut self, item: &Tracked) {
        *self.states.entry(item.state.name()).or_default() += 1;
        self.below_replicas += i64::from(item.below_replicas);
    }

    pub(super) fn miss(&mut self, item: &Tracked, record: Option<&FileRecord>, taken: bool) {
        let rank = match item.state {
            SlotState::Held { .. } | SlotState::Leaving { .. } => 0,
            SlotState::Proving { .. } => 1,
            _ => 2,
        };
        let file = item.file.file;
        let new = Incomplete {
            rank,
            wanted: Wanted {
                file,
                data: sector_bytes(&item.file),
                held: record.map_or(0, |record| record.bytes),
            },
            taken,
        };
        // Of several deals for a file the most pressing counts.
        let known = self.incomplete.entry(file).or_insert(new);
        known.rank = known.rank.min(rank);
        known.taken |= taken;
    }
}
