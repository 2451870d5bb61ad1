//! What a provider must hold, as leaves in an order. The pallet keeps a sum tree; here it is a list
//! that is scanned.

/// Bytes of a unit of weight, a sector.
pub const UNIT_BYTES: u128 = 256;

/// A replica that can be challenged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Names the replica.
    pub replica: u64,
    /// Its sectors with data: its weight. At least 1.
    pub sectors: u64,
}

/// One challenge, complete: it can be checked when the replica has left the population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The replica.
    pub replica: u64,
    /// Its sectors, which fix the length of a proof.
    pub sectors: u64,
    /// The sector asked for.
    pub sector: u64,
}

/// The auditable replicas of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    leaves: Vec<Leaf>,
}

impl Population {
    /// The leaves in their order.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Whether there is nothing to challenge.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Sectors in all.
    pub fn units(&self) -> u128 {
        self.leaves
            .iter()
            .map(|leaf| u128::from(leaf.sectors))
            .sum()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u128 {
        self.units() * UNIT_BYTES
    }

    /// Adds a leaf behind the last.
    pub fn insert(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }

    /// Takes the leaf at this place out; the last one moves there.
    pub fn remove(&mut self, place: usize) -> Option<Leaf> {
        (place < self.leaves.len()).then(|| self.leaves.swap_remove(place))
    }

    /// The sector that owns `target` when all sectors are laid out in the order of the leaves.
    pub fn item_at(&self, target: u128) -> Option<Item> {
        let mut rest = target;
        for leaf in &self.leaves {
            let sectors = u128::from(leaf.sectors);
            if rest < sectors {
                return Some(Item {
                    replica: leaf.replica,
                    sectors: leaf.sectors,
                    sector: u64::try_from(rest).unwrap_or(u64::MAX),
                });
            }
            rest -= sectors;
        }
        None
    }
}
