//! Why a call is refused.

/// Why a call is refused. A refused call changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file has no sectors.
    EmptyFile,
    /// The file has more sectors than a file may have.
    FileTooLarge,
    /// No replicas asked for.
    NoReplicas,
    /// More replicas than a deal may have.
    TooManyReplicas,
    /// Committed already with another number of replicas.
    ReplicasDiffer,
    /// Nothing to do in a call for many.
    NoFiles,
    /// More than a call for many takes.
    TooManyFiles,
    /// A term below the least.
    TooFewRounds,
    /// The lease would end too far ahead.
    TooManyRounds,
    /// The round asked for has begun.
    RoundPassed,
    /// The price is above the maximum that was signed.
    PriceAboveMaximum,
    /// The payer has less.
    InsufficientFunds,
    /// A product does not fit.
    AmountTooLarge,
    /// There is no such deal, or its lease is over.
    UnknownDeal,
    /// The deal has fewer slots.
    UnknownSlot,
    /// Not offered to this account.
    NotOffered,
    /// The new owner has a deal for this file.
    DealExists,
    /// A slot awaits a proof that depends on the owner.
    SlotProving,
    /// Nobody is to be drawn for this slot.
    NotDrawing,
    /// Too few rounds are left.
    TooLateToDraw,
    /// Not active, or dropping.
    NotActive,
    /// It has a slot of this deal, or failed at this one last.
    PassedOver,
    /// Its stake does not cover more.
    NoRoom,
    /// The slot is not this provider's.
    NotYours,
    /// `ready` was said, or it is proven.
    NotAwaitingReady,
    /// Not ready, or proven.
    NotAwaitingProof,
    /// Not proven, or auditable already.
    NotMaturing,
    /// A replacement is still looked for.
    HandOverRunning,
    /// The stake covers what is reserved.
    StillCovered,
    /// It has been too small for less than a round.
    CoverMayCome,
    /// The provider keeps what it has.
    NotDropping,
    /// No such provider.
    UnknownProvider,
    /// It has slots.
    StillReserved,
    /// It is active already, dropping, or has too little bond.
    CannotActivate,
    /// Nothing is owed to it for any round.
    NothingOwed,
    /// The round is settled.
    AlreadySettled,
    /// An earlier round is not settled.
    OutOfOrder,
    /// The round has not begun.
    NotBegun,
    /// A provider that loses all it has is not asked, and nothing is paid to it.
    BeingDropped,
    /// The lease is not over.
    NotOver,
    /// The deal has more replicas than the call says.
    WitnessTooLow,
    /// Out of the bounds for a base price.
    PriceOutOfBounds,
}
