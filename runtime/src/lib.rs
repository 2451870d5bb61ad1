//! The Noema runtime: the composition of the pallets, and nothing else.
//!
//! What the chain does is in the pallets; what is decided here is which of them there are, in which
//! order they run, what their parameters are and which interfaces the runtime offers.
//!
//! | module | subject |
//! |---|---|
//! | [`parameters`] | the numbers that a chain of its own will want to change |
//! | [`configs`] | the pallets' configuration, one file per area |
//! | [`governance`] | origins, tracks and curves of referenda |
//! | [`weights`] | what a block may use, and what calls of our pallets cost |
//! | [`apis`] | the runtime interfaces that client, wallets and daemons call |
//! | [`genesis_presets`] | named genesis states |
//! | [`migrations`] | what runs once when this runtime replaces an older one |
//!
//! The reasons for the consensus parameters are in `docs/design/consensus.md`.
#![cfg_attr(not(feature = "std"), no_std)]
// `frame_support::runtime` nests one type per pallet.
#![recursion_limit = "512"]
#![allow(
    missing_docs,
    reason = "the macros generate items that cannot carry documentation; modules warn again"
)]

extern crate alloc;
// Memory is divided inside the WASM, not by calls to the client.
extern crate noema_allocator as _;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
#[warn(missing_docs)]
pub mod configs;
#[warn(missing_docs)]
pub mod genesis_presets;
#[warn(missing_docs)]
pub mod governance;
#[warn(missing_docs)]
pub mod migrations;
#[warn(missing_docs)]
pub mod parameters;
#[warn(missing_docs)]
mod runtime_version;
#[warn(missing_docs)]
pub mod weights;

#[cfg(feature = "std")]
pub use apis::RuntimeApi;
pub use noema_core::{AccountId, Address, Balance, BlockNumber, Hash, Header, Nonce, Signature};
pub use runtime_version::VERSION;

// The macros below name `Vec` without a path.
use alloc::vec::Vec;
use sp_runtime::{generic, impl_opaque_keys, traits::BlakeTwo256};

/// A block with extrinsics as this runtime understands them. The client handles
/// [`noema_core::OpaqueBlock`].
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// The number of a block or its hash.
pub type BlockId = generic::BlockId<Block>;

/// What a transaction carries beside its call, and what is checked and done around the call, from
/// top to bottom. None of these changes the format that wallets know: together they add the era,
/// the nonce, the tip and the one-byte mode of the metadata check.
///
/// Not here as long as nothing needs them: `frame_system::AuthorizeCall`, for calls that authorise themselves
/// (`#[pallet::authorize]`; it goes first), and `SkipCheckIfFeeless`. Neither adds a byte to a transaction, so both can
/// come with an upgrade; until Polkadot.js knows them, it warns of each at every connection.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    // After-dispatch work runs in this order as well, so weight is given back when the fee is
    // settled.
    frame_system::WeightReclaim<Runtime>,
);

/// An extrinsic whose signature is not checked yet.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Executes blocks: hooks, inherents, transactions, in this order.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// The hash of blocks, headers and state.
pub type Hashing = BlakeTwo256;

impl_opaque_keys! {
    /// The keys with which a validator's node acts. They are registered with a proof that their
    /// owner holds them: make them with `author_rotateKeysWithOwner`.
    pub struct SessionKeys {
        /// Authors blocks; sr25519.
        pub babe: Babe,
        /// Votes for finality; ed25519.
        pub grandpa: Grandpa,
        /// Publishes the node's addresses; sr25519.
        pub authority_discovery: AuthorityDiscovery,
    }
}

/// The composition. Indices are explicit because they are part of the encoding of calls, events
/// and errors: a pallet keeps its index for ever. Their order is that of genesis and of hooks: staking needs balances at
/// genesis, and sessions need staking. Each area has room:
/// 0 system, 10 money, 15 consensus, 30 utility, 40 governance and upgrades, 50 safety,
/// 60 to 79 the AI layers.
#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    /// The runtime.
    pub struct Runtime;

    /// Accounts, block headers, events, upgrades.
    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    /// The time of the block.
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    /// The native token.
    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;

    /// Fees.
    #[runtime::pallet_index(11)]
    pub type TransactionPayment = pallet_transaction_payment;

    /// What a block's transactions paid, until the next block.
    #[runtime::pallet_index(12)]
    pub type Fees = pallet_noema_fees;

    /// Who authors which slot, and the VRF randomness. Before Session, which asks it when to end.
    #[runtime::pallet_index(15)]
    pub type Babe = pallet_babe;

    /// The account of the block's author.
    #[runtime::pallet_index(16)]
    pub type Authorship = pallet_authorship;

    /// Who may be elected a validator, who stands behind it, and what both earn and lose. Before Session, whose
    /// genesis asks it for the validators.
    #[runtime::pallet_index(17)]
    pub type Staking = pallet_staking;

    /// Voters, roughly in the order of their stake.
    #[runtime::pallet_index(18)]
    pub type VoterList = pallet_bags_list<Instance1>;

    /// Stake in its owner's account that another account votes with.
    #[runtime::pallet_index(19)]
    pub type DelegatedStaking = pallet_delegated_staking;

    /// Small stakes that vote as one.
    #[runtime::pallet_index(20)]
    pub type NominationPools = pallet_nomination_pools;

    /// What validators were convicted of.
    #[runtime::pallet_index(21)]
    pub type Offences = pallet_offences;

    /// The validators of a session and their keys.
    #[runtime::pallet_index(22)]
    pub type Session = pallet_session;

    /// Roots of past sessions' validator sets.
    #[runtime::pallet_index(23)]
    pub type Historical = pallet_session::historical;

    /// Finality.
    #[runtime::pallet_index(24)]
    pub type Grandpa = pallet_grandpa;

    /// The keys under which validators publish their addresses.
    #[runtime::pallet_index(25)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    /// Batches and derived accounts.
    #[runtime::pallet_index(30)]
    pub type Utility = pallet_utility;

    /// Calls by several signatories.
    #[runtime::pallet_index(31)]
    pub type Multisig = pallet_multisig;

    /// Calls on behalf of another account, within a type's limits.
    #[runtime::pallet_index(32)]
    pub type Proxy = pallet_proxy;

    /// Names of accounts, and what registrars think of them.
    #[runtime::pallet_index(33)]
    pub type Identity = pallet_identity;

    /// Tokens that are given over time.
    #[runtime::pallet_index(34)]
    pub type Vesting = pallet_vesting;

    /// Tokens of others' making.
    #[runtime::pallet_index(35)]
    pub type Assets = pallet_assets;

    /// One key with root rights; set by development presets only.
    #[runtime::pallet_index(40)]
    pub type Sudo = pallet_sudo;

    /// Data known by its hash, such as calls to be decided on.
    #[runtime::pallet_index(41)]
    pub type Preimage = pallet_preimage;

    /// Calls at a later block.
    #[runtime::pallet_index(42)]
    pub type Scheduler = pallet_scheduler;

    /// Migrations in bounded steps over several blocks.
    #[runtime::pallet_index(43)]
    pub type MultiBlockMigrations = pallet_migrations;

    /// What fees brought, and who is paid from it.
    #[runtime::pallet_index(44)]
    pub type Treasury = pallet_treasury;

    /// Votes on referenda, weighted by how long their tokens stay locked.
    #[runtime::pallet_index(45)]
    pub type ConvictionVoting = pallet_conviction_voting;

    /// Proposals, each on the track of the rights that it asks for.
    #[runtime::pallet_index(46)]
    pub type Referenda = pallet_referenda;

    /// The rights that referenda have, and their pace.
    #[runtime::pallet_index(47)]
    pub type Origins = governance::origins;

    /// Calls that may become root's by a quicker referendum.
    #[runtime::pallet_index(48)]
    pub type Whitelist = pallet_whitelist;

    /// Those who whitelist calls and move the emergency levers.
    #[runtime::pallet_index(49)]
    pub type TechnicalCommittee = pallet_collective<Instance1>;

    /// Stops everything but the calls needed to repair the chain.
    #[runtime::pallet_index(50)]
    pub type SafeMode = pallet_safe_mode;

    /// Stops single calls.
    #[runtime::pallet_index(51)]
    pub type TxPause = pallet_tx_pause;

    /// One seed per block. First of ours, so that its `on_poll` is the last to run out of weight.
    #[runtime::pallet_index(60)]
    pub type Entropy = pallet_noema_entropy;

    /// Bonds and capacity of the off-chain roles.
    #[runtime::pallet_index(61)]
    pub type Providers = pallet_noema_providers;

    /// Files held to an on-chain commitment.
    #[runtime::pallet_index(63)]
    pub type Storage = pallet_noema_storage;

    /// Ticks and rounds, and what storage providers must prove in them.
    #[runtime::pallet_index(64)]
    pub type Audits = pallet_noema_audits;

    /// Blobs held by committees: paid, attested, available until their windows end.
    #[runtime::pallet_index(65)]
    pub type DataAvailability = pallet_noema_da;

    /// Services, and channels that pay for their requests.
    #[runtime::pallet_index(66)]
    pub type Compute = pallet_noema_compute;

    /// Agents: who they are, who acts for them within which limits, and what others think of them.
    #[runtime::pallet_index(67)]
    pub type Agents = pallet_noema_agents;

    /// The rounds that are the eras of data availability, and what its seats must prove in them.
    #[runtime::pallet_index(68)]
    pub type RowAudits = pallet_noema_audits<Instance1>;
}
