//! Deals, replica slots and assignments.

use serde::Serialize;

use super::{AccountId, Balance, BlockNumber, FileId, RoundIndex, Tick};

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
    /// Rents and ends of its lease.
    pub terms: Terms,
    /// What the pot has for it that is owed to nobody, in the smallest unit: rounds to come of slots without an earner, and the owner's credit.
    pub balance: Balance,
    /// Who may become its owner.
    pub offered_to: Option<AccountId>,
}

/// Rents of a lease: one, and perhaps another after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// What a replica earns in a round up to `end`, in the smallest unit.
    pub rent: Balance,
    /// The last round at this rent.
    pub end: RoundIndex,
    /// The rounds after these.
    pub next: Option<Segment>,
}

/// Rounds of another rent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// What a replica earns in a round, in the smallest unit.
    pub rent: Balance,
    /// The last round at this rent.
    pub end: RoundIndex,
}

impl Terms {
    /// The last round that is paid for, grace included.
    pub fn last(&self) -> RoundIndex {
        self.next.map_or(self.end, |next| next.end)
    }
}

/// Whoever gives a replica up and keeps it until its replacement earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Leaving {
    /// The provider.
    pub provider: AccountId,
    /// The round in which its replica became auditable.
    pub joined: RoundIndex,
    /// The round in which it began to leave.
    pub since: RoundIndex,
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
    /// Who had the replica before, keeps it, is challenged and paid for it, until whoever comes next earns.
    pub leaving: Option<Leaving>,
    /// What waits for whoever takes over a replica that was dropped, in the smallest unit.
    pub bounty: Balance,
}

impl Slot {
    /// Whoever is challenged and paid for the replica, if anybody is.
    pub fn earner(&self) -> Option<AccountId> {
        match (&self.leaving, &self.state) {
            (Some(leaving), _) => Some(leaving.provider),
            (
                None,
                SlotState::Held {
                    provider,
                    joined: Some(_),
                    ..
                },
            ) => Some(*provider),
            _ => None,
        }
    }

    /// What this slot is to `provider`: its state, or that the provider is leaving it.
    pub fn place_of(&self, provider: &AccountId) -> Option<SlotState> {
        match self.leaving {
            Some(leaving) if leaving.provider == *provider => Some(SlotState::Leaving {
                provider: *provider,
                since: leaving.since,
            }),
            _ if self.state.provider() == Some(*provider) => Some(self.state),
            _ => None,
        }
    }
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
        /// The round in which the replica became auditable: it earns from the one after. `None` while it matures.
        joined: Option<RoundIndex>,
    },
    /// `provider` gave the slot up, holds the file and is audited and paid for it until its replacement is. Never the state of a slot, only what one is to a
    /// provider ([`Slot::place_of`]).
    Leaving {
        /// Who leaves.
        provider: AccountId,
        /// The round in which it began to.
        since: RoundIndex,
    },
}

impl SlotState {
    /// The provider that has the slot, if one is drawn.
    pub fn provider(&self) -> Option<AccountId> {
        match self {
            SlotState::Drawing { .. } => None,
            SlotState::Assigned { provider, .. }
            | SlotState::Proving { provider, .. }
            | SlotState::Held { provider, .. }
            | SlotState::Leaving { provider, .. } => Some(*provider),
        }
    }

    /// Whether its provider has proven the replica and has to keep it.
    pub fn is_held(&self) -> bool {
        matches!(self, SlotState::Held { .. } | SlotState::Leaving { .. })
    }

    /// Name of the state in lower case, for people: of a replica that is held, `held` while it matures and `earning` from then on.
    pub fn name(&self) -> &'static str {
        match self {
            SlotState::Drawing { .. } => "drawing",
            SlotState::Assigned { .. } => "assigned",
            SlotState::Proving { .. } => "proving",
            SlotState::Held { joined: None, .. } => "held",
            SlotState::Held {
                joined: Some(_), ..
            } => "earning",
            SlotState::Leaving { .. } => "leaving",
        }
    }
}

impl Deal {
    /// How many replicas were asked for; never changes. Calls that end a deal or hand it on say this number.
    pub fn replicas(&self) -> u8 {
        // The chain keeps it within a byte.
        u8::try_from(self.slots.len()).unwrap_or(u8::MAX)
    }

    /// How many slots must be held for the deal to be active: the majority of the replicas.
    pub fn quorum(&self) -> usize {
        self.slots.len() / 2 + 1
    }

    /// Whether enough providers hold the file and proved it.
    pub fn is_active(&self) -> bool {
        !self.slots.is_empty() && usize::from(self.held) >= self.quorum()
    }

    /// How many slots have a replica that is audited and paid.
    pub fn earning(&self) -> usize {
        self.slots.iter().filter_map(Slot::earner).count()
    }

    /// Every provider that has a slot, be it on the way out, with the slot's number and what it is to that provider. Those that hold the file
    /// come first, then those that say they do, then those still fetching it.
    pub fn providers(&self) -> Vec<(u8, AccountId, SlotState)> {
        let rank = |state: &SlotState| match state {
            SlotState::Held { .. } | SlotState::Leaving { .. } => 0,
            SlotState::Proving { .. } => 1,
            _ => 2,
        };
        let mut all: Vec<_> = (0u8..)
            .zip(&self.slots)
            .flat_map(|(slot, s)| {
                let leaving = s.leaving.map(|leaving| leaving.provider);
                let who = leaving.into_iter().chain(s.state.provider());
                who.filter_map(move |p| Some((slot, p, s.place_of(&p)?)))
            })
            .collect();
        all.sort_by_key(|(slot, _, state)| (rank(state), *slot));
        all
    }

    /// The slot of `provider`, if it has one, be it on the way out.
    pub fn slot_of(&self, provider: &AccountId) -> Option<(u8, &Slot)> {
        (0u8..)
            .zip(&self.slots)
            .find(|(_, s)| s.place_of(provider).is_some())
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

/// Some of the slots that a provider has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentPage {
    /// The slots.
    pub assignments: Vec<Assignment>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Vec<u8>>,
}

/// How many deals there are for one root and size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitmentCount {
    /// All deals.
    pub deals: u32,
    /// Deals with enough proven replicas.
    pub active: u32,
}

pub(super) fn hex_bytes<S: serde::Serializer>(
    bytes: &[u8; 32],
    serializer: S,
) -> Result<S::Ok, S::Error> {
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
            terms: Terms::default(),
            balance: 0,
            offered_to: None,
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
                    leaving: None,
                    bounty: 0,
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
                joined: None,
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

    #[test]
    fn who_leaves_a_slot_holds_and_earns_until_the_next_does() {
        let who = |n: u8| AccountId([n; 32]);
        let assigned = SlotState::Assigned {
            provider: who(2),
            ready_by: 9,
        };
        let mut deal = deal(&[assigned]);
        deal.slots[0].leaving = Some(Leaving {
            provider: who(1),
            joined: 3,
            since: 5,
        });
        let leaving = SlotState::Leaving {
            provider: who(1),
            since: 5,
        };
        assert_eq!(
            deal.providers(),
            [(0, who(1), leaving), (0, who(2), assigned)]
        );
        assert_eq!(deal.slot_of(&who(1)).unwrap().0, 0);
        assert_eq!(deal.slot_of(&who(2)).unwrap().0, 0);
        assert_eq!(deal.slots[0].earner(), Some(who(1)));
        assert_eq!(deal.earning(), 1);
        deal.slots[0].leaving = None;
        assert_eq!(deal.earning(), 0, "it does not hold anything yet");
        assert!(leaving.is_held() && !assigned.is_held());
        assert_eq!(leaving.name(), "leaving");
    }

    #[test]
    fn a_replica_that_matures_does_not_earn() {
        let provider = AccountId([1; 32]);
        let held = |joined| SlotState::Held {
            provider,
            since: 4,
            joined,
        };
        let both = deal(&[held(None), held(Some(7))]);
        assert_eq!(both.earning(), 1);
        let names: Vec<_> = both.slots.iter().map(|s| s.state.name()).collect();
        assert_eq!(names, ["held", "earning"]);
    }

    #[test]
    fn a_lease_ends_with_its_last_segment() {
        let mut terms = Terms {
            rent: 2,
            end: 10,
            next: None,
        };
        assert_eq!(terms.last(), 10);
        terms.next = Some(Segment { rent: 3, end: 15 });
        assert_eq!(terms.last(), 15);
    }
}
