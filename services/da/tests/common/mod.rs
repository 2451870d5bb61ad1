//! What the tests of the coding share: data, committees, and a coder that cheats.
#![allow(dead_code, reason = "each test uses some of it")]

use bytes::Bytes;
use noema_da::coding::{
    BlobWriter, CodedBlob, Row, RowVerifier, SeatCheck, ShardError, VerifyError,
};
use noema_da_primitives::{
    Assignment, BundleFront, Commitment, Committee, CommitteeId, Content, Hasher, MemberEntry,
    RowSeed, Shape, Software,
};
use rsema1d::{
    codec::{pack_gf128_to_shard, unpack_shard_to_gf128},
    crypto::derive_coefficients,
    encode_parity, reconstruct, ExtendedData, Parameters, RowMatrix, GF128,
};

/// Bytes that repeat nowhere nearby, from a seed.
pub(crate) fn data(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(size);
    bytes
}

pub(crate) fn assign(shape: &Shape, commitment: &Commitment, stakes: &[u128]) -> Assignment {
    let committee = Committee::new(stakes).unwrap();
    let (id, seed) = (CommitteeId([9; 32]), RowSeed([8; 32]));
    Assignment::new::<Software>(shape.class(), &committee, &id, commitment, &seed).unwrap()
}

pub(crate) fn plain(blob: &[u8]) -> CodedBlob {
    CodedBlob::encode(Content::Plain, blob).unwrap()
}

pub(crate) fn front(blobs: &[Vec<u8>]) -> BundleFront {
    let entry = |blob: &Vec<u8>| MemberEntry::of::<Software>(blob).unwrap();
    BundleFront::new::<Software>(&blobs.iter().map(entry).collect::<Vec<_>>()).unwrap()
}

/// A bundle, written as a gateway does.
pub(crate) fn bundle(blobs: &[Vec<u8>]) -> CodedBlob {
    let mut writer = BlobWriter::bundle(&front(blobs)).unwrap();
    for blob in blobs {
        writer.write(blob).unwrap();
    }
    writer.finish().unwrap()
}

fn parameters(shape: &Shape) -> Parameters {
    let original = usize::from(shape.original());
    let parity = usize::from(shape.rows()) - original;
    Parameters::new(original, parity, shape.row_bytes() as usize).unwrap()
}

/// How a cheating coder makes up the linear combinations.
pub(crate) enum Fit<'a> {
    /// As an honest one would from the original rows.
    Original,
    /// So that these rows verify, K of them, whatever they hold.
    Rows(&'a [u16]),
    /// Those of another blob of the same shape.
    Other(&'a CodedBlob),
}

/// A commitment to rows that are no codeword, with proofs that lead to it.
pub(crate) struct Cheat {
    pub(crate) shape: Shape,
    pub(crate) commitment: Commitment,
    pub(crate) content: Content,
    pub(crate) combinations: Bytes,
    data: ExtendedData,
}

impl Cheat {
    /// Takes an honest blob's rows, lets `change` change them, and commits to the outcome.
    pub(crate) fn new(honest: &CodedBlob, change: impl Fn(u16, &mut [u8]), fit: Fit<'_>) -> Self {
        let shape = *honest.shape();
        let parameters = parameters(&shape);
        let row_bytes = shape.row_bytes() as usize;
        let mut all = Vec::with_capacity(row_bytes * usize::from(shape.rows()));
        for index in 0..shape.rows() {
            let mut row = honest.row(index).unwrap().bytes.to_vec();
            change(index, &mut row);
            all.extend(row);
        }
        let matrix = RowMatrix::with_shape(all, shape.rows().into(), row_bytes).unwrap();
        let data = encode_parity(matrix, &parameters).unwrap();
        let elements = match fit {
            Fit::Original => data.rlc_original().to_vec(),
            Fit::Rows(rows) => fitted(&data, &parameters, rows),
            Fit::Other(blob) => {
                let (elements, _) = blob.combinations().as_chunks::<16>();
                elements.iter().map(GF128::from_bytes).collect()
            }
        };
        let combinations: Bytes = elements
            .iter()
            .flat_map(|element| element.to_bytes())
            .collect();
        // The commitment is free for the coder to compute from both roots.
        let verifier = RowVerifier::new(Commitment([0; 32]), shape, combinations.clone()).unwrap();
        let roots = [data.row_root(), verifier.combinations_root()];
        Self {
            shape,
            commitment: Commitment(Software::sha2_256(&[&roots[0], &roots[1]])),
            content: *honest.content(),
            combinations,
            data,
        }
    }

    pub(crate) fn row(&self, index: u16) -> Row {
        let proof = self.data.generate_row_proof(index.into()).unwrap();
        Row {
            index,
            bytes: proof.row,
            siblings: proof.row_proof,
        }
    }

    pub(crate) fn verifier(&self) -> RowVerifier {
        RowVerifier::new(self.commitment, self.shape, self.combinations.clone()).unwrap()
    }

    /// All rows that verify. Of every other, the error must be the one of cheating.
    pub(crate) fn verifying(&self) -> Vec<u16> {
        let verifier = self.verifier();
        let verifies = |index: &u16| match verifier.verify(&self.row(*index)) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error, VerifyError::NotOfTheCode { index: *index });
                false
            }
        };
        (0..self.shape.rows()).filter(verifies).collect()
    }

    /// Why the seat, checking its rows as seats do, does not sign; nothing if it signs.
    pub(crate) fn refusal(&self, assignment: &Assignment, seat: usize) -> Option<ShardError> {
        let own = assignment.sorted_rows(seat);
        let sent = assignment.shard_rows(seat, &self.content);
        let mut check = SeatCheck::new(self.verifier(), self.content, own);
        let refused = sent
            .iter()
            .find_map(|row| check.accept(&self.row(*row)).err());
        refused.or_else(|| check.finish().err())
    }

    /// What anybody rebuilds from these rows.
    pub(crate) fn rebuilt(&self, rows: &[u16]) -> Vec<u8> {
        let matrix = self.data.rows();
        let indices: Vec<usize> = rows.iter().copied().map(usize::from).collect();
        let rows: Vec<&[u8]> = indices
            .iter()
            .map(|index| matrix.row(*index).unwrap())
            .collect();
        reconstruct(&rows, &indices, &parameters(&self.shape))
            .unwrap()
            .into_row_major()
    }
}

/// Linear combinations of original rows, made up so that those of the given K rows come out right: the
/// code works on the combinations as on rows.
fn fitted(data: &ExtendedData, parameters: &Parameters, rows: &[u16]) -> Vec<GF128> {
    let coefficients = derive_coefficients(
        &data.row_root(),
        parameters.k,
        parameters.n,
        parameters.row_size,
    );
    let indices: Vec<usize> = rows.iter().copied().map(usize::from).collect();
    let packed: Vec<Vec<u8>> = indices
        .iter()
        .map(|index| {
            let row = data.row(*index).unwrap();
            pack_gf128_to_shard(&rsema1d::codec::compute_rlc(row, &coefficients))
        })
        .collect();
    let packed: Vec<&[u8]> = packed.iter().map(Vec::as_slice).collect();
    let small = Parameters::new(parameters.k, parameters.n, 64).unwrap();
    let original = reconstruct(&packed, &indices, &small).unwrap();
    (0..parameters.k)
        .map(|index| unpack_shard_to_gf128(original.row(index).unwrap()))
        .collect()
}
