//! Bundles as readers rebuild them and proofs of members as they arrive in a transaction: what is read is
//! what was built, and a changed bundle or proof shows.

#![no_main]

use codec::{Decode, Encode, MaxEncodedLen};
use libfuzzer_sys::fuzz_target;
use noema_da_primitives::{Bundle, BundleFront, MemberEntry, MemberProof, Software};
use noema_fuzz::Bytes;

fuzz_target!(|input: &[u8]| {
    if let Ok(bundle) = Bundle::parse::<Software>(input) {
        sound(input, &bundle);
    }
    honest_and_changed(Bytes(input));
});

fn build(blobs: &[&[u8]]) -> Vec<u8> {
    let entry = |blob: &&[u8]| MemberEntry::of::<Software>(blob).unwrap();
    let entries: Vec<MemberEntry> = blobs.iter().map(entry).collect();
    let front = BundleFront::new::<Software>(&entries).unwrap();
    [front.bytes(), &blobs.concat()].concat()
}

/// A bundle that was accepted: its members fill it, and it is what its members make unless one of them
/// does not verify.
fn sound(bytes: &[u8], bundle: &Bundle<'_>) {
    let mut offset = bundle.header().data_offset();
    let mut blobs = Vec::new();
    for (index, member) in bundle.members().enumerate() {
        assert_eq!((member.index, member.offset), (index as u32, offset));
        offset += member.size();
        blobs.push(member.bytes);
    }
    assert_eq!(offset as usize, bytes.len());
    assert_eq!(blobs.len(), bundle.header().count as usize);
    let verified = bundle
        .members()
        .all(|member| member.verify::<Software>().is_ok());
    assert_eq!(build(&blobs) == bytes, verified);
}

fn honest_and_changed(mut input: Bytes<'_>) {
    let count = input.byte() % 12;
    let blobs: Vec<&[u8]> = (0..=count).map(|_| input.short()).collect();
    let honest = build(&blobs);
    let bundle = Bundle::parse::<Software>(&honest).unwrap();
    sound(&honest, &bundle);

    let index = u32::from(input.byte()) % bundle.header().count;
    let proof = bundle.prover::<Software>().prove(index).unwrap();
    let size = honest.len() as u32;
    assert_eq!(proof.verify::<Software>(bundle.header(), size), Ok(()));
    assert!(proof.encoded_size() <= MemberProof::max_encoded_len());
    let mut bytes = proof.encode();
    for (byte, change) in bytes.iter_mut().zip(input.short()) {
        *byte ^= change;
    }
    if let Ok(changed) = MemberProof::decode(&mut &bytes[..]) {
        // Accepted only if it says what is so, of whichever member.
        if changed.verify::<Software>(bundle.header(), size).is_ok() {
            let member = bundle.members().nth(changed.index as usize).unwrap();
            assert_eq!(
                (changed.offset, changed.size, changed.id),
                (member.offset, member.size(), member.id)
            );
        }
    }

    let mut bytes = honest.clone();
    for (byte, change) in bytes.iter_mut().zip(input.0) {
        *byte ^= change;
    }
    if let Ok(bundle) = Bundle::parse::<Software>(&bytes) {
        let verified = bundle
            .members()
            .all(|member| member.verify::<Software>().is_ok());
        assert_eq!(verified, bytes == honest);
    }
}
