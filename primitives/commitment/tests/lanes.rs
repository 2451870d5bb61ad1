//! Hashing side by side and on several threads gives what hashing one by one gives.

mod reference;

use std::{
    collections::HashSet,
    io::{Error, ErrorKind, Read},
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    thread::ThreadId,
};

use noema_commitment::{
    commit_reader, lanes, sector_siblings_in_segment, segment_root, Builder, CommitError,
    Commitment, Hasher, Lanes, ShapeError, Software, SECTOR_SIZE, SEGMENT_SIZE,
};
use proptest::prelude::*;

/// Runs a check with every way of hashing that this processor has.
macro_rules! with_all_lanes {
    ($check:ident($($argument:expr),*)) => {
        $check::<Software>($($argument),*)?;
        $check::<Lanes<1>>($($argument),*)?;
        // Where there are not so many lanes, these hash one by one, which must be right as well.
        $check::<Lanes<4>>($($argument),*)?;
        $check::<Lanes<8>>($($argument),*)?;
    };
}

/// Sizes around those at which the number of messages hashed together changes.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => 1..20_000usize,
        2 => (0..12u32, 0..3usize).prop_map(|(power, off)| (256usize << power) + off - 1),
        1 => 1..(5 * SEGMENT_SIZE),
        1 => (1..5usize, 0..600usize).prop_map(|(n, off)| n * SEGMENT_SIZE + off - 300),
    ]
}

fn check_batches<H: Hasher>(
    sectors: &[[u8; SECTOR_SIZE]],
    nodes: &[[u8; 32]],
    room: usize,
) -> Result<(), TestCaseError> {
    let mut hashes = vec![[7; 32]; room];
    H::keccak_256_sectors(sectors, &mut hashes);
    for (at, hash) in hashes.iter().enumerate() {
        let expected = sectors.get(at).map_or([7; 32], |s| Software::keccak_256(s));
        prop_assert_eq!(*hash, expected, "sector {} of {}", at, sectors.len());
    }
    let (pairs, _) = nodes.as_chunks::<2>();
    let mut hashes = vec![[7; 32]; room];
    H::keccak_256_pairs(pairs, &mut hashes);
    for (at, hash) in hashes.iter().enumerate() {
        let join = |pair: &[[u8; 32]; 2]| Software::keccak_256(&pair.concat());
        let expected = pairs.get(at).map_or([7; 32], join);
        prop_assert_eq!(*hash, expected, "pair {} of {}", at, pairs.len());
    }
    Ok(())
}

fn commit<H: Hasher>(data: &[u8], first: usize) -> Commitment {
    let mut builder = Builder::<H>::with_hasher();
    let (before, after) = data.split_at(first.min(data.len()));
    builder.push(before).unwrap();
    builder.push(after).unwrap();
    builder.finish().unwrap()
}

fn check_trees<H: Hasher>(data: &[u8], first: usize) -> Result<(), TestCaseError> {
    let commitment = commit::<H>(data, first);
    let leaves = reference::leaves(data);
    prop_assert_eq!(commitment.root, reference::root(&leaves));
    let shape = commitment.shape();
    let last = shape.segments() - 1;
    let mut wire = data[last as usize * SEGMENT_SIZE..].to_vec();
    wire.resize(wire.len().next_multiple_of(SECTOR_SIZE), 0);
    let segment = leaves.chunks(1024).nth(last as usize).unwrap();
    prop_assert_eq!(
        segment_root::<H>(shape, last, &wire),
        Some(reference::root(segment))
    );
    let sector = first as u64 % shape.segment_sectors(last).unwrap();
    prop_assert_eq!(
        sector_siblings_in_segment::<H>(shape, last, &wire, sector),
        Some(reference::siblings(segment, sector as usize))
    );
    Ok(())
}

/// Gives bytes in pieces of changing length, is interrupted, and notes who reads.
struct Pieces<'a> {
    rest: &'a [u8],
    lengths: Vec<usize>,
    reads: usize,
    fails_at_end: bool,
    readers: Arc<Mutex<HashSet<ThreadId>>>,
}

impl<'a> Pieces<'a> {
    fn new(data: &'a [u8], lengths: Vec<usize>) -> Self {
        Self {
            rest: data,
            lengths,
            reads: 0,
            fails_at_end: false,
            readers: Arc::default(),
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.readers
            .lock()
            .unwrap()
            .insert(std::thread::current().id());
        self.reads += 1;
        if self.reads % 5 == 3 {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.rest.is_empty() && self.fails_at_end {
            return Err(Error::other("the disk is gone"));
        }
        let length = self.lengths[self.reads % self.lengths.len()];
        let (piece, rest) = self
            .rest
            .split_at(length.min(buffer.len()).min(self.rest.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        self.rest = rest;
        Ok(piece.len())
    }
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn check_threads<H: Hasher>(
    data: &[u8],
    lengths: &[usize],
    count: usize,
) -> Result<(), TestCaseError> {
    let source = Pieces::new(data, lengths.to_vec());
    let readers = source.readers.clone();
    let mut seen = Vec::new();
    let done = commit_reader::<H>(source, threads(count), |bytes| seen.push(bytes));
    prop_assert_eq!(done.unwrap(), commit::<Lanes<1>>(data, 0));
    prop_assert!(seen.is_sorted());
    prop_assert_eq!(seen.last(), Some(&(data.len() as u64)));
    let readers = readers.lock().unwrap();
    prop_assert!(readers.len() <= count);
    // Nobody is asked to help who has nothing to do but look for the end.
    prop_assert!(readers.len() <= data.len() / SEGMENT_SIZE + 1);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_number_of_messages_is_hashed_as_one_by_one(
        bytes in prop::collection::vec(any::<u8>(), 0..40 * SECTOR_SIZE),
        room in 0..50usize,
    ) {
        let sectors = bytes.as_chunks::<SECTOR_SIZE>().0;
        let nodes = bytes.as_chunks::<32>().0;
        with_all_lanes!(check_batches(sectors, nodes, room));
    }

    #[test]
    fn trees_of_any_size_equal_the_reference(size in size(), seed: u64, first in 0..600_000usize) {
        let data = reference::noise(size, seed);
        with_all_lanes!(check_trees(&data, first));
    }

    #[test]
    fn any_number_of_threads_makes_the_same_commitment(
        size in size(),
        seed: u64,
        lengths in prop::collection::vec(prop_oneof![1..5_000usize, 1..400_000usize], 1..6),
        count in 1..6usize,
    ) {
        // Short pieces of a long file take long and show nothing new.
        let data = reference::noise(size, seed);
        let lengths: Vec<usize> = lengths.iter().map(|l| (*l).max(size / 500 + 1)).collect();
        with_all_lanes!(check_threads(&data, &lengths, count));
    }
}

#[test]
fn software_hashes_as_many_at_once_as_there_are_lanes() {
    assert!(Lanes::<1>::is_available());
    let widest = match (Lanes::<8>::is_available(), Lanes::<4>::is_available()) {
        (true, _) => 8,
        (false, true) => 4,
        (false, false) => 1,
    };
    assert_eq!(lanes(), widest);
}

#[test]
fn file_without_a_full_segment_is_read_by_the_caller_alone() {
    let data = reference::noise(SEGMENT_SIZE - 1, 1);
    let source = Pieces::new(&data, vec![100_000]);
    let readers = source.readers.clone();
    commit_reader::<Software>(source, threads(8), |_| {}).unwrap();
    let here = std::thread::current().id();
    assert_eq!(*readers.lock().unwrap(), HashSet::from([here]));
}

#[test]
fn failing_or_empty_reader_gives_its_error() {
    let data = reference::noise(3 * SEGMENT_SIZE, 2);
    for count in [1, 4] {
        let mut source = Pieces::new(&data, vec![200_000]);
        source.fails_at_end = true;
        let error = commit_reader::<Software>(source, threads(count), |_| {}).unwrap_err();
        assert!(error.to_string().contains("the disk is gone"), "{error}");
        let empty = commit_reader::<Software>(&[][..], threads(count), |_| {}).unwrap_err();
        assert!(matches!(empty, CommitError::Shape(ShapeError::Empty)));
    }
}
