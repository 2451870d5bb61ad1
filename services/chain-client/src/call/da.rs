//! Calls of data availability: of seats, of submitters, of who attests.

use noema_da_primitives::{Commitment, Content, MemberProof, Namespace, RowProof, SEAT_KEY_BYTES};
use subxt::utils::AccountId32;

use super::{encode, BoundedVec};
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            noema_da_primitives::{
                bundle::BundleHeader as ChainBundle,
                content::Content as ChainContent,
                id::{Commitment as ChainCommitment, MemberId as ChainMemberId},
                member::MemberProof as ChainMemberProof,
                namespace::Namespace as ChainNamespace,
                row::RowProof as ChainRowProof,
            },
            pallet_noema_da::bits::SeatBits as ChainBits,
        },
    },
    state::StateAt,
    types::{AccountId, Balance, RoundIndex},
};

/// A call of data availability.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DaCall {
    /// Gives the caller's provider a key, in the place of the one that it has (bonded account or operator key).
    SetKey {
        /// BLS12-381 public key, compressed.
        key: [u8; SEAT_KEY_BYTES],
        /// Proof of possession.
        proof: [u8; 96],
        /// A provider with less stake whose place is taken when there is no other.
        instead_of: Option<AccountId>,
    },
    /// Takes a provider's key away.
    RetireKey {
        /// Whose.
        provider: AccountId,
    },
    /// Submits a blob.
    Submit {
        /// What the coding commits to.
        commitment: Commitment,
        /// Exact bytes of the blob.
        size: u32,
        /// What the blob is.
        content: Content,
        /// Where it is listed.
        namespace: Namespace,
        /// For how many days.
        days: u8,
        /// What it may cost at most, the deposit not included, in the smallest unit.
        max_fee: Balance,
    },
    /// Hands in the signatures of seats, added up. Free when it makes the blob available.
    Attest {
        /// The submission.
        submission: u64,
        /// Who signed: seat i is bit i % 8 of byte i / 8.
        bits: [u8; 13],
        /// The sum of their signatures.
        signature: [u8; 96],
    },
    /// Refunds or expires a submission that is due, without waiting for the chain to do so.
    Expire {
        /// The submission.
        submission: u64,
    },
    /// Buys further days.
    Extend {
        /// The submission.
        submission: u64,
        /// How many.
        days: u8,
        /// What they may cost at most, in the smallest unit.
        max_fee: Balance,
    },
    /// Records a member of an available bundle.
    SubmitMember {
        /// The bundle's submission.
        submission: u64,
        /// Which member, with the way to the bundle's root.
        proof: MemberProof,
        /// Where it is listed.
        namespace: Namespace,
        /// For how many days from the one that runs.
        days: u8,
        /// What it may cost at most, the deposit not included, in the smallest unit.
        max_fee: Balance,
    },
    /// Takes the record of a member away whose window is over.
    ExpireMember {
        /// Where it is listed.
        namespace: Namespace,
        /// Its number there.
        index: u64,
    },
    /// Answers challenges of the running round (operator key). Free when it is accepted.
    Answer {
        /// The round.
        round: RoundIndex,
        /// Rows with the indices of the challenges that they answer.
        answers: Vec<(u8, RowProof)>,
    },
    /// Settles rounds of a seat that are over. Free when one of them was missed; then a part of the fee for that is the caller's.
    Poke {
        /// Whose rounds.
        provider: AccountId,
    },
}

impl DaCall {
    /// The call in SCALE for the runtime at `state`.
    pub(super) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let da = runtime::tx().data_availability();
        let audits = runtime::tx().row_audits();
        match self {
            Self::SetKey {
                key,
                proof,
                instead_of,
            } => {
                let instead_of = instead_of.map(AccountId32::from);
                encode(state, da.set_key(*key, *proof, instead_of).unvalidated())
            }
            Self::RetireKey { provider } => {
                let call = da.retire_key(AccountId32::from(*provider));
                encode(state, call.unvalidated())
            }
            Self::Submit {
                commitment,
                size,
                content,
                namespace,
                days,
                max_fee,
            } => {
                let call = da.submit(
                    ChainCommitment(commitment.0),
                    *size,
                    content.into(),
                    ChainNamespace(namespace.0),
                    *days,
                    *max_fee,
                );
                encode(state, call.unvalidated())
            }
            Self::Attest {
                submission,
                bits,
                signature,
            } => {
                let call = da.attest(*submission, ChainBits(*bits), *signature);
                encode(state, call.unvalidated())
            }
            Self::Expire { submission } => encode(state, da.expire(*submission).unvalidated()),
            Self::Extend {
                submission,
                days,
                max_fee,
            } => {
                let call = da.extend(*submission, *days, *max_fee);
                encode(state, call.unvalidated())
            }
            Self::SubmitMember {
                submission,
                proof,
                namespace,
                days,
                max_fee,
            } => {
                let namespace = ChainNamespace(namespace.0);
                let call = da.submit_member(*submission, proof.into(), namespace, *days, *max_fee);
                encode(state, call.unvalidated())
            }
            Self::ExpireMember { namespace, index } => {
                let call = da.expire_member(ChainNamespace(namespace.0), *index);
                encode(state, call.unvalidated())
            }
            Self::Answer { round, answers } => {
                let answers = answers
                    .iter()
                    .map(|(index, proof)| (*index, ChainRowProof::from(proof)));
                let call = audits.answer(*round, BoundedVec(answers.collect()));
                encode(state, call.unvalidated())
            }
            Self::Poke { provider } => {
                let call = audits.poke(AccountId32::from(*provider));
                encode(state, call.unvalidated())
            }
        }
    }
}

impl From<&Content> for ChainContent {
    fn from(content: &Content) -> Self {
        match content {
            Content::Plain => Self::Plain,
            Content::Bundle(header) => Self::Bundle(ChainBundle {
                count: header.count,
                root: header.root,
            }),
        }
    }
}

impl From<&MemberProof> for ChainMemberProof {
    fn from(proof: &MemberProof) -> Self {
        Self {
            index: proof.index,
            offset: proof.offset,
            size: proof.size,
            id: ChainMemberId(proof.id.0),
            siblings: BoundedVec(proof.siblings.to_vec()),
        }
    }
}

impl From<&RowProof> for ChainRowProof {
    fn from(proof: &RowProof) -> Self {
        Self {
            row: BoundedVec(proof.row.to_vec()),
            siblings: BoundedVec(proof.siblings.to_vec()),
            combinations_root: proof.combinations_root,
        }
    }
}
