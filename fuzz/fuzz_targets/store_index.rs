//! The index of a data directory with records of any bytes, as a damaged disk or another program could
//! leave them: opening and using it ends in an answer or an error, and its books stay right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_chain_client::{AccountId, FileId, Hash};
use noema_fuzz::Bytes;
use noema_storage::{
    fuzzing::store::{MemoryIndex, Tables},
    store::{NewSegment, StoreIdentity},
};

const IDENTITY: StoreIdentity = StoreIdentity {
    genesis: Hash([7; 32]),
    provider: AccountId([9; 32]),
};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let tables = tables(&mut bytes);
    let index = match MemoryIndex::open(&tables, &IDENTITY) {
        Ok(index) => index,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    if let Some(identity) = &tables.identity {
        let ours = [&1u32.to_le_bytes()[..], &[7; 32], &[9; 32]].concat();
        assert!(
            identity.starts_with(&ours),
            "another's directory was opened"
        );
    }
    reads(&index, &mut bytes);
    changes(&index, &mut bytes);
});

fn tables(bytes: &mut Bytes<'_>) -> Tables {
    let flags = bytes.byte();
    let mut tables = Tables::default();
    if flags & 1 == 1 {
        tables.identity = Some(bytes.short().to_vec());
    }
    for _ in 0..flags >> 1 & 3 {
        tables
            .files
            .push(([bytes.byte() % 4; 32], bytes.short().to_vec()));
    }
    for _ in 0..flags >> 3 & 3 {
        let (file, index) = ([bytes.byte() % 4; 32], bytes.byte().into());
        tables.segments.push((file, index, bytes.short().to_vec()));
    }
    for _ in 0..flags >> 5 & 3 {
        let (file, chunk) = ([bytes.byte() % 4; 32], u64::from(bytes.byte() % 3));
        tables.held.push((file, chunk, bytes.short().to_vec()));
    }
    tables
}

fn reads(index: &MemoryIndex, bytes: &mut Bytes<'_>) {
    let files = index.files().unwrap();
    let (count, total) = index.totals().unwrap();
    let deleting = index.deleting().unwrap();
    assert_eq!(count as usize, files.len() + deleting.len());
    for (file, record) in &files {
        assert!(total >= record.bytes);
        assert_eq!(index.file(file).unwrap().as_ref(), Some(record));
        let _ = record.is_complete();
        if let Some(found) = record.file_ref() {
            assert_eq!((found.root, found.size()), (record.root, record.size));
        }
    }
    let file = FileId([bytes.byte() % 4; 32]);
    if let Ok(Some(segment)) = index.segment(&file, bytes.byte().into()) {
        assert!(segment.siblings.len() < 8);
    }
    let (segments, from) = (bytes.number() % 20_000, bytes.number() % 20_000);
    let limit = usize::from(bytes.byte());
    let kept = index.kept(&file, from, limit).unwrap();
    assert!(kept.len() <= limit && kept.first().is_none_or(|first| *first >= from));
    assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
    let ranges = index.missing(&file, segments, from, limit).unwrap();
    assert!(ranges.len() <= limit);
    let mut next = from;
    for (first, last) in ranges {
        // In order, apart from each other, and within what was asked for.
        assert!(next <= first && first <= last && last < segments);
        next = last + 2;
    }
}

fn changes(index: &MemoryIndex, bytes: &mut Bytes<'_>) {
    let file = FileId([bytes.byte() % 4; 32]);
    let segment = NewSegment {
        file,
        index: bytes.byte().into(),
        root: [3; 32],
        siblings: vec![[4; 32]; usize::from(bytes.byte() % 5)],
        data: vec![0; usize::from(bytes.byte())].into(),
    };
    // Every change is a transaction, which takes most of the time of a run.
    match bytes.byte() % 4 {
        0 => take_and_forget(index, &segment),
        1 => delete(index, &segment),
        _ => {}
    }
    assert_eq!(
        index.totals().unwrap().0 as usize,
        index.files().unwrap().len() + index.deleting().unwrap().len()
    );
}

fn take_and_forget(index: &MemoryIndex, segment: &NewSegment) {
    let file = &segment.file;
    let known = index.file(file).unwrap();
    assert_eq!(index.record(segment).unwrap(), known.is_some());
    if known.is_none() {
        return;
    }
    let found = index.segment(file, segment.index).unwrap().unwrap();
    assert_eq!(
        (found.root, &found.siblings),
        (segment.root, &segment.siblings)
    );
    let missing = index
        .missing(file, segment.index + 1, segment.index, 1)
        .unwrap();
    assert_eq!(missing, []);
    let len = segment.data.len() as u64;
    index.forget(file, segment.index, len).unwrap();
    assert_eq!(index.segment(file, segment.index).unwrap(), None);
    let missing = index
        .missing(file, segment.index + 1, segment.index, 1)
        .unwrap();
    assert_eq!(missing, [(segment.index, segment.index)]);
}

fn delete(index: &MemoryIndex, segment: &NewSegment) {
    let file = &segment.file;
    if !index.delete(file).unwrap() {
        return;
    }
    assert_eq!(index.file(file).unwrap(), None);
    for at in [0, 1, segment.index, 255] {
        assert_eq!(index.segment(file, at).unwrap(), None);
    }
}
