//! What is said of a blob.

use noema_chain_client::Hash;
use noema_da_primitives::MemberProof;

use super::{
    book::BookError,
    record::{FailureKind, Request, Stage},
    Gateway,
};
use crate::{
    client::SeatReport,
    wire::{BlobState, BlobStatus, FaultStatus, MemberStatus},
};

pub(super) fn fault_status(report: &SeatReport) -> FaultStatus {
    FaultStatus {
        // A committee has a hundred seats.
        seat: report.seat as u8,
        fault: report.fault.word().to_owned(),
        message: report.fault.to_string(),
    }
}

pub(super) fn member_status(proof: &MemberProof) -> MemberStatus {
    MemberStatus {
        index: proof.index,
        offset: proof.offset,
        size: proof.size,
        id: Hash(proof.id.0),
        siblings: proof.siblings.iter().map(|node| Hash(*node)).collect(),
    }
}

impl<C> Gateway<C> {
    /// How a blob stands; a member as its bundle does.
    pub(super) fn status(&self, request: &Request) -> Result<BlobStatus, BookError> {
        let Stage::Bundled { bundle, index, .. } = request.stage else {
            return Ok(self.own_status(request));
        };
        let missing = || BookError::Damaged(format!("bundle {bundle} is missing"));
        let bundle = self.book.get(&bundle)?.ok_or_else(missing)?;
        let proof = self.book.front(&bundle)?.prover().prove(index)?;
        Ok(BlobStatus {
            id: request.id.to_string(),
            size: request.size,
            member: Some(member_status(&proof)),
            ..self.own_status(&bundle)
        })
    }

    fn own_status(&self, request: &Request) -> BlobStatus {
        let (mut reason, mut on_chain) = (None, None);
        let state = match &request.stage {
            Stage::Received | Stage::Bundled { .. } => BlobState::Received,
            Stage::Submitting { .. } => BlobState::Submitting,
            Stage::Submitted {
                commitment,
                submission,
            } => {
                on_chain = Some((*commitment, *submission));
                BlobState::Submitted
            }
            Stage::Available {
                commitment,
                submission,
            } => {
                on_chain = Some((*commitment, *submission));
                BlobState::Available
            }
            Stage::Failed { kind, reason: why } => {
                reason = Some(why.clone());
                match kind {
                    FailureKind::TooFewSignatures => BlobState::TooFewSignatures,
                    FailureKind::Refused | FailureKind::SeedLost => BlobState::Failed,
                }
            }
        };
        let live = self.live().get(&request.id).cloned();
        let reports =
            live.and_then(|live| Some(live.seats.get()?.reports(live.plan.get()?, false)));
        let noted = |(seat, fault, message): &(u8, String, String)| FaultStatus {
            seat: *seat,
            fault: fault.clone(),
            message: message.clone(),
        };
        BlobStatus {
            id: request.id.to_string(),
            size: request.size,
            state,
            reason,
            commitment: on_chain.map(|(commitment, _)| Hash(commitment.0)),
            submission: on_chain.map(|(_, submission)| submission),
            member: None,
            faults: match reports {
                Some(reports) => reports.iter().map(fault_status).collect(),
                None => request.faults.iter().map(noted).collect(),
            },
        }
    }
}
