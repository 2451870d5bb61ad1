//! Deals, replica slots and assignments.

use serde::Serialize;

use super::{AccountId, Balance, BlockNumber, FileId, Tick};

/// One owner's commitment to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deal {
    /// 0G Storage root of the file.
    #[serde(serialize_with = "hex_bytes")]
    pub root: [u8; 32],
    /// Size of the file in bytes.
    pub size: u64,
    /// What the owner has on hold for it, in the smallest unit.
    pub deposit: Balance,
    /// Block of the commitment.
    pub committed_at: BlockNumber,
    /// How many slots are [`SlotState::Held`].
    pub held: u8,
    /// The replica slots, by number.
    pub slots: Vec<Slot>,
}

/// One place for a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Where the slot is on its way to a proven replica.
    pub state: SlotState,
    /// Distinguishes this state from every earlier one.
    pub token: u64,
    /// The last provider that failed here; the next draw passes it over.
    pub passed_over: Option<AccountId>,
}

/// State of a replica slot, see `docs/design/storage.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SlotState {
    /// Waits for the seed of block `draw_at`, which decides the provider.
    Drawing {
        /// The draw point.
        draw_at: BlockNumber,
    },
    /// `provider` must hold the file and say so.
    Assigned {
        /// Who was drawn.
        provider: AccountId,
        /// Last tick for `ready`.
        ready_by: Tick,
    },
    /// `provider` must prove the sectors that the seed of block `draw_at` names.
    Proving {
        /// Who was drawn.
        provider: AccountId,
        /// The draw point of the sectors.
        draw_at: BlockNumber,
        /// Last tick for `prove`.
        prove_by: Tick,
    },
    /// `provider` holds the file and proved it.
    Held {
        /// Who holds it.
        provider: AccountId,
        /// Block of the proof.
        since: BlockNumber,
    },
}

impl SlotState {
    /// The provider that has the slot, if one is drawn.
    pub fn provider(&self) -> Option<AccountId> {
        match self {
            SlotState::Drawing { .. } => None,
            SlotState::Assigned { provider, .. }
            | SlotState::Proving { provider, .. }
            | SlotState::Held { provider, .. } => Some(*provider),
        }
    }

    /// Name of the state in lower case, for people.
    pub fn name(&self) -> &'static str {
        match self {
            SlotState::Drawing { .. } => "drawing",
            SlotState::Assigned { .. } => "assigned",
            SlotState::Proving { .. } => "proving",
            SlotState::Held { .. } => "held",
        }
    }
}

impl Deal {
    /// How many slots must be held for the deal to be active: the majority of the replicas.
    pub fn quorum(&self) -> usize {
        self.slots.len() / 2 + 1
    }

    /// Whether enough providers hold the file and proved it.
    pub fn is_active(&self) -> bool {
        !self.slots.is_empty() && usize::from(self.held) >= self.quorum()
    }

    /// Every provider that has a slot, with the slot's number and state. Those that hold the file
    /// come first, then those that say they do, then those still fetching it.
    pub fn providers(&self) -> Vec<(u8, AccountId, SlotState)> {
        let rank = |state: &SlotState| match state {
            SlotState::Held { .. } => 0,
            SlotState::Proving { .. } => 1,
            _ => 2,
        };
        let mut all: Vec<_> = (0u8..)
            .zip(&self.slots)
            .filter_map(|(slot, s)| s.state.provider().map(|p| (slot, p, s.state)))
            .collect();
        all.sort_by_key(|(slot, _, state)| (rank(state), *slot));
        all
    }

    /// The slot of `provider`, if it has one.
    pub fn slot_of(&self, provider: &AccountId) -> Option<(u8, &Slot)> {
        (0u8..)
            .zip(&self.slots)
            .find(|(_, s)| s.state.provider().as_ref() == Some(provider))
    }
}

/// A slot that a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Assignment {
    /// The file.
    pub file: FileId,
    /// The owner of the deal.
    pub owner: AccountId,
    /// Number of the slot in the deal.
    pub slot: u8,
}

/// How many deals there are for one root and size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitmentCount {
    /// All deals.
    pub deals: u32,
    /// Deals with enough proven replicas.
    pub active: u32,
}

fn hex_bytes<S: serde::Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("0x{}", hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal(states: &[SlotState]) -> Deal {
        Deal {
            root: [1; 32],
            size: 5,
            deposit: 0,
            committed_at: 1,
            held: states
                .iter()
                .filter(|s| matches!(s, SlotState::Held { .. }))
                .count() as u8,
            slots: states
                .iter()
                .map(|state| Slot {
                    state: *state,
                    token: 0,
                    passed_over: None,
                })
                .collect(),
        }
    }

    #[test]
    fn deal_quorum_is_the_majority() {
        let drawing = SlotState::Drawing { draw_at: 1 };
        let quorums: Vec<_> = (1..=5).map(|n| deal(&vec![drawing; n]).quorum()).collect();
        assert_eq!(quorums, [1, 2, 2, 3, 3]);
    }

    #[test]
    fn deal_providers_come_with_holders_first() {
        let who = |n: u8| AccountId([n; 32]);
        let deal = deal(&[
            SlotState::Assigned {
                provider: who(1),
                ready_by: 9,
            },
            SlotState::Drawing { draw_at: 1 },
            SlotState::Held {
                provider: who(3),
                since: 4,
            },
        ]);
        let order: Vec<_> = deal
            .providers()
            .into_iter()
            .map(|(slot, p, _)| (slot, p))
            .collect();
        assert_eq!(order, [(2, who(3)), (0, who(1))]);
        assert_eq!(deal.slot_of(&who(3)).unwrap().0, 2);
        assert!(deal.slot_of(&who(9)).is_none());
        assert!(!deal.is_active());
    }
}
