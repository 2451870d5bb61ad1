//! Audits, as those see them whose populations are audited, and those who are audited as audits see them.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Role, RoundIndex};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, FullCodec, MaxEncodedLen};
use core::fmt::Debug;
use scale_info::TypeInfo;
use sp_weights::Weight;

/// Why a population cannot change at this moment.
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
pub enum Frozen {
    /// The round is being drawn: again in a few blocks.
    #[codec(index = 0)]
    Drawing,
    /// Too many rounds of the provider are unsettled: `poke` it first.
    #[codec(index = 1)]
    Unsettled,
}

/// A population that cannot change, and what finding that out took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why not.
    pub reason: Frozen,
    /// What was done and undone.
    pub weight: Weight,
}

/// What audits must hear from whoever changes populations.
pub trait AuditFreeze<AccountId> {
    /// Must be called before a replica is put into the population of `provider` or taken out of it,
    /// whoever wants it, before anything is read that settling may change. An error leaves everything
    /// as it was, and the change must not be made. Settles what is over and writes down what is drawn.
    ///
    /// When it returns, everything may have been decided to be dropped: whoever adds something asks
    /// [`AuditFreeze::is_dropping`] afterwards. Returns what it took, which is far less than it may take
    /// wherever little is to settle.
    fn before_change(provider: &AccountId) -> Result<Weight, Refusal>;

    /// Puts the provider on record, with the first round that is not drawn as the first to settle, unless it is there. Whoever implements [`Auditable`] so that a
    /// population begins without a change that [`AuditFreeze::before_change`] precedes must call it before the round in which it begins is drawn: who is not on record is
    /// never judged. Returns what it took.
    fn enlist(provider: &AccountId) -> Weight;

    /// What [`AuditFreeze::enlist`] weighs at most.
    fn weight_of_enlist() -> Weight {
        Weight::zero()
    }

    /// The last replica, in any state, of a provider that is being dropped is gone. Harmless otherwise.
    fn emptied(provider: &AccountId);

    /// Whether everything is being taken from the provider: it must get nothing new.
    fn is_dropping(provider: &AccountId) -> bool;

    /// Everybody of whom that is so, for `try_state` and tests: it iterates. Who says nothing is not checked.
    fn dropping() -> Vec<AccountId> {
        Vec::new()
    }

    /// What [`AuditFreeze::before_change`] weighs at most. A caller adds it to its own weight, once for
    /// each provider that it touches, and gives back what was not taken.
    fn weight_of_before_change() -> Weight {
        Weight::zero()
    }

    /// What [`AuditFreeze::emptied`] weighs at most.
    fn weight_of_emptied() -> Weight {
        Weight::zero()
    }
}

/// No audits: everything may change at any time.
impl<AccountId> AuditFreeze<AccountId> for () {
    fn before_change(_provider: &AccountId) -> Result<Weight, Refusal> {
        Ok(Weight::zero())
    }

    fn enlist(_provider: &AccountId) -> Weight {
        Weight::zero()
    }

    fn emptied(_provider: &AccountId) {}

    fn is_dropping(_provider: &AccountId) -> bool {
        false
    }
}

/// What a provider can be challenged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Sum of the weights, which are sectors for storage.
    pub units: u128,
    /// Bytes, by which the number of challenges goes.
    pub bytes: u128,
}

/// Why a proof is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofFault {
    /// Another number of siblings than a proof of this item has.
    WrongLength,
    /// Bytes where there must be zeros.
    Malformed,
    /// It leads elsewhere.
    WrongProof,
}

/// What is audited. Implemented by whoever keeps populations.
///
/// A population is a row of leaves with weights, for each provider and round. What it is in a round that has begun never changes until the round is settled
/// for the provider. Either it is the same in all rounds and is changed only after [`AuditFreeze::before_change`], which settles all that are over; or it follows from
/// what nobody can change any more when the round begins, and whoever has one is put on record by [`AuditFreeze::enlist`].
pub trait Auditable<AccountId, Balance> {
    /// One challenge, complete: it can be checked when what it is about is gone.
    type Item: FullCodec
        + DecodeWithMemTracking
        + MaxEncodedLen
        + TypeInfo
        + Clone
        + Eq
        + Debug
        + 'static;

    /// What answers it.
    type Proof: FullCodec
        + DecodeWithMemTracking
        + MaxEncodedLen
        + TypeInfo
        + Clone
        + Eq
        + Debug
        + 'static;

    /// How much the provider can be challenged for in this round, which has begun. Bounded reads.
    fn population(provider: &AccountId, round: RoundIndex) -> Population;

    /// The unit of that population that owns `target`, which is below its `units`. O(log n).
    fn item_at(provider: &AccountId, round: RoundIndex, target: u128) -> Option<Self::Item>;

    /// The first round from `from` on in which the provider has a population, also one to come. Bounded reads. Never later than the truth; earlier only if what is there
    /// now may still be gone by then.
    fn next_populated(provider: &AccountId, from: RoundIndex) -> Option<RoundIndex>;

    /// Whether the proof has the form that one of this item must have. Hashes nothing.
    fn check(item: &Self::Item, proof: &Self::Proof) -> Result<(), ProofFault>;

    /// Whether it is one.
    fn verify(item: &Self::Item, proof: &Self::Proof) -> Result<(), ProofFault>;

    /// Everything is to be taken from the provider, in every state, a bounded number at a time; when
    /// nothing is left (or was there), [`AuditFreeze::emptied`] is called, never from within this.
    /// `taken`: what this episode's slashes took of its own. O(1).
    fn begin_drop(provider: &AccountId, taken: Balance);

    /// Everybody who has a population, for `try_state` and tests: it iterates. Who says nothing is not
    /// checked.
    fn populated() -> Vec<AccountId> {
        Vec::new()
    }

    /// Gives `provider` so many items of the most expensive kind, without asking audits: as if they
    /// joined, and began to earn, in the round that runs. With as many bytes as bring the most
    /// challenges.
    #[cfg(feature = "runtime-benchmarks")]
    fn fill(provider: &AccountId, items: u32);

    /// A right proof of an item made by [`Auditable::fill`].
    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &Self::Item) -> Self::Proof;
}

/// Nothing to audit: an empty population, no item, every proof is wrong, nothing to drop.
impl<AccountId, Balance> Auditable<AccountId, Balance> for () {
    type Item = ();
    type Proof = ();

    fn population(_provider: &AccountId, _round: RoundIndex) -> Population {
        Population::default()
    }

    fn item_at(_provider: &AccountId, _round: RoundIndex, _target: u128) -> Option<()> {
        None
    }

    fn next_populated(_provider: &AccountId, _from: RoundIndex) -> Option<RoundIndex> {
        None
    }

    fn check(_item: &(), _proof: &()) -> Result<(), ProofFault> {
        Err(ProofFault::WrongProof)
    }

    fn verify(_item: &(), _proof: &()) -> Result<(), ProofFault> {
        Err(ProofFault::WrongProof)
    }

    fn begin_drop(_provider: &AccountId, _taken: Balance) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(_provider: &AccountId, _items: u32) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(_item: &()) {}
}

/// Whether a provider may become active again. Asked by `activate`; a pair asks both.
pub trait ReturnGate<AccountId> {
    /// Whether the provider may become active again in this role.
    fn may_return(role: Role, provider: &AccountId) -> bool;
}

/// No gate: everybody may.
impl<AccountId> ReturnGate<AccountId> for () {
    fn may_return(_role: Role, _provider: &AccountId) -> bool {
        true
    }
}

/// Both must let it through.
impl<AccountId, A: ReturnGate<AccountId>, B: ReturnGate<AccountId>> ReturnGate<AccountId>
    for (A, B)
{
    fn may_return(role: Role, provider: &AccountId) -> bool {
        A::may_return(role, provider) && B::may_return(role, provider)
    }
}
