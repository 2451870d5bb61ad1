//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`. Indices from 64 on are for validation and for transfers with proofs.
#[pallet_section]
mod errors {
    /// Why a call did nothing.
    #[pallet::error]
    #[derive(PartialEq)]
    pub enum Error<T> {
        /// There is no such agent.
        #[codec(index = 0)]
        UnknownAgent,
        /// The agent is another owner's, or this is not for whoever asks. Sign with the account that the call names.
        #[codec(index = 1)]
        NotYourAgent,
        /// What is free does not cover the amount, the deposit and the existential deposit.
        #[codec(index = 2)]
        InsufficientFunds,
        /// An endpoint is not `https://HOST[:PORT][/PATH]` with or without `#sha256=KEY`, nor `http://` and a loopback host.
        #[codec(index = 3)]
        EndpointInvalid,
        /// Two endpoints are of the same kind.
        #[codec(index = 4)]
        EndpointRepeated,
        /// A key of metadata is not empty, and not `agentWallet`: the wallet is bound by its signature.
        #[codec(index = 5)]
        KeyInvalid,
        /// The agent has no metadata under this key.
        #[codec(index = 6)]
        UnknownMetadata,
        /// The agent has as many entries of this sort as it may. Remove one first.
        #[codec(index = 7)]
        TooMany,
        /// The deadline is past.
        #[codec(index = 8)]
        DeadlinePassed,
        /// The deadline is more than `MaxDeadline` ticks away. Sign one that is nearer.
        #[codec(index = 9)]
        DeadlineTooFar,
        /// The signature is not that of the key over the payload of this chain.
        #[codec(index = 10)]
        BadSignature,
        /// No wallet is bound.
        #[codec(index = 11)]
        NoWallet,
        /// An agent's account cannot own agents.
        #[codec(index = 12)]
        OwnerIsAgent,
        /// The agent is the receiver's already.
        #[codec(index = 13)]
        AlreadyOwner,
        /// The agent carries data of its owner. Drop them, or offer the agent to the receiver and let it stage its own.
        #[codec(index = 14)]
        PrivateData,
        /// Another layer stands against it: rights that were given for the agent's account would outlast its owner. End them first, channels for instance.
        #[codec(index = 15)]
        CannotChangeHands,
        /// Something is held or frozen on the agent's account. End what holds it first, storage deals and purses for instance.
        #[codec(index = 16)]
        AccountInUse,
        /// The agent has no such entry of data.
        #[codec(index = 17)]
        UnknownData,
        /// A key is sealed for the same holder twice.
        #[codec(index = 18)]
        HolderRepeated,
        /// The agent is not offered to the signer.
        #[codec(index = 19)]
        NotOffered,
        /// Nothing is staged for this entry of data.
        #[codec(index = 20)]
        NothingStaged,
        /// The user has no usage of this agent.
        #[codec(index = 21)]
        UnknownUsage,
        /// The usage is over, or would be at once.
        #[codec(index = 22)]
        UsageOver,
        /// The usage was exercised as often as it may be, or would be for no times at all.
        #[codec(index = 23)]
        UsageSpent,
        /// The usage does not cover this.
        #[codec(index = 24)]
        UsageOutOfScope,
        /// The key has a session of this agent. Revoke it first.
        #[codec(index = 25)]
        KeyInUse,
        /// A session's key is neither the owner nor the agent's account or wallet.
        #[codec(index = 26)]
        KeyIsPrincipal,
        /// The scope names no call.
        #[codec(index = 27)]
        NoCalls,
        /// The grant would be over at once. Let it expire later.
        #[codec(index = 28)]
        GrantExpired,
        /// The limit of one use is above that of all together.
        #[codec(index = 29)]
        GrantLimits,
        /// A period is at least one tick long.
        #[codec(index = 30)]
        PeriodInvalid,
        /// There is no such session.
        #[codec(index = 31)]
        UnknownSession,
        /// The session is over.
        #[codec(index = 32)]
        SessionOver,
        /// The call is none that can be made in an agent's name: it is not among the runtime's leaves.
        #[codec(index = 33)]
        NotALeaf,
        /// The session's scope does not name the call.
        #[codec(index = 34)]
        OutOfScope,
        /// The call spends more than the key may at once.
        #[codec(index = 35)]
        AbovePerUse,
        /// The call spends more than is left of the period. Wait for the next one.
        #[codec(index = 36)]
        AbovePeriod,
        /// The call spends more than is left of all that the key may.
        #[codec(index = 37)]
        AboveTotal,
        /// The nonce is not the session's next one.
        #[codec(index = 38)]
        WrongNonce,
        /// The call is not the one that was signed or scheduled.
        #[codec(index = 39)]
        AnotherCall,
        /// There is no such scheduled act.
        #[codec(index = 40)]
        UnknownSchedule,
        /// The act is not due. Wait until the tick at which it is.
        #[codec(index = 41)]
        NotDue,
        /// The encoded call is longer than `MaxScheduledCall` bytes.
        #[codec(index = 42)]
        CallTooLong,
        /// An act is scheduled for at least one time, and its repetitions are at least one tick apart.
        #[codec(index = 43)]
        NoTimes,
        /// Only the owner promises a reward.
        #[codec(index = 44)]
        RewardNotYours,
        /// The act's session is there. Its owner or its key cancels it.
        #[codec(index = 45)]
        StillScheduled,
        /// A tag has at least one byte.
        #[codec(index = 46)]
        TagInvalid,
        /// The agent has this tag already.
        #[codec(index = 47)]
        TagExists,
        /// The agent has no such tag. Use one of its own, or none.
        #[codec(index = 48)]
        UnknownTag,
        /// Both tags are the same.
        #[codec(index = 49)]
        TagRepeated,
        /// A rating is 0 to 10,000.
        #[codec(index = 50)]
        RatingInvalid,
        /// A feedback consumes at least `MinFeedback`.
        #[codec(index = 51)]
        FeedbackTooSmall,
        /// The agent's own do not rate it: owner, account, wallets, keys of sessions that have acted, other agents of the owner.
        #[codec(index = 52)]
        OwnFeedback,
        /// So much was not paid to this wallet of the agent, redeemed, and not consumed.
        #[codec(index = 53)]
        NotPaid,
        /// There is no such feedback.
        #[codec(index = 54)]
        UnknownFeedback,
        /// The feedback is somebody else's.
        #[codec(index = 55)]
        NotYourFeedback,
        /// The amount is zero.
        #[codec(index = 56)]
        ZeroAmount,
        /// Records contradict each other; nothing was changed. This is a fault of the pallet.
        #[codec(index = 57)]
        Inconsistent,
        /// The agent had so many wallets in the last two periods of ratings that those who paid one of them could not rate any more. Bind another one later.
        #[codec(index = 58)]
        TooManyWallets,
        /// The account is not where the agent is paid, nor was it in the last two periods of ratings.
        #[codec(index = 59)]
        NotItsWallet,
        /// The session is over before the act is due. Let it be due earlier.
        #[codec(index = 60)]
        NeverDue,
    }
}
