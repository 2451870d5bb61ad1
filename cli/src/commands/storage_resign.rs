//! `noema storage resign`: a provider gives slots up.

use noema_chain_client::{AccountId, Call, Deal, Role, Submitter};
use serde_json::json;

use crate::{
    args::storage::Which,
    failure::Failure,
    lookup,
    output::{Answer, Fields},
    session::Session,
};

/// Gives up every slot that the signer's provider has in deals over the file, one after the other: if it breaks off, run it again.
pub(super) async fn run(session: &Session, which: &Which) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let signer = key.account();
    // As for every other command of a provider; who is none has no slot.
    let provider = lookup::own_record(&state, Role::Storage, &signer)
        .await?
        .map_or(signer, |record| record.account);
    let found = lookup::find(&state, which).await?;
    let slots = slots_of(&provider, &found.deals);
    if slots.is_empty() {
        return Err(Failure::new(
            "not_found",
            format!(
                "{provider} has no slot of file {}; `noema storage status` shows who has",
                found.file.file
            ),
        ));
    }
    let file = found.file.file;
    let submitter = Submitter::new(client, key);
    let mut text = Fields::new().add("file", file);
    let mut resigned = Vec::new();
    for (owner, slot) in slots {
        let call = Call::Resign { file, owner, slot };
        let done = session.submit(&submitter, call, "give the slot up").await?;
        text = text.add(
            format!("slot {slot}"),
            format!("of {owner}, given up in block {}", done.block.number),
        );
        resigned.push(json!({
            "owner": owner,
            "slot": slot,
            "block": done.block,
            "tx": done.tx,
        }));
    }
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({ "file": file, "provider": provider, "resigned": resigned }),
    ))
}

/// Owners and numbers of the slots that are the provider's.
fn slots_of(provider: &AccountId, deals: &[(AccountId, Deal)]) -> Vec<(AccountId, u8)> {
    let slots = deals.iter().flat_map(|(owner, deal)| {
        deal.providers()
            .into_iter()
            .filter(|(_, holder, _)| holder == provider)
            .map(|(slot, ..)| (*owner, slot))
    });
    slots.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::{Slot, SlotState, Terms};

    #[test]
    fn slots_of_others_and_undrawn_ones_stay() {
        let [ours, theirs, owner] = [1, 2, 3].map(|byte| AccountId([byte; 32]));
        let held = |provider| SlotState::Held {
            provider,
            since: 4,
            joined: None,
        };
        let states = [held(theirs), SlotState::Drawing { draw_at: 9 }, held(ours)];
        let deal = Deal {
            root: [1; 32],
            size: 2048,
            deposit: 0,
            committed_at: 2,
            terms: Terms::default(),
            balance: 0,
            offered_to: None,
            held: 2,
            slots: states
                .map(|state| Slot {
                    state,
                    token: 0,
                    passed_over: None,
                    leaving: None,
                    bounty: 0,
                })
                .to_vec(),
        };
        let deals = [(owner, deal)];
        assert_eq!(slots_of(&ours, &deals), [(owner, 2)]);
        assert!(slots_of(&owner, &deals).is_empty());
    }
}
