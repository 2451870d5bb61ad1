//! What seats, gateways and samplers of data availability are told: answers of seats and gateways, messages of 0G's disperser, lists of rows in requests, notes on the disk, and
//! committees and submissions as a node tells of them. What is read is written back the same; what does not belong together is refused; nothing panics.

#![no_main]

use std::sync::Arc;

use codec::{Decode, DecodeAll, Encode};
use libfuzzer_sys::fuzz_target;
use noema_chain_client::AccountId;
use noema_da::{
    bls::{verify_aggregate, PublicKeyBytes, SignatureBytes},
    chain::{CommitteeInfo, CommitteeView, Parameters, Plan, SeatSet, Standing, SubmissionInfo},
    client::decode_signature,
    disperser::{
        BlobStatusReply, BlobStatusRequest, DisperseBlobReply, DisperseBlobRequest,
        RetrieveBlobReply, RetrieveBlobRequest,
    },
    fuzzing::row_indices,
    gateway::{parse_namespace, Request},
    store::ShardRecord,
    wire::{BlobStatus, ErrorBody, Health, Info, SampleStatus, ShardStatus, SignedShard},
};
use noema_da_primitives::{
    Commitment, CommitteeId, Content, Namespace, RowSeed, SeatInfo, Shape, Software,
};
use noema_fuzz::Bytes;
use prost::Message;
use serde::{de::DeserializeOwned, Serialize};

/// JSON that is read, written and read again is the same.
fn json<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&read).unwrap();
        assert_eq!(serde_json::from_slice::<T>(&written).unwrap(), read);
    }
}

/// The same of a message of the disperser.
fn message<T: Message + Default + PartialEq>(bytes: &[u8]) {
    if let Ok(read) = T::decode(bytes) {
        let written = read.encode_to_vec();
        assert!(T::decode(&written[..]).unwrap() == read);
        assert_eq!(written.len(), read.encoded_len());
    }
}

/// The same of a note, byte by byte.
fn note<T: Decode + Encode>(bytes: &[u8]) {
    if let Ok(read) = T::decode_all(&mut &bytes[..]) {
        assert_eq!(read.encode(), bytes);
    }
}

fn answers(bytes: &[u8]) {
    json::<BlobStatus>(bytes);
    json::<ShardStatus>(bytes);
    json::<SignedShard>(bytes);
    json::<Health>(bytes);
    json::<Info>(bytes);
    json::<SampleStatus>(bytes);
    json::<ErrorBody>(bytes);
    if let Ok(signature) = decode_signature(bytes, 7) {
        let signed: SignedShard = serde_json::from_slice(bytes).unwrap();
        assert_eq!(signed.submission, 7);
        assert!(signed
            .signature
            .eq_ignore_ascii_case(&signature.to_string()));
    }
}

fn dispersing(bytes: &[u8]) {
    message::<DisperseBlobRequest>(bytes);
    message::<DisperseBlobReply>(bytes);
    message::<BlobStatusRequest>(bytes);
    message::<BlobStatusReply>(bytes);
    message::<RetrieveBlobRequest>(bytes);
    message::<RetrieveBlobReply>(bytes);
}

/// Rows that a reader asks a seat for: each is one that it holds, and they ascend.
fn rows(input: &mut Bytes) {
    let held: Vec<u16> = (0..4_096)
        .step_by(usize::from(input.byte() % 7) + 1)
        .collect();
    let text = String::from_utf8_lossy(input.0);
    if let Some(rows) = row_indices(&text, &held) {
        assert!(rows.windows(2).all(|two| two[0] < two[1]));
        assert!(!rows.is_empty() && rows.iter().all(|row| held.contains(row)));
    }
    if let Some(namespace) = parse_namespace(&text) {
        assert_eq!(parse_namespace(&namespace.to_string()), Some(namespace));
    }
}

/// Some seats, whose id is theirs; then what a node may make of it.
fn committee(input: &mut Bytes) {
    if let Ok(told) = CommitteeInfo::decode(&mut &input.0[..]) {
        if let Ok(view) = CommitteeView::new(&told) {
            assert_eq!(view.id(), told.id);
            assert_eq!(view.seats().len(), told.seats.len());
        }
    }
    let count = usize::from(input.byte() % 101);
    let seats: Vec<_> = (0..count)
        .map(|_| SeatInfo {
            provider: AccountId([input.byte(); 32]),
            key: [input.byte(); 48],
            stake: u128::from(input.number()),
            gone: input.byte() % 2 == 0,
        })
        .collect();
    let (era, keys) = (9, seats.iter().map(|seat| (&seat.key, seat.stake)));
    let id = CommitteeId::new::<Software>(era, keys);
    let mut info = CommitteeInfo { era, id, seats };
    let Ok(view) = CommitteeView::new(&info) else {
        assert!(count == 0 || info.seats.iter().any(|seat| seat.stake == 0));
        return;
    };
    plan(input, Arc::new(view.clone()));
    let set = SeatSet::from_bytes(input.array());
    assert_eq!(SeatSet::from_bytes(set.to_bytes()), set);
    let total: u128 = info.seats.iter().map(|seat| seat.stake).sum();
    assert_eq!(view.is_quorum(&set), view.stake_of(&set) * 3 >= total * 2);
    // A changed committee has another id.
    let changed = usize::from(input.byte()) % count;
    match input.byte() % 3 {
        0 => info.seats[changed].stake ^= 1,
        1 => info.seats[changed].key[0] ^= 1,
        _ => info.era ^= 1,
    }
    assert!(CommitteeView::new(&info).is_err());
}

/// The plan of a submission: every row has one seat, and each seat has one at least.
fn plan(input: &mut Bytes, committee: Arc<CommitteeView>) {
    let size = (input.number() % (1 << 20)) as u32;
    let shape = Shape::of(size.into()).unwrap();
    let info = SubmissionInfo {
        submission: input.number(),
        payer: AccountId([1; 32]),
        namespace: Namespace(input.array()),
        commitment: Commitment([input.byte(); 32]),
        class: shape.class(),
        size,
        content: Content::Plain,
        era: 9,
        deadline: input.number(),
        days: 1,
        until: 12,
        fee: 0,
        standing: Standing::Submitted {
            seed: RowSeed([input.byte(); 32]),
        },
    };
    let parameters = Parameters {
        rules: 1,
        pallet: 65,
        era: 9,
        tick: 1,
        attest_ticks: 1,
        row_draw_delay: 2,
        max_in_flight: 1,
        price: 1,
        stored_bytes: 0,
        next_submission: 1,
    };
    let plan = Plan::new([1; 32], &parameters, &info, committee.clone()).unwrap();
    let mut taken = vec![false; shape.rows().into()];
    for seat in 0..committee.seats().len() {
        let rows = plan.assignment.sorted_rows(seat);
        assert!(!rows.is_empty());
        rows.iter().for_each(|row| taken[usize::from(*row)] = true);
    }
    // What was not drawn yet has no plan.
    let early = SubmissionInfo {
        standing: Standing::AwaitsSeed,
        ..info
    };
    assert!(Plan::new([1; 32], &parameters, &early, committee).is_err());
}

/// Signatures and keys of strangers: none of them is anybody's.
fn signatures(input: &mut Bytes) {
    let keys = [PublicKeyBytes(input.array())];
    let attestation = noema_da_primitives::Attestation {
        genesis: [1; 32],
        pallet: 65,
        rules: 1,
        submission: 1,
        commitment: Commitment([2; 32]),
        class: Shape::of(1).unwrap().class(),
        size: 1,
        content: Content::Plain,
        era: 1,
        committee: CommitteeId([3; 32]),
        seed: RowSeed([4; 32]),
    };
    let signature = SignatureBytes(input.array());
    assert!(verify_aggregate(&keys, &attestation, &signature).is_err());
    assert!(keys[0].verify(&attestation, &signature).is_err());
}

fuzz_target!(|input: &[u8]| {
    let mut input = Bytes(input);
    match input.byte() % 6 {
        0 => answers(input.0),
        1 => dispersing(input.0),
        2 => rows(&mut input),
        3 => committee(&mut input),
        4 => {
            note::<ShardRecord>(input.0);
            note::<Request>(input.0);
        }
        _ => signatures(&mut input),
    }
});
