//! Validators and what they submit.

use codec::{Compact, Encode};

use super::{key, metadata_index, state, who};
use crate::{
    call::{Call, ValidatorCall},
    runtime,
    testing::FakeNode,
    types::{
        Candidacy, Eras, Exposure, OwnershipProof, Payee, PendingSlash, SessionKeys, Stake,
        Unbonding, Unpaid,
    },
};

const COMMISSION: u32 = 25_000_000;

#[tokio::test]
async fn a_stake_is_read_with_what_unbonds_and_where_its_pay_goes() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let storage = runtime::storage().staking();
    assert_eq!(state.stake(&who(1)).await.unwrap(), None);

    node.put(key(&state, storage.bonded(), (who(1).into(),)), [1u8; 32]);
    let chunks = vec![(Compact(4u128), Compact(9u32))];
    let ledger = (
        [1u8; 32],
        Compact(10u128),
        Compact(6u128),
        chunks,
        Vec::<u32>::new(),
    );
    node.put(key(&state, storage.ledger(), (who(1).into(),)), ledger);
    let mut expected = Stake {
        account: who(1),
        total: 10,
        active: 6,
        unbonding: vec![Unbonding { amount: 4, era: 9 }],
        payee: Payee::Staked,
    };
    assert_eq!(state.stake(&who(1)).await.unwrap(), Some(expected.clone()));
    for (raw, payee) in [
        (vec![1], Payee::Stash),
        ((3u8, [1u8; 32]).encode(), Payee::Stash),
        ((3u8, [2u8; 32]).encode(), Payee::Account(who(2))),
        (vec![4], Payee::Nobody),
    ] {
        node.put_raw(key(&state, storage.payee(), (who(1).into(),)), raw);
        expected.payee = payee;
        assert_eq!(state.stake(&who(1)).await.unwrap(), Some(expected.clone()));
    }
}

#[tokio::test]
async fn who_does_not_stand_is_told_from_who_stands_with_the_default() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let storage = runtime::storage().staking();
    assert_eq!(state.candidacy(&who(1)).await.unwrap(), None);
    let stands = |n: u8| key(&state, storage.validators(), (who(n).into(),));
    node.put(stands(1), (Compact(0u32), false));
    node.put(stands(2), (Compact(COMMISSION), true));
    assert_eq!(
        state.candidacy(&who(1)).await.unwrap(),
        Some(Candidacy::default())
    );
    let other = Candidacy {
        commission: COMMISSION,
        blocked: true,
    };
    let mut all = state.candidates().await.unwrap();
    all.sort_by_key(|(account, _)| account.0);
    assert_eq!(all, [(who(1), Candidacy::default()), (who(2), other)]);
    assert!(!state.nominates(&who(1)).await.unwrap());

    let keys = runtime::storage().session().next_keys();
    node.put_raw(key(&state, keys, (who(1).into(),)), vec![7; 96]);
    let keys = state.session_keys(&who(1)).await.unwrap();
    assert_eq!(keys, Some(SessionKeys(vec![7; 96])));
    assert_eq!(state.session_keys(&who(2)).await.unwrap(), None);
}

#[tokio::test]
async fn limits_are_read_from_state_and_constants() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let storage = runtime::storage().staking();
    let limits = state.staking_limits().await.unwrap();
    assert_eq!(limits.max_candidates, None);
    assert!(limits.key_deposit > 0 && limits.bonding_eras > 0 && limits.history_eras > 0);
    node.put(key(&state, storage.min_validator_bond(), ()), 5u128);
    node.put(key(&state, storage.min_commission(), ()), COMMISSION);
    node.put(key(&state, storage.max_validators_count(), ()), 9u32);
    node.put(key(&state, storage.counter_for_validators(), ()), 8u32);
    let limits = state.staking_limits().await.unwrap();
    assert_eq!(
        (limits.min_validator_bond, limits.min_commission),
        (5, COMMISSION)
    );
    assert_eq!((limits.candidates, limits.max_candidates), (8, Some(9)));
}

#[tokio::test]
async fn the_set_is_read_with_who_is_disabled_and_what_waits_to_be_slashed() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let (session, staking) = (runtime::storage().session(), runtime::storage().staking());
    node.put(
        key(&state, session.validators(), ()),
        vec![[1u8; 32], [2; 32]],
    );
    // Place and severity.
    node.put(
        key(&state, session.disabled_validators(), ()),
        vec![(1u32, 5u32)],
    );
    assert_eq!(state.session_validators().await.unwrap(), [who(1), who(2)]);
    assert_eq!(state.disabled_validators().await.unwrap(), [who(2)]);

    let none: Vec<[u8; 32]> = Vec::new();
    let slash = |n: u8| {
        vec![(
            [n; 32],
            8u128,
            vec![([9u8; 32], 3u128)],
            none.clone(),
            0u128,
        )]
    };
    node.put(key(&state, staking.unapplied_slashes(), (12,)), slash(1));
    node.put(key(&state, staking.unapplied_slashes(), (11,)), slash(2));
    let expected = |era, n| PendingSlash {
        era,
        validator: who(n),
        own: 8,
        others: vec![(who(9), 3)],
    };
    assert_eq!(
        state.pending_slashes().await.unwrap(),
        [expected(11, 2), expected(12, 1)]
    );

    assert_eq!(state.slashing_spans(&who(2)).await.unwrap(), 0);
    let spans = (4u32, 5u32, 6u32, vec![1u32, 2]);
    node.put(
        key(&state, staking.slashing_spans(), (who(2).into(),)),
        spans,
    );
    assert_eq!(state.slashing_spans(&who(2)).await.unwrap(), 3);
}

#[tokio::test]
async fn unpaid_are_the_pages_of_ended_eras_that_earned_something_and_are_not_claimed() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let storage = runtime::storage().staking();
    node.put(key(&state, storage.active_era(), ()), (6u32, None::<u64>));
    node.put(key(&state, storage.current_era(), ()), 7u32);
    let eras = state.eras().await.unwrap();
    assert_eq!(
        eras,
        Eras {
            active: 6,
            planned: 7
        }
    );
    let expose = |era: u32, nominators: u32, pages: u32| {
        let address = storage.eras_stakers_overview();
        let raw = (Compact(100u128), Compact(60u128), nominators, pages);
        node.put(key(&state, address, (era, who(1).into())), raw);
    };
    let earn = |era: u32, by: u8| {
        let points = (40u32, vec![([by; 32], 40u32)]);
        node.put(key(&state, storage.eras_reward_points(), (era,)), points);
        node.put(key(&state, storage.eras_validator_reward(), (era,)), 9u128);
    };
    // Two pages, of which one is claimed.
    expose(2, 300, 2);
    earn(2, 1);
    node.put(
        key(&state, storage.claimed_rewards(), (2, who(1).into())),
        vec![0u32],
    );
    // No nominators.
    expose(3, 0, 0);
    earn(3, 1);
    // Exposed, without a block; then not exposed; then not ended.
    expose(4, 5, 1);
    earn(4, 2);
    earn(5, 1);
    expose(6, 5, 1);
    earn(6, 1);
    let page = |era, page, nominators| Unpaid {
        era,
        page,
        nominators,
    };
    assert_eq!(
        state.unpaid(&who(1), 0).await.unwrap(),
        [page(2, 1, 300 - 256), page(3, 0, 0)]
    );
    assert_eq!(state.unpaid(&who(1), 3).await.unwrap(), [page(3, 0, 0)]);
    let exposure = Exposure {
        total: 100,
        own: 60,
        nominators: 300,
        pages: 2,
    };
    assert_eq!(state.exposures(2).await.unwrap(), [(who(1), exposure)]);
    assert_eq!(state.era_points(3).await.unwrap().of[&who(1)], 40);
}

#[tokio::test]
async fn calls_of_validators_are_encoded_as_the_runtime_decodes_them() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let metadata = state.at().metadata();
    let keys = SessionKeys(vec![7; 96]);
    let proof = OwnershipProof(vec![8; 70]);
    let cases: Vec<(ValidatorCall, Vec<u8>)> = vec![
        (
            ValidatorCall::Bond {
                amount: 300,
                payee: Payee::Account(who(2)),
            },
            (Compact(300u128), 3u8, [2u8; 32]).encode(),
        ),
        (
            ValidatorCall::BondExtra { amount: 4 },
            Compact(4u128).encode(),
        ),
        (
            ValidatorCall::SetPayee {
                payee: Payee::Nobody,
            },
            vec![4],
        ),
        (
            ValidatorCall::SetKeys { keys, proof },
            ([7u8; 96], vec![8u8; 70]).encode(),
        ),
        (
            ValidatorCall::Validate(Candidacy {
                commission: COMMISSION,
                blocked: true,
            }),
            (Compact(COMMISSION), true).encode(),
        ),
        (ValidatorCall::Chill, vec![]),
        (ValidatorCall::Unbond { amount: 5 }, Compact(5u128).encode()),
        (ValidatorCall::Withdraw { slashing_spans: 3 }, 3u32.encode()),
        (
            ValidatorCall::Payout {
                validator: who(1),
                era: 6,
                page: 2,
            },
            ([1u8; 32], 6u32, 2u32).encode(),
        ),
    ];
    let mut all = Vec::new();
    for (call, arguments) in cases {
        let (pallet, name) = call.name().split_once('.').unwrap();
        let encoded = Call::Validator(call.clone()).encode(&state).unwrap();
        assert_eq!(
            encoded[..2],
            metadata_index(&metadata, pallet, name),
            "{call:?}"
        );
        assert_eq!(encoded[2..], arguments, "{call:?}");
        all.push(encoded);
    }
    let batch = Call::BatchAll(all.iter().cloned().map(Call::Raw).collect());
    let encoded = batch.encode(&state).unwrap();
    assert_eq!(
        encoded[..2],
        metadata_index(&metadata, "Utility", "batch_all")
    );
    assert_eq!(
        encoded[2..],
        [vec![(all.len() as u8) << 2], all.concat()].concat()
    );
    batch.payload(&state).unwrap();
}
