//! The numbers that a chain of its own will want to change, in one place: what governance takes in
//! time, votes and money, and what names, vesting and assets hold. Each is used where its pallet is
//! configured (`configs/`), and nowhere else is there another number of this kind.
//!
//! Amounts are in NOEMA, periods in blocks of a second. Periods of referenda and votes are those of a
//! chain that people depend on; development presets run through them [`DEVELOPMENT_SPEED`] times as
//! fast. `docs/design/governance.md` gives the reasons, tests hold the numbers to what it promises.

use crate::{
    configs::money::deposit,
    governance::curves::{hyperbola, line, line_until},
    Balance, BlockNumber,
};
use frame_support::PalletId;
use noema_core::{
    time::{DAYS, HOURS, MINUTES},
    units::{MICRO, MILLI, NOEMA},
};
use pallet_referenda::{Curve, Track, TrackInfo};
use sp_runtime::{str_array as name, Perbill, Permill};

// --- Referenda ------------------------------------------------------------------------------------

/// How many times as fast referenda, votes and eras run in development presets: a day takes a minute, an era one session,
/// and a slash is executed at once.
pub const DEVELOPMENT_SPEED: u32 = 24 * 60;

/// Held for submitting a referendum; given back unless it is rejected, never decided, or killed.
pub const SUBMISSION_DEPOSIT: Balance = 10 * NOEMA;

/// Within this time a referendum must begin to be decided, or it is over.
pub const UNDECIDING_TIMEOUT: BlockNumber = 14 * DAYS;

/// Referenda that wait on a track until others have been decided.
pub const MAX_QUEUED: u32 = 100;

/// For how long a vote at single weight locks the tokens that it was made with, when its side wins.
/// Double weight locks for twice this, then four, eight, 16 and, at six times the weight, 32 times.
pub const VOTE_LOCKING_PERIOD: BlockNumber = 7 * DAYS;

/// Votes that an account may have on a track at once.
pub const MAX_VOTES: u32 = 128;

/// What a referendum on a track takes. Numbers and names are those of Polkadot's tracks, so that
/// tools which know these show ours right. Sorted by number; a number is never used again.
pub const TRACKS: [Track<u16, Balance, BlockNumber>; 9] = [
    // Everything.
    Track {
        id: 0,
        info: TrackInfo {
            name: name("root"),
            max_deciding: 1,
            decision_deposit: 100_000 * NOEMA,
            prepare_period: 2 * HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 24 * HOURS,
            min_enactment_period: 24 * HOURS,
            min_approval: ROOT_APPROVAL,
            min_support: ROOT_SUPPORT,
        },
    },
    // Everything that the technical committee has whitelisted.
    Track {
        id: 1,
        info: TrackInfo {
            name: name("whitelisted_caller"),
            max_deciding: 20,
            decision_deposit: 10_000 * NOEMA,
            prepare_period: 30 * MINUTES,
            decision_period: 28 * DAYS,
            confirm_period: 10 * MINUTES,
            min_enactment_period: 10 * MINUTES,
            min_approval: WHITELISTED_CALLER_APPROVAL,
            min_support: WHITELISTED_CALLER_SUPPORT,
        },
    },
    // Spends up to TREASURER_LIMIT, and takes back approved spends.
    Track {
        id: 11,
        info: TrackInfo {
            name: name("treasurer"),
            max_deciding: 10,
            decision_deposit: 5_000 * NOEMA,
            prepare_period: 2 * HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 7 * DAYS,
            min_enactment_period: 24 * HOURS,
            min_approval: TREASURER_APPROVAL,
            min_support: TREASURER_SUPPORT,
        },
    },
    // Members of the technical committee, registrars and user names.
    Track {
        id: 14,
        info: TrackInfo {
            name: name("general_admin"),
            max_deciding: 10,
            decision_deposit: 5_000 * NOEMA,
            prepare_period: HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 3 * HOURS,
            min_enactment_period: 10 * MINUTES,
            min_approval: GENERAL_ADMIN_APPROVAL,
            min_support: GENERAL_ADMIN_SUPPORT,
        },
    },
    // Ends a referendum and gives its deposits back. Quicker than what it is to stop.
    Track {
        id: 20,
        info: TrackInfo {
            name: name("referendum_canceller"),
            max_deciding: 20,
            decision_deposit: 10_000 * NOEMA,
            prepare_period: 30 * MINUTES,
            decision_period: 7 * DAYS,
            confirm_period: 3 * HOURS,
            min_enactment_period: 10 * MINUTES,
            min_approval: REFERENDUM_CANCELLER_APPROVAL,
            min_support: REFERENDUM_CANCELLER_SUPPORT,
        },
    },
    // Ends a malicious referendum and takes its deposits.
    Track {
        id: 21,
        info: TrackInfo {
            name: name("referendum_killer"),
            max_deciding: 20,
            decision_deposit: 50_000 * NOEMA,
            prepare_period: 30 * MINUTES,
            decision_period: 28 * DAYS,
            confirm_period: 3 * HOURS,
            min_enactment_period: 10 * MINUTES,
            min_approval: REFERENDUM_KILLER_APPROVAL,
            min_support: REFERENDUM_KILLER_SUPPORT,
        },
    },
    // Spends up to SMALL_SPENDER_LIMIT.
    Track {
        id: 32,
        info: TrackInfo {
            name: name("small_spender"),
            max_deciding: 20,
            decision_deposit: 100 * NOEMA,
            prepare_period: 4 * HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 12 * HOURS,
            min_enactment_period: 24 * HOURS,
            min_approval: SMALL_SPENDER_APPROVAL,
            min_support: SMALL_SPENDER_SUPPORT,
        },
    },
    // Spends up to MEDIUM_SPENDER_LIMIT.
    Track {
        id: 33,
        info: TrackInfo {
            name: name("medium_spender"),
            max_deciding: 20,
            decision_deposit: 500 * NOEMA,
            prepare_period: 4 * HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 24 * HOURS,
            min_enactment_period: 24 * HOURS,
            min_approval: MEDIUM_SPENDER_APPROVAL,
            min_support: MEDIUM_SPENDER_SUPPORT,
        },
    },
    // Spends up to BIG_SPENDER_LIMIT.
    Track {
        id: 34,
        info: TrackInfo {
            name: name("big_spender"),
            max_deciding: 20,
            decision_deposit: 1_000 * NOEMA,
            prepare_period: 4 * HOURS,
            decision_period: 28 * DAYS,
            confirm_period: 48 * HOURS,
            min_enactment_period: 24 * HOURS,
            min_approval: BIG_SPENDER_APPROVAL,
            min_support: BIG_SPENDER_SUPPORT,
        },
    },
];

// Approval: ayes of all votes, each counted with its conviction. Support: tokens that voted aye or
// abstained, of all that could, without conviction. Both are asked for at any time of the decision
// period, more at its beginning than at its end. All in percent; a pair is (percent of the decision
// period, percent asked for there).
//
// No support ends at zero: a referendum that nobody notices shall not pass with one vote.

/// Approval that root takes.
pub const ROOT_APPROVAL: Curve = hyperbola(100, (15, 80), 50);
/// Support that root takes.
pub const ROOT_SUPPORT: Curve = line(50, 5);
/// Approval that a whitelisted call takes: nearly all in the first hours.
pub const WHITELISTED_CALLER_APPROVAL: Curve = hyperbola(100, (2, 96), 50);
/// Support that a whitelisted call takes: 20 % after a day.
pub const WHITELISTED_CALLER_SUPPORT: Curve = hyperbola(50, (4, 20), 5);
/// Approval that the treasurer takes.
pub const TREASURER_APPROVAL: Curve = hyperbola(100, (15, 80), 50);
/// Support that the treasurer takes.
pub const TREASURER_SUPPORT: Curve = line(50, 5);
/// Approval that the general admin takes.
pub const GENERAL_ADMIN_APPROVAL: Curve = hyperbola(100, (15, 80), 50);
/// Support that the general admin takes.
pub const GENERAL_ADMIN_SUPPORT: Curve = hyperbola(50, (25, 10), 3);
/// Approval that a cancellation takes.
pub const REFERENDUM_CANCELLER_APPROVAL: Curve = line_until(60, 100, 50);
/// Support that a cancellation takes: 10 % after 17 hours.
pub const REFERENDUM_CANCELLER_SUPPORT: Curve = hyperbola(50, (10, 10), 2);
/// Approval that a killing takes.
pub const REFERENDUM_KILLER_APPROVAL: Curve = line_until(60, 100, 50);
/// Support that a killing takes.
pub const REFERENDUM_KILLER_SUPPORT: Curve = hyperbola(50, (20, 10), 3);
/// Approval that a small spend takes.
pub const SMALL_SPENDER_APPROVAL: Curve = line_until(60, 100, 50);
/// Support that a small spend takes.
pub const SMALL_SPENDER_SUPPORT: Curve = hyperbola(50, (10, 5), 1);
/// Approval that a medium spend takes.
pub const MEDIUM_SPENDER_APPROVAL: Curve = line_until(80, 100, 50);
/// Support that a medium spend takes.
pub const MEDIUM_SPENDER_SUPPORT: Curve = hyperbola(50, (30, 5), 2);
/// Approval that a big spend takes.
pub const BIG_SPENDER_APPROVAL: Curve = line(100, 50);
/// Support that a big spend takes.
pub const BIG_SPENDER_SUPPORT: Curve = hyperbola(50, (50, 5), 3);

// --- Treasury -------------------------------------------------------------------------------------

/// Names the account of the treasury. Fees went to it before there was a pallet to spend them.
pub const TREASURY_ID: PalletId = PalletId(*b"nm/trsry");

/// The most that a referendum on the track `small_spender` spends, in all its spends together.
pub const SMALL_SPENDER_LIMIT: Balance = 1_000 * NOEMA;
/// The most that one on the track `medium_spender` spends.
pub const MEDIUM_SPENDER_LIMIT: Balance = 10_000 * NOEMA;
/// The most that one on the track `big_spender` spends.
pub const BIG_SPENDER_LIMIT: Balance = 100_000 * NOEMA;
/// The most that one on the track `treasurer` spends. Root has no limit.
pub const TREASURER_LIMIT: Balance = 1_000_000 * NOEMA;

/// For how long an approved spend can be claimed.
pub const PAYOUT_PERIOD: BlockNumber = 30 * DAYS;

/// How often [`TREASURY_BURN`] is burnt.
pub const SPEND_PERIOD: BlockNumber = 30 * DAYS;

/// What is burnt of unspent funds: nothing. A loss by waiting would only hurry spending.
pub const TREASURY_BURN: Permill = Permill::zero();

// --- Technical committee --------------------------------------------------------------------------

/// Members at most.
pub const COMMITTEE_MAX_MEMBERS: u32 = 25;

/// Motions at a time.
pub const COMMITTEE_MAX_MOTIONS: u32 = 20;

/// How long a motion can be voted on. Who has not voted then is against it.
pub const COMMITTEE_MOTION_DURATION: BlockNumber = 3 * DAYS;

/// Held from the member who makes a motion, until it is closed; burnt when it is killed.
pub const COMMITTEE_MOTION_DEPOSIT: Balance = 10 * NOEMA;

/// The part of the committee, (numerator, denominator), that whitelists a call.
pub const WHITELIST_SHARE: (u32, u32) = (2, 3);

/// The part of it that moves the emergency levers, in and out.
pub const EMERGENCY_SHARE: (u32, u32) = (3, 4);

/// For how long it enters or extends safe mode at a time: enough for a whitelisted call's
/// referendum, and short if it should turn out to be a mistake.
pub const COMMITTEE_SAFE_MODE: BlockNumber = 6 * HOURS;

/// For how long root enters or extends it.
pub const ROOT_SAFE_MODE: BlockNumber = DAYS;

/// For how long a call that its referendum has passed before the committee whitelisted it waits for
/// that.
pub const WHITELIST_DEFERRAL: BlockNumber = 3 * DAYS;

// --- Identity -------------------------------------------------------------------------------------

/// Held for an identity: one entry with a header of 17 bytes.
pub const IDENTITY_DEPOSIT: Balance = deposit(1, 17);
/// Held for each byte of it.
pub const IDENTITY_BYTE_DEPOSIT: Balance = deposit(0, 1);
/// Held for each sub-account: its entry, 53 bytes, and its place in the list of the account over it.
pub const SUB_ACCOUNT_DEPOSIT: Balance = deposit(1, 85);
/// Held for a user name, from the authority that gives it: three entries.
pub const USERNAME_DEPOSIT: Balance = deposit(3, 128);
/// Sub-accounts of an identity.
pub const MAX_SUB_ACCOUNTS: u32 = 100;
/// Fields of an identity beside the named ones.
pub const MAX_ADDITIONAL_FIELDS: u32 = 32;
/// Registrars.
pub const MAX_REGISTRARS: u32 = 20;
/// How long a user name waits for its owner to accept it.
pub const USERNAME_ACCEPTANCE: BlockNumber = 7 * DAYS;
/// How long an authority must announce that it takes a user name back.
pub const USERNAME_GRACE: BlockNumber = 30 * DAYS;
/// Length of a user name's suffix.
pub const MAX_SUFFIX_LENGTH: u32 = 7;
/// Length of a user name with its suffix.
pub const MAX_USERNAME_LENGTH: u32 = 32;

// --- Vesting --------------------------------------------------------------------------------------

/// The least that is given with a vesting schedule, which the receiver cannot refuse.
pub const MIN_VESTED_TRANSFER: Balance = 10 * NOEMA;
/// Vesting schedules of an account.
pub const MAX_VESTING_SCHEDULES: u32 = 28;

// --- Assets ---------------------------------------------------------------------------------------

/// Held for an asset: one entry of 190 bytes.
pub const ASSET_DEPOSIT: Balance = deposit(1, 190);
/// Held for an account's entry of an asset that does not keep accounts alive by itself.
pub const ASSET_ACCOUNT_DEPOSIT: Balance = deposit(1, 96);
/// Held for an asset's name, symbol and decimals.
pub const ASSET_METADATA_DEPOSIT: Balance = deposit(1, 68);
/// Held for each byte of name and symbol.
pub const ASSET_METADATA_BYTE_DEPOSIT: Balance = deposit(0, 1);
/// Held for letting somebody else transfer.
pub const ASSET_APPROVAL_DEPOSIT: Balance = deposit(1, 132);
/// Length of an asset's name and of its symbol.
pub const ASSET_STRING_LIMIT: u32 = 50;
/// Accounts or approvals that one call removes of an asset that ends.
pub const ASSET_REMOVE_LIMIT: u32 = 200;

// --- Storage: audits ------------------------------------------------------------------------------
//
// `docs/design/ticks-and-randomness.md` gives the reasons.

/// Rounds of development presets: a minute, of which half a minute is for answers.
pub const DEVELOPMENT_PACE: pallet_noema_audits::Pace = pallet_noema_audits::Pace {
    round_ticks: MINUTES,
    answer_ticks: MINUTES / 2,
    draw_delay: 2,
};

/// Challenges of the smallest population of a provider.
pub const MIN_CHALLENGES: u32 = 8;
/// Of the largest.
pub const MAX_CHALLENGES: u32 = 32;
/// Points for a missed round.
pub const MISS_POINTS: u32 = 24;
/// Points that a passed one takes away.
pub const PASS_POINTS: u32 = 1;
/// With so many, everything is dropped.
pub const DROP_POINTS: u32 = 96;
/// Slashed with every miss.
pub const AUDIT_MISS_FEE: Balance = 50 * MILLI;
/// The part of it that whoever settles a miss is paid.
pub const AUDIT_REPORTER_SHARE: Perbill = Perbill::from_percent(20);
/// Taken of the collateral with the second, the third miss and the one that drops.
pub const AUDIT_SLASHES: [Perbill; 3] = [
    Perbill::from_percent(1),
    Perbill::from_percent(4),
    Perbill::from_percent(10),
];
/// For how long a dropped provider is jailed.
pub const AUDIT_JAIL_TERM: BlockNumber = 7 * DAYS;
/// Rounds of a provider that are settled at once.
pub const MAX_SETTLE: u32 = 16;

// --- Data availability ----------------------------------------------------------------------------
//
// `docs/design/da.md` gives the reasons. An era is a round of the audits over rows: six hours, a minute in development presets.

/// Ticks that seats have to attest to a submission: 20 minutes.
pub const ATTEST_TICKS: u32 = 1_200;
/// Providers that can have a seat's key.
pub const MAX_SEAT_KEYS: u32 = 1_000;
/// With fewer candidates the committee before serves on.
pub const MIN_SEATS: u32 = 4;
/// Keys that are looked at in a block while candidates are fixed: of each, all that is kept of its eras may be read.
pub const SEAT_KEYS_PER_BLOCK: u32 = 8;
/// Bytes of one payer's submissions that may wait for attestation.
pub const MAX_UNATTESTED_BYTES: u64 = 256 << 20;
/// Units per GiB of stored bytes and round at little use: ten times storage's, as its collateral is.
pub const DA_BASE_PRICE: Balance = 720 * MICRO;
/// The lowest base price.
pub const MIN_DA_BASE_PRICE: Balance = 10 * MICRO;
/// The highest: what collateral carries.
pub const MAX_DA_BASE_PRICE: Balance = 3_600 * MICRO;
/// What a base fee takes for the record of a submission: 0.001 NOEMA.
pub const DA_RECORD_FEE: Balance = MILLI;
/// What it takes for each GiB that the largest blob of the class makes a committee receive.
pub const DA_SENDING_FEE: Balance = 10 * MILLI;
/// Challenges of a seat, whatever it holds: the order of the rows of a large blob takes milliseconds, and what one batch of answers takes must leave a block room to be a tick.
pub const ROW_CHALLENGES: u32 = 8;
/// Rounds of a seat that are settled at once. Fewer than of files: each goes through the books of all eras of its window.
pub const MAX_ROW_SETTLE: u32 = 8;

// --- Storage: leases ------------------------------------------------------------------------------
//
// `docs/design/money.md` gives the reasons. Rounds are of six hours; in development presets they take a minute and cost the same.

/// Units per GiB and round at little use: 0.105 NOEMA a year, a tenth of its collateral.
pub const STORAGE_BASE_PRICE: Balance = 72 * MICRO;
/// The lowest base price.
pub const MIN_STORAGE_BASE_PRICE: Balance = MICRO;
/// The highest: what collateral carries.
pub const MAX_STORAGE_BASE_PRICE: Balance = 360 * MICRO;
/// The least term of a lease: a day.
pub const MIN_LEASE_ROUNDS: u32 = 4;
/// The end of a lease lies at most two years ahead.
pub const MAX_LEASE_ROUNDS: u32 = 2_920;
/// Three days, a weekend.
pub const LEASE_GRACE_ROUNDS: u32 = 12;
/// A week, after which a leaving provider may go without a replacement.
pub const HAND_OVER_ROUNDS: u32 = 28;
/// Rounds whose rent is charged for each placement.
pub const PLACEMENT_ROUNDS: u32 = 4;
/// MiB of a file for which it is one round more: the ready window, in rounds.
pub const MIB_PER_PLACEMENT_ROUND: u32 = 21_600;
/// Nobody is drawn for fewer rounds.
pub const MIN_ROUNDS_LEFT: u32 = 2;
/// A deal that nobody ever held ends when a slot failed so often.
pub const MAX_PLACEMENT_FAILURES: u8 = 3;
/// Bounties for the replicas of a dropped provider, of what its own slashes were.
pub const BOUNTY_SHARE: Perbill = Perbill::from_percent(50);
/// Files, or leases, in one call.
pub const MAX_LEASE_BATCH: u32 = 64;

// --- Compute --------------------------------------------------------------------------------------
//
// `docs/design/compute.md` gives the reasons. Notice, lock and window count ticks; development presets run them as fast as referenda: the lock is a minute there.

/// The protocol's part of what is redeemed: what a unit of reputation costs to fake.
pub const COMPUTE_CUT: Permill = Permill::from_percent(1);
/// From the announcement of a price until it is in force: six hours.
pub const PRICE_NOTICE: BlockNumber = 6 * HOURS;
/// From the request to close a channel, or to revoke a key, until it has effect. A gateway must redeem once within it.
pub const CLOSE_LOCK: BlockNumber = DAYS;
/// For how long a redemption can be held against a provider: a quarter of the time for which bond is unbonding, so that the clock may stand still for three
/// blocks of four.
pub const EVIDENCE_WINDOW: BlockNumber = 7 * DAYS;
/// What the open channels of a provider may hold in all, in bonds of its own.
pub const CAP_PER_BOND: u32 = 4;
/// The smallest channel.
pub const MIN_CHANNEL_CAP: Balance = 10 * MILLI;
/// Services of a provider.
pub const MAX_SERVICES: u32 = 64;
/// Keys of a channel.
pub const MAX_CHANNEL_SESSIONS: u32 = 32;
/// Requests at a time that a channel can pay for.
pub const MAX_CHANNEL_LANES: u16 = 256;
/// Claims in one call; each pays any number of requests of a lane.
pub const MAX_CLAIMS: u32 = 128;
/// How many times what was redeemed too much is slashed: so many that the payer's share, a fifth, is more than all of it.
pub const COMPUTE_SLASH_FACTOR: u32 = 6;
/// The least that is slashed for it.
pub const MIN_COMPUTE_SLASH: Balance = NOEMA;
/// The payer's share: as much as a reporter may get at most.
pub const COMPUTE_PAYER_SHARE: Perbill = Perbill::from_percent(20);
/// For how long whoever redeemed too much is jailed.
pub const COMPUTE_JAIL_TERM: BlockNumber = 7 * DAYS;

// --- Agents ---------------------------------------------------------------------------------------
//
// `docs/design/agents.md` gives the reasons. Deadlines and periods count ticks; of these, development presets run the period of ratings as fast as referenda.

/// For how long ahead a wallet signs that it is bound to an agent.
pub const WALLET_DEADLINE: BlockNumber = 10 * MINUTES;
/// Recent ratings are those of this period and the one before. So long, twice, a wallet whose binding has ended can be rated for.
pub const REPUTATION_PERIOD: BlockNumber = 30 * DAYS;
/// The least that a rating consumes of what was paid.
pub const MIN_FEEDBACK: Balance = MILLI;
/// For how long ahead an agent's session may let a key sign the vouchers of a channel.
pub const VOUCHER_KEY_TERM: BlockNumber = 30 * DAYS;
/// Entries of metadata of an agent.
pub const MAX_AGENT_METADATA: u32 = 32;
/// Entries of data.
pub const MAX_AGENT_DATA: u32 = 8;
/// Users at a time.
pub const MAX_AGENT_USAGES: u32 = 32;
/// Keys that act.
pub const MAX_AGENT_SESSIONS: u32 = 8;
/// Acts that are scheduled, of which keys fill a half.
pub const MAX_SCHEDULED_ACTS: u32 = 8;
/// Bytes of a call that is scheduled.
pub const MAX_SCHEDULED_CALL: u32 = 1_024;
/// Tags under which an agent can be rated.
pub const MAX_AGENT_TAGS: u32 = 8;
