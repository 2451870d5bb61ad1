//! Audits and leases as the runtime tells of them.

use super::*;
use crate::{
    call::LeaseCall,
    types::{
        AuditRound, AuditRoundState, AuditStanding, Challenge, Lease, LeaseStatus, RateChange,
        Segment, Uncovered,
    },
};

/// Index, began, draw point, end, window.
const ROUND: (u32, u32, u32, u64, u32) = (4, 80, 82, 300, 30);

#[tokio::test]
async fn the_round_is_read_with_the_tick_by_which_it_counts() {
    let node = FakeNode::new();
    let state = state(&node).await;
    assert_eq!(state.audit_round().await.unwrap(), None);
    let audits = runtime::storage().audits();
    // The tick and the last block that was polled.
    node.put(key(&state, audits.clock(), ()), (250u64, Some(90u32)));
    let round = |state| AuditRound {
        index: 4,
        tick: 250,
        ends: 300,
        answer_ticks: 30,
        state,
    };
    let (drawing, skipped) = ((ROUND, 0u8), (ROUND, 2u8));
    let open = (ROUND, 1u8, [7u8; 32], 83u32, 280u64);
    node.put(key(&state, audits.running(), ()), drawing);
    let found = state.audit_round().await.unwrap();
    assert_eq!(found, Some(round(AuditRoundState::Drawing)));
    node.put(key(&state, audits.running(), ()), skipped);
    let found = state.audit_round().await.unwrap();
    assert_eq!(found, Some(round(AuditRoundState::Skipped)));
    node.put(key(&state, audits.running(), ()), open);
    let found = state.audit_round().await.unwrap();
    let expected = AuditRoundState::Open {
        drawn_at: 83,
        until: 280,
    };
    assert_eq!(found, Some(round(expected)));
}

#[tokio::test]
async fn challenges_and_standing_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let item = |index: u8, sector: u64, answered: bool| {
        let item = ([6u8; 32], 1000u64, [1u8; 32], 2u8, sector);
        (index, item, answered)
    };
    let asked = Some((4u32, 280u64, vec![item(0, 3, true), item(1, 0, false)]));
    node.answer_with("AuditsApi_challenges", asked);
    let found = state.challenges(&who(2)).await.unwrap().unwrap();
    assert_eq!((found.round, found.until), (4, 280));
    let expected = |index, sector, answered| Challenge {
        index,
        root: [6; 32],
        size: 1000,
        owner: who(1),
        slot: 2,
        sector,
        answered,
    };
    assert_eq!(found.items, [expected(0, 3, true), expected(1, 0, false)]);
    node.answer_with("AuditsApi_challenges", None::<()>);
    assert_eq!(state.challenges(&who(2)).await.unwrap(), None);

    node.answer_with("AuditsApi_standing", Some((3u32, 2u32, 47u32, false)));
    let expected = AuditStanding {
        next: 3,
        unsettled: 2,
        points: 47,
        dropping: false,
    };
    let found = state.audit_standing(&who(2)).await.unwrap();
    assert_eq!(found, Some(expected));
}

#[tokio::test]
async fn a_runtime_without_audits_is_reported_as_incompatible_and_a_lost_state_as_lost() {
    let node = FakeNode::new();
    let state = state(&node).await;
    // Not what the metadata says that it answers.
    node.answer_with("AuditsApi_challenges", Some(7u8));
    let error = state.challenges(&who(2)).await.unwrap_err();
    assert!(matches!(error, ChainError::Incompatible { .. }), "{error}");
    assert!(error.to_string().contains("AuditsApi_challenges"));
}

#[tokio::test]
async fn leases_and_pay_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let (next, counts) = (Some((5u128, 40u32)), (3u8, 3u8, 2u8));
    let raw = (1u8, 4u128, next, 28u32, 40u32, 9u128, 99u128, counts);
    node.answer_with("LeasesApi_lease", Some(raw));
    let lease = state.lease(&FileId([5; 32]), &who(1)).await.unwrap();
    let expected = Lease {
        status: LeaseStatus::Grace,
        rent: 4,
        next: Some(Segment { rent: 5, end: 40 }),
        until: 28,
        end: 40,
        credit: 9,
        refund_now: 99,
        wanted: 3,
        held: 3,
        earning: 2,
    };
    assert_eq!(lease, Some(expected));

    let changes = vec![(8u32, (2u128, 0u128)), (9, (0, 12))];
    let raw = Some((7u32, 10u128, 22u128, 0u128, changes));
    node.answer_with("LeasesApi_provider", raw);
    let pay = state.provider_pay(&who(1)).await.unwrap().unwrap();
    assert_eq!(
        (pay.settled, pay.rate, pay.owed, pay.carried),
        (7, 10, 22, 0)
    );
    let first = RateChange {
        round: 8,
        begins: 2,
        ends: 0,
    };
    assert_eq!(pay.changes[0], first);
    assert_eq!(pay.rate_in(9), Some(0));

    node.answer_with("LeasesApi_uncovered", Some((100u64, 30u64, 25u64, 24u64)));
    let expected = Uncovered {
        bytes: 100,
        leaving: 30,
        blocks: 25,
        grace: 24,
    };
    let found = state.uncovered(&who(1)).await.unwrap();
    assert_eq!(found, Some(expected));
    node.answer_with("LeasesApi_uncovered", None::<()>);
    assert_eq!(state.uncovered(&who(1)).await.unwrap(), None);
    node.answer_with("LeasesApi_to_hand_over", 70u64);
    assert_eq!(state.to_hand_over(&who(1)).await.unwrap(), 70);

    let refused: Result<(), _> = Err((3u8, 9u8, [1u8, 0, 0, 0]));
    node.answer_with("LeasesApi_quote_renewal", refused);
    let quote = state.renewal_quote(&FileId([5; 32]), &who(1), 9).await;
    assert_eq!(quote.unwrap(), None);
}

#[tokio::test]
async fn audited_providers_are_listed_page_by_page() {
    let node = FakeNode::new();
    let state = state(&node).await;
    for n in 1..=3u8 {
        let key = key(
            &state,
            runtime::storage().audits().audited(),
            (who(n).into(),),
        );
        node.put(key, (4u32, 0u32, 0u8, 0u128));
    }
    let first = state.audited_page(None, 2).await.unwrap();
    assert_eq!(first.providers.len(), 2);
    let second = state.audited_page(first.next.as_deref(), 2).await.unwrap();
    assert_eq!(second.next, None);
    let mut all = [first.providers, second.providers].concat();
    all.sort();
    assert_eq!(all, [who(1), who(2), who(3)]);
}

#[tokio::test]
async fn limits_of_the_audits_come_from_the_runtime() {
    let state = state(&FakeNode::new()).await;
    let limits = state.audit_limits().unwrap();
    assert_eq!((limits.max_challenges, limits.max_settle), (32, 16));
    assert_eq!((limits.miss_points, limits.drop_points), (24, 96));
    assert_eq!(limits.hand_over_rounds, 28);
}

#[tokio::test]
async fn answers_and_lease_calls_are_encoded_as_the_runtime_takes_them() {
    let state = state(&FakeNode::new()).await;
    let (file, owner) = (FileId([5; 32]), who(1));
    let metadata = state.at().metadata();
    let index = |pallet: &str, call: &str| {
        let pallet = metadata.pallet_by_name(pallet).unwrap();
        let variants = pallet.call_variants().unwrap();
        let call = variants.iter().find(|variant| variant.name == call);
        [pallet.call_index(), call.unwrap().index]
    };
    let expect = |call: Call, pallet: &str, name: &str, arguments: Vec<u8>| {
        let expected = [&index(pallet, name)[..], &arguments].concat();
        assert_eq!(call.encode(&state).unwrap(), expected, "{name}");
    };
    let proof = SectorProof {
        sector: [8; 256],
        siblings: vec![[9; 32]].try_into().unwrap(),
    };
    let answers = vec![(3u8, ([8u8; 256], vec![[9u8; 32]]))];
    let call = Call::Answer {
        round: 4,
        answers: vec![(3, proof)],
    };
    expect(call, "Audits", "answer", (4u32, answers).encode());
    let call = Call::Poke { provider: owner };
    expect(call, "Audits", "poke", owner.0.encode());
    let call = Call::HandOver {
        file,
        owner,
        slot: 2,
    };
    let arguments = (file.0, owner.0, 2u8);
    expect(call, "Storage", "hand_over", arguments.encode());
    let call = LeaseCall::Renew {
        leases: vec![(file, owner)],
        until: 40,
        max: 7,
    };
    let leases = vec![(file.0, owner.0)];
    let arguments = (leases, 40u32, 7u128).encode();
    expect(Call::Lease(call), "Storage", "renew", arguments);
    let call = LeaseCall::TopUp {
        file,
        owner,
        level: 7,
    };
    let arguments = (file.0, owner.0, 7u128).encode();
    expect(Call::Lease(call), "Storage", "top_up", arguments);
    for to in [None, Some(who(3))] {
        let arguments = (file.0, to.map(|to| to.0)).encode();
        let call = Call::Lease(LeaseCall::Offer { file, to });
        expect(call, "Storage", "offer", arguments);
    }
    let call = LeaseCall::Accept {
        file,
        owner,
        replicas: 3,
        max: 7,
    };
    let arguments = (file.0, owner.0, 3u8, 7u128).encode();
    expect(Call::Lease(call), "Storage", "accept", arguments);
    let call = LeaseCall::Expire {
        file,
        owner,
        replicas: 3,
    };
    let arguments = (file.0, owner.0, 3u8).encode();
    expect(Call::Lease(call), "Storage", "expire", arguments);
    let call = Call::Remove { file, replicas: 3 };
    expect(call, "Storage", "remove", (file.0, 3u8).encode());
}
