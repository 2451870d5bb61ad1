//! Populations over plain maps and a real sum tree of six levels, and what storage must do when they change.

use super::*;

/// A sector of a replica.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Item {
    pub(crate) replica: u64,
    pub(crate) sectors: u64,
    pub(crate) sector: u64,
}

/// A proof that somebody read it: what it was made for instead of hashes.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Proof {
    pub(crate) of: Item,
    pub(crate) siblings: u32,
    pub(crate) dirty: bool,
    pub(crate) flipped: bool,
}

impl Proof {
    pub(crate) fn of(item: Item) -> Self {
        Self {
            of: item,
            siblings: siblings(item.sectors),
            dirty: false,
            flipped: false,
        }
    }
}

fn siblings(sectors: u64) -> u32 {
    sectors.max(1).next_power_of_two().ilog2()
}

/// A replica that can be challenged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct Leaf {
    pub(crate) replica: u64,
    pub(crate) sectors: u64,
}

#[storage_alias]
pub(crate) type Leaves = StorageDoubleMap<MockReplicas, Twox64Concat, u64, Twox64Concat, u32, Leaf>;
#[storage_alias]
pub(crate) type LeafCount =
    StorageMap<MockReplicas, Twox64Concat, u64, u32, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub(crate) type Nodes =
    StorageDoubleMap<MockReplicas, Blake2_128Concat, u64, Blake2_128Concat, (u32, u32), Node>;
/// Who is being dropped, and what the episode took: what storage knows.
#[storage_alias]
pub(crate) type Drops = StorageMap<MockReplicas, Twox64Concat, u64, Balance>;
/// What everybody was asked for when the running round opened.
#[storage_alias]
pub(crate) type DrawnAtOpening =
    StorageMap<MockReplicas, Twox64Concat, u64, (RoundIndex, Vec<Item>)>;

/// One provider's tree.
pub(crate) struct Tree(u64);
impl NodeStore for Tree {
    const DEPTH: u32 = 6;

    fn get(&self, level: u32, index: u32) -> Option<Node> {
        Nodes::get(self.0, (level, index))
    }
    fn set(&mut self, level: u32, index: u32, node: Node) {
        Nodes::insert(self.0, (level, index), node);
    }
    fn remove(&mut self, level: u32, index: u32) {
        Nodes::remove(self.0, (level, index));
    }
}

/// Why the mock's storage does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Frozen(Frozen),
    BeingDropped,
    UnknownReplica,
    NothingToDrop,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Frozen(refusal.reason)
    }
}

/// Populations, and what storage must do.
pub struct Replicas;

impl Replicas {
    /// How many leaves there are.
    pub(crate) fn count(provider: u64) -> u32 {
        LeafCount::get(provider)
    }

    /// The leaves in their order.
    pub(crate) fn leaves(provider: u64) -> Vec<Leaf> {
        (0..LeafCount::get(provider))
            .map(|leaf| Leaves::get(provider, leaf).unwrap())
            .collect()
    }

    pub(crate) fn push(provider: u64, leaf: Leaf) {
        let count = LeafCount::get(provider);
        Leaves::insert(provider, count, leaf);
        LeafCount::insert(provider, count + 1);
        noema_sum_tree::set_weight(&mut Tree(provider), count, leaf.sectors).unwrap();
        Wages::begin(provider, round_of_joining(), Balance::from(leaf.sectors));
    }

    /// Takes a leaf out; the last one moves there.
    pub(crate) fn swap_remove(provider: u64, place: u32) -> Option<Leaf> {
        let leaf = Leaves::get(provider, place)?;
        let last = LeafCount::get(provider) - 1;
        let moved = Leaves::take(provider, last).unwrap();
        noema_sum_tree::set_weight(&mut Tree(provider), last, 0).unwrap();
        if last != place {
            Leaves::insert(provider, place, moved);
            noema_sum_tree::set_weight(&mut Tree(provider), place, moved.sectors).unwrap();
        }
        match last {
            0 => LeafCount::remove(provider),
            _ => LeafCount::insert(provider, last),
        }
        Wages::stop(provider, round_of_joining(), Balance::from(leaf.sectors));
        Some(leaf)
    }

    /// A replica becomes auditable.
    pub(crate) fn insert(provider: u64, leaf: Leaf) -> Result<(), Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            if Audits::is_dropping(&provider) {
                return Err(Refused::BeingDropped);
            }
            Self::push(provider, leaf);
            Ok(())
        })
    }

    /// A replica goes, whoever wants it.
    pub(crate) fn remove(provider: u64, place: u32) -> Result<Leaf, Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            Self::swap_remove(provider, place).ok_or(Refused::UnknownReplica)
        })
    }

    /// Takes replicas from a provider that is being dropped, the last first. Returns how many.
    pub(crate) fn take(provider: u64, most: u32) -> Result<u32, Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            if !Drops::contains_key(provider) {
                return Err(Refused::NothingToDrop);
            }
            let mut taken = 0;
            while taken < most && LeafCount::get(provider) > 0 {
                Audits::before_change(&provider)?;
                Self::swap_remove(provider, LeafCount::get(provider) - 1);
                taken += 1;
            }
            if LeafCount::get(provider) == 0 {
                Drops::remove(provider);
                Audits::emptied(&provider);
            }
            Ok(taken)
        })
    }
}

/// The round that a change belongs to: what is begun in it is challenged and paid from the next one on.
fn round_of_joining() -> RoundIndex {
    <Audits as noema_traits::Rounds>::current()
}

/// Everything or nothing, as in a call.
pub(crate) fn transact<T, E>(change: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    frame_support::storage::with_transaction_unchecked(|| match change() {
        Ok(done) => sp_runtime::TransactionOutcome::Commit(Ok(done)),
        Err(error) => sp_runtime::TransactionOutcome::Rollback(Err(error)),
    })
}

impl Auditable<u64, Balance> for Replicas {
    type Item = Item;
    type Proof = Proof;

    fn population(provider: &u64, _round: RoundIndex) -> Population {
        let units = noema_sum_tree::total(&Tree(*provider));
        Population {
            units,
            bytes: 256 * units,
        }
    }

    fn item_at(provider: &u64, _round: RoundIndex, target: u128) -> Option<Item> {
        let place = noema_sum_tree::draw(&Tree(*provider), target)?;
        let before: u128 = (0..place)
            .map(|leaf| u128::from(Leaves::get(provider, leaf).unwrap().sectors))
            .sum();
        let leaf = Leaves::get(provider, place)?;
        Some(Item {
            replica: leaf.replica,
            sectors: leaf.sectors,
            sector: u64::try_from(target - before).unwrap(),
        })
    }

    fn next_populated(provider: &u64, from: RoundIndex) -> Option<RoundIndex> {
        LeafCount::contains_key(provider).then_some(from)
    }

    fn check(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        match proof {
            _ if proof.siblings != siblings(item.sectors) => Err(ProofFault::WrongLength),
            _ if proof.dirty => Err(ProofFault::Malformed),
            _ => Ok(()),
        }
    }

    fn verify(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        match proof.of == *item && !proof.flipped {
            true => Ok(()),
            false => Err(ProofFault::WrongProof),
        }
    }

    fn begin_drop(provider: &u64, taken: Balance) {
        assert!(!Drops::contains_key(provider), "a drop begins twice");
        assert!(Audits::is_dropping(provider), "whoever is told finds it so");
        Drops::insert(provider, taken);
        if DropAtOnce::get() {
            while LeafCount::get(provider) > 0 {
                Self::swap_remove(*provider, LeafCount::get(provider) - 1);
            }
            Drops::remove(provider);
            Audits::emptied(provider);
        }
    }

    fn populated() -> Vec<u64> {
        LeafCount::iter_keys().collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(provider: &u64, items: u32) {
        for replica in 0..items {
            let sectors = 1 << 46;
            Self::push(
                *provider,
                Leaf {
                    replica: replica.into(),
                    sectors,
                },
            );
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &Item) -> Proof {
        Proof::of(*item)
    }
}
