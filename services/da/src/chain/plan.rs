//! Everything that follows from a submission and its committee: who holds which rows, and what seats sign.

use std::sync::Arc;

use noema_chain_client::AccountId;
use noema_da_primitives::{
    Assignment, Attestation, Commitment, Content, Shape, ShapeError, SizeClass, Software,
};

use super::{CommitteeView, EraIndex, Parameters, Standing, SubmissionId, SubmissionInfo};

/// The rules by which rows are assigned and held that this software knows.
pub const RULES: u16 = 1;

/// Why rows cannot be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is too early.
    #[error(
        "the row seed of submission {submission} is not drawn yet: ask again with a later block"
    )]
    AwaitsSeed {
        /// Which.
        submission: SubmissionId,
    },
    /// It never will.
    #[error("the row seed of submission {submission} is lost: it is refunded whole")]
    SeedLost {
        /// Which.
        submission: SubmissionId,
    },
    /// Class and size do not belong together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The chain has other rules.
    #[error("the chain has version {found} of the rules for rows: this software knows version {RULES}; update it")]
    UnknownRules {
        /// The chain's.
        found: u16,
    },
    /// A committee of another era was given.
    #[error("submission {submission} is attested by the committee of era {expected}: given was that of era {found}")]
    OtherCommittee {
        /// Which.
        submission: SubmissionId,
        /// The submission's era.
        expected: EraIndex,
        /// The committee's.
        found: EraIndex,
    },
    /// A seat of the committee has no rows, which its checks exclude.
    #[error("rows cannot be assigned to the committee of era {era}")]
    NotAssignable {
        /// The era.
        era: EraIndex,
    },
}

/// A submission with its committee and the rows of each seat.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who paid.
    pub payer: AccountId,
    /// The blob's shape.
    pub shape: Shape,
    /// What seats sign.
    pub attestation: Attestation,
    /// Whose seats.
    pub committee: Arc<CommitteeView>,
    /// Which rows are whose.
    pub assignment: Assignment,
    /// The first tick in which it is too late for bits.
    pub deadline: u64,
}

impl Plan {
    /// The plan of a submission whose row seed is drawn. Takes up to 1,200 hashes.
    ///
    /// # Errors
    /// When the seed is not known, or what is given does not belong together.
    pub fn new(
        genesis: [u8; 32],
        parameters: &Parameters,
        info: &SubmissionInfo,
        committee: Arc<CommitteeView>,
    ) -> Result<Self, PlanError> {
        let submission = info.submission;
        let seed = match info.standing {
            Standing::AwaitsSeed => return Err(PlanError::AwaitsSeed { submission }),
            Standing::SeedLost => return Err(PlanError::SeedLost { submission }),
            Standing::Submitted { seed } | Standing::Available { seed, .. } => seed,
        };
        if parameters.rules != RULES {
            let found = parameters.rules;
            return Err(PlanError::UnknownRules { found });
        }
        if committee.era() != info.era {
            return Err(PlanError::OtherCommittee {
                submission,
                expected: info.era,
                found: committee.era(),
            });
        }
        let shape = Shape::new(info.class, info.size)?;
        let (id, commitment) = (committee.id(), info.commitment);
        let assignment =
            Assignment::new::<Software>(info.class, committee.stakes(), &id, &commitment, &seed)
                .ok_or(PlanError::NotAssignable { era: info.era })?;
        Ok(Self {
            payer: info.payer,
            shape,
            attestation: Attestation {
                genesis,
                pallet: parameters.pallet,
                rules: parameters.rules,
                submission,
                commitment,
                class: info.class,
                size: info.size,
                content: info.content,
                era: info.era,
                committee: id,
                seed,
            },
            committee,
            assignment,
            deadline: info.deadline,
        })
    }

    /// The submission's number.
    pub fn submission(&self) -> SubmissionId {
        self.attestation.submission
    }

    /// What the coding commits to.
    pub fn commitment(&self) -> Commitment {
        self.attestation.commitment
    }

    /// The blob's class.
    pub fn class(&self) -> SizeClass {
        self.shape.class()
    }

    /// What the blob is.
    pub fn content(&self) -> &Content {
        &self.attestation.content
    }
}
