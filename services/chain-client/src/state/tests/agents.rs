//! Agents as the runtime tells of them.

use noema_agents_primitives::CallId;
use noema_session::{Allowance, Limits};

use super::*;
use crate::types::{
    AgentData, AgentPage, AgentRecord, AgentSession, AgentSummary, Ratings, ScheduledAct,
    SealedKeyOf,
};

pub(super) fn raw(n: u8) -> [u8; 32] {
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
        bindings: 5,
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
        holders: vec![SealedKeyOf {
            holder: who(3),
            key: vec![9; 10],
        }],
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

#[tokio::test]
async fn scheduled_acts_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let act = (1u32, 2u32, vec![10u8, 3, 0], 4u64, 5u32, 6u128);
    node.answer_with("AgentsApi_scheduled", vec![act]);
    let expected = ScheduledAct {
        schedule: 1,
        session: 2,
        call: vec![10, 3, 0],
        due: 4,
        times: 5,
        reward: 6,
    };
    assert_eq!(state.agent_scheduled(0).await.unwrap(), [expected]);
    let name = state.call_name(66, 8).unwrap();
    assert_eq!(name, ("Compute".into(), "open".into()));
    assert_eq!(state.call_name(66, 255), None);
    assert_eq!(state.call_name(255, 0), None);
    assert_eq!(state.longest_wallet_deadline().unwrap(), 600);
}

/// Bytes that are encoded already.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Encode for Bytes {
    fn encode_to<T: codec::Output + ?Sized>(&self, dest: &mut T) {
        dest.write(&self.0);
    }
}
