//! Data availability as the runtime tells of it, and calls about it.

use noema_da_primitives::{
    BundleHeader, Commitment, CommitteeId, Content, EntryInfo, MemberId, MemberInfo, MemberProof,
    Namespace, RowProof, RowSeed, SeatInfo, SizeClass, Standing,
};

use super::{agents::Bytes, *};
use crate::{
    call::DaCall,
    types::{CommitteeInfo, NamespacePage, RowChallenge, RowChallenges, SubmissionInfo},
};

fn raw(n: u8) -> [u8; 32] {
    [n; 32]
}

#[tokio::test]
async fn submissions_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let front = (9u64, raw(1), [2u8; 28], raw(3), 2u8, 70_000u32).encode();
    let content = (1u8, 4u32, raw(5)).encode();
    let rest = (6u32, 7u64, 8u8, 9u32, 10u128).encode();
    let standing = (3u8, raw(6), 11u64, 12u32, [7u8; 13], [8u8; 13]).encode();
    let info = [front, content, rest, standing].concat();
    node.answer_with(
        "DataAvailabilityApi_submission",
        Bytes([vec![1], info].concat()),
    );
    let expected = SubmissionInfo {
        submission: 9,
        payer: who(1),
        namespace: Namespace([2; 28]),
        commitment: Commitment(raw(3)),
        class: SizeClass::Medium,
        size: 70_000,
        content: Content::Bundle(BundleHeader {
            count: 4,
            root: raw(5),
        }),
        era: 6,
        deadline: 7,
        days: 8,
        until: 9,
        fee: 10,
        standing: Standing::Available {
            seed: RowSeed(raw(6)),
            index: 11,
            height: 12,
            signed: [7; 13],
            holders: [8; 13],
        },
    };
    assert_eq!(state.submission(9).await.unwrap(), Some(expected));
    node.answer_with("DataAvailabilityApi_submission", None::<()>);
    assert_eq!(state.submission(10).await.unwrap(), None);
    node.answer_with("DataAvailabilityApi_available_until", Some(7u32));
    let until = state.available_until(&Commitment(raw(3)), 70_000).await;
    assert_eq!(until.unwrap(), Some(7));
}

#[tokio::test]
async fn committees_and_namespaces_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let seats = vec![(raw(1), [2u8; 48], 3u128, true)];
    node.answer_with("DataAvailabilityApi_committee", Some((4u32, raw(5), seats)));
    let expected = CommitteeInfo {
        era: 4,
        id: CommitteeId(raw(5)),
        seats: vec![SeatInfo {
            provider: who(1),
            key: [2; 48],
            stake: 3,
            gone: true,
        }],
    };
    assert_eq!(state.committee(4).await.unwrap(), Some(expected));
    let member = (1u32, raw(2), raw(3), 4u32, 5u32, 6u32);
    let entry = (7u64, 8u32, 9u64, raw(1), 10u32, Some(member));
    node.answer_with("DataAvailabilityApi_entries_of", (vec![entry], 8u64, 20u64));
    let expected = NamespacePage {
        entries: vec![EntryInfo {
            index: 7,
            height: 8,
            submission: 9,
            commitment: Commitment(raw(1)),
            size: 10,
            member: Some(MemberInfo {
                member: 1,
                payer: who(2),
                id: MemberId(raw(3)),
                offset: 4,
                size: 5,
                until: 6,
            }),
        }],
        next: 8,
        end: 20,
    };
    let page = state.namespace_entries(&Namespace([1; 28]), 0, 10).await;
    assert_eq!(page.unwrap(), expected);
}

#[tokio::test]
async fn rows_asked_for_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let item = (raw(1), 2u8, 70_000u32, 9u16);
    let asked = Some((3u32, 400u64, vec![(5u8, item, true)]));
    node.answer_with("RowAuditsApi_row_challenges", asked);
    let expected = RowChallenges {
        round: 3,
        until: 400,
        rows: vec![RowChallenge {
            index: 5,
            commitment: Commitment(raw(1)),
            size: 70_000,
            row: 9,
            answered: true,
        }],
    };
    assert_eq!(state.row_challenges(&who(1)).await.unwrap(), Some(expected));
}

/// The bytes of the arguments, which stand behind the indices of pallet and call.
async fn encoded(call: DaCall) -> Vec<u8> {
    let node = FakeNode::new();
    let state = state(&node).await;
    crate::Call::Da(Box::new(call)).encode(&state).unwrap()
}

#[tokio::test]
async fn calls_are_encoded_as_the_runtime_decodes_them() {
    let key = DaCall::SetKey {
        key: [1; 48],
        proof: [2; 96],
        instead_of: Some(who(3)),
    };
    let expected = [
        vec![65, 0],
        vec![1; 48],
        vec![2; 96],
        vec![1],
        raw(3).to_vec(),
    ];
    assert_eq!(encoded(key).await, expected.concat());
    let submit = DaCall::Submit {
        commitment: Commitment(raw(1)),
        size: 2,
        content: Content::Plain,
        namespace: Namespace([3; 28]),
        days: 4,
        max_fee: 5,
    };
    let expected = (65u8, 10u8, raw(1), 2u32, 0u8, [3u8; 28], 4u8, 5u128);
    assert_eq!(encoded(submit).await, expected.encode());
    let attest = DaCall::Attest {
        submission: 6,
        bits: [7; 13],
        signature: [8; 96],
    };
    let expected = [(65u8, 11u8, 6u64, [7u8; 13]).encode(), vec![8; 96]].concat();
    assert_eq!(encoded(attest).await, expected);
    let member = MemberProof {
        index: 1,
        offset: 2,
        size: 3,
        id: MemberId(raw(4)),
        siblings: vec![raw(5)].try_into().unwrap(),
    };
    let call = DaCall::SubmitMember {
        submission: 6,
        proof: member,
        namespace: Namespace([7; 28]),
        days: 8,
        max_fee: 9,
    };
    let proof = (1u32, 2u32, 3u32, raw(4), vec![raw(5)]);
    let expected = (65u8, 14u8, 6u64, proof, [7u8; 28], 8u8, 9u128);
    assert_eq!(encoded(call).await, expected.encode());
    let row = RowProof {
        row: vec![1; 64].try_into().unwrap(),
        siblings: vec![raw(2)].try_into().unwrap(),
        combinations_root: raw(3),
    };
    let call = DaCall::Answer {
        round: 4,
        answers: vec![(5, row)],
    };
    let proof = (5u8, vec![1u8; 64], vec![raw(2)], raw(3));
    let expected = (68u8, 0u8, 4u32, vec![proof]).encode();
    assert_eq!(encoded(call).await, expected);
}
