//! Proofs of challenged sectors, made from what is stored.

use noema_chain_client::{Challenge, SectorProof};
use noema_commitment::{sector_proof, verify_sector, Software};

use crate::{
    client::FileRef,
    prove::ProveError,
    store::{Store, StoreError, StoredSegment},
};

/// Why a challenge cannot be answered at present.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) challenge: Challenge,
    /// The file and the segment that is not here; `None` where there is no such file.
    pub(super) segment: Option<(FileRef, u64)>,
    pub(super) error: ProveError,
}

/// What could be proven, and what not.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub(super) answers: Vec<(u8, SectorProof)>,
    pub(super) faults: Vec<Fault>,
}

/// Proves each sector. Reads every segment once if its challenges are behind each other, and holds one at a time.
pub(super) async fn prove(store: &Store, challenges: &[Challenge]) -> Proofs {
    let mut proofs = Proofs::default();
    let mut last: Option<(FileRef, u64, StoredSegment)> = None;
    for challenge in challenges {
        let place = FileRef::new(challenge.root, challenge.size)
            .ok()
            .and_then(|file| {
                let (index, within) = file.shape.segment_of_sector(challenge.sector)?;
                Some((file, index, within))
            });
        let Some((file, index, within)) = place else {
            proofs.faults.push(Fault {
                challenge: *challenge,
                segment: None,
                error: ProveError::NoSuchSector {
                    sector: challenge.sector,
                    size: challenge.size,
                },
            });
            continue;
        };
        let held = last.take().filter(|(f, i, _)| *f == file && *i == index);
        let segment = match held {
            Some((_, _, segment)) => Ok(segment),
            None => read(store, &file, index).await,
        };
        let proof = match segment {
            Ok(segment) => {
                let (segment, proof) = one(&file, index, within, challenge.sector, segment).await;
                last = segment.map(|segment| (file, index, segment));
                proof
            }
            Err(error) => Err(error),
        };
        match proof {
            Ok(proof) => proofs.answers.push((challenge.index, proof)),
            Err(error) => proofs.faults.push(Fault {
                challenge: *challenge,
                segment: Some((file, index)),
                error,
            }),
        }
    }
    proofs
}

async fn read(store: &Store, file: &FileRef, index: u64) -> Result<StoredSegment, ProveError> {
    store
        .read(file, index)
        .await?
        .ok_or(ProveError::Missing(index))
}

/// The proof of one sector, checked as the chain will: a batch with a wrong one is refused whole, and costs its fee.
async fn one(
    file: &FileRef,
    index: u64,
    within: u64,
    sector: u64,
    segment: StoredSegment,
) -> (Option<StoredSegment>, Result<SectorProof, ProveError>) {
    let (shape, root) = (file.shape, file.root);
    let proving = tokio::task::spawn_blocking(move || {
        let proof =
            sector_proof::<Software>(&shape, index, &segment.data, within, &segment.siblings)
                .and_then(|proof| {
                    verify_sector::<Software>(&root, &shape, sector, &proof)?;
                    Ok(proof)
                });
        (segment, proof)
    });
    match proving.await {
        Ok((segment, proof)) => (Some(segment), proof.map_err(ProveError::from)),
        Err(_) => (None, Err(StoreError::Closed.into())),
    }
}

#[cfg(test)]
mod tests {
    use noema_chain_client::AccountId;
    use noema_commitment::SEGMENT_SIZE;

    use super::*;
    use crate::testing::{data_path, fill, open_store, Sample};

    fn challenge(sample: &Sample, index: u8, sector: u64) -> Challenge {
        Challenge {
            index,
            root: sample.file.root,
            size: sample.file.size(),
            owner: AccountId([1; 32]),
            slot: 0,
            sector,
            answered: false,
        }
    }

    #[tokio::test]
    async fn sectors_of_one_segment_and_of_several_files_are_proven_twice_if_asked_twice() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path(), AccountId([40; 32]));
        let (big, small) = (Sample::new(2 * SEGMENT_SIZE + 700, 0), Sample::new(100, 1));
        fill(&store, &big).await;
        fill(&store, &small).await;
        let per_segment = (SEGMENT_SIZE / 256) as u64;
        let asked = [
            challenge(&big, 0, 3),
            challenge(&big, 1, 3),
            challenge(&big, 2, per_segment - 1),
            challenge(&big, 3, 2 * per_segment + 2),
            challenge(&small, 4, 0),
        ];
        let proofs = prove(&store, &asked).await;
        assert!(proofs.faults.is_empty(), "{:?}", proofs.faults);
        assert_eq!(proofs.answers.len(), 5);
        for ((index, proof), challenge) in proofs.answers.iter().zip(&asked) {
            assert_eq!(*index, challenge.index);
            let file = FileRef::new(challenge.root, challenge.size).unwrap();
            verify_sector::<Software>(&file.root, &file.shape, challenge.sector, proof).unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_missing_damaged_or_impossible_keeps_nothing_else_from_being_proven() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path(), AccountId([40; 32]));
        let whole = Sample::new(300, 0);
        fill(&store, &whole).await;
        let broken = Sample::new(2 * SEGMENT_SIZE, 1);
        fill(&store, &broken).await;
        let path = data_path(dir.path(), &broken);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let absent = Sample::new(400, 2);
        let asked = [
            challenge(&broken, 0, 0),
            challenge(&broken, 1, 1500),
            challenge(&absent, 2, 0),
            challenge(&whole, 3, 99),
            challenge(&whole, 4, 1),
        ];
        let proofs = prove(&store, &asked).await;
        let answered: Vec<_> = proofs.answers.iter().map(|(index, _)| *index).collect();
        assert_eq!(answered, [1, 4]);
        let faults: Vec<_> = proofs
            .faults
            .iter()
            .map(|fault| (fault.challenge.index, fault.segment.map(|(_, index)| index)))
            .collect();
        assert_eq!(faults, [(0, Some(0)), (2, Some(0)), (3, None)]);
        assert!(matches!(
            proofs.faults[0].error,
            ProveError::Store(StoreError::Damaged { .. })
        ));
    }
}
