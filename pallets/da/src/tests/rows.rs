//! Rows that are asked for, and what shows them: of coded blobs, and of such whose rows are all the same.

use crate::{mock::*, uniform, AskedRow, Call, SubmissionId};
use frame_support::assert_ok;
use noema_da_primitives::{Commitment, Content, RowProof, Shape};
use noema_traits::{Auditable, ProofFault};
use rsema1d::{encode_in_place, Parameters, RowMatrix};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

fn verify(item: &AskedRow, proof: &RowProof) -> Result<(), ProofFault> {
    <Da as Auditable<u64, u128>>::verify(item, proof)
}

fn check(item: &AskedRow, proof: &RowProof) -> Result<(), ProofFault> {
    <Da as Auditable<u64, u128>>::check(item, proof)
}

fn asked(provider: u64, target: u128) -> AskedRow {
    <Da as Auditable<u64, u128>>::item_at(&provider, 2, target).unwrap()
}

/// A blob with this commitment, available and closed.
fn closed(commitment: Commitment, size: u32) -> SubmissionId {
    let id = crate::NextSubmission::<Test>::get();
    let call = Call::submit {
        commitment,
        size,
        content: Content::Plain,
        namespace: SPACE,
        days: 1,
        max_fee: AMPLE,
    };
    assert_ok!(dispatch(ALICE, call));
    next_blocks(2);
    assert_ok!(attest(id, &[0, 1, 2]));
    to_round(2);
    id
}

#[test]
fn rows_of_a_coded_blob_are_shown_and_no_other_is_taken() {
    build_and_execute(|| {
        seat(&STAKES);
        let shape = Shape::of(60_000).unwrap();
        let (original, rows) = (usize::from(shape.original()), usize::from(shape.rows()));
        let bytes = shape.row_bytes() as usize;
        let mut matrix = RowMatrix::zeroed(rows, bytes).unwrap();
        for (place, byte) in matrix.as_row_major_mut()[..original * bytes]
            .iter_mut()
            .enumerate()
        {
            *byte = (place * 7 % 251) as u8;
        }
        let parameters = Parameters::new(original, rows - original, bytes).unwrap();
        let data = encode_in_place(matrix, &parameters).unwrap();
        closed(Commitment(data.commitment()), 60_000);
        let proof_of = |row: u16| {
            let proof = data.generate_row_inclusion_proof(row.into()).unwrap();
            RowProof {
                row: proof.row.to_vec().try_into().unwrap(),
                siblings: proof.row_proof.try_into().unwrap(),
                combinations_root: proof.rlc_root,
            }
        };
        for target in 0..40 {
            let item = asked(1, target * 1_000);
            let proof = proof_of(item.row);
            assert_eq!(
                (check(&item, &proof), verify(&item, &proof)),
                (Ok(()), Ok(()))
            );
            let other = proof_of(item.row ^ 1);
            assert_eq!(check(&item, &other), Ok(()));
            assert_eq!(verify(&item, &other), Err(ProofFault::WrongProof));
        }
        let item = asked(1, 0);
        let right = proof_of(item.row);
        let mut wrong = right.clone();
        wrong.row[0] ^= 1;
        assert_eq!(verify(&item, &wrong), Err(ProofFault::WrongProof));
        let mut wrong = right.clone();
        wrong.combinations_root[0] ^= 1;
        assert_eq!(verify(&item, &wrong), Err(ProofFault::WrongProof));
        let mut wrong = right.clone();
        wrong.siblings.pop();
        assert_eq!(check(&item, &wrong), Err(ProofFault::WrongLength));
        assert_eq!(verify(&item, &wrong), Err(ProofFault::WrongLength));
        let mut wrong = right;
        wrong.row.pop();
        assert_eq!(check(&item, &wrong), Err(ProofFault::WrongLength));
    });
}

#[test]
fn any_row_of_a_uniform_blob_is_shown_by_the_same_proof() {
    build_and_execute(|| {
        seat(&STAKES);
        let size = 5 << 20;
        closed(uniform::commitment(&Shape::of(size.into()).unwrap()), size);
        for target in [0, 4_999_999, 5 << 19] {
            let item = asked(2, target);
            assert_eq!(verify(&item, &uniform::answer_for(&item)), Ok(()));
        }
    });
}

/// What the benchmarks of the audits draw from.
#[cfg(feature = "runtime-benchmarks")]
#[test]
fn filled_provider_can_be_asked_for_every_item_and_answers() {
    new_test_ext().execute_with(|| {
        RoundNow::put(100);
        <Da as Auditable<u64, u128>>::fill(&7, 200);
        for round in [100, 101, 117] {
            let population = <Da as Auditable<u64, u128>>::population(&7, round);
            assert_eq!(population.units, 200 * 4_096 * 32_832);
            for part in [0, 1, 77, 199] {
                let target = population.units / 200 * part;
                let item = <Da as Auditable<u64, u128>>::item_at(&7, round, target).unwrap();
                let proof = <Da as Auditable<u64, u128>>::answer_for(&item);
                assert_eq!(verify(&item, &proof), Ok(()));
            }
        }
    });
}
