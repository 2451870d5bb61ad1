//! Bundles: what is built reads back, every member proves, and anything else is refused.

use noema_da_primitives::{
    Bundle, BundleError, BundleFront, BundleHeader, Hasher, MemberEntry, MemberId, MemberProof,
    Software, BUNDLE_HEADER_BYTES, ENTRY_BYTES, MAX_BLOB_SIZE, MAX_MEMBERS,
};
use proptest::prelude::*;

fn entry(blob: &[u8]) -> MemberEntry {
    MemberEntry::of::<Software>(blob).unwrap()
}

fn build(blobs: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<MemberEntry> = blobs.iter().map(|blob| entry(blob)).collect();
    let front = BundleFront::new::<Software>(&entries).unwrap();
    let bytes = [front.bytes(), &blobs.concat()].concat();
    assert_eq!(bytes.len(), front.size() as usize);
    bytes
}

proptest! {
    #[test]
    fn bundle_of_any_blobs_reads_back_and_proves_each(
        blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..40),
    ) {
        let bytes = build(&blobs);
        let bundle = Bundle::parse::<Software>(&bytes).unwrap();
        let (header, size) = (*bundle.header(), bytes.len() as u32);
        let prover = bundle.prover::<Software>();
        prop_assert_eq!(header.count as usize, blobs.len());
        let members: Vec<_> = bundle.members().collect();
        prop_assert_eq!(members.len(), blobs.len());
        for (index, (member, blob)) in members.iter().zip(&blobs).enumerate() {
            prop_assert_eq!(member.bytes, blob.as_slice());
            prop_assert_eq!(member.verify::<Software>(), Ok(()));
            let at = member.offset as usize;
            prop_assert_eq!(&bytes[at..at + blob.len()], blob.as_slice());
            let proof = prover.prove(index as u32).unwrap();
            prop_assert_eq!(proof.verify::<Software>(&header, size), Ok(()));
            prop_assert_eq!((proof.offset, proof.size, proof.id), (member.offset, member.size(), member.id));

            // Whatever is changed of it, it proves nothing.
            let mut changed = proof.clone();
            changed.offset += 1;
            prop_assert!(changed.verify::<Software>(&header, size).is_err());
            let mut changed = proof.clone();
            changed.size ^= 1;
            prop_assert!(changed.verify::<Software>(&header, size).is_err());
            let mut changed = proof.clone();
            changed.id.0[0] ^= 1;
            prop_assert!(changed.verify::<Software>(&header, size).is_err());
            let mut changed = proof.clone();
            changed.index ^= 1;
            // Empty members in one place are the same, whichever of them one means.
            let neighbour = members.get(index ^ 1);
            let same = neighbour.is_some_and(|other| (other.offset, other.size(), other.id) == (member.offset, member.size(), member.id));
            prop_assert_eq!(changed.verify::<Software>(&header, size).is_ok(), same);
            for sibling in 0..proof.siblings.len() {
                let mut changed = proof.clone();
                changed.siblings[sibling][0] ^= 1;
                prop_assert_eq!(changed.verify::<Software>(&header, size), Err(BundleError::WrongRoot));
            }
            // Nor behind the end of a shorter bundle.
            let end = proof.offset + proof.size;
            prop_assert_eq!(
                proof.verify::<Software>(&header, end.max(header.data_offset())),
                Ok(())
            );
            if end > header.data_offset() {
                prop_assert!(proof.verify::<Software>(&header, end - 1).is_err());
            }
            // Nor in a bundle of another count that happens to have as many levels.
            let other = BundleHeader { count: header.count + 1, ..header };
            prop_assert!(proof.verify::<Software>(&other, size).is_err());
        }
        let count = header.count;
        prop_assert_eq!(
            prover.prove(count).unwrap_err(),
            BundleError::NoSuchMember { index: count, count }
        );
    }

    #[test]
    fn bundle_with_any_changed_byte_is_refused_or_names_the_member(
        blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..20),
        at: prop::sample::Index, change in 1u8..,
    ) {
        let mut bytes = build(&blobs);
        let at = at.index(bytes.len());
        let data = BUNDLE_HEADER_BYTES as usize + blobs.len() * ENTRY_BYTES as usize;
        bytes[at] ^= change;
        match Bundle::parse::<Software>(&bytes) {
            Err(_) => prop_assert!(at < data),
            Ok(bundle) => {
                prop_assert!(at >= data);
                let wrong: Vec<_> = bundle.members().filter(|member| member.verify::<Software>().is_err()).collect();
                prop_assert_eq!(wrong.len(), 1);
                let range = wrong[0].offset as usize..(wrong[0].offset + wrong[0].size()) as usize;
                prop_assert!(range.contains(&at));
            }
        }
    }

    #[test]
    fn parse_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), count in 0u8..6) {
        let _ = Bundle::parse::<Software>(&bytes);
        // Behind a sound front, too.
        let mut front = vec![1, 0, 0, 0, count, 0, 0, 0];
        front.extend(bytes);
        let _ = Bundle::parse::<Software>(&front);
    }
}

#[test]
fn parse_each_wrong_field_is_its_own_error() {
    let bytes = build(&[vec![1; 10], vec![2; 20], vec![]]);
    let parse = |bytes: &[u8]| Bundle::parse::<Software>(bytes).map(|_| ()).unwrap_err();
    let with = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[at] = byte;
        parse(&changed)
    };
    assert!(Bundle::parse::<Software>(&bytes).is_ok());
    assert_eq!(
        parse(&bytes[..39]),
        BundleError::Truncated {
            expected: 40,
            found: 39
        }
    );
    assert_eq!(
        parse(&bytes[..147]),
        BundleError::Truncated {
            expected: 148,
            found: 147
        }
    );
    assert_eq!(with(0, 2), BundleError::UnknownVersion { found: 2 });
    assert_eq!(with(2, 1), BundleError::ReservedNotZero);
    assert_eq!(with(4, 0), BundleError::WrongCount { found: 0 });
    assert_eq!(with(6, 2), BundleError::WrongCount { found: 131_075 });
    assert_eq!(
        with(40, 11),
        BundleError::WrongLength {
            expected: 179,
            found: 178
        }
    );
    assert_eq!(with(8, bytes[8] ^ 1), BundleError::WrongRoot);
    assert_eq!(with(44, bytes[44] ^ 1), BundleError::WrongRoot);
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(
        parse(&longer),
        BundleError::WrongLength {
            expected: 178,
            found: 179
        }
    );

    let mut changed = bytes.clone();
    changed[160] ^= 1;
    let bundle = Bundle::parse::<Software>(&changed).unwrap();
    let expected = MemberId::of::<Software>(&[2; 20]);
    let found = MemberId::of::<Software>(&changed[158..178]);
    let member = bundle.members().nth(1).unwrap();
    assert_eq!(
        member.verify::<Software>(),
        Err(BundleError::WrongMember {
            index: 1,
            expected,
            found
        })
    );
}

#[test]
fn front_of_nothing_too_many_or_too_much_fails() {
    let fails = |entries: &[MemberEntry]| BundleFront::new::<Software>(entries).unwrap_err();
    assert_eq!(fails(&[]), BundleError::WrongCount { found: 0 });
    let many = vec![entry(b""); MAX_MEMBERS as usize + 1];
    assert_eq!(fails(&many), BundleError::WrongCount { found: 65_537 });
    assert!(BundleFront::new::<Software>(&many[1..]).is_ok());
    let id = MemberId([0; 32]);
    let half = MemberEntry { size: 1 << 26, id };
    assert_eq!(
        fails(&[half; 2]),
        BundleError::WrongLength {
            expected: MAX_BLOB_SIZE.into(),
            found: (1 << 27) + 112
        }
    );
    // Sizes that no sum of 32 bits holds.
    let most = MemberEntry { size: u32::MAX, id };
    assert!(matches!(
        fails(&vec![most; MAX_MEMBERS as usize]),
        BundleError::WrongLength { .. }
    ));
    let fits = MemberEntry {
        size: (1 << 26) - 112,
        id,
    };
    let front = BundleFront::new::<Software>(&[half, fits]).unwrap();
    assert_eq!(front.size(), MAX_BLOB_SIZE);
}

/// The largest bundle is proven member by member without hashing its tree for each.
#[test]
fn prover_shows_any_of_the_most_members() {
    let entries: Vec<MemberEntry> = (0..MAX_MEMBERS)
        .map(|index| entry(&index.to_le_bytes()[..(index % 5) as usize]))
        .collect();
    let front = BundleFront::new::<Software>(&entries).unwrap();
    let last = MAX_MEMBERS - 1;
    for index in (0..MAX_MEMBERS).step_by(997).chain([1, last]) {
        let proof = front.prover().prove(index).unwrap();
        assert_eq!(proof.siblings.len(), 16);
        assert_eq!(proof.id, entries[index as usize].id);
        assert_eq!(
            proof.verify::<Software>(front.header(), front.size()),
            Ok(())
        );
    }
}

/// A bundle by hand, whose root lists these members (offset, size, id) whatever lies there.
fn forged(listed: [(u32, u32, MemberId); 2], table: [u32; 2], data: &[u8]) -> Vec<u8> {
    let sha = |parts: &[&[u8]]| Software::sha2_256(parts);
    let leaves = listed
        .map(|(offset, size, id)| sha(&[&[0], &offset.to_le_bytes(), &size.to_le_bytes(), &id.0]));
    let tree = sha(&[&[1], &leaves[0], &leaves[1]]);
    let count = 2;
    let root = sha(&[b"noema/da/bundle/v1", &2u32.to_le_bytes(), &tree]);
    let mut bytes = BundleHeader { count, root }.to_bytes().to_vec();
    for (size, (_, _, id)) in table.into_iter().zip(listed) {
        bytes.extend(size.to_le_bytes());
        bytes.extend(id.0);
    }
    bytes.extend(data);
    bytes
}

fn proof_of(listed: [(u32, u32, MemberId); 2], index: usize) -> MemberProof {
    let (offset, size, id) = listed[1 - index];
    let sibling = Software::sha2_256(&[&[0], &offset.to_le_bytes(), &size.to_le_bytes(), &id.0]);
    let (offset, size, id) = listed[index];
    MemberProof {
        index: index as u32,
        offset,
        size,
        id,
        siblings: vec![sibling].try_into().unwrap(),
    }
}

/// Who has the table refuses a root over members that overlap or leave gaps; of a single proof it cannot
/// be seen, but only that the member lies within the bundle.
#[test]
fn members_that_overlap_repeat_or_leave_gaps_are_refused_by_who_has_the_table() {
    let id = |bytes: &[u8]| MemberId::of::<Software>(bytes);
    let data = b"abcdef";
    let (one, all) = (id(b"abc"), id(b"abcdef"));
    for (what, listed) in [
        ("the same bytes twice", [(112, 3, one), (112, 3, one)]),
        ("one within the other", [(112, 6, all), (112, 3, one)]),
        ("a gap", [(112, 3, one), (116, 2, id(b"ef"))]),
        ("the wrong order", [(115, 3, id(b"def")), (112, 3, one)]),
    ] {
        let tables = [[3, 3], [listed[0].1, 6 - listed[0].1]];
        for table in tables {
            let bytes = forged(listed, table, data);
            let header = BundleHeader::from_bytes(&bytes).unwrap();
            assert_eq!(
                Bundle::parse::<Software>(&bytes),
                Err(BundleError::WrongRoot),
                "{what}"
            );
            let proof = proof_of(listed, 1);
            assert_eq!(
                proof.verify::<Software>(&header, 118),
                Ok(()),
                "{what}: within the bundle, and that is all a proof shows"
            );
        }
    }
    // Behind the end, or in the table: refused at once.
    for (offset, size) in [(112, 7), (118, 1), (111, 3), (u32::MAX, 2)] {
        let listed = [(112, 3, one), (offset, size, one)];
        let header = BundleHeader::from_bytes(&forged(listed, [3, 3], data)).unwrap();
        assert_eq!(
            proof_of(listed, 1).verify::<Software>(&header, 118),
            Err(BundleError::WrongPlace {
                index: 1,
                offset,
                size,
                first: 112,
                end: 118
            })
        );
    }
    // The root lists what honest ones would: accepted, and by parsing as well.
    let listed = [(112, 3, one), (115, 3, id(b"def"))];
    let bytes = forged(listed, [3, 3], data);
    assert!(Bundle::parse::<Software>(&bytes).is_ok());
    // A proof for one index is none for the other.
    let header = BundleHeader::from_bytes(&bytes).unwrap();
    let mut proof = proof_of(listed, 0);
    assert_eq!(proof.verify::<Software>(&header, 118), Ok(()));
    proof.index = 1;
    assert_eq!(
        proof.verify::<Software>(&header, 118),
        Err(BundleError::WrongRoot)
    );
    // Nor does a header fit a blob too small for its table.
    assert_eq!(
        proof.verify::<Software>(&header, 111),
        Err(BundleError::Truncated {
            expected: 112,
            found: 111
        })
    );
}

#[test]
fn root_of_two_members_is_what_the_documentation_says() {
    let bytes = build(&[b"a".to_vec(), b"bc".to_vec()]);
    let sha = |parts: &[&[u8]]| Software::sha2_256(parts);
    let leaf = |offset: u32, size: u32, blob: &[u8]| {
        let id = sha(&[b"noema/da/member/v1", blob]);
        sha(&[&[0], &offset.to_le_bytes(), &size.to_le_bytes(), &id])
    };
    let tree = sha(&[&[1], &leaf(112, 1, b"a"), &leaf(113, 2, b"bc")]);
    let root = sha(&[b"noema/da/bundle/v1", &2u32.to_le_bytes(), &tree]);
    assert_eq!(
        BundleHeader::from_bytes(&bytes),
        Ok(BundleHeader { count: 2, root })
    );
}
