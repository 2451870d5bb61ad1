//! Row proofs as they arrive in a transaction: any bytes are decoded and verified for any shape and index
//! without a panic, and a proof that somebody changed never verifies.

#![no_main]

use std::sync::OnceLock;

use codec::{Decode, Encode, MaxEncodedLen};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use noema_da::coding::CodedBlob;
use noema_da_primitives::{Commitment, Content, RowProof, Shape, Software, MAX_BLOB_SIZE};

#[derive(Arbitrary, Debug)]
struct Input {
    commitment: [u8; 32],
    /// Any size of a blob, and one beyond.
    size: u32,
    index: u16,
    /// Which blob is proven honestly.
    blob: bool,
    /// Where the honest proof is changed.
    place: u16,
    /// An encoded proof, or what is added bit by bit to an honest one.
    proof: Vec<u8>,
}

fn blobs() -> &'static [CodedBlob; 2] {
    static BLOBS: OnceLock<[CodedBlob; 2]> = OnceLock::new();
    BLOBS.get_or_init(|| {
        [3, 5_000].map(|size| CodedBlob::encode(Content::Plain, &vec![size as u8; size]).unwrap())
    })
}

fuzz_target!(|input: Input| {
    if let (Ok(shape), Ok(proof)) = (
        Shape::of(u64::from(input.size % (MAX_BLOB_SIZE + 2))),
        RowProof::decode(&mut &input.proof[..]),
    ) {
        assert!(proof.encoded_size() <= RowProof::max_encoded_len());
        // The fuzzer sees what the commitment is compared with and may pick that one, so either verdict is right.
        let _ = proof.verify::<Software>(&Commitment(input.commitment), &shape, input.index);
    }

    let coded = &blobs()[usize::from(input.blob)];
    let (shape, commitment) = (coded.shape(), coded.commitment());
    let index = input.index % shape.rows();
    let honest = coded
        .row(index)
        .unwrap()
        .proof(coded.combinations_root())
        .unwrap();
    assert_eq!(honest.verify::<Software>(&commitment, shape, index), Ok(()));
    let mut bytes = honest.encode();
    let place = usize::from(input.place) % bytes.len();
    for (byte, change) in bytes[place..].iter_mut().zip(&input.proof) {
        *byte ^= change;
    }
    if let Ok(changed) = RowProof::decode(&mut &bytes[..]) {
        assert_eq!(
            changed
                .verify::<Software>(&commitment, shape, index)
                .is_ok(),
            changed == honest
        );
    }
});
