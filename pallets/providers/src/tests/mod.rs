//! Tests by topic.

#[cfg(feature = "runtime-benchmarks")]
mod benchmark_support;
mod bonding;
mod capacity;
mod collateral;
mod delegation;
mod delegation_model;
mod delegation_slash;
mod delegation_terms;
mod discipline;
mod genesis;
mod invariants;
mod math;
mod model;
mod operators;
mod parameters;
mod pool;
mod pool_invariants;
mod pool_model;
mod registration;
mod sequences;
mod standing;

use crate::{mock::*, EndpointOf, PoolOf, ProviderOf, Providers};
use frame_support::traits::fungible::InspectHold;
use noema_traits::Role;
use sp_runtime::DispatchResult;

pub(super) const MIB: u64 = 1 << 20;
pub(super) const GOOD: &[u8] =
    b"https://provider.example:7000/noema#sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(super) const STORAGE: Role = Role::Storage;

pub(super) fn signed(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Registers `who` for storage with the operator key `who + 100` and more capacity than any bond
/// of the tests covers.
pub(super) fn register(who: AccountId, bond: Balance) -> DispatchResult {
    register_as(STORAGE, who, bond, who + 100, 1 << 40)
}

pub(super) fn register_as(
    role: Role,
    who: AccountId,
    bond: Balance,
    operator: AccountId,
    capacity: u64,
) -> DispatchResult {
    NoemaProviders::register(signed(who), role, bond, operator, GOOD.to_vec(), capacity)
}

pub(super) fn record(who: AccountId) -> ProviderOf<Test> {
    Providers::<Test>::get(STORAGE, who).expect("the provider is registered")
}

pub(super) fn held(role: Role, who: AccountId) -> Balance {
    Balances::balance_on_hold(&NoemaProviders::hold_reason(role), &who)
}

pub(super) fn endpoint(bytes: &[u8]) -> EndpointOf<Test> {
    bytes
        .to_vec()
        .try_into()
        .expect("the endpoint is short enough")
}
