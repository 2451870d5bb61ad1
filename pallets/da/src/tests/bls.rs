//! Signatures: what is accepted is what `blst` accepts, and nothing else.

use crate::{
    bls::{
        additions, aggregate_verifies, sum_of, verify_possession, KeyFault, SignatureBytes,
        SignatureFault, POSSESSION_SUITE, SIGNATURE_SUITE,
    },
    mock::*,
    CommitteeRecord, Seat, SeatBits,
};
use blst::{
    min_pk::{AggregatePublicKey, PublicKey, Signature},
    BLST_ERROR,
};
use frame_support::BoundedVec;
use noema_da_primitives::CommitteeId;
use proptest::prelude::*;

/// A committee of the first so many keys.
fn committee(seats: u64) -> CommitteeRecord<u64> {
    let seats: Vec<_> = (0..seats)
        .map(|number| {
            let key = key(number);
            Seat {
                provider: number,
                key,
                point: crate::bls::point_of(&key).unwrap(),
                stake: 1,
            }
        })
        .collect();
    CommitteeRecord {
        id: CommitteeId([0; 32]),
        sum: sum_of(seats.iter().map(|seat| &seat.point)).unwrap(),
        seats: BoundedVec::try_from(seats).unwrap(),
        enlisted: SeatBits::default(),
    }
}

fn bits(signers: &[u64]) -> SeatBits {
    let mut bits = SeatBits::default();
    signers.iter().for_each(|seat| bits.set(*seat as u8));
    bits
}

/// What `blst` says of a signature by the keys of these seats together.
fn blst_verifies(
    committee: &CommitteeRecord<u64>,
    signers: &SeatBits,
    message: &[u8],
    signature: &SignatureBytes,
) -> bool {
    let keys: Vec<_> = signers
        .iter()
        .filter_map(|seat| committee.seats.get(usize::from(seat)))
        .map(|seat| PublicKey::key_validate(&seat.key).unwrap())
        .collect();
    let refs: Vec<_> = keys.iter().collect();
    let Ok(sum) = AggregatePublicKey::aggregate(&refs, false) else {
        return false;
    };
    let Ok(signature) = Signature::sig_validate(signature, true) else {
        return false;
    };
    let verdict = signature.verify(
        true,
        message,
        SIGNATURE_SUITE,
        &[],
        &sum.to_public_key(),
        true,
    );
    verdict == BLST_ERROR::BLST_SUCCESS
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn signatures_of_any_seats_are_judged_as_blst_does(
        seats in 1u64..12,
        chosen in prop::collection::vec(any::<bool>(), 12),
        claimed in prop::collection::vec(any::<bool>(), 12),
        is_honest: bool,
        message in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let committee = committee(seats);
        let of = |chosen: &[bool]| (0..seats).filter(|seat| chosen[*seat as usize]).collect::<Vec<_>>();
        let signers = of(&chosen);
        prop_assume!(!signers.is_empty());
        let claimed = if is_honest { signers.clone() } else { of(&claimed) };
        let signature = sign_together(&signers, &message);
        let bits = bits(&claimed);
        let ours = aggregate_verifies(&committee, &bits, &message, &signature);
        prop_assert_eq!(ours.is_ok(), blst_verifies(&committee, &bits, &message, &signature));
        prop_assert_eq!(ours.is_ok(), claimed == signers);
    }

    #[test]
    fn altered_signatures_and_messages_are_refused_as_blst_does(place in 0usize..96, bit in 0u8..8, at in 0usize..40) {
        let committee = committee(5);
        let message = [7u8; 40];
        let bits = bits(&[0, 2, 3, 4]);
        let signature = sign_together(&[0, 2, 3, 4], &message);
        let mut altered = signature;
        altered[place] ^= 1 << bit;
        let mut other = message;
        other[at] ^= 1 << bit;
        for (message, signature) in [(message, altered), (other, signature)] {
            prop_assert!(aggregate_verifies(&committee, &bits, &message, &signature).is_err());
            prop_assert!(!blst_verifies(&committee, &bits, &message, &signature));
        }
    }

    #[test]
    fn any_bytes_are_judged_as_blst_does(bytes in prop::collection::vec(any::<u8>(), 96), flags in 0u8..8) {
        let committee = committee(3);
        let mut signature: SignatureBytes = bytes.clone().try_into().unwrap();
        signature[0] = signature[0] & 0x1f | flags << 5;
        prop_assert!(aggregate_verifies(&committee, &bits(&[1]), b"", &signature).is_err());
        let mut key: [u8; 48] = bytes[..48].try_into().unwrap();
        key[0] = key[0] & 0x1f | flags << 5;
        let ours = verify_possession(&key, &sign_together(&[1], b""), b"");
        prop_assert_eq!(ours == Err(KeyFault::NoKey), PublicKey::key_validate(&key).is_err());
    }
}

#[test]
fn points_that_are_none_are_refused() {
    let committee = committee(4);
    let good = sign_together(&[1], b"message");
    let verify = |signature: &SignatureBytes| {
        aggregate_verifies(&committee, &bits(&[1]), b"message", signature)
    };
    assert_eq!(verify(&good), Ok(()));
    // The neutral element.
    let mut neutral = [0; 96];
    neutral[0] = 0xc0;
    assert_eq!(verify(&neutral), Err(SignatureFault::NoSignature));
    // Without the flag of compression.
    let mut flagless = good;
    flagless[0] &= 0x7f;
    assert_eq!(verify(&flagless), Err(SignatureFault::NoSignature));
    // The negative of a signature.
    let mut negative = good;
    negative[0] ^= 0x20;
    assert_eq!(verify(&negative), Err(SignatureFault::WrongSignature));
    assert!(!blst_verifies(
        &committee,
        &bits(&[1]),
        b"message",
        &negative
    ));
    // A coordinate that is not below the field's order.
    let mut large = [0xff; 96];
    large[0] = 0x9f;
    assert_eq!(verify(&large), Err(SignatureFault::NoSignature));
}

/// Points of the curve that are not of the group: found by counting up a coordinate until it is one.
#[test]
fn points_outside_of_the_group_are_refused_as_blst_does() {
    let committee = committee(2);
    let mut found = 0;
    for number in 1u8..=60 {
        let mut signature = [0; 96];
        (signature[0], signature[95]) = (0x80, number);
        let mut key = [0; 48];
        (key[0], key[47]) = (0x80, number);
        let is_point = Signature::uncompress(&signature).is_ok();
        found += u32::from(is_point);
        assert!(Signature::sig_validate(&signature, true).is_err());
        assert_eq!(
            aggregate_verifies(&committee, &bits(&[0]), b"", &signature),
            Err(SignatureFault::NoSignature)
        );
        assert!(PublicKey::key_validate(&key).is_err());
        let proof = sign_together(&[1], b"");
        assert_eq!(verify_possession(&key, &proof, b""), Err(KeyFault::NoKey));
    }
    assert!(found > 10, "{found} of them are points of the curve");
}

#[test]
fn seats_that_are_none_are_refused() {
    let committee = committee(9);
    let all: Vec<_> = (0..9).collect();
    let signature = sign_together(&all, b"m");
    let mut signers = bits(&all);
    assert_eq!(
        aggregate_verifies(&committee, &signers, b"m", &signature),
        Ok(())
    );
    signers.set(9);
    assert_eq!(
        aggregate_verifies(&committee, &signers, b"m", &signature),
        Err(SignatureFault::WrongSeats)
    );
    assert_eq!(
        aggregate_verifies(&committee, &SeatBits::default(), b"m", &signature),
        Err(SignatureFault::WrongSeats)
    );
    let mut spare = bits(&all).to_bytes();
    spare[12] |= 0x80;
    assert_eq!(
        aggregate_verifies(&committee, &SeatBits::from_bytes(spare), b"m", &signature),
        Err(SignatureFault::WrongSeats)
    );
}

/// Two seats with one key, and a key and its negative: sums that are no key are refused, others are right.
#[test]
fn equal_and_opposite_keys_do_no_harm() {
    let mut committee = committee(3);
    let seats = committee.seats.as_mut();
    seats[1].key = seats[0].key;
    seats[1].point = seats[0].point;
    committee.sum = sum_of(committee.seats.iter().map(|seat| &seat.point)).unwrap();
    let one = sign(0, b"m");
    let twice = blst::min_pk::AggregateSignature::aggregate(&[&one, &one], true).unwrap();
    let twice = twice.to_signature().to_bytes();
    assert_eq!(
        aggregate_verifies(&committee, &bits(&[0, 1]), b"m", &twice),
        Ok(())
    );
    assert!(aggregate_verifies(&committee, &bits(&[0]), b"m", &twice).is_err());

    let mut negative = committee.seats[0].key;
    negative[0] ^= 0x20;
    committee.seats.as_mut()[1].point = crate::bls::point_of(&negative).unwrap();
    committee.sum = sum_of(committee.seats.iter().map(|seat| &seat.point)).unwrap();
    assert_eq!(
        aggregate_verifies(&committee, &bits(&[0, 1]), b"m", &twice),
        Err(SignatureFault::WrongSeats)
    );
}

/// Signatures of another suite, of which proofs of possession are one, are none.
#[test]
fn signature_under_another_suite_is_refused() {
    let committee = committee(2);
    let signature = secret(0).sign(b"m", POSSESSION_SUITE, &[]).to_bytes();
    assert_eq!(
        aggregate_verifies(&committee, &bits(&[0]), b"m", &signature),
        Err(SignatureFault::WrongSignature)
    );
    let proof = secret(0).sign(b"m", SIGNATURE_SUITE, &[]).to_bytes();
    assert_eq!(
        verify_possession(&key(0), &proof, b"m"),
        Err(KeyFault::NoPossession)
    );
    let proof = secret(0).sign(b"m", POSSESSION_SUITE, &[]).to_bytes();
    assert_eq!(
        verify_possession(&key(0), &proof, b"m"),
        Ok(crate::bls::point_of(&key(0)).unwrap())
    );
}

#[test]
fn additions_are_those_of_the_fewer() {
    assert_eq!(additions(67, 100), 33);
    assert_eq!(additions(100, 100), 0);
    assert_eq!(additions(1, 100), 1);
    assert_eq!(additions(50, 100), 50);
}

/// What benchmarks sign with is what `blst` takes.
#[test]
fn signatures_of_benchmarks_are_such() {
    let (key, _) = crate::signing::key_of(5);
    let signature = crate::signing::sign(5, SIGNATURE_SUITE, b"m");
    let key = PublicKey::key_validate(&key).unwrap();
    let signature = Signature::sig_validate(&signature, true).unwrap();
    let verdict = signature.verify(true, b"m", SIGNATURE_SUITE, &[], &key, true);
    assert_eq!(verdict, BLST_ERROR::BLST_SUCCESS);
}
