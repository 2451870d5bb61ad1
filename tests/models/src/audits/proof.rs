//! What answers a challenge. Instead of hashes there is the item that a proof was made for.

use crate::audits::{error::Error, population::Item};

/// A proof that somebody read a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it was made for.
    pub of: Item,
    /// How many siblings it carries.
    pub siblings: u32,
    /// Whether a bit was changed.
    pub flipped: bool,
}

/// Siblings that a proof of a sector of a file with as many sectors has.
pub fn siblings(sectors: u64) -> u32 {
    sectors.max(1).next_power_of_two().ilog2()
}

impl Proof {
    /// The right answer to a challenge.
    pub fn of(item: Item) -> Self {
        Self {
            of: item,
            siblings: siblings(item.sectors),
            flipped: false,
        }
    }

    /// What can be seen without hashing: whether a proof of this item can have this length.
    pub fn check_length(&self, item: &Item) -> Result<(), Error> {
        match self.siblings == siblings(item.sectors) {
            true => Ok(()),
            false => Err(Error::WrongProofLength),
        }
    }

    /// What takes hashing.
    pub fn verify(&self, item: &Item) -> Result<(), Error> {
        match self.of == *item && !self.flipped {
            true => Ok(()),
            false => Err(Error::WrongProof),
        }
    }
}
