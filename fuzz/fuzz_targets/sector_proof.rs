//! Sector proofs as they arrive in a transaction: any bytes are decoded and verified for any shape
//! without a panic, and a proof that somebody changed never verifies.

#![no_main]

use codec::{Decode, Encode, MaxEncodedLen};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use noema_commitment::{
    sector_proof, verify_sector, Builder, SectorProof, Shape, Software, SEGMENT_SIZE,
};

#[derive(Arbitrary, Debug)]
struct Input {
    root: [u8; 32],
    size: u64,
    index: u64,
    /// An encoded proof, or what is added bit by bit to an honest one.
    proof: Vec<u8>,
    /// A file to prove honestly.
    file: Vec<u8>,
}

fuzz_target!(|input: Input| {
    if let (Ok(shape), Ok(proof)) = (
        Shape::new(input.size),
        SectorProof::decode(&mut &input.proof[..]),
    ) {
        assert!(proof.encoded_size() <= SectorProof::max_encoded_len());
        // The fuzzer sees what the root is compared with and may pick that one, so either verdict is right.
        let _ = verify_sector::<Software>(&input.root, &shape, input.index, &proof);
    }
    honest_and_changed(&input);
});

/// Proves a sector of the file, changes the encoded proof, and expects exactly the changed ones to fail.
fn honest_and_changed(input: &Input) {
    let file = &input.file[..input.file.len().min(SEGMENT_SIZE)];
    let mut builder = Builder::new();
    builder.push(file).unwrap();
    let Ok(commitment) = builder.finish() else {
        assert!(file.is_empty());
        return;
    };
    let shape = commitment.shape();
    let index = input.index % shape.sectors();
    let mut wire = file.to_vec();
    wire.resize(shape.segment_len(0).unwrap(), 0);
    let honest = sector_proof::<Software>(shape, 0, &wire, index, &[]).unwrap();
    let root = &commitment.root;
    assert_eq!(
        verify_sector::<Software>(root, shape, index, &honest),
        Ok(())
    );

    let mut bytes = honest.encode();
    for (byte, change) in bytes.iter_mut().zip(&input.proof) {
        *byte ^= change;
    }
    if let Ok(changed) = SectorProof::decode(&mut &bytes[..]) {
        assert_eq!(
            verify_sector::<Software>(root, shape, index, &changed).is_ok(),
            changed == honest
        );
    }
}
