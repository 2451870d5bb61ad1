//! What a provider can be challenged for: a row of leaves without gaps, one for each replica, in a sum tree. Changed only after the audits said that it may be.

use crate::{
    records::{Challenge, Drop, Leaf},
    types::FileId,
    BalanceOf, Config, DealOf, Deals, Drops, Error, Event, LeafCounts, LeafNodes, Leaves, Pallet,
};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{defensive, traits::Get, weights::Weight};
use noema_commitment::{
    check_sector_form, verify_sector, ProofError, SectorProof, Shape, SECTOR_SIZE,
};
use noema_sum_tree::{Node, NodeStore};
use noema_traits::{AuditFreeze, Auditable, Frozen, Population, ProofFault, RoundIndex, Rounds};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

/// Bytes of a sector.
const SECTOR_BYTES: u128 = 256;
const _: () = assert!(SECTOR_SIZE == 256);

/// The tree over the leaves of a provider.
pub(crate) struct LeafTree<'a, T: Config>(&'a T::AccountId, PhantomData<T>);

impl<'a, T: Config> LeafTree<'a, T> {
    /// That of `provider`.
    pub(crate) const fn new(provider: &'a T::AccountId) -> Self {
        Self(provider, PhantomData)
    }
}

impl<T: Config> NodeStore for LeafTree<'_, T> {
    // 16.7 million leaves; a unit is drawn with a bias below 2⁻⁴⁰.
    const DEPTH: u32 = 6;

    fn get(&self, level: u32, index: u32) -> Option<Node> {
        LeafNodes::<T>::get(self.0, (level, index))
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        LeafNodes::<T>::insert(self.0, (level, index), node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        LeafNodes::<T>::remove(self.0, (level, index));
    }
}

impl<T> From<Frozen> for Error<T> {
    fn from(frozen: Frozen) -> Self {
        match frozen {
            Frozen::Drawing => Self::RoundDrawing,
            Frozen::Unsettled => Self::ProviderUnsettled,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Tells the audits that the population of `provider` is about to change. Called for everybody concerned before anything that it may change is read: it settles
    /// what is over, and draws by the deals as they are stored. Adds what that took to `spent`, refused or not.
    pub(crate) fn before_change(provider: &T::AccountId, spent: &mut Weight) -> DispatchResult {
        match T::Audits::before_change(provider) {
            Ok(weight) => {
                spent.saturating_accrue(weight);
                Ok(())
            }
            Err(refusal) => {
                spent.saturating_accrue(refusal.weight);
                Err(Error::<T>::from(refusal.reason).into())
            }
        }
    }

    /// Sectors of a file that hold data.
    pub(crate) fn data_sectors(size: u64) -> Result<u64, DispatchError> {
        let shape = Shape::new(size).map_err(|_| Error::<T>::FileTooLarge)?;
        Ok(shape.sectors())
    }

    fn set_leaf_weight(provider: &T::AccountId, leaf: u32, sectors: u64) -> DispatchResult {
        noema_sum_tree::set_weight(&mut LeafTree::<T>::new(provider), leaf, sectors).map_err(
            |error| {
                defensive!("the sum tree refused a weight", error);
                ArithmeticError::Overflow.into()
            },
        )
    }

    /// Puts a replica behind the last leaf. Returns its number.
    pub(crate) fn push_leaf(
        provider: &T::AccountId,
        leaf: Leaf<T::AccountId>,
        size: u64,
    ) -> Result<u32, DispatchError> {
        let number = LeafCounts::<T>::get(provider);
        let count = number.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        Self::set_leaf_weight(provider, number, Self::data_sectors(size)?)?;
        Leaves::<T>::insert(provider, number, leaf);
        LeafCounts::<T>::insert(provider, count);
        Ok(number)
    }

    /// Takes a leaf away; the last one moves to its place, and its slot learns of it. That slot is in another deal: no provider has two of one.
    pub(crate) fn remove_leaf(provider: &T::AccountId, number: u32) -> DispatchResult {
        let last = LeafCounts::<T>::get(provider)
            .checked_sub(1)
            .ok_or(ArithmeticError::Underflow)?;
        let moved = Leaves::<T>::take(provider, last).ok_or(ArithmeticError::Underflow)?;
        Self::set_leaf_weight(provider, last, 0)?;
        if last != number {
            let size = Self::move_leaf(provider, &moved, number)?;
            Self::set_leaf_weight(provider, number, Self::data_sectors(size)?)?;
            Leaves::<T>::insert(provider, number, moved);
        }
        if last == 0 {
            LeafCounts::<T>::remove(provider);
        } else {
            LeafCounts::<T>::insert(provider, last);
        }
        Ok(())
    }

    /// Tells a slot that its earner has another leaf. Returns the size of the file.
    fn move_leaf(
        provider: &T::AccountId,
        leaf: &Leaf<T::AccountId>,
        number: u32,
    ) -> Result<u64, DispatchError> {
        Deals::<T>::try_mutate(leaf.file, &leaf.owner, |deal| {
            let deal = deal.as_mut().ok_or(Error::<T>::UnknownDeal)?;
            Self::set_leaf_of(deal, leaf.slot, provider, number)?;
            Ok(deal.size)
        })
    }

    /// Writes another leaf down for the earner of a slot.
    fn set_leaf_of(
        deal: &mut DealOf<T>,
        index: u8,
        provider: &T::AccountId,
        number: u32,
    ) -> DispatchResult {
        let slot = deal.slot_mut(index).ok_or(Error::<T>::UnknownSlot)?;
        if let Some(old) = slot
            .leaving
            .as_mut()
            .filter(|old| old.provider == *provider)
        {
            old.leaf = number;
            return Ok(());
        }
        match &mut slot.state {
            crate::SlotState::Held {
                provider: holder,
                joined: Some((_, leaf)),
                ..
            } if holder == provider => {
                *leaf = number;
                Ok(())
            }
            _ => {
                defensive!("a leaf is of a slot that its provider does not earn");
                Err(Error::<T>::UnknownSlot.into())
            }
        }
    }

    /// The leaf of a replica has another owner.
    pub(crate) fn rename_leaf(
        provider: &T::AccountId,
        number: u32,
        file: &FileId,
        owner: &T::AccountId,
        slot: u8,
    ) {
        let leaf = Leaf {
            file: *file,
            owner: owner.clone(),
            slot,
        };
        Leaves::<T>::insert(provider, number, leaf);
    }
}

/// What audits call a fault of a proof.
fn fault(error: ProofError) -> ProofFault {
    match error {
        ProofError::WrongSiblingCount { .. } => ProofFault::WrongLength,
        ProofError::DataBehindEnd { .. } => ProofFault::Malformed,
        _ => ProofFault::WrongProof,
    }
}

impl<T: Config> Auditable<T::AccountId, BalanceOf<T>> for Pallet<T> {
    type Item = Challenge<T::AccountId>;
    type Proof = SectorProof;

    /// The same in every round: whatever changes it is preceded by `before_change`.
    fn population(provider: &T::AccountId, _round: RoundIndex) -> Population {
        let units = noema_sum_tree::total(&LeafTree::<T>::new(provider));
        Population {
            units,
            bytes: units.saturating_mul(SECTOR_BYTES),
        }
    }

    fn item_at(provider: &T::AccountId, _round: RoundIndex, target: u128) -> Option<Self::Item> {
        let tree = LeafTree::<T>::new(provider);
        let (number, sector) = noema_sum_tree::draw_within(&tree, target)?;
        let Leaf { file, owner, slot } = Leaves::<T>::get(provider, number)?;
        let deal = Deals::<T>::get(file, &owner)?;
        Some(Challenge {
            root: deal.root,
            size: deal.size,
            owner,
            slot,
            sector,
        })
    }

    fn next_populated(provider: &T::AccountId, from: RoundIndex) -> Option<RoundIndex> {
        LeafCounts::<T>::contains_key(provider).then_some(from)
    }

    fn check(item: &Self::Item, proof: &SectorProof) -> Result<(), ProofFault> {
        let shape = Shape::new(item.size).map_err(|_| ProofFault::WrongProof)?;
        check_sector_form(&shape, item.sector, proof).map_err(fault)
    }

    fn verify(item: &Self::Item, proof: &SectorProof) -> Result<(), ProofFault> {
        let shape = Shape::new(item.size).map_err(|_| ProofFault::WrongProof)?;
        verify_sector::<T::FileHasher>(&item.root, &shape, item.sector, proof).map_err(fault)
    }

    fn begin_drop(provider: &T::AccountId, taken: BalanceOf<T>) {
        if Drops::<T>::contains_key(provider) {
            defensive!("a drop begins while another goes on");
            return;
        }
        let budget = T::BountyShare::get().mul_floor(taken);
        let drop = Drop {
            budget,
            left: budget,
            bytes: Self::population(provider, T::Clock::current()).bytes,
        };
        Drops::<T>::insert(provider, drop);
        Self::deposit_event(Event::DropStarted {
            provider: provider.clone(),
            budget,
        });
    }

    fn populated() -> Vec<T::AccountId> {
        LeafCounts::<T>::iter_keys().collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(provider: &T::AccountId, items: u32) {
        crate::benchmarking::fill::<T>(provider, items);
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &Self::Item) -> SectorProof {
        crate::benchmarking::answer_for::<T>(item)
    }
}
