//! What a deal is, for people and for programs.

use noema_chain_client::{AccountId, Deal, Slot, SlotState};
use serde_json::{json, Value};

use crate::{amount::Amount, output::Fields};

/// 32 bytes as people see them.
pub(super) fn hex0x(bytes: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// How far a deal is, in one word.
pub(super) fn deal_word(deal: &Deal) -> &'static str {
    if deal.is_active() {
        "active"
    } else {
        "pending"
    }
}

/// What a deal is, for people.
pub(super) fn describe_deal(owner: &AccountId, deal: &Deal) -> Fields {
    let replicas = format!(
        "{} of {} proven ({}, needs {})",
        deal.held,
        deal.slots.len(),
        deal_word(deal),
        deal.quorum()
    );
    let mut text = Fields::new()
        .add("owner", owner)
        .add("replicas", replicas)
        .add("deposit", Amount(deal.deposit))
        .add("committed", format!("in block {}", deal.committed_at));
    for (number, slot) in deal.slots.iter().enumerate() {
        text = text.add(format!("slot {number}"), describe_slot(slot));
    }
    text
}

fn describe_slot(slot: &Slot) -> String {
    let mut line = match slot.state {
        SlotState::Drawing { draw_at } => {
            format!("provider drawn by the seed of block {draw_at}")
        }
        SlotState::Assigned { provider, ready_by } => {
            format!("assigned to {provider}, must have the file by tick {ready_by}")
        }
        SlotState::Proving {
            provider, prove_by, ..
        } => {
            format!("{provider} has the file, must prove it by tick {prove_by}")
        }
        SlotState::Held {
            provider,
            since,
            joined: None,
        } => format!("held by {provider}, proven in block {since}, not audited yet"),
        SlotState::Held {
            provider,
            joined: Some(joined),
            ..
        } => format!("held by {provider}, audited and paid since round {joined}"),
        SlotState::Leaving { provider, since } => format!("left by {provider} in round {since}"),
    };
    if let Some(leaving) = slot.leaving {
        line.push_str(&format!(
            "; until then held by {}, which began to leave in round {}",
            leaving.provider, leaving.since
        ));
    }
    if slot.bounty > 0 {
        line.push_str(&format!("; a bounty of {} waits", Amount(slot.bounty)));
    }
    line
}

/// What a deal is, for programs.
pub(super) fn deal_json(owner: &AccountId, deal: &Deal) -> Value {
    let slots: Vec<_> = deal
        .slots
        .iter()
        .zip(0_u8..)
        .map(|(slot, number)| {
            let mut json = json!(slot.state);
            if let Some(json) = json.as_object_mut() {
                json.insert("slot".into(), json!(number));
                json.insert("earner".into(), json!(slot.earner()));
                json.insert("leaving".into(), json!(slot.leaving));
                json.insert("bounty".into(), json!(slot.bounty.to_string()));
            }
            json
        })
        .collect();
    json!({
        "owner": owner,
        "root": hex0x(&deal.root),
        "size": deal.size,
        "replicas": deal.slots.len(),
        "held": deal.held,
        "quorum": deal.quorum(),
        "active": deal.is_active(),
        "deposit": deal.deposit.to_string(),
        "committed_at": deal.committed_at,
        "slots": slots,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal() -> Deal {
        let provider = AccountId([3; 32]);
        let states = [
            SlotState::Held {
                provider,
                since: 4,
                joined: None,
            },
            SlotState::Drawing { draw_at: 9 },
            SlotState::Proving {
                provider,
                draw_at: 5,
                prove_by: 6,
            },
        ];
        Deal {
            root: [1; 32],
            size: 2048,
            deposit: crate::amount::NOEMA * 3 / 2,
            committed_at: 2,
            terms: noema_chain_client::Terms::default(),
            balance: 0,
            offered_to: None,
            held: 1,
            slots: states
                .map(|state| Slot {
                    state,
                    token: 0,
                    passed_over: None,
                    leaving: None,
                    bounty: 0,
                })
                .to_vec(),
        }
    }

    #[test]
    fn a_deal_in_json_carries_amounts_as_text_and_slots_by_number() {
        let json = deal_json(&AccountId([1; 32]), &deal());
        assert_eq!(json["deposit"], "1500000000000000000");
        assert_eq!(json["active"], false);
        assert_eq!(json["quorum"], 2);
        assert_eq!(json["slots"][0]["state"], "held");
        assert_eq!(json["slots"][0]["since"], 4);
        assert_eq!(json["slots"][2]["slot"], 2);
        assert_eq!(json["slots"][1]["draw_at"], 9);
    }

    #[test]
    fn a_deal_for_people_names_every_slot() {
        let text = describe_deal(&AccountId([1; 32]), &deal()).to_string();
        for part in [
            "1 of 3 proven (pending, needs 2)",
            "1.5 NOEMA",
            "slot 1",
            "block 9",
            "by tick 6",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
