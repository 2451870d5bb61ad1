//! Calls about agents as other programs encode them: the examples in `tests/vectors.json` are what this crate makes of the committed metadata.
//! `WRITE_VECTORS=1` writes them anew.
//!
//! Numbers of more than 32 bits are decimal strings, accounts and bytes are lower-case hex.

use std::{env, fs};

use noema_agents_primitives::{
    CallId, Commitment, SealedFor, ServiceEndpoint, ServiceKind, UsageScope,
};
use noema_session::{Allowance, Limits};
use serde_json::{json, Value};

use super::*;
use crate::call::{AgentCall, AgentGrant};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");

fn endpoint(kind: ServiceKind, url: &str) -> ServiceEndpoint {
    ServiceEndpoint {
        kind,
        url: url.as_bytes().to_vec().try_into().unwrap(),
    }
}

fn commitment() -> Commitment<AccountId> {
    let sealed = SealedFor {
        holder: who(3),
        key: vec![9; 10].try_into().unwrap(),
    };
    Commitment {
        hash: [1; 32],
        file: Some([2; 32]),
        holders: vec![sealed].try_into().unwrap(),
    }
}

/// Each call by its name, with its arguments as the library in JavaScript takes them.
fn calls(state: &StateAt) -> Vec<(&'static str, Value, AgentCall)> {
    let agent = 5;
    let account = |n: u8| hex::encode([n; 32]);
    let committed = json!({
        "hash": account(1), "file": account(2),
        "holders": [{ "holder": account(3), "key": "09".repeat(10) }],
    });
    let transfer = Call::TransferKeepAlive {
        to: who(8),
        amount: 9,
    };
    let inner = hex::encode(transfer.encode(state).unwrap());
    let grant = AgentGrant {
        key: who(2),
        calls: vec![
            CallId {
                pallet: 66,
                call: 8,
            },
            CallId {
                pallet: 10,
                call: 3,
            },
        ],
        limits: Limits {
            per_use: 3,
            total: u128::MAX,
        },
        allowance: Allowance {
            period: 86_400,
            most: 6,
        },
        expires: u64::MAX,
    };
    let usage = |scope| AgentCall::AuthorizeUsage {
        agent,
        user: who(4),
        scope,
        expires: 600,
        count: 3,
    };
    let usage_json = |scope: Value| json!({ "agent": "5", "user": account(4), "scope": scope, "expires": "600", "count": 3 });
    let feedback = |tags: &[&str], wallet| AgentCall::Feedback {
        agent,
        amount: 1 << 70,
        value: 8_750,
        tags: tags.iter().map(|tag| tag.as_bytes().to_vec()).collect(),
        wallet,
    };
    let amount = (1_u128 << 70).to_string();
    let feedback_json = |tags: &[&str], wallet: Option<String>| json!({ "agent": "5", "amount": amount, "value": 8_750, "tags": tags, "wallet": wallet });
    vec![
        (
            "register",
            json!({ "file": null, "endpoints": [] }),
            AgentCall::Register {
                file: None,
                endpoints: Vec::new(),
            },
        ),
        (
            "register",
            json!({
                "file": account(6),
                "endpoints": [
                    { "kind": "a2a", "url": "https://a.example/card" },
                    { "kind": "mcp", "url": "https://b.example" },
                    { "kind": "openai", "url": "https://c.example" },
                    { "kind": "web", "url": "http://127.0.0.1:1" },
                ],
            }),
            AgentCall::Register {
                file: Some(FileId([6; 32])),
                endpoints: vec![
                    endpoint(ServiceKind::A2a, "https://a.example/card"),
                    endpoint(ServiceKind::Mcp, "https://b.example"),
                    endpoint(ServiceKind::OpenAi, "https://c.example"),
                    endpoint(ServiceKind::Web, "http://127.0.0.1:1"),
                ],
            },
        ),
        (
            "commitData",
            json!({ "agent": "5", "description": "memory", "commitment": committed }),
            AgentCall::CommitData {
                agent,
                description: b"memory".to_vec(),
                commitment: commitment(),
            },
        ),
        (
            "dropData",
            json!({ "agent": "5", "index": 2 }),
            AgentCall::DropData { agent, index: 2 },
        ),
        (
            "stageData",
            json!({ "agent": "5", "index": 2, "commitment": committed }),
            AgentCall::StageData {
                agent,
                index: 2,
                commitment: commitment(),
            },
        ),
        (
            "authorizeUsage",
            usage_json(json!("all")),
            usage(UsageScope::All),
        ),
        (
            "authorizeUsage",
            usage_json(json!({ "data": 2 })),
            usage(UsageScope::Data(2)),
        ),
        (
            "authorizeUsage",
            usage_json(json!({ "service": "openai" })),
            usage(UsageScope::Service(ServiceKind::OpenAi)),
        ),
        (
            "revokeUsage",
            json!({ "agent": "5", "user": account(4) }),
            AgentCall::RevokeUsage {
                agent,
                user: who(4),
            },
        ),
        (
            "grantSession",
            json!({
                "agent": "5",
                "key": account(2),
                "calls": [{ "pallet": 66, "call": 8 }, { "pallet": 10, "call": 3 }],
                "perUse": "3",
                "total": u128::MAX.to_string(),
                "allowance": { "period": "86400", "most": "6" },
                "expires": u64::MAX.to_string(),
            }),
            AgentCall::GrantSession { agent, grant },
        ),
        (
            "revokeSession",
            json!({ "agent": "5", "session": 1 }),
            AgentCall::RevokeSession { agent, session: 1 },
        ),
        (
            "act",
            json!({ "agent": "5", "call": inner }),
            AgentCall::Act {
                agent,
                call: Box::new(transfer.clone()),
            },
        ),
        (
            "actByOwner",
            json!({ "agent": "5", "call": inner }),
            AgentCall::ActByOwner {
                agent,
                call: Box::new(transfer),
            },
        ),
        (
            "offer",
            json!({ "agent": "5", "to": account(7) }),
            AgentCall::Offer {
                agent,
                to: Some(who(7)),
            },
        ),
        (
            "offer",
            json!({ "agent": "5", "to": null }),
            AgentCall::Offer { agent, to: None },
        ),
        (
            "transfer",
            json!({ "agent": "5", "to": account(7) }),
            AgentCall::Transfer { agent, to: who(7) },
        ),
        (
            "withdraw",
            json!({ "agent": "5", "amount": "70" }),
            AgentCall::Withdraw { agent, amount: 70 },
        ),
        ("burn", json!({ "agent": "5" }), AgentCall::Burn { agent }),
        (
            "addTag",
            json!({ "agent": "5", "tag": "speed" }),
            AgentCall::AddTag {
                agent,
                tag: b"speed".to_vec(),
            },
        ),
        ("feedback", feedback_json(&[], None), feedback(&[], None)),
        (
            "feedback",
            feedback_json(&["speed"], None),
            feedback(&["speed"], None),
        ),
        (
            "feedback",
            feedback_json(&["speed", "tone"], Some(account(9))),
            feedback(&["speed", "tone"], Some(who(9))),
        ),
        (
            "revokeFeedback",
            json!({ "agent": "5", "feedback": "8" }),
            AgentCall::RevokeFeedback { agent, feedback: 8 },
        ),
    ]
}

#[tokio::test]
async fn the_committed_calls_are_what_this_crate_encodes() {
    let state = state(&FakeNode::new()).await;
    let calls: Vec<_> = calls(&state)
        .into_iter()
        .map(|(name, arguments, call)| {
            let bytes = Call::Agent(Box::new(call)).encode(&state).unwrap();
            json!({ "name": name, "arguments": arguments, "call": hex::encode(bytes) })
        })
        .collect();
    let made = json!({ "agents": calls });
    if env::var_os("WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        fs::write(PATH, format!("{text}\n")).unwrap();
        return;
    }
    let text = fs::read_to_string(PATH).unwrap_or_else(|_| "null".into());
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file, made, "WRITE_VECTORS=1 writes the file anew");
}
