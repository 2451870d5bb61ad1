//! Agents as the runtime tells of them, and calls about them.

use noema_agents_primitives::{
    CallId, Commitment, SealedFor, ServiceEndpoint, ServiceKind, UsageScope,
};
use noema_session::{Allowance, Limits};

use super::*;
use crate::{
    call::{AgentCall, AgentGrant},
    types::{AgentData, AgentPage, AgentRecord, AgentSession, AgentSummary, Ratings},
};

fn raw(n: u8) -> [u8; 32] {
    [n; 32]
}

#[tokio::test]
async fn agents_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let former = vec![(raw(4), 9u64, 0u32)];
    let whose = (raw(1), raw(2), Some(raw(3)), former, 5u64, None::<[u8; 32]>);
    let endpoints = vec![(1u8, b"https://a.example".to_vec())];
    let rest = (Some(raw(6)), endpoints, 7u32);
    let info = [vec![1], whose.encode(), rest.encode()].concat();
    node.answer_with("AgentsApi_agent", Bytes(info));
    let expected = AgentRecord {
        owner: who(1),
        account: who(2),
        wallet: Some(who(3)),
        former: vec![who(4)],
        offered: None,
        file: Some(FileId(raw(6))),
        endpoints: vec![("mcp", "https://a.example".into())],
        tenure: 7,
    };
    assert_eq!(state.agent(0).await.unwrap(), Some(expected));
    node.answer_with("AgentsApi_agent", None::<()>);
    assert_eq!(state.agent(1).await.unwrap(), None);
    node.answer_with("AgentsApi_agents_of", (vec![1u64, 4], Some(4u64)));
    let page = state.agents_of(&who(1), None, 2).await.unwrap();
    let expected = AgentPage {
        agents: vec![1, 4],
        next: Some(4),
    };
    assert_eq!(page, expected);
}

#[tokio::test]
async fn data_sessions_and_ratings_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let holders = vec![(raw(3), vec![9u8; 10])];
    let commitment = (raw(1), Some(raw(2)), holders);
    let staged = Some((raw(4), raw(5)));
    let entry = (6u32, b"memory".to_vec(), commitment, 7u32, staged);
    node.answer_with("AgentsApi_intelligent_data_of", vec![entry]);
    let expected = AgentData {
        index: 6,
        description: "memory".into(),
        hash: Hash(raw(1)),
        file: Some(FileId(raw(2))),
        holders: vec![who(3)],
        version: 7,
        staged_by: Some(who(4)),
    };
    assert_eq!(state.agent_data(0).await.unwrap(), [expected]);
    let granted = (
        1u32,
        raw(2),
        vec![(66u8, 8u8)],
        (3u128, 4u128),
        (5u64, 6u128),
    );
    let spent = (7u128, 8u128, 9u64, 10u64);
    node.answer_with("AgentsApi_sessions", vec![(granted, spent)]);
    let expected = AgentSession {
        session: 1,
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
        spent: 7,
        left_in_period: 8,
        expires: 10,
    };
    assert_eq!(state.agent_sessions(0).await.unwrap(), [expected]);
    let mean = |count: u64, value: Option<u16>| (count, 100u128, value);
    let summary = (mean(2, Some(7_500)), mean(1, Some(5_000)), mean(0, None));
    node.answer_with("AgentsApi_summary", Some(summary));
    let ratings = |count, value| Ratings {
        count,
        weight: 100,
        value,
    };
    let expected = AgentSummary {
        all: ratings(2, Some(7_500)),
        in_tenure: ratings(1, Some(5_000)),
        recent: ratings(0, None),
    };
    let found = state.agent_summary(0, Some(b"speed")).await.unwrap();
    assert_eq!(found, Some(expected));
    node.answer_with("AgentsApi_unconsumed", Some(12u128));
    let paid = state.agent_unconsumed(&who(1), 0, Some(&who(2))).await;
    assert_eq!(paid.unwrap(), Some(12));
    assert_eq!(state.call_index("Compute", "open"), Some((66, 8)));
    assert_eq!(state.call_index("Compute", "nothing"), None);
    assert_eq!(state.call_index("Nothing", "open"), None);
}

/// Bytes that are encoded already.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Encode for Bytes {
    fn encode_to<T: codec::Output + ?Sized>(&self, dest: &mut T) {
        dest.write(&self.0);
    }
}

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
