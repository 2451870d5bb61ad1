//! The chain's state as a node tells it: any bytes under the keys that daemons and the command line
//! read. What is accepted is exactly what the pallets' layout says, field by field; what a node makes
//! up beyond that is an error, never a panic.

#![no_main]

use std::sync::OnceLock;

use codec::{Decode, DecodeAll};
use libfuzzer_sys::fuzz_target;
use noema_chain_client::{
    fuzzing::{List, LyingNode, Value, ACCOUNT, BLOCK, FILE},
    AccountId, Deal, Leaving, ProviderRecord, ProviderStatus, Role, SeedAt, SlotState,
};
use noema_fuzz::Bytes;
use tokio::runtime::Runtime;

/// A deal as the storage pallet lays it out (`pallets/storage/src/types.rs`).
#[derive(Decode)]
struct RawDeal {
    root: [u8; 32],
    size: u64,
    deposit: u128,
    committed_at: u32,
    held: u8,
    slots: Vec<RawSlot>,
    terms: RawTerms,
    balance: u128,
    _ever_held: bool,
    offered_to: Option<[u8; 32]>,
    _token: u64,
    _due: Option<u32>,
}

#[derive(Decode)]
struct RawTerms {
    rent: u128,
    end: u32,
    next: Option<(u128, u32)>,
}

#[derive(Decode)]
struct RawSlot {
    state: RawState,
    token: u64,
    passed_over: Option<[u8; 32]>,
    _due: Option<u32>,
    leaving: Option<RawLeaving>,
    bounty: u128,
    _failures: u8,
}

#[derive(Decode)]
struct RawLeaving {
    provider: [u8; 32],
    _leaf: u32,
    joined: u32,
    since: u32,
    _bounty: u128,
}

#[derive(Decode)]
enum RawState {
    Drawing([u8; 4], #[allow(dead_code)] u8),
    Assigned([u8; 32], u64),
    Proving([u8; 32], u32, u64),
    Held([u8; 32], u32, Option<(u32, u32)>, #[allow(dead_code)] u128),
}

/// A provider as the providers pallet lays it out (`pallets/providers/src/types.rs`).
#[derive(Decode)]
struct RawProvider {
    operator: [u8; 32],
    endpoint: Vec<u8>,
    state: RawProviderState,
    declared: u64,
    reserved: u64,
    bond: u128,
    unlocking: Vec<(u128, u32)>,
    _leaf: u32,
}

#[derive(Decode)]
enum RawProviderState {
    Active,
    Chilled,
    Jailed(u32),
    Leaving(#[allow(dead_code)] Option<u32>),
}

struct Chain {
    runtime: Runtime,
    node: LyingNode,
}

fn chain() -> &'static Chain {
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let node = runtime.block_on(LyingNode::connect()).unwrap();
        Chain { runtime, node }
    })
}

fuzz_target!(|input: &[u8]| {
    let Chain { runtime, node } = chain();
    node.forget();
    let mut bytes = Bytes(input);
    let what = bytes.byte() % 10;
    // How the key of an entry in a list goes on.
    let rest = if what < 6 { &[] } else { bytes.short() };
    let value = bytes.0;
    match what {
        0 => {
            node.put(Value::Deal, value);
            let read = runtime.block_on(node.state().deal(&FILE, &ACCOUNT));
            match RawDeal::decode_all(&mut &value[..]) {
                Ok(raw) => same_deal(&read.unwrap().unwrap(), &raw),
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        1 => {
            node.put(Value::Provider, value);
            let read = runtime.block_on(node.state().provider(Role::Storage, &ACCOUNT));
            match RawProvider::decode_all(&mut &value[..]) {
                Ok(raw) => same_provider(&read.unwrap().unwrap(), &raw),
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        2 => {
            node.put(Value::Account, value);
            let read = runtime.block_on(node.state().account(&ACCOUNT));
            type Raw = ([u32; 4], [u128; 4]);
            match Raw::decode_all(&mut &value[..]) {
                Ok(([nonce, ..], [free, reserved, frozen, _])) => {
                    let account = read.unwrap();
                    assert_eq!(account.nonce, u64::from(nonce));
                    assert_eq!(
                        (account.free, account.reserved, account.frozen),
                        (free, reserved, frozen)
                    );
                    assert!(account.transferable(1) <= free);
                }
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        3 => {
            node.put(Value::Operator, value);
            let read = runtime.block_on(node.state().provider_of_operator(Role::Storage, &ACCOUNT));
            match <[u8; 32]>::try_from(value) {
                Ok(account) => assert_eq!(read.unwrap(), Some(AccountId(account))),
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        4 => {
            node.put(Value::Seed, value);
            let read = runtime.block_on(node.state().seed_from(BLOCK));
            match <[u8; 32]>::try_from(value) {
                Ok(seed) => {
                    let drawn_at = BLOCK;
                    assert_eq!(read.unwrap(), SeedAt::Drawn { seed, drawn_at });
                }
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        5 => {
            node.put(Value::Time, value);
            let read = runtime.block_on(node.state().timestamp_ms());
            match <[u8; 8]>::try_from(value) {
                Ok(time) => assert_eq!(read.unwrap(), u64::from_le_bytes(time)),
                Err(_) => assert!(read.is_err(), "{read:?}"),
            }
        }
        6 => {
            node.put_in(List::Deals, rest, value);
            let read = runtime.block_on(node.state().deals_for(&FILE));
            if let Ok(deals) = read {
                let [(owner, deal)] = &deals[..] else {
                    panic!("one entry became {deals:?}");
                };
                // A hash of 16 bytes stands before the account in the key.
                assert_eq!(rest.get(16..), Some(&owner.0[..]));
                same_deal(deal, &RawDeal::decode_all(&mut &value[..]).unwrap());
            }
        }
        7 => {
            node.put_in(List::Assignments, rest, value);
            let read = runtime.block_on(node.state().assignments(&ACCOUNT));
            if let Ok(slots) = read {
                let [slot] = &slots[..] else {
                    panic!("one entry became {slots:?}");
                };
                assert_eq!(value, [slot.slot]);
                assert_eq!(rest.get(16..48), Some(&slot.file.0[..]));
                assert_eq!(rest.get(48..), Some(&slot.owner.0[..]));
            }
        }
        8 => {
            node.put_in(List::Sizes, rest, value);
            node.put_in(List::DealsOf, rest, value);
            if let Ok(sizes) = runtime.block_on(node.state().sizes_of_root(&FILE.0)) {
                assert_eq!(sizes.len(), 1);
            }
            if let Ok(files) = runtime.block_on(node.state().deals_of(&ACCOUNT)) {
                assert_eq!(files.len(), 1);
                assert_eq!(rest.get(16..), Some(&files[0].0[..]));
            }
        }
        _ => {
            node.put_in(List::Providers, rest, value);
            let read = runtime.block_on(node.state().providers_page(Role::Storage, None, 4));
            if let Ok(page) = read {
                // The account is at the end of a key and leads to the record, if the key is the map's.
                assert!(page.providers.len() <= 1);
                assert_eq!(page.next, None);
            }
        }
    }
});

fn same_deal(deal: &Deal, raw: &RawDeal) {
    assert_eq!((deal.root, deal.size), (raw.root, raw.size));
    assert_eq!(deal.deposit, raw.deposit);
    assert_eq!((deal.committed_at, deal.held), (raw.committed_at, raw.held));
    assert_eq!(deal.slots.len(), raw.slots.len());
    for (slot, raw) in deal.slots.iter().zip(&raw.slots) {
        assert_eq!(slot.token, raw.token);
        assert_eq!(slot.passed_over, raw.passed_over.map(AccountId));
        let state = match raw.state {
            RawState::Drawing(draw_at, _) => SlotState::Drawing {
                draw_at: u32::from_le_bytes(draw_at),
            },
            RawState::Assigned(provider, ready_by) => SlotState::Assigned {
                provider: AccountId(provider),
                ready_by,
            },
            RawState::Proving(provider, draw_at, prove_by) => SlotState::Proving {
                provider: AccountId(provider),
                draw_at,
                prove_by,
            },
            RawState::Held(provider, since, joined, _) => SlotState::Held {
                provider: AccountId(provider),
                since,
                joined: joined.map(|(round, _leaf)| round),
            },
        };
        assert_eq!(slot.state, state);
        assert_eq!(slot.bounty, raw.bounty);
        let leaving = raw.leaving.as_ref().map(|leaving| Leaving {
            provider: AccountId(leaving.provider),
            joined: leaving.joined,
            since: leaving.since,
        });
        assert_eq!(slot.leaving, leaving);
    }
    assert_eq!(
        (deal.terms.rent, deal.terms.end),
        (raw.terms.rent, raw.terms.end)
    );
    let next = deal.terms.next.map(|next| (next.rent, next.end));
    assert_eq!(next, raw.terms.next);
    assert_eq!(deal.balance, raw.balance);
    assert_eq!(deal.offered_to, raw.offered_to.map(AccountId));
    // What is made of it holds for any numbers a node may tell.
    let providers = deal.providers();
    assert!(providers.len() <= deal.slots.len());
    let _ = (deal.quorum(), deal.is_active());
    for (_, provider, _) in providers {
        assert!(deal.slot_of(&provider).is_some());
    }
}

fn same_provider(record: &ProviderRecord, raw: &RawProvider) {
    assert_eq!(record.account, ACCOUNT);
    assert_eq!(record.operator, AccountId(raw.operator));
    assert_eq!(record.endpoint, String::from_utf8_lossy(&raw.endpoint));
    assert_eq!(
        (record.capacity, record.reserved),
        (raw.declared, raw.reserved)
    );
    assert_eq!(record.bond, raw.bond);
    let unlocking: Vec<_> = record
        .unlocking
        .iter()
        .map(|chunk| (chunk.amount, chunk.matures_at))
        .collect();
    assert_eq!(unlocking, raw.unlocking);
    let status = match raw.state {
        RawProviderState::Active => ProviderStatus::Active,
        RawProviderState::Chilled => ProviderStatus::Chilled,
        RawProviderState::Jailed(until) => ProviderStatus::Jailed { until },
        RawProviderState::Leaving(_) => ProviderStatus::Leaving,
    };
    assert_eq!(record.status, status);
}
