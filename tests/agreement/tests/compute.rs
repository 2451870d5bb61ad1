//! What this crate decodes is what the pallet encodes: each type of the runtime's interface, there and back.

#![allow(missing_docs)]

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::AccountId;
use noema_compute::{chain, Signature};
use noema_compute_primitives::{Descriptor, Price, ServiceKind, VerificationMode, Voucher};
use noema_session::{Grant, Limits};
use pallet_noema_compute as pallet;

/// An account, as the runtime has it: 32 bytes.
type Account = [u8; 32];

/// The bytes of the pallet's value are those of exactly one of ours, and ours has the same bytes.
fn same<Ours: Encode + Decode>(theirs: &impl Encode) -> Ours {
    let bytes = theirs.encode();
    let ours = Ours::decode_all(&mut &bytes[..]).expect("it is decoded to its last byte");
    assert_eq!(ours.encode(), bytes);
    ours
}

fn descriptor() -> Descriptor {
    Descriptor {
        kind: ServiceKind::Chat,
        model: b"tiny/1".to_vec().try_into().unwrap(),
        weights: Some([9; 32]),
        endpoint: b"http://127.0.0.1:1".to_vec().try_into().unwrap(),
        price: Price::Tokens {
            input: 1,
            cached: 2,
            output: 3,
        },
        verification: VerificationMode::None,
        capacity: 4,
    }
}

#[test]
fn services_and_browsing() {
    let browse = pallet::Browse {
        kind: Some(ServiceKind::Embedding),
        model: Some(descriptor().model),
        at_most: Some(Price::Units { unit: 7 }),
        mode: Some(VerificationMode::None),
    };
    let ours: chain::Browse = same(&browse);
    assert_eq!(ours.at_most, browse.at_most);
    same::<chain::Browse>(&pallet::Browse::default());
    let page = pallet::Page::<pallet::ServiceInfo<Account>, u64> {
        entries: vec![pallet::ServiceInfo {
            service: 5,
            provider: [1; 32],
            active: true,
            key: [2; 32],
            descriptor: descriptor(),
            next: Some(pallet::NextPrice {
                price: Price::Units { unit: 7 },
                from: 8,
            }),
        }],
        next: Some(6),
    };
    let ours: chain::Page<chain::ServiceInfo, u64> = same(&page);
    assert_eq!(ours.entries[0].key, AccountId([2; 32]));
    assert_eq!(ours.entries[0].descriptor, descriptor());
}

#[test]
fn channels_with_sessions_and_lanes() {
    for state in [
        pallet::ChannelState::Open,
        pallet::ChannelState::Closing { until: 9 },
        pallet::ChannelState::Settled { at: 10 },
    ] {
        let info = pallet::ChannelInfo::<Account> {
            payer: [1; 32],
            provider: [2; 32],
            service: 3,
            key: [4; 32],
            left: 5,
            redeemed: 6,
            state,
            sessions: vec![pallet::SessionInfo {
                session: 7,
                key: [8; 32],
                limits: Limits {
                    per_use: 9,
                    total: 10,
                },
                spent: 4,
                ends: 12,
                revoked: true,
                lanes: 13,
                redeemed: vec![pallet::LaneInfo {
                    lane: 2,
                    nonce: 14,
                    maximum: 15,
                    redeemed: 16,
                    at: 17,
                    punished: 18,
                }],
            }],
        };
        let ours: chain::ChannelInfo = same(&info);
        let session = ours.session(7).unwrap();
        assert_eq!((session.left(), session.redeemed(2)), (6, 16));
    }
}

#[test]
fn providers_and_their_room() {
    for room in [
        pallet::Room::Inactive,
        pallet::Room::UnderBonded { by: 1 },
        pallet::Room::Full,
        pallet::Room::UpTo(2),
    ] {
        same::<chain::ProviderInfo>(&pallet::ProviderInfo {
            bond: 1,
            services: 2,
            channels: 3,
            reserved: 4,
            room,
        });
    }
}

#[test]
fn claims_with_signatures_of_the_chain() {
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
        price: descriptor().price,
    };
    // `MultiSignature::Sr25519`: the variant's index, and 64 bytes.
    let signature = (1u8, [3u8; 64]);
    assert_eq!(same::<Signature>(&signature), Signature::Sr25519([3u8; 64]));
    for demand in [None, Some(signature)] {
        let claim = pallet::Claim {
            voucher,
            amount: 10,
            signature,
            demand,
        };
        let ours: chain::Claim = same(&claim);
        assert_eq!(ours.voucher, voucher);
    }
    let grant = Grant::<Account, ()> {
        key: [1; 32],
        scope: (),
        limits: Limits {
            per_use: 1,
            total: 2,
        },
        expires: 3,
    };
    same::<chain::Opening>(&(4u64, 5u128, 6u16, grant));
}
