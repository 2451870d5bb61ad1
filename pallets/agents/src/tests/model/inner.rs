//! Calls in an agent's name, as the pallet is told.

use super::*;
use codec::Encode;
use noema_agents_primitives::Scope;
use noema_models::agents::{Inner, Kind};

/// A call in an agent's name.
pub(super) fn inner(call: &Inner) -> RuntimeCall {
    match *call {
        Inner::Pay { to, amount } => pay_to(person(to), amount),
        Inner::Reserve(amount) => reserve(amount),
        Inner::Release(amount) => release(amount),
        Inner::Lie { declared, taken } => lie(declared, taken),
        Inner::Feedback {
            agent,
            amount,
            value,
            tag,
        } => crate::Call::feedback {
            agent,
            amount,
            opinion: opinion(value, tag),
            wallet: None,
        }
        .into(),
        Inner::SetMetadata { agent, key, value } => crate::Call::set_metadata {
            agent,
            key: metadata_key(key),
            value: value.map(|length| vec![7; length].try_into().unwrap()),
        }
        .into(),
        Inner::UpdateData { agent, index, hash } => crate::Call::update_data {
            agent,
            index,
            commitment: commitment(hash, &[]),
        }
        .into(),
        Inner::Exercise { agent, data } => crate::Call::exercise {
            agent,
            wanted: usage_scope(data),
            request: [7; 32],
        }
        .into(),
        Inner::Respond { agent, feedback } => crate::Call::respond {
            agent,
            feedback,
            response: answer(),
        }
        .into(),
        Inner::NoLeaf => pallet_utility::Call::batch {
            calls: vec![pay(BOB, 1)],
        }
        .into(),
    }
}

pub(super) fn kinds(calls: &BTreeSet<Kind>) -> Scope {
    let named = calls.iter().map(|kind| {
        let (agent, data) = (0, None);
        let call = match kind {
            Kind::Pay => Inner::Pay { to: 2, amount: 0 },
            Kind::Reserve => Inner::Reserve(0),
            Kind::Release => Inner::Release(0),
            Kind::Lie => Inner::Lie {
                declared: 0,
                taken: 0,
            },
            Kind::Feedback => Inner::Feedback {
                agent,
                amount: 0,
                value: 0,
                tag: None,
            },
            Kind::SetMetadata => Inner::SetMetadata {
                agent,
                key: 0,
                value: None,
            },
            Kind::UpdateData => Inner::UpdateData {
                agent,
                index: 0,
                hash: 0,
            },
            Kind::Exercise => Inner::Exercise { agent, data },
            Kind::Respond => Inner::Respond { agent, feedback: 0 },
        };
        call_id(&inner(&call))
    });
    // Decoded, so that one of no calls can be tried.
    let encoded = named.collect::<Vec<_>>().encode();
    codec::Decode::decode(&mut encoded.as_slice()).unwrap()
}
