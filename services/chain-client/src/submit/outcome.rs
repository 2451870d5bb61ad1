//! How a transaction in a finalised block ended.

use std::collections::HashMap;

use subxt::{
    config::substrate::{SubstrateConfig, H256},
    error::{DispatchError, StorageError},
    events::Phase,
    ext::scale_value::Composite,
    storage::dynamic,
    OnlineClientAtBlock,
};

use super::backend::Outcome;
use crate::{
    client::ChainClient,
    error::{ChainError, DispatchFailure},
    events::{composite_to_json, ChainEvent},
    state::StateAt,
    types::{BlockRef, Hash},
};

/// Reads and decodes the events of transaction `index`.
pub(super) async fn read(
    client: &ChainClient,
    block: BlockRef,
    index: usize,
) -> Result<Outcome, ChainError> {
    let (executed_by, events) = events_of(client, block).await?;
    decode(&executed_by, events, index)
}

/// The same of several transactions of one block, whose events are fetched once: a block can have hundreds of one account.
pub(super) async fn read_many(
    client: &ChainClient,
    block: BlockRef,
    indices: &[usize],
) -> Result<Vec<Outcome>, ChainError> {
    let (executed_by, events) = events_of(client, block).await?;
    decode_many(&executed_by, events, indices)
}

/// Reads and decodes all events of a block.
pub(crate) async fn read_all(
    client: &ChainClient,
    block: BlockRef,
) -> Result<Vec<ChainEvent>, ChainError> {
    let (executed_by, events) = events_of(client, block).await?;
    let unreadable = |e: String| executed_by.incompatible("the events of a block", e);
    let events = executed_by.at().events().from_bytes(events);
    events
        .iter()
        .map(|event| {
            let event = event.map_err(|e| unreadable(e.to_string()))?;
            let fields = event
                .decode_fields_unchecked_as::<Composite<()>>()
                .map_err(|e| unreadable(e.to_string()))?;
            Ok(ChainEvent {
                pallet: event.pallet_name().to_owned(),
                name: event.event_name().to_owned(),
                fields: composite_to_json(&fields),
            })
        })
        .collect()
}

/// The events of a block, and the state whose runtime raised them.
///
/// That is the runtime in the state of the parent block: a block that brings a new runtime is itself executed by the old one.
async fn events_of(
    client: &ChainClient,
    block: BlockRef,
) -> Result<(StateAt, Vec<u8>), ChainError> {
    let what = "the header of a finalised block";
    let asking = client.legacy().chain_get_header(Some(H256(block.hash.0)));
    let header = client
        .ask(what, asking)
        .await?
        .ok_or(ChainError::BlockUnavailable { hash: block.hash })?;
    let parent = BlockRef {
        number: block.number.saturating_sub(1),
        hash: Hash(header.parent_hash.0),
    };
    let (state, executed_by) = (client.at(block).await?, client.at(parent).await?);
    let events = raw_events(client, &state).await?;
    Ok((executed_by, events))
}

async fn raw_events(client: &ChainClient, state: &StateAt) -> Result<Vec<u8>, ChainError> {
    let what = "the events of a block";
    let rpc = |e: StorageError| ChainError::Rpc {
        what,
        reason: e.to_string(),
    };
    let storage = state.at().storage();
    let key = storage
        .entry(dynamic::<(), subxt::dynamic::Value>("System", "Events"))
        .map_err(rpc)?
        .key_prefix();
    match client.within(what, storage.fetch_raw(key.to_vec())).await? {
        Ok(bytes) => Ok(bytes),
        Err(StorageError::NoValueFound) => Ok(Vec::new()),
        Err(e) => Err(rpc(e)),
    }
}

/// The events of transaction `index` out of those of its block, or why it failed.
pub(crate) fn decode(
    executed_by: &StateAt,
    events: Vec<u8>,
    index: usize,
) -> Result<Outcome, ChainError> {
    let outcome = decode_many(executed_by, events, &[index])?.pop();
    // One for each index.
    Ok(outcome.unwrap_or(Ok(Vec::new())))
}

/// The same of several transactions, in the order of `indices`; what the others raised is passed over.
fn decode_many(
    executed_by: &StateAt,
    events: Vec<u8>,
    indices: &[usize],
) -> Result<Vec<Outcome>, ChainError> {
    let at: &OnlineClientAtBlock<SubstrateConfig> = executed_by.at();
    let events = at.events().from_bytes(events);
    let unreadable = |e: String| executed_by.incompatible("the events of a block", e);
    let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
    outcomes.extend(indices.iter().map(|index| (*index, Ok(Vec::new()))));
    for event in events.iter() {
        let event = event.map_err(|e| unreadable(e.to_string()))?;
        let Phase::ApplyExtrinsic(of) = event.phase() else {
            continue;
        };
        // Of another transaction, or of one that is known to have failed.
        let Some(outcome) = outcomes.get_mut(&(of as usize)) else {
            continue;
        };
        let Ok(raised) = outcome else { continue };
        let (pallet, name) = (event.pallet_name(), event.event_name());
        if let Some(error) = error_bytes(pallet, name, event.field_bytes()) {
            let error = DispatchError::decode_from(error, at.metadata())
                .map_err(|e| unreadable(e.to_string()))?;
            *outcome = Err(failure(&error));
            continue;
        }
        let fields = event
            .decode_fields_unchecked_as::<Composite<()>>()
            .map_err(|e| unreadable(e.to_string()))?;
        raised.push(ChainEvent {
            pallet: pallet.to_owned(),
            name: name.to_owned(),
            fields: composite_to_json(&fields),
        });
    }
    Ok(indices
        .iter()
        .map(|index| outcomes.get(index).cloned().unwrap_or(Ok(Vec::new())))
        .collect())
}

/// Where the error begins in the fields of an event that tells of a failure. A call under sudo that
/// failed counts: its transaction itself is successful.
fn error_bytes<'a>(pallet: &str, name: &str, fields: &'a [u8]) -> Option<&'a [u8]> {
    match (pallet, name, fields) {
        ("System", "ExtrinsicFailed", fields) => Some(fields),
        // `sudo_result: Err(error)`
        ("Sudo", "Sudid", [1, error @ ..]) => Some(error),
        _ => None,
    }
}

fn failure(error: &DispatchError) -> DispatchFailure {
    let plain = |name: &str| DispatchFailure {
        pallet: None,
        name: name.to_owned(),
        docs: error.to_string(),
    };
    let DispatchError::Module(module) = error else {
        let debug = format!("{error:?}");
        return plain(
            &debug
                .replace(['(', ')'], "::")
                .trim_end_matches(':')
                .replace("::::", "::"),
        );
    };
    match module.details() {
        Ok(details) => DispatchFailure {
            pallet: Some(details.pallet.name().to_owned()),
            name: details.variant.name.clone(),
            docs: details.variant.docs.join(" ").trim().to_owned(),
        },
        Err(_) => plain(&format!(
            "error {} of pallet {}",
            module.error_index(),
            module.pallet_index()
        )),
    }
}

#[cfg(test)]
mod tests {
    use codec::{Compact, Encode};
    use subxt::error::TokenError;

    use super::*;
    use crate::testing::FakeNode;

    #[test]
    fn failures_outside_pallets_have_a_name_and_words() {
        let found = failure(&DispatchError::Token(TokenError::FundsUnavailable));
        assert_eq!(found.name, "Token::FundsUnavailable");
        assert!(
            found.docs.contains("Funds are unavailable"),
            "{}",
            found.docs
        );
        assert_eq!(failure(&DispatchError::BadOrigin).name, "BadOrigin");
    }

    #[test]
    fn failed_call_under_sudo_is_a_failure() {
        assert_eq!(
            error_bytes("Sudo", "Sudid", &[1, 7, 8]),
            Some(&[7u8, 8][..])
        );
        assert_eq!(error_bytes("Sudo", "Sudid", &[0]), None);
        assert_eq!(
            error_bytes("System", "ExtrinsicFailed", &[3]),
            Some(&[3u8][..])
        );
        assert_eq!(error_bytes("System", "ExtrinsicSuccess", &[3]), None);
    }

    /// Events of a block: those of transaction `of` each.
    fn events(of: u32, events: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Compact(events.len() as u32).encode();
        for event in events {
            bytes.push(0);
            bytes.extend(of.encode());
            bytes.extend(event);
            bytes.extend(Vec::<[u8; 32]>::new().encode());
        }
        bytes
    }

    fn event(state: &StateAt, pallet: &str, name: &str, fields: impl Encode) -> Vec<u8> {
        let metadata = state.at().metadata();
        let pallet = metadata.pallet_by_name(pallet).unwrap();
        let variants = pallet.event_variants().unwrap();
        let variant = variants
            .iter()
            .find(|variant| variant.name == name)
            .unwrap();
        let mut bytes = vec![pallet.event_index(), variant.index];
        bytes.extend(fields.encode());
        bytes
    }

    /// `DispatchError::Module` of the storage pallet's `TooManyReplicas`.
    fn too_many_replicas(state: &StateAt) -> Vec<u8> {
        let metadata = state.at().metadata();
        let pallet = metadata.pallet_by_name("Storage").unwrap();
        let variants = pallet.error_variants().unwrap();
        let error = variants
            .iter()
            .find(|error| error.name == "TooManyReplicas")
            .unwrap();
        vec![3, pallet.error_index(), error.index, 0, 0, 0]
    }

    #[tokio::test]
    async fn events_of_the_transaction_are_decoded_and_those_of_others_left_out() {
        let state = FakeNode::new()
            .connect()
            .await
            .at_finalized()
            .await
            .unwrap();
        let committed = event(
            &state,
            "Storage",
            "Committed",
            (
                [1u8; 32],
                [2u8; 32],
                [3u8; 32],
                1000u64,
                3u8,
                5_000_000_000_000_000_000u128,
                // Rent, the last round asked for, escrow, placement.
                (9u128, 30u32, 270u128, 45u128),
            ),
        );
        let mut bytes = events(2, std::slice::from_ref(&committed));
        assert_eq!(decode(&state, bytes.clone(), 1).unwrap().unwrap(), []);
        let found = decode(&state, bytes.clone(), 2).unwrap().unwrap();
        let [found] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(found.is("Storage", "Committed"));
        assert_eq!(found.fields["file"], format!("0x{}", "01".repeat(32)));
        assert_eq!(found.fields["owner"], format!("0x{}", "02".repeat(32)));
        assert_eq!(found.fields["size"], 1000);
        assert_eq!(found.fields["deposit"], "5000000000000000000");
        bytes.truncate(bytes.len() - 10);
        assert!(decode(&state, bytes, 2).is_err());
    }

    #[tokio::test]
    async fn errors_of_pallets_come_with_name_and_words_also_under_sudo() {
        let state = FakeNode::new()
            .connect()
            .await
            .at_finalized()
            .await
            .unwrap();
        // Weight, class, whether a fee is paid.
        let info = (Compact(100u64), Compact(200u64), 0u8, 0u8);
        let mut failed = event(&state, "System", "ExtrinsicFailed", ());
        failed.extend(too_many_replicas(&state));
        failed.extend(info.encode());
        let mut sudid = event(&state, "Sudo", "Sudid", 1u8);
        sudid.extend(too_many_replicas(&state));
        for event in [failed, sudid] {
            let failure = decode(&state, events(0, &[event]), 0).unwrap().unwrap_err();
            assert!(failure.is("Storage", "TooManyReplicas"), "{failure:?}");
            assert!(failure.docs.contains("MaxReplicas"), "{failure:?}");
        }
    }

    #[tokio::test]
    async fn outcomes_of_one_block_are_told_apart_in_the_order_asked_for() {
        let node = FakeNode::new();
        let state = node.connect().await.at_finalized().await.unwrap();
        let mut failed = event(&state, "System", "ExtrinsicFailed", ());
        failed.extend(too_many_replicas(&state));
        failed.extend((Compact(100u64), Compact(200u64), 0u8, 0u8).encode());
        let updated = event(&state, "System", "CodeUpdated", [5u8; 32]);
        let mut bytes = Compact(3u32).encode();
        for (of, event) in [(1, &updated), (3, &failed), (4, &updated)] {
            // Without the count of one.
            bytes.extend(&events(of, std::slice::from_ref(event))[1..]);
        }
        let outcomes = decode_many(&state, bytes, &[3, 2, 1]).unwrap();
        let raised: Vec<_> = outcomes.iter().map(|o| o.as_ref().map(Vec::len)).collect();
        assert_eq!(raised[1..], [Ok(0), Ok(1)]);
        let failure = raised[0].unwrap_err();
        assert!(failure.is("Storage", "TooManyReplicas"), "{failure:?}");
    }
}
