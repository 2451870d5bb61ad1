//! Calls about agents as the runtime reads them.

use noema_agents_primitives::{
    CallId, Commitment, SealedFor, ServiceEndpoint, ServiceKind, UsageScope,
};
use noema_session::{Allowance, Limits};

use super::{agents::raw, *};
use crate::{
    agents::WalletSignature,
    call::{AgentCall, AgentGrant, AgentPlan},
};

fn grant() -> AgentGrant {
    AgentGrant {
        key: who(2),
        calls: vec![CallId {
            pallet: 66,
            call: 8,
        }],
        limits: Limits {
            per_use: 3,
            total: 4,
        },
        allowance: Allowance { period: 5, most: 6 },
        expires: 7,
    }
}

fn commitment() -> Commitment<AccountId> {
    let sealed = SealedFor {
        holder: who(3),
        key: vec![9; 10].try_into().unwrap(),
    };
    Commitment {
        hash: raw(1),
        file: Some(raw(2)),
        holders: vec![sealed].try_into().unwrap(),
    }
}

#[tokio::test]
async fn calls_are_encoded_as_the_runtime_reads_them() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let agent = 5u64;
    let endpoint = ServiceEndpoint {
        kind: ServiceKind::OpenAi,
        url: b"https://a.example".to_vec().try_into().unwrap(),
    };
    let committed = (raw(1), Some(raw(2)), vec![(raw(3), vec![9u8; 10])]);
    let transfer = Call::TransferKeepAlive {
        to: who(8),
        amount: 9,
    };
    let inner = transfer.encode(&state).unwrap();
    let scheduled = [
        (agent, 2u32).encode(),
        inner.clone(),
        (3u64, 4u64, 5u32, 6u128).encode(),
    ]
    .concat();
    let ran = [(agent, 2u32).encode(), inner].concat();
    let carried = [agent.encode(), transfer.encode(&state).unwrap()].concat();
    let granted = (raw(2), vec![(66u8, 8u8)], 3u128, 4u128, 7u64, 5u64, 6u128);
    let act = |call: &Call| Box::new(call.clone());
    let cases = [
        (
            AgentCall::Register {
                file: Some(FileId(raw(1))),
                endpoints: vec![endpoint],
            },
            0u8,
            (Some(raw(1)), vec![(2u8, b"https://a.example".to_vec())]).encode(),
        ),
        (
            AgentCall::SetMetadata {
                agent,
                key: b"k".to_vec(),
                value: Some(b"v".to_vec()),
            },
            3,
            (agent, b"k".to_vec(), Some(b"v".to_vec())).encode(),
        ),
        (AgentCall::UnbindWallet { agent }, 5, agent.encode()),
        (
            AgentCall::Offer {
                agent,
                to: Some(who(1)),
            },
            6,
            (agent, Some(raw(1))).encode(),
        ),
        (
            AgentCall::Transfer { agent, to: who(1) },
            7,
            (agent, raw(1)).encode(),
        ),
        (AgentCall::Burn { agent }, 8, agent.encode()),
        (
            AgentCall::Withdraw { agent, amount: 70 },
            9,
            (agent, Compact(70u128)).encode(),
        ),
        (
            AgentCall::CommitData {
                agent,
                description: b"memory".to_vec(),
                commitment: commitment(),
            },
            10,
            (agent, b"memory".to_vec(), committed.clone()).encode(),
        ),
        (
            AgentCall::UpdateData {
                agent,
                index: 2,
                commitment: commitment(),
            },
            11,
            (agent, 2u32, committed.clone()).encode(),
        ),
        (
            AgentCall::DropData { agent, index: 2 },
            12,
            (agent, 2u32).encode(),
        ),
        (
            AgentCall::StageData {
                agent,
                index: 2,
                commitment: commitment(),
            },
            13,
            (agent, 2u32, committed).encode(),
        ),
        (
            AgentCall::UnstageData { agent, index: 2 },
            14,
            (agent, 2u32).encode(),
        ),
        (
            AgentCall::AuthorizeUsage {
                agent,
                user: who(1),
                scope: UsageScope::Service(ServiceKind::A2a),
                expires: 3,
                count: 4,
            },
            15,
            (agent, raw(1), 2u8, 0u8, 3u64, 4u32).encode(),
        ),
        (
            AgentCall::RevokeUsage {
                agent,
                user: who(1),
            },
            16,
            (agent, raw(1)).encode(),
        ),
        (
            AgentCall::GrantSession {
                agent,
                grant: grant(),
            },
            18,
            (agent, granted).encode(),
        ),
        (
            AgentCall::RevokeSession { agent, session: 2 },
            19,
            (agent, 2u32).encode(),
        ),
        (
            AgentCall::Act {
                agent,
                call: act(&transfer),
            },
            20,
            carried.clone(),
        ),
        (
            AgentCall::ActByOwner {
                agent,
                call: act(&transfer),
            },
            22,
            carried,
        ),
        (
            AgentCall::Schedule {
                agent,
                session: 2,
                call: act(&transfer),
                plan: AgentPlan {
                    due: 3,
                    every: 4,
                    times: 5,
                    reward: 6,
                },
            },
            23,
            scheduled,
        ),
        (
            AgentCall::Cancel { agent, schedule: 2 },
            24,
            (agent, 2u32).encode(),
        ),
        (
            AgentCall::Run {
                agent,
                schedule: 2,
                call: act(&transfer),
            },
            25,
            ran,
        ),
        (
            AgentCall::AddTag {
                agent,
                tag: b"speed".to_vec(),
            },
            26,
            (agent, b"speed".to_vec()).encode(),
        ),
        (
            AgentCall::Feedback {
                agent,
                amount: 70,
                value: 8_750,
                tags: vec![b"speed".to_vec(), b"care".to_vec()],
                wallet: Some(who(1)),
            },
            27,
            (
                (agent, Compact(70u128), 8_750u16, 2u8, b"speed".to_vec()),
                (b"care".to_vec(), None::<()>, Some(raw(1))),
            )
                .encode(),
        ),
        (
            AgentCall::RevokeFeedback { agent, feedback: 3 },
            28,
            (agent, 3u64).encode(),
        ),
    ];
    for (call, index, arguments) in cases {
        let bytes = Call::Agent(Box::new(call.clone())).encode(&state).unwrap();
        assert_eq!(bytes, [vec![67, index], arguments].concat(), "{call:?}");
    }
}

/// Whatever scheme a wallet's key is of, its signature is the one that the runtime reads.
#[tokio::test]
async fn wallets_of_every_scheme_are_bound() {
    let state = state(&FakeNode::new()).await;
    let schemes = [
        WalletSignature::Ed25519([1; 64]),
        WalletSignature::Sr25519([2; 64]),
        WalletSignature::Ecdsa([3; 65]),
        WalletSignature::Eth([4; 65]),
    ];
    for (index, signature) in schemes.into_iter().enumerate() {
        let call = AgentCall::BindWallet {
            agent: 5,
            wallet: who(1),
            deadline: 600,
            signature,
        };
        let bytes = Call::Agent(Box::new(call)).encode(&state).unwrap();
        let length = if index < 2 { 64 } else { 65 };
        let signature = [vec![index as u8], vec![index as u8 + 1; length]].concat();
        let arguments = (5u64, raw(1), 600u64).encode();
        assert_eq!(bytes, [vec![67, 4], arguments, signature].concat());
    }
}
