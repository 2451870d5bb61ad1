//! The compute market as the runtime tells of it, and its calls.

use noema_compute_primitives::{
    Browse, ChannelInfo as Channel, ChannelState, Descriptor, LaneInfo, NextPrice, Page, Price,
    ProviderInfo, Purse, Receipt, Room, ServiceInfo as Service, ServiceKind,
    SessionInfo as Session, Usage, VerificationMode, Voucher,
};
use noema_session::{Grant, Limits};

use super::*;
use crate::{
    call::ComputeCall,
    compute::{Claim, Signature, SignedReceipt, SignedVoucher},
};

const PRICE: Price = Price::Tokens {
    input: 1,
    cached: 2,
    output: 3,
};

fn descriptor() -> Descriptor {
    Descriptor {
        kind: ServiceKind::Chat,
        model: b"tiny/1".to_vec().try_into().unwrap(),
        weights: Some([6; 32]),
        endpoint: b"http://localhost:1".to_vec().try_into().unwrap(),
        price: PRICE,
        verification: VerificationMode::None,
        capacity: 4,
    }
}

/// As the runtime encodes it, whose accounts are 32 bytes as well.
fn service<AccountId>(account: fn(u8) -> AccountId) -> Service<AccountId> {
    Service {
        service: 3,
        provider: account(1),
        active: true,
        key: account(2),
        descriptor: descriptor(),
        next: Some(NextPrice {
            price: Price::Units { unit: 9 },
            from: 77,
        }),
    }
}

fn channel<AccountId>(account: fn(u8) -> AccountId, state: ChannelState) -> Channel<AccountId> {
    Channel {
        payer: account(1),
        provider: account(2),
        service: 3,
        key: account(4),
        left: 5,
        redeemed: 6,
        state,
        sessions: vec![Session {
            session: 0,
            key: account(5),
            limits: Limits {
                per_use: 7,
                total: 8,
            },
            spent: 9,
            ends: u64::MAX,
            revoked: true,
            lanes: 2,
            redeemed: vec![LaneInfo {
                lane: 1,
                nonce: 2,
                maximum: 3,
                redeemed: 4,
                at: 5,
                punished: 6,
            }],
        }],
    }
}

fn raw(n: u8) -> [u8; 32] {
    [n; 32]
}

#[tokio::test]
async fn services_and_channels_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    node.answer_with("ComputeApi_service", Some(service(raw)));
    assert_eq!(state.service(3).await.unwrap(), Some(service(who)));
    node.answer_with("ComputeApi_service", None::<()>);
    assert_eq!(state.service(3).await.unwrap(), None);
    let page = Page {
        items: vec![service(raw)],
        next: Some(3u64),
    };
    node.answer_with("ComputeApi_browse", page);
    let wanted = Browse {
        kind: Some(ServiceKind::Chat),
        model: Some(descriptor().model),
        at_most: Some(PRICE),
        mode: Some(VerificationMode::None),
    };
    let page = state.services(&wanted, None, 10).await.unwrap();
    assert_eq!((page.items, page.next), (vec![service(who)], Some(3)));
    for found in [
        ChannelState::Open,
        ChannelState::Closing { until: 60 },
        ChannelState::Settled { at: 61 },
    ] {
        node.answer_with("ComputeApi_channel", Some(channel(raw, found)));
        let expected = Some(channel(who, found));
        assert_eq!(state.channel(8).await.unwrap(), expected);
    }
    let numbers = Page {
        items: vec![4u64, 2],
        next: None::<u64>,
    };
    node.answer_with("ComputeApi_channels_of", numbers.clone());
    node.answer_with("ComputeApi_channels_with", numbers.clone());
    let of = state.channels_of(&who(1), None, 10).await.unwrap();
    let with = state.channels_with(&who(2), Some(1), 10).await.unwrap();
    assert_eq!((of, with), (numbers.clone(), numbers));
}

#[tokio::test]
async fn purses_and_providers_are_those_the_runtime_gives() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let purse = Purse {
        balance: 5,
        reserved: 3,
        channels: 1,
        deposit: 9,
    };
    node.answer_with("ComputeApi_purse", Some(purse));
    assert_eq!(state.purse(&who(1)).await.unwrap(), Some(purse));
    for room in [
        Room::Inactive,
        Room::UnderBonded { by: 1 },
        Room::Full,
        Room::UpTo(7),
    ] {
        let info = ProviderInfo {
            bond: 1,
            services: 2,
            channels: 3,
            reserved: 4,
            room,
        };
        node.answer_with("ComputeApi_provider", info);
        assert_eq!(state.compute_provider(&who(1)).await.unwrap(), info);
    }
    node.answer_with("ComputeApi_unconsumed", 12u128);
    assert_eq!(state.unconsumed(&who(1), &who(2)).await.unwrap(), 12);
    let clock = runtime::storage().audits().clock();
    node.put(key(&state, clock, ()), (250u64, Some(90u32)));
    assert_eq!(state.tick().await.unwrap(), 250);
    let limits = state.compute_limits().unwrap();
    assert_eq!((limits.slash_factor, limits.cut_millionths), (6, 10_000));
    assert_eq!(limits.payer_share_billionths, 200_000_000);
}

fn voucher() -> SignedVoucher {
    let voucher = Voucher {
        channel: 1,
        session: 2,
        lane: 3,
        nonce: 4,
        service: 5,
        paid: 6,
        maximum: 7,
        request: [8; 32],
        expires: 9,
        price: PRICE,
    };
    SignedVoucher {
        voucher,
        signature: Signature::Sr25519([1; 64]),
    }
}

fn receipt() -> SignedReceipt {
    let receipt = Receipt {
        channel: 1,
        session: 2,
        lane: 3,
        nonce: 4,
        service: 5,
        request: [8; 32],
        response: [9; 32],
        response_bytes: 10,
        model: descriptor().model,
        usage: Usage::Tokens {
            input: 11,
            cached: 12,
            output: 13,
        },
        price: PRICE,
        amount: 14,
        cumulative: 15,
        time: 16,
    };
    SignedReceipt {
        receipt,
        signature: Signature::Sr25519([2; 64]),
    }
}

/// What the chain reads of a call is what was signed: the same bytes.
#[tokio::test]
async fn calls_carry_what_was_signed_byte_for_byte() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let encode = |call| Call::Compute(Box::new(call)).encode(&state).unwrap();
    let (index, sr25519) = (66u8, 1u8);
    let with_demand = Claim {
        demand: Some(Signature::Sr25519([3; 64])),
        ..Claim::of(voucher(), 7)
    };
    let claims = vec![Claim::of(voucher(), 7), with_demand];
    let signed = voucher().voucher.encode();
    let first = [
        signed.clone(),
        7u128.encode(),
        (sr25519, [1u8; 64]).encode(),
        vec![0],
    ];
    let second = [
        signed,
        7u128.encode(),
        (sr25519, [1u8; 64]).encode(),
        vec![1],
        (sr25519, [3u8; 64]).encode(),
    ];
    let expected = [
        vec![index, 13],
        Compact(2u32).encode(),
        first.concat(),
        second.concat(),
    ];
    assert_eq!(encode(ComputeCall::Redeem { claims }), expected.concat());

    let expected = [
        vec![index, 17],
        receipt().receipt.encode(),
        (sr25519, [2u8; 64]).encode(),
    ];
    let report = ComputeCall::Report { receipt: receipt() };
    assert_eq!(encode(report), expected.concat());

    let announce = ComputeCall::Announce {
        descriptor: descriptor(),
        key: who(2),
    };
    let expected = [vec![index, 0], descriptor().encode(), who(2).0.encode()];
    assert_eq!(encode(announce), expected.concat());

    let grant = |key| Grant {
        key,
        scope: (),
        limits: Limits {
            per_use: 1,
            total: 2,
        },
        expires: 3,
    };
    let open = ComputeCall::Open {
        service: 3,
        cap: 10,
        lanes: 4,
        grant: grant(who(5)),
    };
    let bytes = Grant {
        key: [5u8; 32],
        scope: (),
        limits: grant(who(5)).limits,
        expires: 3,
    };
    let expected = [
        vec![index, 8],
        (3u64, 10u128, 4u16).encode(),
        bytes.encode(),
    ];
    assert_eq!(encode(open), expected.concat());
}

#[tokio::test]
async fn every_call_is_one_of_the_runtime() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let (service, channel, session, amount) = (3, 4, 5, 6);
    let calls = [
        (
            1,
            ComputeCall::SetEndpoint {
                service,
                endpoint: "http://localhost:1".into(),
            },
        ),
        (
            2,
            ComputeCall::SetCapacity {
                service,
                capacity: 1,
            },
        ),
        (
            3,
            ComputeCall::SetPrice {
                service,
                price: PRICE,
            },
        ),
        (
            4,
            ComputeCall::SetKey {
                service,
                key: who(1),
            },
        ),
        (5, ComputeCall::Retire { service }),
        (6, ComputeCall::Deposit { amount }),
        (7, ComputeCall::Withdraw { amount }),
        (9, ComputeCall::TopUp { channel, amount }),
        (11, ComputeCall::Revoke { channel, session }),
        (12, ComputeCall::DropSession { channel, session }),
        (14, ComputeCall::Close { channel }),
        (15, ComputeCall::Settle { channel }),
        (16, ComputeCall::Remove { channel }),
        (18, ComputeCall::Forget { provider: who(1) }),
    ];
    for (index, call) in calls {
        let bytes = Call::Compute(Box::new(call.clone()))
            .encode(&state)
            .unwrap();
        assert_eq!(bytes.get(..2), Some(&[66, index][..]), "{call:?}");
    }
}

#[tokio::test]
async fn errors_in_events_are_explained() {
    let node = FakeNode::new();
    let state = state(&node).await;
    let error = serde_json::json!({ "Module": { "index": 66, "error": "0x2a000000" } });
    let explained = state.explain(&error);
    assert!(explained.is("Compute", "BadSignature"), "{explained:?}");
    assert!(!explained.docs.is_empty());
    let unknown = state.explain(&serde_json::json!("BadOrigin"));
    assert_eq!((unknown.pallet, &*unknown.name), (None, "BadOrigin"));
}
