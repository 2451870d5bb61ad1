//! Submissions: what they cost, what they must be, row seeds, refunds.

use crate::{
    mock::*,
    records::{SeedState, State},
    BalanceOf, Batches, Call, Charge, Error, Event, InFlight, NextSubmission, Submissions,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use noema_da_primitives::{BundleHeader, Content, Namespace, RowSeed, Shape, MAX_BLOB_SIZE};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

fn charge(size: u32, days: u8) -> Charge<BalanceOf<Test>> {
    Da::charge(&Shape::of(size.into()).unwrap(), &SPACE, days).unwrap()
}

#[test]
fn submit_pays_what_the_quote_says_and_holds_it() {
    build_and_execute(|| {
        seat(&STAKES);
        let before = wealth(ALICE);
        let quote = Da::quote(1 << 20, &SPACE, 3).unwrap();
        let charge = charge(1 << 20, 3);
        // 1 MiB: R = 4,160, K = 256; 12 rounds at a million units per GiB, and ten times that since nothing else is stored... at the price in force.
        let price = Da::per_gib(&Da::price()).unwrap();
        let stored = 1_024 * 4_160 + 100 * 16 * 256u128;
        assert_eq!(charge.fee, (price * stored * 12).div_ceil(1 << 30));
        assert_eq!(quote.total, charge.base + charge.fee + charge.namespace);
        assert!(charge.namespace > 0);
        let id = submit(ALICE, 1, 1 << 20, 3);
        assert_eq!(wealth(ALICE), before - quote.total);
        assert_eq!(held(ALICE), charge.deposit);
        assert_eq!(pot(), charge.base + charge.fee);
        assert_eq!(InFlight::<Test>::get(ALICE), 1 << 20);
        let record = record_of(id);
        assert_eq!(record.deadline, TickNow::get() + 20);
        // The namespace is there now.
        assert_eq!(Da::quote(1, &SPACE, 1).unwrap().namespace, 0);
        let events = take_events();
        assert!(events.iter().any(|event| matches!(
            event,
            Event::Submitted { submission: 0, payer: ALICE, fees, days: 3, era: 0, .. } if *fees == quote.total
        )));
    });
}

#[test]
fn base_fee_grows_with_the_class_and_not_within_it() {
    build_and_execute(|| {
        let base = |size: u32| Da::base_fee(&Shape::of(size.into()).unwrap()).unwrap();
        assert_eq!(base(0), base(512));
        assert_eq!(base(513), base(65_536));
        let classes = [512, 65_536, 4 << 20, 32 << 20, 128 << 20].map(base);
        assert!(classes.is_sorted() && classes[0] > RecordFee::get());
        assert!(classes[4] > 100 * classes[1]);
    });
}

#[test]
fn submit_refuses_what_cannot_be() {
    build_and_execute(|| {
        assert_noop!(
            dispatch(ALICE, submit_call(1, 1, 1)).map_err(|e| e.error),
            Error::<Test>::NoCommittee
        );
        seat(&STAKES);
        let refused = |call: Call<Test>, error: Error<Test>| {
            assert_noop!(dispatch(ALICE, call).map_err(|e| e.error), error);
        };
        refused(
            submit_call(1, MAX_BLOB_SIZE + 1, 1),
            Error::<Test>::BlobTooLarge,
        );
        refused(submit_call(1, u32::MAX, 1), Error::<Test>::BlobTooLarge);
        refused(submit_call(1, 1, 0), Error::<Test>::BadWindow);
        refused(submit_call(1, 1, 14), Error::<Test>::BadWindow);
        refused(submit_call(1, 1, u8::MAX), Error::<Test>::BadWindow);
        let with = |content, max_fee| Call::submit {
            commitment: commitment(1),
            size: 100,
            content,
            namespace: SPACE,
            days: 1,
            max_fee,
        };
        for count in [0, 3, u32::MAX] {
            let root = [1; 32];
            let content = Content::Bundle(BundleHeader { count, root });
            refused(with(content, AMPLE), Error::<Test>::BadBundle);
        }
        let total = Da::quote(100, &SPACE, 1).unwrap().total;
        refused(
            with(Content::Plain, total - 1),
            Error::<Test>::FeeAboveMaximum,
        );
        assert_noop!(
            dispatch(NOBODY, submit_call(1, 100, 1)).map_err(|e| e.error),
            Error::<Test>::InsufficientFunds
        );
        // Enough for the fees, and nothing for the deposit.
        assert_ok!(Balances::mint_into(&NOBODY, total + ED));
        assert_noop!(
            dispatch(NOBODY, submit_call(1, 100, 1)).map_err(|e| e.error),
            Error::<Test>::InsufficientDeposit
        );
        assert_ok!(dispatch(ALICE, with(Content::Plain, total)));
    });
}

#[test]
fn submit_of_one_payer_is_capped_until_it_lands() {
    build_and_execute(|| {
        seat(&STAKES);
        let first = submit(ALICE, 1, MAX_BLOB_SIZE, 1);
        submit(ALICE, 2, MAX_BLOB_SIZE, 1);
        assert_noop!(
            dispatch(ALICE, submit_call(3, 1, 1)).map_err(|e| e.error),
            Error::<Test>::TooMuchInFlight
        );
        assert_ok!(dispatch(BOB, submit_call(3, 1, 1)));
        next_blocks(2);
        assert_ok!(attest(first, &[0, 1, 2, 3]));
        assert_eq!(InFlight::<Test>::get(ALICE), u64::from(MAX_BLOB_SIZE));
        assert_ok!(dispatch(ALICE, submit_call(3, MAX_BLOB_SIZE, 1)));
    });
}

#[test]
fn row_seed_is_that_of_two_blocks_later_and_one_for_all_of_a_block() {
    build_and_execute(|| {
        seat(&STAKES);
        let first = submit(ALICE, 1, 1, 1);
        let second = submit(BOB, 2, 1_000, 1);
        let block = System::block_number();
        let base = charge(1, 1).base + charge(1_000, 1).base;
        let fund = wealth(FUND);
        next_block();
        let third = submit(ALICE, 3, 1, 1);
        assert_eq!(Da::seed_of(&record_of(first)), SeedState::Awaited);
        assert_eq!(wealth(FUND), fund);
        next_block();
        let seed = RowSeed(Seeds::of(block + 2));
        for id in [first, second] {
            assert_eq!(Da::seed_of(&record_of(id)), SeedState::Drawn(seed));
        }
        assert_eq!(Da::seed_of(&record_of(third)), SeedState::Awaited);
        assert_eq!(wealth(FUND), fund + base);
        let events = take_events();
        assert!(events.contains(&Event::RowSeedDrawn {
            first,
            count: 2,
            seed
        }));
    });
}

#[test]
fn row_seed_is_copied_late_while_it_is_remembered_and_no_other_is_taken() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = submit(ALICE, 1, 1, 1);
        let block = System::block_number();
        Seedless::insert(block + 2, ());
        // Full blocks: the hook does nothing.
        for _ in 0..100 {
            next_block_with(frame_support::weights::Weight::zero());
        }
        assert_eq!(Da::seed_of(&record_of(id)), SeedState::Awaited);
        // Nor is it refunded, though its time is over: nobody could have attested.
        assert!(TickNow::get() > record_of(id).deadline);
        next_block_with(frame_support::weights::Weight::from_parts(
            2_000_000_000,
            u64::MAX,
        ));
        let seed = RowSeed(Seeds::of(block + 3));
        assert_eq!(Da::seed_of(&record_of(id)), SeedState::Drawn(seed));
        next_block();
        assert!(
            Submissions::<Test>::get(id).is_none(),
            "then it is refunded"
        );
    });
}

#[test]
fn lost_seed_gives_everything_back() {
    build_and_execute(|| {
        seat(&STAKES);
        let before = (wealth(ALICE), wealth(TREASURY));
        let id = submit(ALICE, 1, 1 << 20, 2);
        let namespace = wealth(TREASURY) - before.1;
        let block = System::block_number();
        (block + 2..=block + 4).for_each(|block| Seedless::insert(block, ()));
        next_blocks(4);
        assert_eq!(Da::seed_of(&record_of(id)), SeedState::Awaited);
        assert_noop!(
            dispatch(BOB, Call::expire { submission: id }).map_err(|e| e.error),
            Error::<Test>::NotOver
        );
        next_block();
        let events = take_events();
        assert!(events.contains(&Event::RowSeedLost {
            first: id,
            count: 1
        }));
        assert!(Submissions::<Test>::get(id).is_none());
        assert_eq!(wealth(ALICE), before.0 - namespace, "the namespace stays");
        assert_eq!(
            (held(ALICE), pot(), InFlight::<Test>::get(ALICE)),
            (0, 0, 0)
        );
        assert_eq!(Batches::<Test>::iter().count(), 0);
    });
}

#[test]
fn lost_seed_behind_one_that_waits_is_refunded_by_whoever_asks_or_at_its_time() {
    build_and_execute(|| {
        seat(&STAKES);
        let waiting = submit(BOB, 1, 100, 1);
        next_blocks(3);
        let ids = [submit(ALICE, 2, 100, 1), submit(ALICE, 3, 100, 1)];
        let block = System::block_number();
        (block + 2..=block + 4).for_each(|block| Seedless::insert(block, ()));
        next_blocks(5);
        assert_eq!(Da::seed_of(&record_of(ids[0])), SeedState::Lost);
        assert_noop!(
            attest_with(ids[0], &[0, 1, 2], [1; 96]).map_err(|e| e.error),
            Error::<Test>::SeedLost
        );
        assert_ok!(dispatch(BOB, Call::expire { submission: ids[1] }));
        assert!(Submissions::<Test>::get(ids[1]).is_none());
        run_to_tick(record_of(waiting).deadline);
        assert!(Submissions::<Test>::get(ids[0]).is_none());
        assert_eq!(pot(), 0);
    });
}

#[test]
fn refund_without_quorum_keeps_the_base_fee() {
    build_and_execute(|| {
        seat(&STAKES);
        let charge = charge(1 << 20, 2);
        let before = wealth(ALICE);
        let id = seeded(1, 1 << 20, 2);
        let left = before - charge.base - charge.namespace;
        run_to_tick(record_of(id).deadline - 1);
        assert_eq!(record_of(id).state, State::Submitted);
        assert_noop!(
            dispatch(BOB, Call::expire { submission: id }).map_err(|e| e.error),
            Error::<Test>::NotOver
        );
        next_block();
        assert!(Submissions::<Test>::get(id).is_none());
        assert_eq!(wealth(ALICE), left);
        assert_eq!(
            (held(ALICE), pot(), InFlight::<Test>::get(ALICE)),
            (0, 0, 0)
        );
        assert!(take_events().contains(&Event::Refunded {
            submission: id,
            payer: ALICE,
            namespace: SPACE,
            amount: charge.fee,
        }));
        assert_noop!(
            attest_with(id, &[0], [0; 96]).map_err(|e| e.error),
            Error::<Test>::UnknownSubmission
        );
    });
}

#[test]
fn expire_refunds_for_whoever_does_not_wait() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 1 << 20, 2);
        let deadline = record_of(id).deadline;
        TickNow::put(deadline);
        assert_ok!(dispatch(BOB, Call::expire { submission: id }));
        assert!(Submissions::<Test>::get(id).is_none());
        assert_noop!(
            dispatch(BOB, Call::expire { submission: id }).map_err(|e| e.error),
            Error::<Test>::UnknownSubmission
        );
        next_block();
        assert_eq!(pot(), 0);
    });
}

#[test]
fn a_payer_that_cannot_receive_keeps_no_record_alive() {
    build_and_execute(|| {
        seat(&STAKES);
        // As much as it takes, and the existential deposit.
        let quote = Da::quote(1 << 20, &SPACE, 1).unwrap();
        let amount = quote.total + quote.deposit + ED;
        assert_ok!(Balances::mint_into(&NOBODY, amount));
        let id = submit(NOBODY, 1, 1 << 20, 1);
        run_to_tick(record_of(id).deadline);
        assert!(Submissions::<Test>::get(id).is_none());
        assert_eq!(wealth(NOBODY), amount - quote.base - quote.namespace);
        assert_eq!(NextSubmission::<Test>::get(), 1);
        let other = Namespace([9; 28]);
        assert!(Da::quote(1, &other, 1).unwrap().namespace > 0);
    });
}

#[test]
fn empty_blob_is_a_blob_as_any_other() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = submit(ALICE, 1, 0, 1);
        Da::do_try_state().unwrap();
        next_blocks(2);
        assert_ok!(attest(id, &[0, 1, 2]));
        assert!(!InFlight::<Test>::contains_key(ALICE));
    });
}
