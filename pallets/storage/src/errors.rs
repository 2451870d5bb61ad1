//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod errors {
    /// Why a call did nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// The file has no bytes. Commit a file of at least one.
        EmptyFile,
        /// The file is larger than `MaxFileSize`. Split it.
        FileTooLarge,
        /// No replicas asked for. Ask for at least one.
        NoReplicas,
        /// More replicas asked for than `MaxReplicas`.
        TooManyReplicas,
        /// More replicas asked for than there are active storage providers.
        NotEnoughProviders,
        /// The file is committed already with another number of replicas. Remove it first.
        ReplicasDiffer,
        /// This owner has no deal for this file.
        UnknownDeal,
        /// The deal has fewer slots.
        UnknownSlot,
        /// The sender is no operator key of a storage provider.
        NotAnOperator,
        /// The slot belongs to another provider, or to nobody.
        NotAssignedToYou,
        /// The provider has said `ready` already.
        NotAwaitingReady,
        /// The slot awaits no proof: say `ready` first, or it is proven already.
        NotAwaitingProof,
        /// The deadline is past; another provider will be drawn.
        TooLate,
        /// The seed that draws the sectors is not there yet. Try again in the next block.
        SeedNotDrawn,
        /// The seed that draws the sectors was lost. Wait for the new draw point, which is set
        /// when the deadline is past.
        SeedForgotten,
        /// The proof has not exactly `ProofSectors` sector proofs.
        WrongProofCount,
        /// A sector proof does not lead to the root, is for another sector, or the size committed
        /// does not fit the shape of the root.
        WrongProof,
        /// The agenda is full around the block in question. Try again in some blocks.
        Busy,
        /// The owner cannot put up the deposit.
        InsufficientDeposit,
        /// Fewer rounds than `MinRounds`. Ask for more.
        TooFewRounds,
        /// The lease would end more than `MaxRounds` ahead, its grace included. Ask for fewer rounds, and renew later.
        TooManyRounds,
        /// The price is above the maximum given. Ask for a quote again.
        PriceAboveMaximum,
        /// The payer has less than the call costs, its existential deposit left aside.
        InsufficientFunds,
        /// An amount does not fit into a balance.
        AmountTooLarge,
        /// More files than `MaxBatch`. Make several calls.
        TooManyFiles,
        /// No files given. Name at least one.
        NoFiles,
        /// The round given has begun. Name a later one.
        RoundPassed,
        /// A replacement is being looked for. Wait until it earns, or for `HandOverRounds`.
        HandOverRunning,
        /// The provider's stake covers what is reserved of it: it keeps the replica.
        StillCovered,
        /// The lease is not over. Its owner can `remove` it.
        NotOver,
        /// The deal was not offered to the sender.
        NotOffered,
        /// A deal of this account for this file is in the way. If its lease is over, `expire` it first.
        DealExists,
        /// A slot awaits a proof that depends on the owner. Try again when it is proven.
        SlotProving,
        /// The provider keeps what it has, or has lost everything already.
        NotDropping,
        /// The base price is outside its bounds, or more than twice or less than half of that in force.
        PriceOutOfBounds,
        /// The pot has no account yet. Send it the existential deposit.
        PotMissing,
        /// The round is being drawn, and nothing may change what is audited. Try again in a few blocks.
        RoundDrawing,
        /// More rounds of a provider are unsettled than can be settled on the way. `poke` it in the pallet of audits first.
        ProviderUnsettled,
        /// The provider's stake has been too small for less than a round. It may still bond more: try again later.
        CoverMayCome,
        /// The deal has more replicas than the call says, by which it is charged. Count the slots of the deal and say at least as many.
        WitnessTooLow,
    }
}
