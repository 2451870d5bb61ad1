//! Members of bundles.

use crate::{mock::*, Call, Error, Event, Heights, Log, MemberEnds, Members};
use frame_support::{assert_noop, assert_ok};
use noema_da_primitives::{MemberProof, Namespace};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];
const SIGNERS: [u8; 3] = [0, 1, 2];
const OTHER: Namespace = Namespace([8; 28]);

#[test]
fn member_is_recorded_under_its_own_payer_namespace_and_window() {
    build_and_execute(|| {
        seat(&STAKES);
        let front = bundle(&[1_000, 50_000, 0, 77]);
        let id = available_bundle(&front, 3, &SIGNERS);
        let proof = front.prover().prove(1).unwrap();
        let fee = record_of(id).fee;
        let before = (wealth(ALICE), wealth(BOB));
        let share = (fee * 50_000 * 2).div_ceil(u128::from(front.size()) * 3);
        let namespace = Da::namespace_fee(&OTHER).unwrap();
        take_events();
        assert_ok!(dispatch(BOB, member_call(id, proof.clone(), OTHER, 2)));
        assert_eq!(wealth(ALICE), before.0 + share);
        assert_eq!(wealth(BOB), before.1 - share - namespace);
        assert!(held(BOB) > 0);
        let height = System::block_number();
        assert!(take_events().contains(&Event::MemberRecorded {
            submission: id,
            member: 1,
            id: proof.id,
            payer: BOB,
            namespace: OTHER,
            index: 0,
            height,
            until: 9,
            fee: share,
        }));
        let page = Da::entries_of(&OTHER, 0, 10);
        assert_eq!((page.entries.len(), page.next, page.end), (1, 1, 1));
        let member = page.entries[0].member.as_ref().unwrap();
        assert_eq!(
            (member.offset, member.size, member.until),
            (proof.offset, 50_000, 9)
        );
        // It goes with its own window, the bundle stays.
        to_round(10);
        assert_eq!((Members::<Test>::iter().count(), held(BOB)), (0, 0));
        assert_eq!(
            Log::<Test>::iter_prefix(OTHER).count() + Heights::<Test>::iter_prefix(OTHER).count(),
            0
        );
        assert_eq!(MemberEnds::<Test>::iter().count(), 0);
        record_of(id);
        // And may be bought anew, for what is left.
        assert_ok!(dispatch(BOB, member_call(id, proof, OTHER, 1)));
        assert_eq!(Members::<Test>::get(OTHER, 1).unwrap().until, 13);
        to_round(14);
    });
}

#[test]
fn member_refuses_what_cannot_be() {
    build_and_execute(|| {
        seat(&STAKES);
        let front = bundle(&[1_000, 50_000, 0, 77]);
        let proof = |index| front.prover().prove(index).unwrap();
        let refused = |call, error: Error<Test>| {
            assert_noop!(dispatch(BOB, call).map_err(|e| e.error), error);
        };
        refused(
            member_call(9, proof(0), OTHER, 1),
            Error::<Test>::UnknownSubmission,
        );
        let plain = available(1, 100, 2, &SIGNERS);
        refused(
            member_call(plain, proof(0), OTHER, 1),
            Error::<Test>::NotABundle,
        );
        let waiting = crate::NextSubmission::<Test>::get();
        assert_ok!(dispatch(
            ALICE,
            Call::submit {
                commitment: commitment(2),
                size: front.size(),
                content: noema_da_primitives::Content::Bundle(*front.header()),
                namespace: SPACE,
                days: 2,
                max_fee: AMPLE,
            }
        ));
        refused(
            member_call(waiting, proof(0), OTHER, 1),
            Error::<Test>::NotAvailable,
        );
        let id = available_bundle(&front, 2, &SIGNERS);
        refused(
            member_call(id, proof(0), OTHER, 0),
            Error::<Test>::BadWindow,
        );
        refused(
            member_call(id, proof(0), OTHER, 14),
            Error::<Test>::BadWindow,
        );
        refused(
            member_call(id, proof(0), OTHER, 3),
            Error::<Test>::OutlastsBundle,
        );
        let dear = Call::submit_member {
            submission: id,
            proof: proof(1),
            namespace: OTHER,
            days: 1,
            max_fee: 10,
        };
        refused(dear, Error::<Test>::FeeAboveMaximum);
        let changes: [fn(&mut MemberProof); 8] = [
            |proof| proof.index = 0,
            |proof| proof.index = 4,
            |proof| proof.offset += 1,
            |proof| proof.offset = u32::MAX,
            |proof| proof.size -= 1,
            |proof| proof.id.0[0] ^= 1,
            |proof| proof.siblings.truncate(1),
            |proof| proof.siblings[0][0] ^= 1,
        ];
        for change in changes {
            let mut wrong = proof(1);
            change(&mut wrong);
            refused(
                member_call(id, wrong, OTHER, 1),
                Error::<Test>::BadMemberProof,
            );
        }
        assert_noop!(
            dispatch(NOBODY, member_call(id, proof(1), OTHER, 1)).map_err(|e| e.error),
            Error::<Test>::InsufficientFunds
        );
        to_round(6);
        // The second day runs: one is left.
        refused(
            member_call(id, proof(1), OTHER, 2),
            Error::<Test>::OutlastsBundle,
        );
        assert_ok!(dispatch(BOB, member_call(id, proof(1), OTHER, 1)));
        to_round(9);
        RoundNow::put(10);
        refused(
            member_call(id, proof(0), OTHER, 1),
            Error::<Test>::NotAvailable,
        );
        next_blocks(20);
        refused(
            member_call(id, proof(0), OTHER, 1),
            Error::<Test>::UnknownSubmission,
        );
    });
}

#[test]
fn gateway_records_its_own_member_for_the_deposit_alone() {
    build_and_execute(|| {
        seat(&STAKES);
        let front = bundle(&[1_000, 50_000]);
        let id = available_bundle(&front, 2, &SIGNERS);
        let before = wealth(ALICE);
        assert_ok!(dispatch(
            ALICE,
            member_call(id, front.prover().prove(0).unwrap(), SPACE, 1)
        ));
        assert_eq!(wealth(ALICE), before);
        // In one order with blobs.
        let order: Vec<_> = (0..2)
            .map(|index| Log::<Test>::get(SPACE, index).unwrap().member)
            .collect();
        assert_eq!(order, [None, Some(0)]);
    });
}

#[test]
fn expire_member_by_anyone_when_its_window_is_over() {
    build_and_execute(|| {
        seat(&STAKES);
        let front = bundle(&[1_000, 50_000]);
        let id = available_bundle(&front, 2, &SIGNERS);
        assert_ok!(dispatch(
            BOB,
            member_call(id, front.prover().prove(0).unwrap(), SPACE, 1)
        ));
        let call = || Call::expire_member {
            namespace: SPACE,
            index: 1,
        };
        assert_noop!(
            dispatch(ALICE, call()).map_err(|e| e.error),
            Error::<Test>::NotOver
        );
        to_round(5);
        RoundNow::put(6);
        next_block_with(frame_support::weights::Weight::zero());
        assert_ok!(dispatch(ALICE, call()));
        assert_eq!(held(BOB), 0);
        assert_noop!(
            dispatch(ALICE, call()).map_err(|e| e.error),
            Error::<Test>::UnknownMember
        );
        // Recorded anew before the agenda came to the old one: it has a place of its own, and stays.
        assert_ok!(dispatch(
            BOB,
            member_call(id, front.prover().prove(0).unwrap(), SPACE, 1)
        ));
        next_block();
        assert!(Members::<Test>::contains_key(SPACE, 2));
    });
}

#[test]
fn nobody_keeps_a_member_from_its_owner_by_recording_it_first() {
    build_and_execute(|| {
        seat(&STAKES);
        let front = bundle(&[1_000, 50_000]);
        let id = available_bundle(&front, 2, &SIGNERS);
        let proof = || front.prover().prove(1).unwrap();
        // With another namespace and a shorter window.
        assert_ok!(dispatch(BOB, member_call(id, proof(), OTHER, 1)));
        let deposit = held(BOB);
        assert_ok!(dispatch(ALICE, member_call(id, proof(), SPACE, 2)));
        assert_ok!(dispatch(BOB, member_call(id, proof(), OTHER, 2)));
        assert_eq!(held(BOB), 2 * deposit);
        let places: Vec<_> = Da::entries_of(&OTHER, 0, 10).entries;
        let found: Vec<_> = places
            .iter()
            .map(|entry| (entry.index, entry.member.as_ref().unwrap().until))
            .collect();
        assert_eq!(found, [(0, 5), (1, 9)]);
        assert_eq!(
            Da::entries_of(&SPACE, 0, 10)
                .entries
                .last()
                .unwrap()
                .member
                .as_ref()
                .unwrap()
                .payer,
            ALICE
        );
        // Each goes by itself.
        to_round(6);
        assert_eq!((held(BOB), Members::<Test>::iter().count()), (deposit, 2));
        to_round(10);
        assert_eq!((held(BOB), Members::<Test>::iter().count()), (0, 0));
    });
}
