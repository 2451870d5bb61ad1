//! A committee as it was checked.

use noema_chain_client::AccountId;
use noema_da_primitives::{Committee, CommitteeError, CommitteeId, Software};

use super::{CommitteeInfo, EraIndex, SeatSet};
use crate::bls::PublicKeyBytes;

/// A seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatView {
    /// Who has it.
    pub provider: AccountId,
    /// The key with which it signs.
    pub key: PublicKeyBytes,
    /// Its weight.
    pub stake: u128,
    /// Whether its provider lost everything in this era: it holds nothing any more.
    pub gone: bool,
}

/// The committee of an era, whose id is that of its keys and stakes.
#[derive(Clone, Debug)]
pub struct CommitteeView {
    era: EraIndex,
    id: CommitteeId,
    seats: Vec<SeatView>,
    stakes: Committee,
}

/// Why what the node says is no committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeFault {
    /// Its stakes are not those of one.
    #[error(transparent)]
    Stakes(#[from] CommitteeError),
    /// Its id is another's.
    #[error(
        "the committee of era {era} is called {expected}, its keys and stakes are those of {found}"
    )]
    OtherId {
        /// Its era.
        era: EraIndex,
        /// What it is called.
        expected: CommitteeId,
        /// The id of what is said of it.
        found: CommitteeId,
    },
}

impl CommitteeView {
    /// Checks what the node says.
    ///
    /// # Errors
    /// When it is no committee, or another than it is called.
    pub fn new(info: &CommitteeInfo) -> Result<Self, CommitteeFault> {
        let stakes: Vec<u128> = info.seats.iter().map(|seat| seat.stake).collect();
        let stakes = Committee::new(&stakes)?;
        let seats = info.seats.iter().map(|seat| (&seat.key, seat.stake));
        let found = CommitteeId::new::<Software>(info.era, seats);
        if found != info.id {
            return Err(CommitteeFault::OtherId {
                era: info.era,
                expected: info.id,
                found,
            });
        }
        let seats = info.seats.iter().map(|seat| SeatView {
            provider: seat.provider,
            key: PublicKeyBytes(seat.key),
            stake: seat.stake,
            gone: seat.gone,
        });
        Ok(Self {
            era: info.era,
            id: info.id,
            seats: seats.collect(),
            stakes,
        })
    }

    /// Its era.
    pub fn era(&self) -> EraIndex {
        self.era
    }

    /// Its id, which seats sign.
    pub fn id(&self) -> CommitteeId {
        self.id
    }

    /// Its seats in their order.
    pub fn seats(&self) -> &[SeatView] {
        &self.seats
    }

    /// Its stakes.
    pub fn stakes(&self) -> &Committee {
        &self.stakes
    }

    /// The seat of a provider. A provider has one at most.
    pub fn seat_of(&self, provider: &AccountId) -> Option<usize> {
        self.seats
            .iter()
            .position(|seat| seat.provider == *provider)
    }

    /// Stake of these seats.
    pub fn stake_of(&self, set: &SeatSet) -> u128 {
        // No more than a committee's whole stake, which has room to spare.
        set.iter()
            .filter_map(|seat| self.stakes.stake(seat))
            .fold(0, u128::saturating_add)
    }

    /// Whether these seats have two thirds of the stake, with which a blob becomes available.
    pub fn is_quorum(&self, set: &SeatSet) -> bool {
        self.stake_of(set).saturating_mul(3) >= self.stakes.total().saturating_mul(2)
    }
}
