//! Batches, multisignatures and proxies.

use super::money::deposit;
use crate::{weights, Balance, Balances, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, System};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    parameter_types,
    traits::{ConstU32, InstanceFilter},
};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

parameter_types! {
    /// Held while a multisignature call waits: one entry of 88 bytes (key, account, timepoint).
    pub const MultisigDepositBase: Balance = deposit(1, 88);
    /// Held for each signatory that is remembered.
    pub const MultisigDepositFactor: Balance = deposit(0, 32);
    /// Held for having any proxy: one entry of 8 bytes.
    pub const ProxyDepositBase: Balance = deposit(1, 8);
    /// Held for each proxy: its account, type and delay.
    pub const ProxyDepositFactor: Balance = deposit(0, 37);
    /// Held for having any announcement.
    pub const AnnouncementDepositBase: Balance = deposit(1, 8);
    /// Held for each announcement.
    pub const AnnouncementDepositFactor: Balance = deposit(0, 68);
}

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = weights::pallet_utility::WeightInfo<Runtime>;
}

impl pallet_multisig::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type DepositBase = MultisigDepositBase;
    type DepositFactor = MultisigDepositFactor;
    type MaxSignatories = ConstU32<100>;
    type WeightInfo = weights::pallet_multisig::WeightInfo<Runtime>;
    type BlockNumberProvider = System;
}

impl pallet_proxy::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ProxyType;
    type ProxyDepositBase = ProxyDepositBase;
    type ProxyDepositFactor = ProxyDepositFactor;
    type MaxProxies = ConstU32<32>;
    type WeightInfo = weights::pallet_proxy::WeightInfo<Runtime>;
    type MaxPending = ConstU32<32>;
    type CallHasher = BlakeTwo256;
    type AnnouncementDepositBase = AnnouncementDepositBase;
    type AnnouncementDepositFactor = AnnouncementDepositFactor;
    type BlockNumberProvider = System;
}

/// What a proxy may do in the name of its account. A variant is never removed nor renumbered:
/// proxies in state name it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    #[codec(index = 0)]
    Any,
    /// Everything that cannot move the account's free tokens to somebody else, nor lend out its
    /// rights.
    #[codec(index = 1)]
    NonTransfer,
    /// Only veto another proxy's announced call.
    #[codec(index = 2)]
    CancelProxy,
    /// Run a provider: bond, capacity, daemon, the answers that a storage provider owes, the services and claims of a compute provider.
    #[codec(index = 3)]
    Provider,
    /// Commit files and remove them.
    #[codec(index = 4)]
    Storage,
    /// Register and remove a validator's session keys.
    #[codec(index = 5)]
    SessionKeys,
    /// Vote, delegate votes, submit referenda and leave their deposits.
    #[codec(index = 6)]
    Governance,
    /// Judge identities as a registrar.
    #[codec(index = 7)]
    IdentityJudgement,
    /// Put own tokens at stake and take them back: validate, nominate, join a pool, delegate to providers. Not where
    /// rewards go, and not the first bond, which says so.
    #[codec(index = 8)]
    Staking,
}

/// Batches are open to every limited proxy: each call in them meets the proxy's limits again.
fn is_batch(call: &RuntimeCall) -> bool {
    use pallet_utility::Call;
    matches!(
        call,
        RuntimeCall::Utility(
            Call::batch { .. } | Call::batch_all { .. } | Call::force_batch { .. }
        )
    )
}

/// What [`ProxyType::NonTransfer`] may call. What is not named is denied: tokens would move, or calls
/// would be made under other names or with more rights. A test wants a decision for every call.
fn moves_nothing(call: &RuntimeCall) -> bool {
    match call {
        RuntimeCall::System(_)
        | RuntimeCall::Timestamp(_)
        | RuntimeCall::Babe(_)
        | RuntimeCall::Session(_)
        | RuntimeCall::VoterList(_)
        | RuntimeCall::Grandpa(_)
        | RuntimeCall::Preimage(_)
        | RuntimeCall::Scheduler(_)
        | RuntimeCall::MultiBlockMigrations(_)
        | RuntimeCall::Treasury(_)
        | RuntimeCall::ConvictionVoting(_)
        | RuntimeCall::Referenda(_)
        | RuntimeCall::Whitelist(_)
        | RuntimeCall::TechnicalCommittee(_)
        | RuntimeCall::TxPause(_)
        | RuntimeCall::Providers(_)
        | RuntimeCall::Audits(_)
        | RuntimeCall::RowAudits(_) => true,
        // A deal that is offered takes what was paid for it along; whoever renews or tops up may pay for another's.
        RuntimeCall::Storage(storage) => {
            use pallet_noema_storage::Call;
            !matches!(
                storage,
                Call::offer { .. } | Call::renew { .. } | Call::top_up { .. }
            )
        }
        // Whoever extends may pay for another's blob, and a member pays its gateway.
        RuntimeCall::DataAvailability(da) => {
            use pallet_noema_da::Call;
            !matches!(da, Call::extend { .. } | Call::submit_member { .. })
        }
        // Who holds a key to a channel can pay its provider all that is in it.
        RuntimeCall::Compute(compute) => {
            use pallet_noema_compute::Call;
            !matches!(
                compute,
                Call::open { .. } | Call::top_up { .. } | Call::grant { .. }
            )
        }
        RuntimeCall::Proxy(proxy) => {
            matches!(proxy, pallet_proxy::Call::reject_announcement { .. })
        }
        // A judgement is paid for, and a sub-account that leaves takes its deposit with it.
        RuntimeCall::Identity(identity) => {
            use pallet_identity::Call;
            !matches!(
                identity,
                Call::request_judgement { .. } | Call::add_sub { .. } | Call::set_subs { .. }
            )
        }
        RuntimeCall::Vesting(vesting) => {
            use pallet_vesting::Call;
            matches!(
                vesting,
                Call::vest {} | Call::vest_other { .. } | Call::merge_schedules { .. }
            )
        }
        _ => is_batch(call) || stakes(call),
    }
}

/// Whether a call of the providers' pallet is one of who delegates, and not of who runs a provider.
fn is_delegators(call: &pallet_noema_providers::Call<Runtime>) -> bool {
    use pallet_noema_providers::Call;
    matches!(
        call,
        Call::delegate { .. }
            | Call::undelegate { .. }
            | Call::withdraw_delegation { .. }
            | Call::collect_delegation { .. }
    )
}

/// Whether a call of the compute market is one of who sells, and not of who buys.
fn serves(call: &pallet_noema_compute::Call<Runtime>) -> bool {
    use pallet_noema_compute::Call;
    matches!(
        call,
        Call::announce { .. }
            | Call::set_endpoint { .. }
            | Call::set_capacity { .. }
            | Call::set_price { .. }
            | Call::set_key { .. }
            | Call::retire { .. }
            | Call::redeem { .. }
            | Call::close { .. }
            | Call::settle { .. }
    )
}

/// What [`ProxyType::Staking`] may call. Denied is what sends rewards elsewhere or gives rights in a pool away: bonding
/// for the first time and the payee, creating a pool, its roles and its commission.
fn stakes(call: &RuntimeCall) -> bool {
    use pallet_nomination_pools::Call as Pools;
    use pallet_staking::Call as Stake;
    match call {
        RuntimeCall::Staking(stake) => matches!(
            stake,
            Stake::bond_extra { .. }
                | Stake::unbond { .. }
                | Stake::rebond { .. }
                | Stake::withdraw_unbonded { .. }
                | Stake::validate { .. }
                | Stake::nominate { .. }
                | Stake::chill { .. }
                | Stake::kick { .. }
                | Stake::payout_stakers { .. }
                | Stake::payout_stakers_by_page { .. }
        ),
        RuntimeCall::NominationPools(pools) => matches!(
            pools,
            Pools::join { .. }
                | Pools::bond_extra { .. }
                | Pools::claim_payout { .. }
                | Pools::unbond { .. }
                | Pools::withdraw_unbonded { .. }
                | Pools::pool_withdraw_unbonded { .. }
                | Pools::nominate { .. }
                | Pools::chill { .. }
        ),
        RuntimeCall::VoterList(_) => true,
        RuntimeCall::Providers(provider) => is_delegators(provider),
        _ => false,
    }
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            ProxyType::Any => true,
            ProxyType::NonTransfer => moves_nothing(call),
            ProxyType::CancelProxy => {
                matches!(
                    call,
                    RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. })
                )
            }
            ProxyType::Provider => {
                use pallet_noema_storage::Call;
                match call {
                    RuntimeCall::Providers(provider) => !is_delegators(provider),
                    RuntimeCall::Storage(storage) => matches!(
                        storage,
                        Call::ready { .. } | Call::prove { .. } | Call::resign { .. }
                    ),
                    RuntimeCall::Audits(_) | RuntimeCall::RowAudits(_) => true,
                    RuntimeCall::DataAvailability(da) => {
                        use pallet_noema_da::Call;
                        matches!(
                            da,
                            Call::set_key { .. } | Call::retire_key { .. } | Call::attest { .. }
                        )
                    }
                    RuntimeCall::Compute(compute) => serves(compute),
                    _ => is_batch(call),
                }
            }
            ProxyType::Storage => {
                use pallet_noema_storage::Call;
                matches!(
                    call,
                    RuntimeCall::Storage(
                        Call::commit { .. }
                            | Call::commit_many { .. }
                            | Call::remove { .. }
                            | Call::expire { .. }
                    )
                ) || is_batch(call)
            }
            ProxyType::SessionKeys => matches!(call, RuntimeCall::Session(_)) || is_batch(call),
            ProxyType::Staking => stakes(call) || is_batch(call),
            ProxyType::Governance => {
                use pallet_preimage::Call;
                matches!(
                    call,
                    RuntimeCall::ConvictionVoting(_)
                        | RuntimeCall::Referenda(_)
                        | RuntimeCall::Preimage(
                            Call::note_preimage { .. } | Call::unnote_preimage { .. }
                        )
                ) || is_batch(call)
            }
            ProxyType::IdentityJudgement => {
                use pallet_identity::Call;
                matches!(call, RuntimeCall::Identity(Call::provide_judgement { .. }))
                    || is_batch(call)
            }
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (ProxyType::Any, _) => true,
            (_, ProxyType::Any) => false,
            // Everything the limited types may call is in `NonTransfer`; a test compares them call
            // by call.
            (ProxyType::NonTransfer, _) => true,
            _ => false,
        }
    }
}
