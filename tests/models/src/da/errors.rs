//! Why something is refused: by the names that the pallet has for it.

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too large.
    #[error("BlobTooLarge")]
    BlobTooLarge,
    /// No such bundle.
    #[error("BadBundle")]
    BadBundle,
    /// No such window.
    #[error("BadWindow")]
    BadWindow,
    /// Nobody attests.
    #[error("NoCommittee")]
    NoCommittee,
    /// Too much waits.
    #[error("TooMuchInFlight")]
    TooMuchInFlight,
    /// Dearer than allowed.
    #[error("FeeAboveMaximum")]
    FeeAboveMaximum,
    /// Too little for the fees.
    #[error("InsufficientFunds")]
    InsufficientFunds,
    /// Too little for the deposit.
    #[error("InsufficientDeposit")]
    InsufficientDeposit,
    /// No such submission.
    #[error("UnknownSubmission")]
    UnknownSubmission,
    /// Too late for bits.
    #[error("TooLate")]
    TooLate,
    /// No seats.
    #[error("NoBits")]
    NoBits,
    /// A bit is set already.
    #[error("AlreadyAttested")]
    AlreadyAttested,
    /// No row seed yet.
    #[error("SeedNotDrawn")]
    SeedNotDrawn,
    /// No row seed ever.
    #[error("SeedLost")]
    SeedLost,
    /// No such seat.
    #[error("UnknownSeat")]
    UnknownSeat,
    /// No quorum.
    #[error("TooLittleStake")]
    TooLittleStake,
    /// A seat's provider lost everything.
    #[error("SeatDropped")]
    SeatDropped,
    /// Not their signature.
    #[error("BadSignature")]
    BadSignature,
    /// Not available.
    #[error("NotAvailable")]
    NotAvailable,
    /// Bits may still come.
    #[error("StillAttesting")]
    StillAttesting,
    /// The day is closed.
    #[error("ExtendedTooLate")]
    ExtendedTooLate,
    /// All signers lost everything.
    #[error("NobodyHolds")]
    NobodyHolds,
    /// No bundle.
    #[error("NotABundle")]
    NotABundle,
    /// Longer than its bundle.
    #[error("OutlastsBundle")]
    OutlastsBundle,
    /// No proof.
    #[error("BadMemberProof")]
    BadMemberProof,
    /// No such member.
    #[error("UnknownMember")]
    UnknownMember,
    /// Not due.
    #[error("NotOver")]
    NotOver,
}
