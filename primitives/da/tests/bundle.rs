//! Bundles: what is built reads back, every member proves, and anything else is refused.

use noema_da_primitives::{
    build_bundle, Bundle, BundleError, BundleHeader, Hasher, MemberId, Software,
    BUNDLE_HEADER_BYTES, ENTRY_BYTES, MAX_BLOB_SIZE, MAX_MEMBERS,
};
use proptest::prelude::*;

fn build(blobs: &[Vec<u8>]) -> Vec<u8> {
    let slices: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    build_bundle::<Software>(&slices).unwrap()
}

proptest! {
    #[test]
    fn bundle_of_any_blobs_reads_back_and_proves_each(
        blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..40),
    ) {
        let bytes = build(&blobs);
        let bundle = Bundle::parse::<Software>(&bytes).unwrap();
        let header = *bundle.header();
        prop_assert_eq!(header.count as usize, blobs.len());
        let members: Vec<_> = bundle.members().collect();
        prop_assert_eq!(members.len(), blobs.len());
        for (index, (member, blob)) in members.iter().zip(&blobs).enumerate() {
            prop_assert_eq!(member.bytes, blob.as_slice());
            prop_assert_eq!(member.verify::<Software>(), Ok(()));
            let at = member.offset as usize;
            prop_assert_eq!(&bytes[at..at + blob.len()], blob.as_slice());
            let proof = bundle.prove::<Software>(index as u32).unwrap();
            prop_assert_eq!(proof.verify::<Software>(&header), Ok(()));
            prop_assert_eq!((proof.offset, proof.size, proof.id), (member.offset, member.size(), member.id));

            // Whatever is changed of it, it proves nothing.
            let mut changed = proof.clone();
            changed.offset += 1;
            prop_assert!(changed.verify::<Software>(&header).is_err());
            let mut changed = proof.clone();
            changed.size ^= 1;
            prop_assert!(changed.verify::<Software>(&header).is_err());
            let mut changed = proof.clone();
            changed.id.0[0] ^= 1;
            prop_assert!(changed.verify::<Software>(&header).is_err());
            let mut changed = proof.clone();
            changed.index ^= 1;
            // Empty members in one place are the same, whichever of them one means.
            let neighbour = members.get(index ^ 1);
            let same = neighbour.is_some_and(|other| (other.offset, other.size(), other.id) == (member.offset, member.size(), member.id));
            prop_assert_eq!(changed.verify::<Software>(&header).is_ok(), same);
            for sibling in 0..proof.siblings.len() {
                let mut changed = proof.clone();
                changed.siblings[sibling][0] ^= 1;
                prop_assert_eq!(changed.verify::<Software>(&header), Err(BundleError::WrongRoot));
            }
            // Nor in a bundle of another count that happens to have as many levels.
            let other = BundleHeader { count: header.count + 1, ..header };
            prop_assert!(proof.verify::<Software>(&other).is_err());
        }
        let count = header.count;
        prop_assert_eq!(
            bundle.prove::<Software>(count).unwrap_err(),
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
fn build_nothing_too_many_or_too_much_fails() {
    let fails = |blobs: &[&[u8]]| build_bundle::<Software>(blobs).unwrap_err();
    assert_eq!(fails(&[]), BundleError::WrongCount { found: 0 });
    let many = vec![&[][..]; MAX_MEMBERS as usize + 1];
    assert_eq!(fails(&many), BundleError::WrongCount { found: 65_537 });
    assert!(build_bundle::<Software>(&many[1..]).is_ok());
    let half = vec![0; 1 << 26];
    assert_eq!(
        fails(&[&half, &half]),
        BundleError::WrongLength {
            expected: MAX_BLOB_SIZE.into(),
            found: (1 << 27) + 112
        }
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
        BundleHeader::decode(&bytes),
        Ok(BundleHeader { count: 2, root })
    );
}
