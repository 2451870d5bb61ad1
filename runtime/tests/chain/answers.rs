//! What answers to audits are made of, and what they have room in.

use frame_support::{dispatch::DispatchClass, weights::Weight};
use noema_commitment::{path, zero_root, SectorProof, Shape, SECTOR_SIZE};
use noema_runtime::weights::block::BlockWeights;
use pallet_noema_storage::HostHashing;

/// What the normal class may use of a block.
pub(crate) fn normal() -> Weight {
    let limits = BlockWeights::get();
    limits
        .get(DispatchClass::Normal)
        .max_total
        .expect("the normal class is limited")
}

/// A sector of a file of zeros.
pub(crate) fn proof(shape: &Shape, sector: u64) -> SectorProof {
    let siblings: Vec<_> = path(sector, shape.padded_sectors())
        .map(|step| zero_root::<HostHashing>(step.leaves))
        .collect();
    SectorProof {
        sector: [0; SECTOR_SIZE],
        siblings: siblings.try_into().expect("not that deep"),
    }
}
