//! Reading and encoding against the committed metadata.

mod agent_calls;
mod agents;
mod audits;
mod compute;
mod da;
mod validators;
mod vectors;

use codec::{Compact, Encode};
use futures::StreamExt;
use noema_commitment::SectorProof;
use subxt::{storage::Address, utils::AccountId32};

use super::*;
use crate::{
    call::{Call, RegisterProvider},
    keys::SigningKey,
    submit::Submitter,
    testing::FakeNode,
    types::{
        Assignment, CommitmentCount, Deal, FileId, Leaving, ProviderStatus, Role, Segment, Slot,
        SlotState, Terms, Unlocking,
    },
};

#[test]
fn pruned_state_is_told_from_other_failures() {
    let hash = Hash([1; 32]);
    let discarded = "RPC error: State already discarded for 0x01";
    assert!(matches!(
        backend_error("x", hash, discarded),
        ChainError::BlockUnavailable { .. }
    ));
    assert!(matches!(
        backend_error("x", hash, "busy"),
        ChainError::Rpc { .. }
    ));
}

async fn state(node: &FakeNode) -> StateAt {
    node.connect().await.at_finalized().await.unwrap()
}

fn key<A: Address>(state: &StateAt, address: A, keys: A::KeyParts) -> Vec<u8> {
    state
        .at
        .storage()
        .entry(address)
        .unwrap()
        .fetch_key(keys)
        .unwrap()
}

fn who(n: u8) -> AccountId {
    AccountId([n; 32])
}

/// A slot as the pallet stores it.
#[derive(Encode)]
struct RawSlot {
    state: RawState,
    token: u64,
    passed_over: Option<[u8; 32]>,
    due: Option<u32>,
    leaving: Option<([u8; 32], u32, u32, u32, u128)>,
    bounty: u128,
    failures: u8,
}

#[derive(Encode)]
enum RawState {
    Drawing {
        draw_at: u32,
        vain: u8,
    },
    Assigned {
        provider: [u8; 32],
        ready_by: u64,
    },
    Proving {
        provider: [u8; 32],
        draw_at: u32,
        prove_by: u64,
    },
    Held {
        provider: [u8; 32],
        since: u32,
        joined: Option<(u32, u32)>,
        bounty: u128,
    },
}

#[tokio::test]
async fn deals_are_read_by_owner_file_and_provider() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let (file, owner) = (FileId([5; 32]), who(1));
    let slot = |state, passed_over| RawSlot {
        state,
        token: 9,
        passed_over,
        due: Some(40),
        leaving: None,
        bounty: 0,
        failures: 0,
    };
    // Provider, leaf, joined, since, bounty.
    let leaving = Some(([7u8; 32], 1, 3, 5, 0));
    let slots = vec![
        RawSlot {
            leaving,
            bounty: 44,
            ..slot(
                RawState::Drawing {
                    draw_at: 30,
                    vain: 2,
                },
                Some([8; 32]),
            )
        },
        slot(
            RawState::Assigned {
                provider: [2; 32],
                ready_by: 31,
            },
            None,
        ),
        slot(
            RawState::Proving {
                provider: [3; 32],
                draw_at: 32,
                prove_by: 33,
            },
            None,
        ),
        slot(
            RawState::Held {
                provider: [4; 32],
                since: 34,
                joined: Some((5, 0)),
                bounty: 0,
            },
            None,
        ),
    ];
    // Terms with a next segment, the balance, whether it was ever held, who it is offered to, token and due block of the end.
    let lease = (9u128, 30u32, Some((11u128, 40u32)));
    let rest = (270u128, true, Some([9u8; 32]), 10u64, Some(99u32));
    let raw = (([6u8; 32], 1000u64, 77u128, 12u32, 1u8, slots), lease, rest);
    let storage = runtime::storage().storage();
    node.put(key(&state, storage.deals(), (file.0, owner.into())), raw);
    let slot = |state, passed_over| Slot {
        state,
        token: 9,
        passed_over,
        leaving: None,
        bounty: 0,
    };
    let expected = Deal {
        root: [6; 32],
        size: 1000,
        deposit: 77,
        committed_at: 12,
        held: 1,
        slots: vec![
            Slot {
                leaving: Some(Leaving {
                    provider: who(7),
                    joined: 3,
                    since: 5,
                }),
                bounty: 44,
                ..slot(SlotState::Drawing { draw_at: 30 }, Some(who(8)))
            },
            slot(
                SlotState::Assigned {
                    provider: who(2),
                    ready_by: 31,
                },
                None,
            ),
            slot(
                SlotState::Proving {
                    provider: who(3),
                    draw_at: 32,
                    prove_by: 33,
                },
                None,
            ),
            slot(
                SlotState::Held {
                    provider: who(4),
                    since: 34,
                    joined: Some(5),
                },
                None,
            ),
        ],
        terms: Terms {
            rent: 9,
            end: 30,
            next: Some(Segment { rent: 11, end: 40 }),
        },
        balance: 270,
        offered_to: Some(who(9)),
    };
    assert_eq!(
        state.deal(&file, &owner).await.unwrap(),
        Some(expected.clone())
    );
    assert_eq!(state.deal(&file, &who(2)).await.unwrap(), None);
    // Many at once, in the order asked for, with more than fit into one question.
    let mut of = vec![(file, who(2)); 300];
    of.extend([(file, owner), (FileId([0; 32]), owner)]);
    let mut many = vec![None; 300];
    many.extend([Some(expected.clone()), None]);
    assert_eq!(state.deals(&of).await.unwrap(), many);
    assert_eq!(node.asked("state_queryStorageAt"), 2);
    assert_eq!(state.deals(&[]).await.unwrap(), []);
    assert_eq!(state.deals_for(&file).await.unwrap(), [(owner, expected)]);
    assert_eq!(state.deals_for(&FileId([0; 32])).await.unwrap(), []);

    node.put(key(&state, storage.deals_of(), (owner.into(), file.0)), ());
    node.put(key(&state, storage.deals_of(), (owner.into(), [7; 32])), ());
    let mut files = state.deals_of(&owner).await.unwrap();
    files.sort();
    assert_eq!(files, [file, FileId([7; 32])]);

    for n in 0..3u8 {
        let deal = ([n; 32], AccountId32::from(owner));
        node.put(key(&state, storage.assignments(), (who(2).into(), deal)), n);
    }
    let mut slots = state.assignments(&who(2)).await.unwrap();
    slots.sort();
    let expected = |n| Assignment {
        file: FileId([n; 32]),
        owner,
        slot: n,
    };
    assert_eq!(slots, [expected(0), expected(1), expected(2)]);

    node.put(
        key(&state, storage.commitments(), ([6; 32], 1000)),
        (2u32, 1u32),
    );
    let sizes = state.sizes_of_root(&[6; 32]).await.unwrap();
    assert_eq!(
        sizes,
        [(
            1000,
            CommitmentCount {
                deals: 2,
                active: 1
            }
        )]
    );
}

#[tokio::test]
async fn providers_are_read_one_by_one_and_in_pages() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let providers = runtime::storage().providers();
    let role = || crate::runtime::runtime_types::noema_traits::providers::Role::Storage;
    for n in 1..=5u8 {
        // Operator, endpoint, state (Jailed), declared, reserved, bond, unlocking, leaf.
        let raw = (
            [n + 100; 32],
            b"http://a:1".to_vec(),
            (2u8, 55u32),
            1000u64,
            (10u64, 500u128, vec![(7u128, 60u32)], u32::from(n)),
        );
        node.put(
            key(&state, providers.providers(), (role(), who(n).into())),
            raw,
        );
    }
    let record = state
        .provider(Role::Storage, &who(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.status, ProviderStatus::Jailed { until: 55 });
    assert_eq!(
        (record.operator, record.endpoint.as_str()),
        (who(103), "http://a:1")
    );
    assert_eq!(
        (record.capacity, record.reserved, record.bond),
        (1000, 10, 500)
    );
    assert_eq!(
        record.unlocking,
        [Unlocking {
            amount: 7,
            matures_at: 60
        }]
    );
    assert_eq!(state.provider(Role::Compute, &who(3)).await.unwrap(), None);

    let mut found = Vec::new();
    let mut start: Option<Vec<u8>> = None;
    loop {
        let page = state
            .providers_page(Role::Storage, start.as_deref(), 2)
            .await
            .unwrap();
        assert!(page.providers.len() <= 2);
        found.extend(page.providers.into_iter().map(|record| record.account));
        match page.next {
            Some(next) => start = Some(next),
            None => break,
        }
    }
    found.sort();
    assert_eq!(found, [1, 2, 3, 4, 5].map(who));
    assert_eq!(state.providers(Role::Storage).await.unwrap().len(), 5);
    assert_eq!(state.providers(Role::Compute).await.unwrap(), []);

    let operators = key(&state, providers.operators(), (role(), who(103).into()));
    node.put(operators, [3u8; 32]);
    let of = state
        .provider_of_operator(Role::Storage, &who(103))
        .await
        .unwrap();
    assert_eq!(of, Some(who(3)));
}

#[tokio::test]
async fn seeds_follow_the_rule_of_the_chain() {
    let node = FakeNode::new();
    let client = node.connect().await;
    let at = |number| client.at(node.block(number));
    let constants = at(7).await.unwrap().constants().unwrap();
    let (gap, history) = (constants.seed_max_gap, constants.seed_history);
    let state = at(7).await.unwrap();
    let seeds = |block| key(&state, runtime::storage().entropy().seeds(), (block,));
    let drawn = |drawn_at| SeedAt::Drawn {
        seed: [9; 32],
        drawn_at,
    };
    node.put(seeds(4), [9u8; 32]);
    assert_eq!(state.seed_from(4).await.unwrap(), drawn(4));
    assert_eq!(
        state.seed_from(3).await.unwrap(),
        drawn(4),
        "the next block that has one"
    );
    assert_eq!(state.seed_from(6).await.unwrap(), SeedAt::NotYet);
    assert_eq!(state.seed_from(60).await.unwrap(), SeedAt::NotYet);
    let later = at(6 + gap).await.unwrap();
    assert_eq!(later.seed_from(6).await.unwrap(), SeedAt::NotYet);
    let later = at(7 + gap).await.unwrap();
    assert_eq!(later.seed_from(6).await.unwrap(), SeedAt::Lost);
    let forgotten = at(5 + history).await.unwrap();
    assert_eq!(
        forgotten.seed_from(4).await.unwrap(),
        SeedAt::Lost,
        "forgotten"
    );
    assert_eq!(
        at(4 + history).await.unwrap().seed_from(4).await.unwrap(),
        drawn(4)
    );
}

#[tokio::test]
async fn accounts_time_and_constants_are_read() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let account = key(
        &state,
        runtime::storage().system().account(),
        (who(1).into(),),
    );
    // Nonce, consumers, providers, sufficients, free, reserved, frozen, flags.
    node.put(
        account,
        (
            4u32,
            1u32,
            1u32,
            0u32,
            900u128,
            100u128,
            50u128,
            1u128 << 127,
        ),
    );
    let found = state.account(&who(1)).await.unwrap();
    assert_eq!(
        (found.nonce, found.free, found.reserved, found.frozen),
        (4, 900, 100, 50)
    );
    assert_eq!(
        state.account(&who(2)).await.unwrap(),
        AccountState::default()
    );
    node.put(
        key(&state, runtime::storage().timestamp().now(), ()),
        1_800_000_000_123u64,
    );
    assert_eq!(state.timestamp_ms().await.unwrap(), 1_800_000_000_123);
    let constants = state.constants().unwrap();
    assert!(constants.proof_sectors > 0 && constants.max_replicas > 0);
    assert!(constants.usual_rounds() > 0 && constants.existential_deposit > 0);
}

#[tokio::test]
async fn calls_are_encoded_as_the_runtime_decodes_them() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let metadata = state.at.metadata();
    let index = |pallet: &str, call: &str| {
        let pallet = metadata.pallet_by_name(pallet).unwrap();
        [
            pallet.call_index(),
            pallet.call_variant_by_name(call).unwrap().index,
        ]
    };
    let sibling = [3u8; 32];
    let proof = SectorProof {
        sector: [1; 256],
        siblings: vec![sibling].try_into().unwrap(),
    };
    let (file, owner) = (FileId([5; 32]), who(1));
    let register = RegisterProvider {
        role: Role::Compute,
        bond: 5,
        operator: who(9),
        endpoint: "http://a".into(),
        capacity: 6,
    };
    let cases: Vec<(Call, [u8; 2], Vec<u8>)> = vec![
        (
            Call::Commit {
                root: [2; 32],
                size: 7,
                replicas: 3,
                rounds: 20,
                max: 1_000,
            },
            index("Storage", "commit"),
            ([2u8; 32], 7u64, 3u8, 20u32, 1_000u128).encode(),
        ),
        (
            Call::CommitMany {
                files: vec![([2; 32], 7, 3), ([3; 32], 8, 1)],
                rounds: 20,
                max: 1_000,
            },
            index("Storage", "commit_many"),
            (
                vec![([2u8; 32], 7u64, 3u8), ([3u8; 32], 8u64, 1u8)],
                20u32,
                1_000u128,
            )
                .encode(),
        ),
        (
            Call::Prove {
                file,
                owner,
                slot: 2,
                proof: vec![proof],
            },
            index("Storage", "prove"),
            (file.0, owner.0, 2u8, vec![([1u8; 256], vec![sibling])]).encode(),
        ),
        (
            Call::Register(register),
            index("Providers", "register"),
            (2u8, 5u128, [9u8; 32], b"http://a".to_vec(), 6u64).encode(),
        ),
        (
            Call::TransferKeepAlive {
                to: who(4),
                amount: 300,
            },
            index("Balances", "transfer_keep_alive"),
            (0u8, [4u8; 32], Compact(300u128)).encode(),
        ),
        (
            Call::AuthorizeUpgrade {
                code_hash: Hash([8; 32]),
            },
            index("System", "authorize_upgrade"),
            [8u8; 32].encode(),
        ),
    ];
    for (call, index, arguments) in cases {
        let encoded = call.encode(&state).unwrap();
        assert_eq!(encoded[..2], index, "{call:?}");
        assert_eq!(encoded[2..], arguments, "{call:?}");
        let sudo = call.clone().sudo().encode(&state).unwrap();
        assert_eq!(sudo[..2], metadata_index(&metadata, "Sudo", "sudo"));
        assert_eq!(sudo[2..], encoded);
        assert_eq!(Call::Raw(encoded.clone()).encode(&state).unwrap(), encoded);
        call.payload(&state).unwrap();
    }
    let nothing = Call::Raw(vec![255, 255]).payload(&state).unwrap_err();
    assert!(
        matches!(nothing, ChainError::Incompatible { .. }),
        "{nothing}"
    );
}

fn metadata_index(metadata: &subxt::Metadata, pallet: &str, call: &str) -> [u8; 2] {
    let pallet = metadata.pallet_by_name(pallet).unwrap();
    [
        pallet.call_index(),
        pallet.call_variant_by_name(call).unwrap().index,
    ]
}

#[tokio::test]
async fn an_upgrade_is_noticed_at_the_next_block_without_a_restart() {
    let node = FakeNode::new();
    let client = node.connect().await;
    let first = client.at_finalized().await.unwrap();
    client.at_finalized().await.unwrap();
    assert_eq!(first.spec_version(), 100);
    assert_eq!(
        node.asked("Metadata_metadata_at_version"),
        1,
        "once for each version"
    );
    node.upgrade(101);
    let second = client.at_finalized().await.unwrap();
    assert_eq!(second.spec_version(), 101);
    assert_eq!(node.asked("Metadata_metadata_at_version"), 2);
    assert_eq!(first.spec_version(), 100, "a state stays what it is");
}

#[tokio::test(start_paused = true)]
async fn transactions_are_signed_for_the_runtime_of_the_moment() {
    let node = FakeNode::new();
    let client = node.connect().await;
    let submitter = Submitter::new(client.clone(), SigningKey::dev("Alice").unwrap());
    let waiting = {
        let submitter = submitter.clone();
        tokio::spawn(async move { submitter.submit(Call::Remark(b"hello".to_vec())).await })
    };
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let sent = node.submitted();
    let [tx] = &sent[..] else {
        panic!("{} transactions", sent.len())
    };
    // Signed by Alice, mortal from block 7 on, nonce 3, no tip, no metadata hash, then the call.
    let alice = SigningKey::dev("Alice").unwrap().account();
    assert!(tx.windows(32).any(|window| window == alice.0));
    let call = {
        let state = client.at_finalized().await.unwrap();
        Call::Remark(b"hello".to_vec()).encode(&state).unwrap()
    };
    assert!(tx.ends_with(&call));
    let before_call = &tx[..tx.len() - call.len()];
    assert!(
        before_call.ends_with(&[0x0c, 0, 0]),
        "{}",
        hex::encode(before_call)
    );
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn finalised_blocks_are_followed_through_silence_and_restarts() {
    let node = FakeNode::new();
    let client = node.connect().await;
    let mut blocks = Box::pin(client.finalized_blocks(Some(6)));
    let mut next = async || blocks.next().await.unwrap().unwrap();
    assert_eq!(next().await, node.block(6));
    assert_eq!(next().await, node.block(7));
    // Told of every other block.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    node.finalize(9, true);
    assert_eq!(next().await, node.block(8));
    assert_eq!(next().await, node.block(9));
    // Told of nothing: the client asks.
    node.finalize(10, false);
    assert_eq!(next().await, node.block(10));
    // The node restarts and is behind for a while.
    node.hang_up();
    node.finalize(5, false);
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    assert_eq!(client.finalized().number, 10);
    node.finalize(11, true);
    assert_eq!(next().await, node.block(11));
    assert_eq!(
        client.wait_finalized(11).await.unwrap().block(),
        node.block(11)
    );
}
