//! Why something was refused. Names are those of the pallets' errors.

/// Why a call or a change was refused. It left everything as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody registered under this account.
    #[error("no provider has this operator")]
    NotAnOperator,
    /// The answer is for a round to come.
    #[error("the round has not begun")]
    RoundNotBegun,
    /// The answer is for a round before the running one.
    #[error("the round is over: it was settled, or will be, without this")]
    RoundOver,
    /// The round's seed is not there yet.
    #[error("the round is not drawn yet: wait a few blocks")]
    NotDrawn,
    /// The round has no seed and never will.
    #[error("the round was skipped: nobody has to answer")]
    RoundSkipped,
    /// The window of the running round is over.
    #[error("the round's answer window is over")]
    TooLate,
    /// A batch without an answer.
    #[error("the batch is empty")]
    NoAnswers,
    /// Everything is being taken from the provider.
    #[error("everything is being taken from this provider")]
    BeingDropped,
    /// The provider has, or still has, no challenge in this round.
    #[error("nothing to answer in this round: nothing was drawn, or all is answered")]
    NothingToAnswer,
    /// The round has fewer challenges than that for this provider.
    #[error("no challenge has this index")]
    UnknownChallenge,
    /// One batch answers one challenge twice.
    #[error("the batch answers a challenge twice")]
    DuplicateIndex,
    /// This challenge was answered before.
    #[error("the challenge is answered already")]
    AlreadyAnswered,
    /// A proof of a length that no proof of this sector can have.
    #[error("the proof has another number of siblings than the file's shape asks for")]
    WrongProofLength,
    /// A proof that leads elsewhere.
    #[error("the proof is not one of the challenged sector")]
    WrongProof,
    /// The round is being drawn: populations stand still.
    #[error("the round is being drawn: try again in a few blocks")]
    Drawing,
    /// More rounds of this provider are unsettled than one call settles.
    #[error("too many rounds are unsettled: poke the provider first")]
    Unsettled,
    /// A poke that finds nothing.
    #[error("nothing to settle")]
    NothingToSettle,
    /// The provider is not being dropped.
    #[error("nothing is to be taken from this provider")]
    NothingToDrop,
    /// The provider's jail term runs.
    #[error("the provider is jailed")]
    StillJailed,
    /// The population has no such leaf.
    #[error("no such replica")]
    UnknownReplica,
    /// The bond must cover what is held.
    #[error("the bond covers what is held")]
    BondInUse,
}
