//! Who decides, what is spent, and how the runtime is upgraded. Root is a referendum, or the sudo key
//! where a development preset sets one. The numbers are in [`parameters`].

use super::{
    money::{deposit, TreasuryAccount, DEPOSIT_PER_BYTE},
    safety::RepairUnderSafeMode,
};
use crate::{
    governance::{
        origins::{self, GeneralAdmin, Spender, Treasurer, WhitelistedCaller},
        speed::Paced,
        tracks::Tracks,
    },
    parameters,
    weights::{self, block::MAX_BLOCK_WEIGHT},
    AccountId, Balance, Balances, OriginCaller, Preimage, Referenda, Runtime, RuntimeCall,
    RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, Scheduler, System, Treasury,
};
use core::cmp::Ordering;
use frame_support::{
    parameter_types,
    traits::{
        fungible::{HoldConsideration, Mutate},
        tokens::{
            currency::ActiveIssuanceOf, Pay, PaymentStatus, Preservation,
            UnityAssetBalanceConversion,
        },
        AsEnsureOriginWithArg, ConstU128, ConstU32, EitherOf, LinearStoragePrice, PrivilegeCmp,
    },
    weights::Weight,
    PalletId,
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureSigned, RawOrigin};
use pallet_collective::{EnsureProportionAtLeast, MemberCount};
use sp_runtime::{traits::IdentityLookup, DispatchError, Perbill, Permill};

parameter_types! {
    /// Held for a preimage's entries, whatever its size.
    pub const PreimageBaseDeposit: Balance = deposit(2, 64);
    /// Held for each byte of a preimage.
    pub const PreimageByteDeposit: Balance = DEPOSIT_PER_BYTE;
    /// Why it is held.
    pub const PreimageHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
    /// What scheduled calls may use of a block: half. They run before inherents, and the other half
    /// has to do for them, for our hooks and for transactions.
    pub MaximumSchedulerWeight: Weight = Perbill::from_percent(50) * MAX_BLOCK_WEIGHT;
    /// What a motion of the technical committee may use of a block when it is carried out.
    pub MaximumMotionWeight: Weight = Perbill::from_percent(50) * MAX_BLOCK_WEIGHT;
    /// Why a member's deposit for a motion is held.
    pub const MotionHoldReason: RuntimeHoldReason = RuntimeHoldReason::TechnicalCommittee(
        pallet_collective::HoldReason::ProposalSubmission,
    );
    /// What a member leaves for a motion.
    pub const MotionDeposit: Balance = parameters::COMMITTEE_MOTION_DEPOSIT;
    /// From this the account of the treasury is derived.
    pub const TreasuryId: PalletId = parameters::TREASURY_ID;
    /// What is burnt of unspent funds.
    pub const TreasuryBurn: Permill = parameters::TREASURY_BURN;
    /// Root spends whatever there is.
    pub const NoLimit: Balance = Balance::MAX;
    /// What a step of a migration may use of a block, while no transactions are taken.
    pub MaxMigrationWeight: Weight = Perbill::from_percent(80) * MAX_BLOCK_WEIGHT;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = weights::pallet_sudo::WeightInfo<Runtime>;
}

impl pallet_preimage::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_preimage::WeightInfo<Runtime>;
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        PreimageHoldReason,
        LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
    >;
}

impl pallet_scheduler::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type MaximumWeight = MaximumSchedulerWeight;
    type ScheduleOrigin = EnsureRoot<AccountId>;
    type OriginPrivilegeCmp = RootAboveAll;
    // A referendum whose block is full when it is approved is never carried out: this is how many
    // others somebody would have to pay for to bring that about.
    type MaxScheduledPerBlock = ConstU32<256>;
    type WeightInfo = weights::pallet_scheduler::WeightInfo<Runtime>;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_migrations::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Migrations = crate::migrations::MultiBlock;
    type CursorMaxLen = ConstU32<65_536>;
    type IdentifierMaxLen = ConstU32<256>;
    type MigrationStatusHandler = ();
    type FailedMigrationHandler = RepairUnderSafeMode;
    type MaxServiceWeight = MaxMigrationWeight;
    type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}

// --- Referenda and votes

impl origins::Config for Runtime {}

impl pallet_conviction_voting::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_conviction_voting::WeightInfo<Runtime>;
    type Currency = Balances;
    type Polls = Referenda;
    // What is in the treasury does not vote.
    type MaxTurnout = ActiveIssuanceOf<Balances, AccountId>;
    type MaxVotes = ConstU32<{ parameters::MAX_VOTES }>;
    type VoteLockingPeriod = Paced<{ parameters::VOTE_LOCKING_PERIOD }>;
    type BlockNumberProvider = System;
    type VotingHooks = ();
}

impl pallet_referenda::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_referenda::WeightInfo<Runtime>;
    type Scheduler = Scheduler;
    type Currency = Balances;
    type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
    type CancelOrigin = EitherOf<EnsureRoot<AccountId>, origins::ReferendumCanceller>;
    type KillOrigin = EitherOf<EnsureRoot<AccountId>, origins::ReferendumKiller>;
    type Slash = Treasury;
    type Votes = pallet_conviction_voting::VotesOf<Runtime>;
    type Tally = pallet_conviction_voting::TallyOf<Runtime>;
    type SubmissionDeposit = ConstU128<{ parameters::SUBMISSION_DEPOSIT }>;
    type MaxQueued = ConstU32<{ parameters::MAX_QUEUED }>;
    type UndecidingTimeout = Paced<{ parameters::UNDECIDING_TIMEOUT }>;
    // No rounding: alarms of many referenda would meet in one block.
    type AlarmInterval = ConstU32<1>;
    type Tracks = Tracks;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

/// Root is above every origin, and none of the others above another: root cancels what a referendum
/// of any track has scheduled.
pub struct RootAboveAll;

impl PrivilegeCmp<OriginCaller> for RootAboveAll {
    fn cmp_privilege(left: &OriginCaller, right: &OriginCaller) -> Option<Ordering> {
        let root = OriginCaller::system(RawOrigin::Root);
        match (left, right) {
            (left, right) if left == right => Some(Ordering::Equal),
            (left, _) if *left == root => Some(Ordering::Greater),
            (_, right) if *right == root => Some(Ordering::Less),
            _ => None,
        }
    }
}

// --- Technical committee

/// The technical committee among the collectives.
pub type Committee = pallet_collective::Instance1;

/// As much of the committee as whitelists a call.
pub type WhitelistingCommittee = EnsureProportionAtLeast<
    AccountId,
    Committee,
    { parameters::WHITELIST_SHARE.0 },
    { parameters::WHITELIST_SHARE.1 },
>;

/// As much of the committee as moves the emergency levers.
pub type EmergencyCommittee = EnsureProportionAtLeast<
    AccountId,
    Committee,
    { parameters::EMERGENCY_SHARE.0 },
    { parameters::EMERGENCY_SHARE.1 },
>;

impl pallet_collective::Config<Committee> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = ConstU32<{ parameters::COMMITTEE_MOTION_DURATION }>;
    type MaxProposals = ConstU32<{ parameters::COMMITTEE_MAX_MOTIONS }>;
    type MaxMembers = ConstU32<{ parameters::COMMITTEE_MAX_MEMBERS }>;
    type DefaultVote = SilenceIsNo;
    type WeightInfo = weights::pallet_collective::WeightInfo<Runtime>;
    type SetMembersOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type MaxProposalWeight = MaximumMotionWeight;
    type DisapproveOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type KillOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        MotionHoldReason,
        pallet_collective::deposit::Constant<MotionDeposit>,
        u32,
    >;
}

/// Who has not voted on a motion in time is against it. The SDK's rules count such members with the
/// prime member, who could then move an emergency lever nearly alone.
pub struct SilenceIsNo;

impl pallet_collective::DefaultVote for SilenceIsNo {
    fn default_vote(
        _prime: Option<bool>,
        _ayes: MemberCount,
        _nays: MemberCount,
        _members: MemberCount,
    ) -> bool {
        false
    }
}

impl pallet_whitelist::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WhitelistOrigin = EitherOf<EnsureRoot<AccountId>, WhitelistingCommittee>;
    type DispatchWhitelistedOrigin = EitherOf<EnsureRoot<AccountId>, WhitelistedCaller>;
    type Preimages = Preimage;
    type DeferredDispatchExpiration = ConstU32<{ parameters::WHITELIST_DEFERRAL }>;
    type BlockNumberProvider = System;
    type WeightInfo = weights::pallet_whitelist::WeightInfo<Runtime>;
}

// --- Treasury

impl pallet_treasury::Config for Runtime {
    type Currency = Balances;
    type RejectOrigin = EitherOf<EnsureRoot<AccountId>, Treasurer>;
    type RuntimeEvent = RuntimeEvent;
    type SpendPeriod = ConstU32<{ parameters::SPEND_PERIOD }>;
    type Burn = TreasuryBurn;
    type PalletId = TreasuryId;
    type BurnDestination = ();
    type WeightInfo = weights::pallet_treasury::WeightInfo<Runtime>;
    type SpendFunds = ();
    // Of `spend_local`, which only root could call: see `safety::Offered`.
    type MaxApprovals = ConstU32<100>;
    type SpendOrigin = EitherOf<EnsureRootWithSuccess<AccountId, NoLimit>, Spender>;
    // The native token.
    type AssetKind = ();
    type Beneficiary = AccountId;
    type BeneficiaryLookup = IdentityLookup<AccountId>;
    type Paymaster = PayFromTreasury;
    type BalanceConverter = UnityAssetBalanceConversion;
    type PayoutPeriod = ConstU32<{ parameters::PAYOUT_PERIOD }>;
    type BlockNumberProvider = System;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

/// Pays at once, and never the treasury's last token: its account must exist to receive small fees.
pub struct PayFromTreasury;

impl Pay for PayFromTreasury {
    type Balance = Balance;
    type Beneficiary = AccountId;
    type AssetKind = ();
    type Id = ();
    type Error = DispatchError;

    fn pay(who: &AccountId, _native: (), amount: Balance) -> Result<(), DispatchError> {
        let treasury = TreasuryAccount::get();
        Balances::transfer(&treasury, who, amount, Preservation::Preserve).map(|_| ())
    }

    fn check_payment(_paid: ()) -> PaymentStatus {
        PaymentStatus::Success
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn ensure_successful(_who: &AccountId, _native: (), amount: Balance) {
        let there = <Balances as Mutate<AccountId>>::mint_into(&TreasuryAccount::get(), amount);
        there.expect("a benchmark's amount can be issued");
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn ensure_concluded(_paid: ()) {}
}
