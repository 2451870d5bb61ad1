//! Shards as they arrive at seats and readers, in any pieces: only the blob's own rows are accepted, and
//! no more is waited for than the largest part has.

#![no_main]

use std::sync::OnceLock;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use noema_da::coding::{
    check_shard, CodedBlob, Progress, Rebuilder, ShardDecoder, ShardHeader, ShardItem,
    SHARD_HEADER_BYTES,
};
use noema_da_primitives::{BundleFront, BundleHeader, Content, MemberEntry, Software};
use noema_fuzz::Bytes;

/// A tiny, a small and a medium blob, and a small one that is a bundle.
fn blobs() -> &'static [(Vec<u8>, CodedBlob); 4] {
    static BLOBS: OnceLock<[(Vec<u8>, CodedBlob); 4]> = OnceLock::new();
    BLOBS.get_or_init(|| {
        let data = |size| -> Vec<u8> { (0..size).map(|i: u64| (i * i / 7) as u8).collect() };
        let plain = |size| {
            let blob = data(size);
            let coded = CodedBlob::encode(Content::Plain, &blob).unwrap();
            (blob, coded)
        };
        let member = data(800);
        let entry = MemberEntry::of::<Software>(&member).unwrap();
        let front = BundleFront::new::<Software>(&[entry]).unwrap();
        let bundle = [front.bytes(), &member].concat();
        let coded = CodedBlob::encode(Content::Bundle(*front.header()), &bundle).unwrap();
        [plain(40), plain(900), plain(70_000), (bundle, coded)]
    })
}

fuzz_target!(|input: &[u8]| {
    if let Some(front) = input.first_chunk::<SHARD_HEADER_BYTES>() {
        match ShardHeader::decode(front) {
            Ok(header) => assert_eq!(header.encode(), *front),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let mut input = Bytes(input);
    let (blob, coded) = &blobs()[usize::from(input.byte() % 4)];
    let (shape, commitment, content) = (*coded.shape(), coded.commitment(), *coded.content());
    let (first, step) = (u16::from(input.byte()), u16::from(input.byte() % 9) + 1);
    let assigned: Vec<u16> = (first % shape.rows()..shape.rows())
        .step_by(step.into())
        .take(20)
        .collect();
    let sent = content.with_front(assigned.clone());
    let honest: Vec<u8> = coded.shard(&sent).unwrap().flatten().collect();

    // Changes, from some place on; then perhaps an end that is not its own.
    let mut shard = honest.clone();
    let place = input.number() as usize % shard.len();
    let piece = usize::from(input.byte()) * 16 + 1;
    match input.byte() % 4 {
        0 => shard.truncate(place),
        1 => shard.extend_from_slice(input.0),
        _ => {
            for (byte, change) in shard[place..].iter_mut().zip(input.0) {
                *byte ^= change;
            }
        }
    }
    let verdict = check_shard(commitment, shape, content, &assigned, &shard);
    assert_eq!(verdict.is_ok(), shard == honest);
    // A seat that was told something else of the bundle never signs.
    if let Content::Bundle(header) = content {
        let root = [input.byte(); 32];
        let other = Content::Bundle(BundleHeader { root, ..header });
        assert!(check_shard(commitment, shape, other, &assigned, &shard).is_err());
    }

    // A reader, who takes whatever rows verify.
    let mut decoder = ShardDecoder::new(commitment, shape, shape.rows());
    let mut rebuilder = Rebuilder::new(commitment, shape);
    let mut combinations = None;
    let mut source = BytesMut::new();
    'pieces: for piece in shard.chunks(piece) {
        source.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut source) {
                Ok(Some(ShardItem::Combinations(bytes))) => combinations = Some(bytes),
                Ok(Some(ShardItem::Row(row))) => {
                    if rebuilder.progress() == Progress::Enough {
                        break 'pieces;
                    }
                    let combinations = combinations.as_ref().unwrap();
                    if rebuilder.accept(combinations, &row).is_err() {
                        break 'pieces;
                    }
                    // Accepted, and so the blob's own.
                    assert_eq!(row, coded.row(row.index).unwrap());
                }
                Ok(None) => break,
                Err(_) => break 'pieces,
            }
        }
        assert!(source.len() < decoder.most_buffered());
    }
    if let Ok(rebuilt) = rebuilder.rebuild() {
        assert_eq!(rebuilt.bytes, *blob);
    }
});
