//! The price of a round.

use crate::{mock::*, Call, Error, Event, Price};
use frame_support::{assert_noop, assert_ok};
use noema_price::{next_multiplier, utilisation};
use sp_runtime::{traits::Dispatchable, DispatchError};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

#[test]
fn price_follows_use_by_a_sixteenth_a_round() {
    build_and_execute(|| {
        seat(&STAKES);
        // Two blobs of 128 MiB are 1.1 GB as they are stored, of a capacity of 1.2 GB.
        Capacity::put(1_200_000_000);
        for number in [1, 2] {
            available(number, 128 << 20, 13, &[0, 1, 2]);
        }
        next_round();
        let stored = crate::StoredBytes::<Test>::get();
        let used = utilisation(stored, 1_200_000_000 - stored);
        assert!(used > 900_000);
        for _ in 0..3 {
            let before = Price::<Test>::get().unwrap();
            take_events();
            RoundNow::mutate(|round| *round += 1);
            next_block();
            let after = Price::<Test>::get().unwrap();
            assert_eq!(after.multiplier, next_multiplier(before.multiplier, used));
            let price = Da::per_gib(&after).unwrap();
            let round = RoundNow::get();
            assert!(take_events().contains(&Event::PriceMoved { round, price }));
            next_blocks(11);
        }
    });
}

#[test]
fn price_is_the_same_for_the_whole_of_a_round() {
    build_and_execute(|| {
        seat(&STAKES);
        // Nobody has any capacity: all of it is used.
        Capacity::put(0);
        RoundNow::put(1);
        next_block();
        let now = Da::quote(1 << 20, &SPACE, 1).unwrap();
        next_blocks(15);
        assert_eq!(Da::quote(1 << 20, &SPACE, 1).unwrap(), now);
        RoundNow::put(2);
        assert_eq!(Da::quote(1 << 20, &SPACE, 1).unwrap(), now);
        next_block();
        assert!(Da::quote(1 << 20, &SPACE, 1).unwrap().fee > now.fee);
    });
}

#[test]
fn base_price_is_set_by_its_origin_within_bounds_for_the_next_round() {
    build_and_execute(|| {
        seat(&STAKES);
        let set = |price| RuntimeCall::from(Call::<Test>::set_base_price { price });
        assert_noop!(
            set(1_500_000).dispatch(signed(ALICE)).map_err(|e| e.error),
            DispatchError::BadOrigin
        );
        for price in [0, 499_999, 2_000_001, u128::MAX] {
            assert_noop!(
                set(price)
                    .dispatch(RuntimeOrigin::root())
                    .map_err(|e| e.error),
                Error::<Test>::PriceOutOfBounds
            );
        }
        let before = Da::parameters().price;
        assert_ok!(set(2_000_000).dispatch(RuntimeOrigin::root()));
        assert_eq!(Da::parameters().price, before);
        next_round();
        assert!(Da::parameters().price > before);
    });
}
