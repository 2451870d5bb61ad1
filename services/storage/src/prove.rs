//! Proving the sectors that were drawn.

use noema_chain_client::{AccountId, SectorProof};
use noema_commitment::{drawn_sectors, sector_proof, ProofError, Software};

use crate::{
    client::FileRef,
    directory::Tracked,
    store::{Store, StoreError},
};

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    /// A segment is not here; it is being fetched from peers.
    #[error("segment {0} is missing")]
    Missing(u64),
    /// The chain asks for what a file of this size does not have.
    #[error("a file of {size} bytes has no sector {sector}")]
    NoSuchSector {
        /// The sector.
        sector: u64,
        /// Bytes of the file.
        size: u64,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// The sectors drawn for a slot, in the order in which they are proven.
pub(crate) fn drawn(item: &Tracked, provider: &AccountId, seed: &[u8; 32], count: u32) -> Vec<u64> {
    let (file, owner) = (&item.file.file.0, &item.owner.0);
    let shape = &item.file.shape;
    drawn_sectors::<Software>(seed, file, owner, &provider.0, item.slot, shape, count).collect()
}

/// The proofs of these sectors, in their order.
pub(crate) async fn prove(
    store: &Store,
    file: &FileRef,
    sectors: Vec<u64>,
) -> Result<Vec<SectorProof>, ProveError> {
    let mut proofs = Vec::with_capacity(sectors.len());
    for sector in sectors {
        let (index, within) =
            file.shape
                .segment_of_sector(sector)
                .ok_or(ProveError::NoSuchSector {
                    sector,
                    size: file.size(),
                })?;
        let segment = store
            .read(file, index)
            .await?
            .ok_or(ProveError::Missing(index))?;
        let shape = file.shape;
        let proving = tokio::task::spawn_blocking(move || {
            sector_proof::<Software>(&shape, index, &segment.data, within, &segment.siblings)
        });
        proofs.push(proving.await.map_err(|_| StoreError::Closed)??);
    }
    Ok(proofs)
}
