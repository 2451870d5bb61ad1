//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod errors {
    /// Why a call did nothing.
    #[pallet::error]
    #[derive(PartialEq)]
    pub enum Error<T> {
        /// The provider is not registered for data availability, or not active. Register and activate it first.
        #[codec(index = 0)]
        ProviderInactive,
        /// The bytes are no BLS12-381 public key: 48 bytes, a compressed point of the first group other than its neutral element.
        #[codec(index = 1)]
        InvalidKey,
        /// The proof of possession is no signature by this key of chain, pallet, key and provider under the suite of such proofs. Sign again with the key itself.
        #[codec(index = 2)]
        InvalidPossession,
        /// `MaxKeys` providers have a key. Name one with less stake, whose place is taken.
        #[codec(index = 3)]
        TooManyKeys,
        /// The provider has no key.
        #[codec(index = 4)]
        NoKey,
        /// The provider is active: only itself or its operator can retire its key.
        #[codec(index = 5)]
        StillActive,
        /// The account cannot put up the deposit.
        #[codec(index = 6)]
        InsufficientDeposit,
        /// The blob is larger than the largest class takes. Split it.
        #[codec(index = 20)]
        BlobTooLarge,
        /// The count of the bundle's members, or its size, cannot be. Submit what the bundle's header says.
        #[codec(index = 21)]
        BadBundle,
        /// No days, or the window would be longer than 13. Ask for 1 to 13 in all.
        #[codec(index = 22)]
        BadWindow,
        /// The running era has no committee. Try again in the next.
        #[codec(index = 23)]
        NoCommittee,
        /// More bytes of this payer wait for attestation than `MaxInFlight`. Wait until some are available or refunded.
        #[codec(index = 24)]
        TooMuchInFlight,
        /// The fees are above the maximum given. Ask for a quote again.
        #[codec(index = 25)]
        FeeAboveMaximum,
        /// The payer has less than the fees, its existential deposit left aside.
        #[codec(index = 26)]
        InsufficientFunds,
        /// An amount does not fit into a balance.
        #[codec(index = 27)]
        AmountTooLarge,
        /// The pot has no account yet. Send it the existential deposit.
        #[codec(index = 28)]
        PotMissing,
        /// There is no such submission, or no more.
        #[codec(index = 29)]
        UnknownSubmission,
        /// The time for bits is over.
        #[codec(index = 30)]
        TooLate,
        /// No seats given. Name at least one.
        #[codec(index = 31)]
        NoBits,
        /// A seat has its bit already. Sign and name those only that do not.
        #[codec(index = 32)]
        AlreadyAttested,
        /// The row seed is not there yet. Try again in the next block.
        #[codec(index = 33)]
        SeedNotDrawn,
        /// The row seed was lost. The submission is refunded: submit anew.
        #[codec(index = 34)]
        SeedLost,
        /// The committee has no such seat.
        #[codec(index = 35)]
        UnknownSeat,
        /// The seats have less than two thirds of the committee's stake. Gather more signatures.
        #[codec(index = 36)]
        TooLittleStake,
        /// The provider of a seat lost everything in this era. Leave it out.
        #[codec(index = 37)]
        SeatDropped,
        /// The provider of a seat has too many eras unsettled. `poke` it in the pallet of audits first, or leave it out.
        #[codec(index = 38)]
        SeatUnsettled,
        /// The signature is not the sum of these seats' signatures of this submission.
        #[codec(index = 39)]
        BadSignature,
        /// The submission is not available.
        #[codec(index = 40)]
        NotAvailable,
        /// Bits of late seats may still come. Extend when the time for them is over.
        #[codec(index = 41)]
        StillAttesting,
        /// The next day can no longer be bought. Submit the blob anew.
        #[codec(index = 42)]
        ExtendedTooLate,
        /// No seat is left that holds the blob. Submit it anew.
        #[codec(index = 43)]
        NobodyHolds,
        /// The submission is no bundle.
        #[codec(index = 44)]
        NotABundle,
        /// The member would outlast its bundle. Ask for fewer days, or extend the bundle first.
        #[codec(index = 45)]
        OutlastsBundle,
        /// The proof does not lead to the bundle's root.
        #[codec(index = 46)]
        BadMemberProof,
        /// There is no such member on record.
        #[codec(index = 47)]
        UnknownMember,
        /// Nothing is due: the window, or the time for attestation, is not over.
        #[codec(index = 48)]
        NotOver,
        /// The base price is outside its bounds, or more than twice or less than half of that in force.
        #[codec(index = 49)]
        PriceOutOfBounds,
        /// The provider whose place was to be taken has as much stake, or more. Name one with less.
        #[codec(index = 50)]
        StakeNotLess,
    }
}
