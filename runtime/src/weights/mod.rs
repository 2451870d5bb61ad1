//! What work costs.
//!
//! [`block`] says how much of it a block may contain. Measured in this runtime are calls, hooks and extensions, blocks and transactions
//! (`make bench-weights`), and accesses to the database (`make bench-database`); the head of each file says where and when. A file that names the SDK's
//! weights waits for such a measurement. What has no benchmark that runs here keeps them: the consensus pallets, Session, the migrations, the
//! nomination pools and two calls of the staking pallet.

pub mod block;
pub mod consensus;
pub mod database;
pub mod overhead;

pub mod frame_system;
pub mod frame_system_extensions;
pub mod pallet_assets;
pub mod pallet_bags_list;
pub mod pallet_balances;
pub mod pallet_collective;
pub mod pallet_conviction_voting;
pub mod pallet_election_provider_support_benchmarking;
pub mod pallet_identity;
pub mod pallet_multisig;
pub mod pallet_noema_agents;
pub mod pallet_noema_audits;
pub mod pallet_noema_audits_rows;
pub mod pallet_noema_compute;
pub mod pallet_noema_da;
pub mod pallet_noema_entropy;
pub mod pallet_noema_fees;
pub mod pallet_noema_providers;
pub mod pallet_noema_storage;
pub mod pallet_nomination_pools;
pub mod pallet_preimage;
pub mod pallet_proxy;
pub mod pallet_referenda;
pub mod pallet_safe_mode;
pub mod pallet_scheduler;
pub mod pallet_staking;
pub mod pallet_sudo;
pub mod pallet_timestamp;
pub mod pallet_transaction_payment;
pub mod pallet_treasury;
pub mod pallet_tx_pause;
pub mod pallet_utility;
pub mod pallet_vesting;
pub mod pallet_whitelist;
