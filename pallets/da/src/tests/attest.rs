//! Attestations: who must sign what, late seats, and what becomes of the fee.

use crate::{
    lists::List, mock::*, records::State, Books, Committees, Error, Event, Log, StoredBytes, RULES,
};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use noema_da_primitives::{Attestation, Content, RowSeed, Shape, SizeClass};
use noema_traits::DataAvailability;

/// 2/3 of 900 are 600.
const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

#[test]
fn attest_by_two_thirds_makes_it_available_for_free() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 1 << 20, 3);
        let fee = record_of(id).fee;
        let fund = wealth(FUND);
        take_events();
        let done = attest(id, &[1, 2, 4]).unwrap();
        assert_eq!(done.pays_fee, Pays::No);
        let height = System::block_number();
        let State::Available {
            bits: set,
            index: 0,
            height: at,
        } = record_of(id).state
        else {
            panic!("it is available")
        };
        assert_eq!((set, at), (bits(&[1, 2, 4]), height));
        assert!(take_events().contains(&Event::Available {
            submission: id,
            namespace: SPACE,
            index: 0,
            height,
            until: 13,
            bits: set,
        }));
        // 12 rounds; what does not divide goes to the fund.
        let book = book_of(0);
        let sums = book.list(List::Until(3).index().unwrap()).unwrap();
        assert_eq!(sums.pay, fee / 12);
        assert_eq!(sums.units, 256 * 4_160);
        assert_eq!(wealth(FUND) - fund, fee % 12);
        assert_eq!(pot(), fee / 12 * 12);
        let stored = Shape::of(1 << 20).unwrap().stored_bytes();
        assert_eq!(StoredBytes::<Test>::get(), stored.into());
        assert_eq!(Da::available_until(&[1; 32], 1 << 20), Some(13));
        assert_eq!(Da::available_until(&[1; 32], 1 << 19), None);
        // The three are on record, and nobody else.
        for (provider, enlisted) in [(1, false), (2, true), (3, true), (4, false), (5, true)] {
            assert_eq!(Enlisted::contains_key(provider), enlisted);
        }
    });
}

#[test]
fn attest_refuses_less_than_two_thirds_of_the_stake() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 100, 1);
        for few in [&[0u8, 1, 3][..], &[2, 1], &[0, 2, 4]] {
            assert_noop!(
                attest(id, few).map_err(|e| e.error),
                Error::<Test>::TooLittleStake
            );
        }
        assert_ok!(attest(id, &[0, 1, 2]));
    });
}

#[test]
fn attest_refuses_every_other_message() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 1 << 20, 3);
        let other = seeded(2, 1 << 20, 3);
        let record = record_of(id);
        let committee = Da::committee(0).unwrap();
        let right = Attestation {
            genesis: Da::genesis(),
            pallet: 65,
            rules: RULES,
            submission: id,
            commitment: commitment(1),
            class: SizeClass::Medium,
            size: 1 << 20,
            content: Content::Plain,
            era: 0,
            committee: committee.id,
            seed: RowSeed(Seeds::of(
                crate::Batches::<Test>::get(record.batch).unwrap().block + 2,
            )),
        };
        let seats = [0u8, 1, 2];
        let refused = |message: &[u8]| {
            let signature = sign_together(&[1, 2, 3], message);
            assert_noop!(
                attest_with(id, &seats, signature).map_err(|e| e.error),
                Error::<Test>::BadSignature
            );
        };
        let change = |change: fn(&mut Attestation)| {
            let mut wrong = right;
            change(&mut wrong);
            wrong.signing_bytes()
        };
        refused(&change(|m| m.genesis[0] ^= 1));
        refused(&change(|m| m.pallet = 66));
        refused(&change(|m| m.rules += 1));
        refused(&change(|m| m.submission += 1));
        refused(&change(|m| m.commitment.0[31] ^= 1));
        refused(&change(|m| m.size += 1));
        refused(&change(|m| m.era += 1));
        refused(&change(|m| m.committee.0[0] ^= 1));
        refused(&change(|m| m.seed.0[0] ^= 1));
        refused(b"");
        // By other seats, by more, by fewer; of the other submission; no point at all.
        let message = right.signing_bytes();
        for keys in [&[1u64, 2, 4][..], &[1, 2], &[1, 2, 3, 4], &[1, 1, 2, 3]] {
            let signature = sign_together(keys, &message);
            assert_noop!(
                attest_with(id, &seats, signature).map_err(|e| e.error),
                Error::<Test>::BadSignature
            );
        }
        for signature in [signature(other, &seats), [0; 96], [0xff; 96]] {
            assert_noop!(
                attest_with(id, &seats, signature).map_err(|e| e.error),
                Error::<Test>::BadSignature
            );
        }
        assert_ok!(attest_with(id, &seats, sign_together(&[1, 2, 3], &message)));
    });
}

#[test]
fn attest_refuses_what_is_not_due() {
    build_and_execute(|| {
        seat(&STAKES);
        let refused = |id, seats: &[u8], error: Error<Test>| {
            assert_noop!(attest_with(id, seats, [1; 96]).map_err(|e| e.error), error);
        };
        refused(7, &[0, 1, 2], Error::<Test>::UnknownSubmission);
        let id = submit(ALICE, 1, 100, 1);
        refused(id, &[0, 1, 2], Error::<Test>::SeedNotDrawn);
        next_blocks(2);
        refused(id, &[], Error::<Test>::NoBits);
        refused(id, &[0, 1, 2, 5], Error::<Test>::UnknownSeat);
        refused(id, &[99], Error::<Test>::UnknownSeat);
        assert_ok!(attest(id, &[0, 1, 2]));
        refused(id, &[2], Error::<Test>::AlreadyAttested);
        refused(id, &[2, 3], Error::<Test>::AlreadyAttested);
        let signed = signature(id, &[3]);
        TickNow::put(record_of(id).deadline);
        assert_noop!(
            attest_with(id, &[3], signed).map_err(|e| e.error),
            Error::<Test>::TooLate
        );
    });
}

#[test]
fn attest_refuses_bits_of_seats_above_the_largest_committee() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 100, 1);
        let mut bytes = bits(&[0, 1, 2]).to_bytes();
        bytes[12] = 0xf0;
        let call = crate::Call::attest {
            submission: id,
            bits: crate::SeatBits::from_bytes(bytes),
            signature: signature(id, &[0, 1, 2]),
        };
        assert_noop!(
            dispatch(BOB, call).map_err(|e| e.error),
            Error::<Test>::UnknownSeat
        );
    });
}

#[test]
fn late_seats_pay_and_are_entries_of_their_own() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 1 << 20, 1, &[0, 1, 2]);
        let pay = book_of(0).lists[0].pay;
        take_events();
        let done = attest(id, &[4]).unwrap();
        assert_eq!(done.pays_fee, Pays::Yes);
        assert_ok!(attest(id, &[3]));
        assert!(take_events().contains(&Event::BitsAdded {
            submission: id,
            bits: bits(&[4])
        }));
        let State::Available { bits: set, .. } = record_of(id).state else {
            panic!("it is available")
        };
        assert_eq!(set, bits(&[0, 1, 2, 3, 4]));
        let book = book_of(0);
        assert_eq!((book.lists[0].entries, book.lists[0].pay), (3, pay));
        assert_eq!(book.lists[0].units, 256 * 4_160);
        assert_eq!(book.seats, 5);
    });
}

#[test]
fn bits_come_in_the_round_after_the_era_and_no_later() {
    build_and_execute(|| {
        AttestTicks::set(1_000);
        seat(&STAKES);
        let id = available(1, 100, 1, &[0, 1, 2]);
        next_round();
        assert_ok!(attest(id, &[3]));
        let signed = signature(id, &[4]);
        next_round();
        assert!(TickNow::get() < record_of(id).deadline);
        assert_noop!(
            attest_with(id, &[4], signed).map_err(|e| e.error),
            Error::<Test>::TooLate
        );
    });
}

#[test]
fn seats_are_enlisted_once_in_an_era() {
    build_and_execute(|| {
        seat(&STAKES);
        available(1, 100, 1, &[0, 1, 2]);
        assert_eq!(
            Committees::<Test>::get(0).unwrap().enlisted,
            bits(&[0, 1, 2])
        );
        Enlisted::remove(1);
        let second = available(2, 100, 1, &[0, 1, 2]);
        assert!(!Enlisted::contains_key(1), "it is not asked again");
        assert_ok!(attest(second, &[3]));
        assert!(Enlisted::contains_key(4));
        assert_eq!(book_of(0).seats, 4);
        Enlisted::insert(1, 0);
    });
}

#[test]
fn seats_that_lose_everything_are_not_taken() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 100, 1, &[0, 1, 2]);
        // One with a bit of this era, and one without.
        Audits::begin_drop(1);
        Audits::begin_drop(4);
        assert_noop!(
            attest(id, &[3]).map_err(|e| e.error),
            Error::<Test>::SeatDropped
        );
        next_blocks(2);
        assert!(!Dropping::contains_key(1) && !Dropping::contains_key(4));
        let second = seeded(2, 100, 1);
        assert_noop!(
            attest(second, &[0, 1, 2]).map_err(|e| e.error),
            Error::<Test>::SeatDropped
        );
        // Who lost nothing of this era may come back to it.
        assert_ok!(attest(second, &[1, 2, 3]));
        assert_eq!(Books::<Test>::get(0).unwrap().gone, bits(&[0]));
    });
}

#[test]
fn numbers_follow_the_order_of_availability() {
    build_and_execute(|| {
        seat(&STAKES);
        let ids: Vec<_> = (1..=3)
            .map(|number| submit(ALICE, number, 100, 1))
            .collect();
        next_blocks(2);
        assert_ok!(attest(ids[2], &[0, 1, 2]));
        assert_ok!(attest(ids[0], &[0, 1, 2]));
        next_block();
        assert_ok!(attest(ids[1], &[0, 1, 2]));
        let order: Vec<_> = (0..3)
            .map(|index| Log::<Test>::get(SPACE, index).unwrap().submission)
            .collect();
        assert_eq!(order, [ids[2], ids[0], ids[1]]);
        let height = System::block_number();
        let page = Da::entries_at(&SPACE, height - 1, 0, 10);
        assert_eq!(
            page.entries.iter().map(|one| one.index).collect::<Vec<_>>(),
            [0, 1]
        );
        let page = Da::entries_at(&SPACE, height, 0, 10);
        assert_eq!(
            page.entries.iter().map(|one| one.index).collect::<Vec<_>>(),
            [2]
        );
        assert!(Da::entries_at(&SPACE, height + 1, 0, 10).entries.is_empty());
    });
}
