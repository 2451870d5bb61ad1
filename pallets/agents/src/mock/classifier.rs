//! The leaves of the mock.

use super::{market, RuntimeCall};
use codec::Encode;
use frame_support::parameter_types;
use noema_agents_primitives::CallId;
use noema_traits::{CallClassifier, Leaf};

parameter_types! {
    /// Whether batches and proxies are listed as leaves, by mistake.
    pub static Careless: bool = false;
}

/// What the mock lists.
pub struct Leaves;

impl CallClassifier<RuntimeCall, u128> for Leaves {
    fn classify(call: &RuntimeCall) -> Option<Leaf<u128>> {
        let spends = match call {
            RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { value, .. }) => {
                *value
            }
            RuntimeCall::Market(market::Call::pay { amount, .. })
            | RuntimeCall::Market(market::Call::reserve { amount }) => *amount,
            RuntimeCall::Market(market::Call::release { .. }) => 0,
            RuntimeCall::Market(market::Call::lie { declared, .. }) => *declared,
            RuntimeCall::Agents(
                crate::Call::feedback { .. }
                | crate::Call::revoke_feedback { .. }
                | crate::Call::respond { .. }
                | crate::Call::update_data { .. }
                | crate::Call::set_metadata { .. }
                | crate::Call::exercise { .. },
            ) => 0,
            RuntimeCall::Utility(_) | RuntimeCall::Proxy(_) | RuntimeCall::Agents(_)
                if Careless::get() =>
            {
                0
            }
            _ => return None,
        };
        let CallId { pallet, call } = call_id(call);
        Some(Leaf {
            pallet,
            call,
            spends,
        })
    }
}

/// The two bytes with which a call begins.
pub(crate) fn call_id(call: &RuntimeCall) -> CallId {
    let bytes = call.encode();
    CallId {
        pallet: bytes[0],
        call: bytes[1],
    }
}
