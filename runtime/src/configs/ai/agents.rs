//! Agents: what they own and let others do, and the calls that can be made in their names.

use super::compute::PacedTicks;
use crate::{
    configs::money::{DEPOSIT_PER_BYTE, DEPOSIT_PER_ITEM},
    parameters, weights, AccountId, Agents, Audits, Balance, Balances, Compute, DataAvailability,
    Runtime, RuntimeCall, RuntimeHoldReason, Signature, Storage,
};
use frame_support::traits::{ConstU128, ConstU32, Get, GetCallIndex, PalletInfoAccess};
use noema_traits::{CallClassifier, HandOver, Leaf, Tick, Ticks};

impl pallet_noema_agents::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Signature = Signature;
    type Classifier = Leaves;
    type Paid = Compute;
    type HandOver = NoChannels;
    type Ticks = Audits;
    type MaxDeadline = WalletDeadline;
    type ReputationPeriod = PacedTicks<{ parameters::REPUTATION_PERIOD }>;
    type MinFeedback = ConstU128<{ parameters::MIN_FEEDBACK }>;
    type ItemDeposit = ConstU128<DEPOSIT_PER_ITEM>;
    type ByteDeposit = ConstU128<DEPOSIT_PER_BYTE>;
    type MaxMetadata = ConstU32<{ parameters::MAX_AGENT_METADATA }>;
    type MaxData = ConstU32<{ parameters::MAX_AGENT_DATA }>;
    type MaxUsages = ConstU32<{ parameters::MAX_AGENT_USAGES }>;
    type MaxSessions = ConstU32<{ parameters::MAX_AGENT_SESSIONS }>;
    type MaxScheduled = ConstU32<{ parameters::MAX_SCHEDULED_ACTS }>;
    type MaxScheduledCall = ConstU32<{ parameters::MAX_SCHEDULED_CALL }>;
    type MaxTags = ConstU32<{ parameters::MAX_AGENT_TAGS }>;
    type WeightInfo = weights::pallet_noema_agents::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Keys;
}

/// For how many ticks ahead a wallet signs: as long as a transaction takes to be sent and included, at any pace of this chain.
pub struct WalletDeadline;

impl Get<Tick> for WalletDeadline {
    fn get() -> Tick {
        parameters::WALLET_DEADLINE.into()
    }
}

/// An agent changes hands only when its account has no channel: their sessions were granted by the old owner.
pub struct NoChannels;

impl HandOver<AccountId> for NoChannels {
    fn may_change_hands(account: &AccountId) -> bool {
        pallet_noema_compute::Purses::<Runtime>::get(account)
            .is_none_or(|purse| purse.channels == 0)
    }
}

/// The calls that can be made in an agent's name, with the most that each spends. Everything else is denied, and so is every call that comes later until somebody lists it;
/// a test wants a decision for each. `docs/design/agents.md` has the table, with the reasons.
pub struct Leaves;

impl CallClassifier<RuntimeCall, Balance> for Leaves {
    fn classify(call: &RuntimeCall) -> Option<Leaf<Balance>> {
        match call {
            RuntimeCall::Balances(call) => leaf::<Balances, _>(call, transfers(call)?),
            RuntimeCall::Storage(call) => leaf::<Storage, _>(call, stores(call)?),
            RuntimeCall::DataAvailability(call) => leaf::<DataAvailability, _>(call, posts(call)?),
            RuntimeCall::Compute(call) => leaf::<Compute, _>(call, buys(call)?),
            RuntimeCall::Agents(call) => leaf::<Agents, _>(call, speaks(call)?),
            _ => None,
        }
    }
}

fn leaf<Pallet: PalletInfoAccess, Call: GetCallIndex>(
    call: &Call,
    spends: Balance,
) -> Option<Leaf<Balance>> {
    Some(Leaf {
        pallet: u8::try_from(Pallet::index()).ok()?,
        call: call.get_call_index(),
        spends,
    })
}

fn transfers(call: &pallet_balances::Call<Runtime>) -> Option<Balance> {
    use pallet_balances::Call;
    match call {
        Call::transfer_keep_alive { value, .. } => Some(*value),
        _ => None,
    }
}

fn stores(call: &pallet_noema_storage::Call<Runtime>) -> Option<Balance> {
    use pallet_noema_storage::Call;
    match call {
        Call::commit { max, .. } | Call::commit_many { max, .. } | Call::renew { max, .. } => {
            Some(*max)
        }
        Call::remove { .. } => Some(0),
        // `top_up` spends what is missing: that cannot be read from the call. An offer outlasts the agent's owner.
        _ => None,
    }
}

fn posts(call: &pallet_noema_da::Call<Runtime>) -> Option<Balance> {
    use pallet_noema_da::Call;
    match call {
        Call::submit { max_fee, .. }
        | Call::extend { max_fee, .. }
        | Call::submit_member { max_fee, .. } => Some(*max_fee),
        // What seats and gateways do, and the base price.
        _ => None,
    }
}

fn buys(call: &pallet_noema_compute::Call<Runtime>) -> Option<Balance> {
    use pallet_noema_compute::Call;
    match call {
        Call::deposit { amount } | Call::top_up { amount, .. } => Some(*amount),
        // The key that signs vouchers spends later top-ups as well, whoever makes them, up to its own total: that counts, too. It must not stay for ever.
        Call::open { cap, grant, .. } => {
            let most: Tick = parameters::VOUCHER_KEY_TERM.into();
            let soon = grant.expires <= Audits::now().saturating_add(most);
            soon.then_some(grant.limits.total.max(*cap))
        }
        Call::withdraw { .. }
        | Call::revoke { .. }
        | Call::drop_session { .. }
        | Call::close { .. }
        | Call::settle { .. }
        | Call::remove { .. }
        | Call::forget { .. } => Some(0),
        // `grant` would name another key, with limits of its own choosing. What providers do is done by an agent's wallet, which has a key.
        _ => None,
    }
}

fn speaks(call: &pallet_noema_agents::Call<Runtime>) -> Option<Balance> {
    use pallet_noema_agents::Call;
    match call {
        Call::update_data { .. }
        | Call::set_metadata { .. }
        | Call::respond { .. }
        | Call::exercise { .. }
        | Call::feedback { .. }
        | Call::revoke_feedback { .. } => Some(0),
        // What wraps calls, and what is the owner's.
        _ => None,
    }
}

/// Keys of benchmarks, and a leaf of a length that they choose.
#[cfg(feature = "runtime-benchmarks")]
pub struct Keys;

#[cfg(feature = "runtime-benchmarks")]
impl pallet_noema_agents::benchmarking::BenchmarkHelper<AccountId, Signature, RuntimeCall>
    for Keys
{
    fn key(number: u32) -> AccountId {
        pallet_noema_agents::benchmarking::key(number)
    }

    fn sign(number: u32, payload: &[u8]) -> Signature {
        pallet_noema_agents::benchmarking::sign(number, payload)
    }

    fn leaf(bytes: u32) -> RuntimeCall {
        let longest = noema_agents_primitives::MAX_VALUE;
        let length = bytes.saturating_sub(16).min(longest) as usize;
        let value = alloc::vec![7; length]
            .try_into()
            .expect("no longer than one may be");
        let key = alloc::vec![b'k'].try_into().expect("one byte");
        RuntimeCall::Agents(pallet_noema_agents::Call::set_metadata {
            agent: 0,
            key,
            value: Some(value),
        })
    }
}
