//! Files that can be proven.

use super::*;

/// A file whose sectors all differ.
#[derive(Clone, Debug)]
pub(crate) struct TestFile {
    pub(crate) root: [u8; 32],
    pub(crate) size: u64,
    sectors: Vec<[u8; SECTOR_SIZE]>,
    leaves: Vec<[u8; 32]>,
}

impl TestFile {
    pub(crate) fn new(size: u64, salt: u8) -> Self {
        let shape = Shape::new(size).unwrap();
        let mut sectors = vec![[0u8; SECTOR_SIZE]; shape.padded_sectors() as usize];
        for at in 0..size as usize {
            let (sector, byte) = (at / SECTOR_SIZE, at % SECTOR_SIZE);
            sectors[sector][byte] = (at + sector) as u8 ^ salt;
        }
        let leaves: Vec<_> = sectors
            .iter()
            .map(|sector| crate::HostHashing::keccak_256(sector))
            .collect();
        let root = tree_root::<crate::HostHashing>(&leaves).unwrap();
        Self {
            root,
            size,
            sectors,
            leaves,
        }
    }

    pub(crate) fn id(&self) -> FileId {
        noema_commitment::file_id::<crate::HostHashing>(&self.root, self.size)
    }

    pub(crate) fn sector_proof(&self, index: u64) -> SectorProof {
        let siblings = tree_siblings::<crate::HostHashing>(&self.leaves, index).unwrap();
        SectorProof {
            sector: self.sectors[index as usize],
            siblings: siblings.try_into().unwrap(),
        }
    }

    /// The proof that a slot awaits, whose seed must be there.
    pub(crate) fn proof(&self, owner: u64, slot: u8) -> SectorProofsOf<Test> {
        self.proof_of(sectors_drawn(self.id(), owner, slot))
    }

    pub(crate) fn proof_of(&self, sectors: Vec<u64>) -> SectorProofsOf<Test> {
        let proofs: Vec<_> = sectors
            .into_iter()
            .map(|sector| self.sector_proof(sector))
            .collect();
        proofs.try_into().unwrap()
    }
}

/// The sectors drawn for a slot that awaits its proof, whose seed must be there.
pub(crate) fn sectors_drawn(file: FileId, owner: u64, slot: u8) -> Vec<u64> {
    let SlotState::Proving {
        provider, draw_at, ..
    } = slot_of(file, owner, slot).state
    else {
        panic!("the slot awaits no proof");
    };
    drawn_sectors::<crate::HostHashing>(
        &Seeds::seed_from(draw_at).unwrap().value,
        &file,
        &PaddedAccount::convert(owner),
        &PaddedAccount::convert(provider),
        slot,
        &Shape::new(deal_of(file, owner).size).unwrap(),
        ProofSectors::get(),
    )
    .collect()
}
