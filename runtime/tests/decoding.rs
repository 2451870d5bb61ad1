//! What the runtime decodes of outside bytes: extrinsics, the calls in them, stored values. Honest
//! encodings are changed at random and must decode to something that encodes back to itself, or be
//! refused; a transaction that somebody changed is never valid.
//!
//! Each is tried with some inputs in every run of the tests, and with 1,000,000 (`full_size_`) under
//! `make prove`.

mod chain;

use codec::{Decode, DecodeAll, DecodeLimit, Encode, MaxEncodedLen};
use frame_support::{dispatch::GetDispatchInfo, MAX_EXTRINSIC_DEPTH};
use noema_runtime::{AccountId, Executive, Runtime, RuntimeCall, UncheckedExtrinsic};
use sp_keyring::Sr25519Keyring;
use sp_runtime::transaction_validity::TransactionSource;

/// Inputs where the full-size claims are proven.
const MANY: u32 = 1_000_000;

/// Random numbers that are the same in every run (SplitMix64, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// An encoding with one to four changes: bits, bytes, lengths, parts of another encoding.
    fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => bytes.insert(at, self.next() as u8),
                4 if !bytes.is_empty() => {
                    bytes.remove(at);
                }
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    let to = from + self.below(other.len() - from + 1);
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        bytes
    }
}

/// A call of every kind, encoded.
fn calls() -> Vec<Vec<u8>> {
    let calls = chain::every_call();
    calls.into_values().map(|call| call.encode()).collect()
}

#[test]
fn changed_calls_decode_to_what_encodes_back_or_not_at_all() {
    changed_calls(20_000);
}

// 1,000,000 inputs.
#[test]
fn full_size_a_million_changed_calls_decode_to_what_encodes_back_or_not_at_all() {
    changed_calls(MANY);
}

fn changed_calls(inputs: u32) {
    let (seeds, mut random, mut decoded) = (calls(), Random(1), 0);
    for _ in 0..inputs {
        let bytes = random.change(&seeds);
        let Ok(call) =
            RuntimeCall::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..])
        else {
            continue;
        };
        decoded += 1;
        let again = call.encode();
        // A set written out of order comes back in order; nothing else may differ.
        assert!(again.len() <= bytes.len(), "{call:?}");
        assert_eq!(RuntimeCall::decode_all(&mut &again[..]).as_ref(), Ok(&call));
        // Its weight and fee are asked for before anything is checked.
        let _ = call.get_dispatch_info();
    }
    // A check that decodes nothing checks nothing.
    assert!(decoded > 1_000, "only {decoded} calls decoded");
}

/// An extrinsic as blocks and the pool bring it.
fn extrinsic(bytes: &[u8]) -> Option<UncheckedExtrinsic> {
    UncheckedExtrinsic::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..]).ok()
}

/// The bytes of an extrinsic without their length in front.
fn content(extrinsic: &UncheckedExtrinsic) -> Vec<u8> {
    Vec::decode(&mut &extrinsic.encode()[..]).expect("an extrinsic has its length in front")
}

#[test]
fn changed_extrinsics_decode_to_what_encodes_back_or_not_at_all() {
    changed_extrinsics(20_000);
}

// 1,000,000 inputs.
#[test]
fn full_size_a_million_changed_extrinsics_decode_to_what_encodes_back_or_not_at_all() {
    changed_extrinsics(MANY);
}

fn changed_extrinsics(inputs: u32) {
    let mut chain = chain::Chain::development();
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for call in chain::every_call().into_values() {
        seeds.push(content(&UncheckedExtrinsic::new_bare(call.clone())));
        seeds.push(content(&chain.signed(Sr25519Keyring::Alice, call)));
    }
    let (mut random, mut decoded) = (Random(2), 0);
    for _ in 0..inputs {
        let mut bytes = random.change(&seeds).encode();
        if random.below(4) == 0 {
            // The length in front may be wrong as well.
            bytes[0] ^= 1 << random.below(8);
        }
        let Some(extrinsic) = extrinsic(&bytes) else {
            continue;
        };
        decoded += 1;
        assert_eq!(extrinsic.encode(), bytes);
        let _ = extrinsic.get_dispatch_info();
    }
    assert!(decoded > 100, "only {decoded} extrinsics decoded");
}

#[test]
fn changed_transactions_are_never_valid() {
    changed_transactions(1_000);
}

// Each takes a signature check.
// 50,000 signature checks.
#[test]
fn full_size_many_changed_transactions_are_never_valid() {
    changed_transactions(MANY / 20);
}

fn changed_transactions(inputs: u32) {
    let mut chain = chain::Chain::development();
    let call = RuntimeCall::System(frame_system::Call::remark {
        remark: vec![7; 40],
    });
    let honest = chain.signed(Sr25519Keyring::Alice, call);
    let hash = chain.genesis_hash;
    let validate = |chain: &mut chain::Chain, transaction: UncheckedExtrinsic| {
        chain.query(|| {
            Executive::validate_transaction(TransactionSource::External, transaction, hash)
        })
    };
    assert!(validate(&mut chain, honest.clone()).is_ok());
    let (seed, mut random, mut decoded) = (honest.encode(), Random(3), 0);
    for _ in 0..inputs {
        let mut bytes = seed.clone();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        let Some(changed) = extrinsic(&bytes) else {
            continue;
        };
        decoded += 1;
        assert!(
            validate(&mut chain, changed.clone()).is_err(),
            "{changed:?}"
        );
    }
    assert!(decoded > 10, "only {decoded} transactions decoded");
}

/// Calls nested deeper than the stack could bear are refused, not followed.
#[test]
fn deeply_nested_calls_are_refused() {
    let check = || {
        let inner = chain::every_call()["System::remark"].encode();
        let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: Vec::new() });
        // A batch of one call.
        let wrap = [&batch.encode()[..2], &[4]].concat();
        let nested = |depth| {
            let call = [wrap.repeat(depth), inner.clone()].concat();
            // Version 5, bare.
            extrinsic(&[vec![5], call].concat().encode())
        };
        assert!(nested(3).is_some());
        for depth in [300, 10_000] {
            assert!(nested(depth).is_none(), "{depth}");
        }
    };
    // As far as the limit goes it is followed: on a stack like that of the runtime's executor.
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let checked = thread.spawn(check).expect("a thread starts").join();
    checked.expect("the check holds");
}

/// Changed encodings of a stored value: what decodes encodes back to the same bytes and fits.
fn stored<T: Decode + Encode + MaxEncodedLen>(
    name: &str,
    seeds: &[Vec<u8>],
    seed: u64,
    inputs: u32,
) {
    for bytes in seeds {
        assert!(T::decode_all(&mut &bytes[..]).is_ok(), "{name}: {bytes:?}");
    }
    let mut random = Random(seed);
    for _ in 0..inputs {
        let bytes = random.change(seeds);
        if let Ok(value) = T::decode_all(&mut &bytes[..]) {
            assert_eq!(value.encode(), bytes, "{name}");
            assert!(bytes.len() <= T::max_encoded_len(), "{name}");
        }
    }
}

#[test]
fn changed_stored_values_encode_back_and_fit() {
    changed_stored_values(10_000);
}

// 1,000,000 inputs of each.
#[test]
fn full_size_a_million_changed_stored_values_encode_back_and_fit() {
    changed_stored_values(MANY);
}

fn changed_stored_values(inputs: u32) {
    use pallet_noema_providers::{Census, ClosedPool, DelegationOf, PoolOf, ProviderOf};
    use pallet_noema_storage::{CommitmentCount, DealOf, TaskOf};

    let slot = |state: Vec<u8>| {
        let leaving = Some(([7u8; 32], 3u32, 1u32, 2u32, 5u128));
        let rest = (9u64, Some([8u8; 32]), Some(40u32), leaving, 6u128, 1u8).encode();
        [state, rest].concat()
    };
    let slots = [
        slot((0u8, 30u32, 1u8).encode()),
        slot((1u8, [2u8; 32], 31u64).encode()),
        slot((2u8, [3u8; 32], 32u32, 33u64).encode()),
        slot((3u8, [4u8; 32], 34u32, Some((5u32, 6u32)), 7u128).encode()),
    ];
    let deal = [
        ([6u8; 32], 1_000u64, 77u128, 12u32, 1u8).encode(),
        vec![16],
        slots.concat(),
        (9u128, 30u32, Some((8u128, 40u32))).encode(),
        (270u128, true, Some([5u8; 32]), 10u64, Some(99u32)).encode(),
    ]
    .concat();
    stored::<DealOf<Runtime>>("a deal", &[deal], 4, inputs);
    let provider = |state: Vec<u8>| {
        let before = ([5u8; 32], b"http://a:1".to_vec()).encode();
        let after = (1_000u64, 10u64, 500u128, vec![(5u128, 60u32)], 3u32).encode();
        [before, state, after].concat()
    };
    let providers = [
        provider(vec![0]),
        provider(vec![1]),
        provider((2u8, 7u32).encode()),
        provider((3u8, Some(7u32)).encode()),
    ];
    stored::<ProviderOf<Runtime>>("a provider", &providers, 5, inputs);
    let side = (8u128, 7u128);
    let pool = |rise: Option<(u32, u32)>, leaves_at: Option<u32>| {
        let terms = (3u64, true, 200u32, 50_000_000u32, rise).encode();
        let funds = (side, side, (9u128, 1u32, 5u32), leaves_at).encode();
        [terms, funds].concat()
    };
    let pools = [pool(None, None), pool(Some((60_000_000, 9)), Some(10))];
    stored::<PoolOf<Runtime>>("a pool", &pools, 10, inputs);
    let closed = ([5u8; 32], side, side).encode();
    stored::<ClosedPool<AccountId>>("a closed pool", &[closed], 11, inputs);
    let delegation = (4u128, vec![(5u128, 60u32)]).encode();
    stored::<DelegationOf<Runtime>>("a delegation", &[delegation], 12, inputs);
    stored::<Census>("a census", &[(1u32, 2u32, 3u32).encode()], 6, inputs);
    stored::<CommitmentCount>("a count", &[(1u32, 2u32).encode()], 7, inputs);
    let task = ([1u8; 32], [2u8; 32], 3u8, 4u64, 1u8).encode();
    stored::<TaskOf<Runtime>>("a task", &[task], 8, inputs);
    stored_by_compute(inputs);
    stored_by_agents(inputs);
    stored_by_da(inputs);
    stored::<noema_commitment::SectorProof>(
        "a proof",
        &[[vec![7; 256], vec![[1u8; 32], [2u8; 32]].encode()].concat()],
        9,
        inputs,
    );
}

/// What is kept of data availability.
fn stored_by_da(inputs: u32) {
    use pallet_noema_da::{
        Batch, Book, CommitteeOf, Entry, KeyRecord, ListSums, MemberOf, PayAccount, SeatSums,
        SubmissionOf,
    };

    let text = |bytes: &[u8]| codec::Compact(bytes.len() as u32).encode();
    let key = ([1u8; 48], [2u8; 96], 3u128).encode();
    stored::<KeyRecord<u128>>("a key", &[key], 30, inputs);
    let seat = ([4u8; 32], [1u8; 48], [2u8; 96], 5u128).encode();
    let seats = [text(&[0, 1]), seat.clone(), seat].concat();
    let committee = [
        [6u8; 32].encode(),
        seats,
        [7u8; 96].encode(),
        [3u8; 13].encode(),
    ]
    .concat();
    stored::<CommitteeOf<Runtime>>("a committee", &[committee], 31, inputs);
    let submission = |content: Vec<u8>, state: Vec<u8>| {
        let front = ([1u8; 32], [2u8; 28], [3u8; 32], 70_000u32).encode();
        let rest = (4u32, 5u64, 6u64, 7u8, 8u128, 9u128, 10u128).encode();
        [front, content, rest, state].concat()
    };
    let available = (1u8, [255u8; 13], 11u64, 12u32).encode();
    let bundle = (1u8, 2u32, [5u8; 32]).encode();
    let submissions = [submission(vec![0], vec![0]), submission(bundle, available)];
    stored::<SubmissionOf<Runtime>>("a submission", &submissions, 32, inputs);
    let batch = (1u32, 2u64, 3u32, 2u32, 4u128, (1u8, [5u8; 32])).encode();
    stored::<Batch<u128, u32>>("a batch", &[batch], 33, inputs);
    let entry = (1u64, 2u64, [1u8; 13]).encode();
    stored::<Entry>("an entry", &[entry], 34, inputs);
    let lists = [ListSums {
        entries: 1,
        units: 2,
        pay: 3u128,
        holders: pallet_noema_da::SeatBits::from_bytes([1; 13]),
    }; 25];
    let book = (1u128, [0u8; 13], 2u32, 3u32, false, lists).encode();
    stored::<Book<u128>>("a book", &[book], 35, inputs);
    let sums = (1u8, 2u128, [3u64; 25]).encode();
    stored::<SeatSums>("a seat's sums", &[sums], 36, inputs);
    let account = (1u32, 2u128, vec![3u32, 4, 5]).encode();
    stored::<PayAccount<u128>>("an account of pay", &[account], 37, inputs);
    let member = [
        ([1u8; 32], 2u64, 3u32, 4u32, [5u8; 32]).encode(),
        (6u32, 7u32, 8u32, 9u128).encode(),
    ]
    .concat();
    stored::<MemberOf<Runtime>>("a member", &[member], 38, inputs);
    let proof = (vec![7u8; 64], vec![[1u8; 32], [2u8; 32]], [3u8; 32]).encode();
    stored::<noema_da_primitives::RowProof>("a row's proof", &[proof], 39, inputs);
    let member = noema_da_primitives::BundleFront::new::<noema_da_primitives::Software>(
        &[b"one".as_slice(), b"two"].map(|one| {
            noema_da_primitives::MemberEntry::of::<noema_da_primitives::Software>(one)
                .expect("a member")
        }),
    )
    .expect("a bundle")
    .prover()
    .prove(1)
    .expect("a proof");
    stored::<noema_da_primitives::MemberProof>("a member's proof", &[member.encode()], 40, inputs);
}

/// What is kept of agents.
fn stored_by_agents(inputs: u32) {
    use pallet_noema_agents::{
        AgentOf, Aggregate, DataOf, FeedbackOf, ScheduledOf, SessionOf, Usage,
    };

    let former = vec![([4u8; 32], 9u64, 1u32)];
    let who = (
        [1u8; 32],
        [2u8; 32],
        Some([3u8; 32]),
        former,
        None::<[u8; 32]>,
    )
        .encode();
    let numbers = (Some([5u8; 32]), 2u32, 3u64, 4u32, 5u32, 6u32, 7u64).encode();
    let agent = [
        who,
        numbers,
        (1u32, 2u32, 3u32, 4u32, 5u32, 6u32, 8u128).encode(),
    ]
    .concat();
    stored::<AgentOf<Runtime>>("an agent", &[agent], 20, inputs);
    let holders = vec![([6u8; 32], vec![7u8; 60])];
    let commitment = ([8u8; 32], Some([9u8; 32]), holders);
    let data = (b"memory".to_vec(), commitment, 1u32, 2u128).encode();
    stored::<DataOf<Runtime>>("data", &[data], 21, inputs);
    let grant = (
        [1u8; 32],
        vec![(66u8, 8u8), (63u8, 0u8)],
        2u128,
        3u128,
        u64::MAX,
    )
        .encode();
    let spent = (4u128, None::<u64>, (5u64, 6u128), (7u64, 8u64, 9u128)).encode();
    let session = [grant, spent, (10u64, true, 11u128).encode()].concat();
    stored::<SessionOf<Runtime>>("an agent's session", &[session], 22, inputs);
    let scheduled = (1u32, vec![10u8, 3u8], 2u64, 3u64, 4u32, 5u128, 6u128).encode();
    stored::<ScheduledOf<Runtime>>("a scheduled act", &[scheduled], 23, inputs);
    let usage = |scope: Vec<u8>| {
        let rest = (9u64, 2u32, 3u32, [4u8; 32], 5u128).encode();
        [scope, rest].concat()
    };
    let usages = [usage(vec![0]), usage((1u8, 3u32).encode())];
    stored::<Usage>("a usage", &usages, 24, inputs);
    let sum = (1u64, 2u128, 3u128);
    let aggregate = (sum, 4u32, sum, 5u64, sum, sum).encode();
    stored::<Aggregate>("an aggregate", &[aggregate], 25, inputs);
    let said = (
        [1u8; 32],
        5_000u16,
        6u128,
        2u8,
        b"fast".to_vec(),
        b"kind".to_vec(),
    )
        .encode();
    let answered = Some(([7u8; 32], Some([8u8; 32])));
    let rest = (
        9u64,
        1u32,
        None::<([u8; 32], Option<[u8; 32]>)>,
        answered,
        10u128,
    )
        .encode();
    stored::<FeedbackOf<Runtime>>("a rating", &[[said, rest].concat()], 26, inputs);
}

/// What the compute market keeps.
fn stored_by_compute(inputs: u32) {
    use pallet_noema_compute::{Book, ChannelOf, Lane, Pair, Purse, ServiceOf, SessionOf};

    let tokens = (0u8, 1u128, 2u128, 3u128).encode();
    let units = (1u8, 4u128).encode();
    let service = |kind: u8, price: &[u8], next: Option<u64>| {
        let before = (
            [1u8; 32],
            [2u8; 32],
            kind,
            b"tiny/1".to_vec(),
            Some([3u8; 32]),
        )
            .encode();
        let described = [
            b"http://127.0.0.1:1".to_vec().encode(),
            price.to_vec(),
            vec![0],
        ]
        .concat();
        let next = match next {
            Some(from) => [vec![1], price.to_vec(), from.encode()].concat(),
            None => vec![0],
        };
        [before, described, 8u32.encode(), next, 9u128.encode()].concat()
    };
    let services = [service(0, &tokens, Some(7)), service(4, &units, None)];
    stored::<ServiceOf<Runtime>>("a service", &services, 13, inputs);
    let channel = |state: Vec<u8>| {
        let parties = ([1u8; 32], [2u8; 32], 3u64, [4u8; 32], 5u128, 6u128).encode();
        [parties, state, (1u32, 1u32, 2u16, 7u128).encode()].concat()
    };
    let channels = [
        channel(vec![0]),
        channel((1u8, 60u64).encode()),
        channel((2u8, 61u64).encode()),
    ];
    stored::<ChannelOf<Runtime>>("a channel", &channels, 14, inputs);
    let session = |revoked: Option<u64>| {
        let granted = ([1u8; 32], 2u128, 3u128, u64::MAX).encode();
        [granted, (1u128, revoked, 4u16, 5u128).encode()].concat()
    };
    let sessions = [session(None), session(Some(60))];
    stored::<SessionOf<Runtime>>("a session", &sessions, 15, inputs);
    let lane = (1u64, 2u128, 3u128, 4u64, 5u128).encode();
    stored::<Lane>("a lane", &[lane], 16, inputs);
    let purse = (1u128, 2u128, 3u32, 4u128).encode();
    stored::<Purse>("a purse", &[purse], 17, inputs);
    stored::<Book>("a book", &[(1u32, 2u32, 3u128).encode()], 18, inputs);
    stored::<Pair>("a pair", &[(1u128, 2u32, 3u128).encode()], 19, inputs);
}
