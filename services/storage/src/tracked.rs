//! A slot of this provider as it is remembered: what requests, fetching and calls need of its deal, and no more.

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::{AccountId, Assignment, BlockNumber, Deal, RoundIndex, SlotState, Tick};

use crate::{client::FileRef, store::DealKey};

/// Version of a note.
const VERSION: u8 = 1;

/// One slot of this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) file: FileRef,
    pub(crate) owner: AccountId,
    pub(crate) slot: u8,
    /// What the slot is to this provider.
    pub(crate) state: SlotState,
    /// Distinguishes this state from every other.
    pub(crate) token: u64,
    /// Whether fewer slots of the deal are held than it has.
    pub(crate) below_replicas: bool,
    /// Other providers of the deal, those that hold the file first.
    pub(crate) peers: Vec<AccountId>,
}

impl Tracked {
    /// The slot of `provider` in a deal; `None` if it has none, or the deal is of an impossible file.
    pub(crate) fn new(
        provider: &AccountId,
        assignment: &Assignment,
        deal: &Deal,
    ) -> Option<Tracked> {
        let file = FileRef::new(deal.root, deal.size).ok()?;
        let slot = deal.slots.get(usize::from(assignment.slot))?;
        if file.file != assignment.file {
            return None;
        }
        let state = slot.place_of(provider)?;
        let token = match state {
            SlotState::Leaving { since, .. } => leaving_token(assignment, since),
            _ => slot.token,
        };
        let mut peers = Vec::new();
        for (_, peer, _) in deal.providers() {
            if peer != *provider && !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        Some(Tracked {
            file,
            owner: assignment.owner,
            slot: assignment.slot,
            state,
            token,
            below_replicas: usize::from(deal.held) < deal.slots.len(),
            peers,
        })
    }

    /// The deal.
    pub(crate) fn deal(&self) -> DealKey {
        (self.file.file, self.owner)
    }

    /// The last tick for what the state asks of its provider; for states that ask nothing, later than all others.
    pub(crate) fn due(&self) -> Tick {
        match self.state {
            SlotState::Assigned { ready_by, .. } => ready_by,
            SlotState::Proving { prove_by, .. } => prove_by,
            SlotState::Drawing { .. } | SlotState::Held { .. } | SlotState::Leaving { .. } => {
                Tick::MAX
            }
        }
    }
}

/// A token for the state of leaving a slot, whose own token is that of whoever comes next. The chain counts tokens from 0: none reaches the highest bit.
fn leaving_token(assignment: &Assignment, since: RoundIndex) -> u64 {
    let parts = [
        &assignment.file.0[..],
        &assignment.owner.0[..],
        &[assignment.slot],
        &since.to_le_bytes(),
    ];
    let hash = sp_crypto_hashing::blake2_256(&parts.concat());
    let bits = hash
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b));
    bits | 1 << 63
}

/// [`SlotState`] as it is written down; its provider is the daemon's.
#[derive(Debug, Encode, Decode)]
enum Place {
    #[codec(index = 0)]
    Assigned { ready_by: Tick },
    #[codec(index = 1)]
    Proving {
        draw_at: BlockNumber,
        prove_by: Tick,
    },
    #[codec(index = 2)]
    Held {
        since: BlockNumber,
        joined: Option<RoundIndex>,
    },
    #[codec(index = 3)]
    Leaving { since: RoundIndex },
    #[codec(index = 4)]
    Drawing { draw_at: BlockNumber },
}

impl From<SlotState> for Place {
    fn from(state: SlotState) -> Self {
        match state {
            SlotState::Drawing { draw_at } => Self::Drawing { draw_at },
            SlotState::Assigned { ready_by, .. } => Self::Assigned { ready_by },
            SlotState::Proving {
                draw_at, prove_by, ..
            } => Self::Proving { draw_at, prove_by },
            SlotState::Held { since, joined, .. } => Self::Held { since, joined },
            SlotState::Leaving { since, .. } => Self::Leaving { since },
        }
    }
}

impl Place {
    fn of(self, provider: AccountId) -> SlotState {
        match self {
            Self::Drawing { draw_at } => SlotState::Drawing { draw_at },
            Self::Assigned { ready_by } => SlotState::Assigned { provider, ready_by },
            Self::Proving { draw_at, prove_by } => SlotState::Proving {
                provider,
                draw_at,
                prove_by,
            },
            Self::Held { since, joined } => SlotState::Held {
                provider,
                since,
                joined,
            },
            Self::Leaving { since } => SlotState::Leaving { provider, since },
        }
    }
}

/// What stands in a note: file and owner are its key.
#[derive(Encode, Decode)]
struct Note {
    root: [u8; 32],
    size: u64,
    slot: u8,
    place: Place,
    token: u64,
    below_replicas: bool,
    peers: Vec<[u8; 32]>,
}

/// The note of a slot.
pub(crate) fn encode(slot: &Tracked) -> Vec<u8> {
    let note = Note {
        root: slot.file.root,
        size: slot.file.size(),
        slot: slot.slot,
        place: slot.state.into(),
        token: slot.token,
        below_replicas: slot.below_replicas,
        peers: slot.peers.iter().map(|peer| peer.0).collect(),
    };
    (VERSION, note).encode()
}

/// The slot of `provider` in a deal that a note says. `None` if the note cannot be read or is of another file.
pub(crate) fn decode(
    (file, owner): &DealKey,
    note: &[u8],
    provider: &AccountId,
) -> Option<Tracked> {
    let (version, mut rest) = note.split_first()?;
    let note = (*version == VERSION).then(|| Note::decode_all(&mut rest).ok())??;
    let read = FileRef::new(note.root, note.size).ok()?;
    (read.file == *file).then(|| Tracked {
        file: read,
        owner: *owner,
        slot: note.slot,
        state: note.place.of(*provider),
        token: note.token,
        below_replicas: note.below_replicas,
        peers: note.peers.into_iter().map(AccountId).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: AccountId = AccountId([3; 32]);

    fn places() -> impl Strategy<Value = Place> {
        prop_oneof![
            any::<u32>().prop_map(|draw_at| Place::Drawing { draw_at }),
            any::<u64>().prop_map(|ready_by| Place::Assigned { ready_by }),
            any::<(u32, u64)>()
                .prop_map(|(draw_at, prove_by)| Place::Proving { draw_at, prove_by }),
            any::<(u32, Option<u32>)>().prop_map(|(since, joined)| Place::Held { since, joined }),
            any::<u32>().prop_map(|since| Place::Leaving { since }),
        ]
    }

    proptest! {
        #[test]
        fn a_note_says_the_same_slot_and_anything_else_says_none(
            root in any::<[u8; 32]>(),
            size in 1u64..1 << 40,
            (owner, slot, token, below_replicas) in any::<([u8; 32], u8, u64, bool)>(),
            place in places(),
            peers in prop::collection::vec(any::<[u8; 32]>(), 0..5),
            noise in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let slot = Tracked {
                file: FileRef::new(root, size).unwrap(),
                owner: AccountId(owner),
                slot,
                state: place.of(ME),
                token,
                below_replicas,
                peers: peers.into_iter().map(AccountId).collect(),
            };
            let key = slot.deal();
            let note = encode(&slot);
            prop_assert_eq!(decode(&key, &note, &ME), Some(slot));
            prop_assert_eq!(decode(&key, &note[..note.len() - 1], &ME), None);
            let other = (noema_chain_client::FileId([0; 32]), key.1);
            prop_assert_eq!(decode(&other, &note, &ME), None);
            prop_assert_eq!(decode(&key, &noise, &ME), None);
        }
    }

    #[test]
    fn a_note_is_small() {
        let slot = Tracked {
            file: FileRef::new([1; 32], 4096).unwrap(),
            owner: ME,
            slot: 2,
            state: SlotState::Held {
                provider: ME,
                since: 7,
                joined: Some(3),
            },
            token: 9,
            below_replicas: false,
            peers: vec![AccountId([4; 32]); 2],
        };
        assert!(encode(&slot).len() <= 128, "{}", encode(&slot).len());
    }
}
