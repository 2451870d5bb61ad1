//! What misses cost.

use crate::{mock::*, Event, Level};
use noema_traits::{AuditFreeze, ReturnGate, Role};
use sp_runtime::Perbill;

/// Two files of a GiB, a token of collateral for each.
fn scene() {
    to_calm();
    give(1, &[1 << 22, 1 << 22]);
}

fn last_miss() -> (u32, Level, Balance, Balance) {
    let found = take_events().into_iter().find_map(|event| match event {
        Event::RoundMissed {
            points,
            level,
            slashed,
            reward,
            ..
        } => Some((points, level, slashed, reward)),
        _ => None,
    });
    found.expect("a round was missed")
}

#[test]
fn misses_in_a_row_climb_the_ladder_and_the_fourth_drops() {
    build_and_execute(&[1], || {
        scene();
        let collateral = 2 * (COLLATERAL << 22);
        let fee = MissFee::get();
        let mut bond = BOND;
        let levels = [
            (Level::First, 0),
            (Level::Second, 1),
            (Level::Third, 4),
            (Level::Drop, 10),
        ];
        for (misses, (level, percent)) in (1u32..).zip(levels) {
            assert!(!record(1).is_dropping());
            to_open();
            to_close();
            take_events();
            poke(1).unwrap();
            let taken = fee + collateral * percent / 100;
            assert_eq!(last_miss(), (24 * misses, level, taken, fee / 5));
            bond -= taken;
            assert_eq!(Registry::funds(1).bond, bond);
        }
        assert!(record(1).is_dropping());
        assert_eq!(record(1).points, 72);
    });
}

#[test]
fn drop_jails_forgets_and_hands_over_what_was_taken() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 3);
        let collateral = 2 * (COLLATERAL << 22);
        let taken = 4 * MissFee::get() + collateral / 100 + collateral * 4 / 100 + collateral / 10;
        to_open();
        // Written down, in part answered.
        let answers = right(1);
        answer(1, round(), &answers[..1]).unwrap();
        let missed = round();
        to_close();
        take_events();
        poke(1).unwrap();
        let now = System::block_number();
        assert!(take_events().contains(&Event::DropBegan {
            provider: 1,
            round: missed,
            taken
        }));
        assert_eq!(Drops::get(1), Some(taken));
        assert_eq!((written(1), record(1).taken), (None, 0));
        let funds = Registry::funds(1);
        assert_eq!((funds.active, funds.jailed_until), (false, now + 30));
        assert!(Audits::is_dropping(&1));
        assert!(!Audits::may_return(Role::Storage, &1));
        assert!(
            Audits::may_return(Role::Compute, &1),
            "another role has nothing to do with it"
        );
        assert!(Audits::may_return(Role::Storage, &2));
        assert!(RowAudits::may_return(Role::Storage, &1));
    });
}

#[test]
fn pass_takes_a_point_and_no_more() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 1);
        for left in (0..24).rev() {
            to_open();
            answer_all(1);
            assert_eq!(record(1).points, left);
        }
        to_open();
        answer_all(1);
        assert_eq!(record(1).points, 0);
    });
}

#[test]
fn episode_sums_what_is_taken_of_its_own_until_points_are_gone() {
    build_and_execute(&[1], || {
        scene();
        let collateral = 2 * (COLLATERAL << 22);
        miss(1, 2);
        let taken = 2 * MissFee::get() + collateral / 100;
        assert_eq!(record(1).taken, taken);
        for _ in 0..47 {
            to_open();
            answer_all(1);
        }
        assert_eq!((record(1).points, record(1).taken), (1, taken));
        to_open();
        answer_all(1);
        assert_eq!((record(1).points, record(1).taken), (0, 0));
        miss(1, 1);
        assert_eq!(record(1).taken, MissFee::get());
    });
}

#[test]
fn slash_takes_own_first_and_delegators_are_no_part_of_rewards_and_episodes() {
    build_and_execute(&[], || {
        let fee = MissFee::get();
        Registry::register(1, fee / 2, 10 * fee);
        scene();
        to_open();
        to_close();
        poke(1).unwrap();
        // Half of the fee was its own, half its delegators'.
        assert_eq!(Rewards::get(POKER), fee / 2 / 5);
        assert_eq!(record(1).taken, fee / 2);
        let funds = Registry::funds(1);
        assert_eq!((funds.bond, funds.delegated), (0, 10 * fee - fee / 2));
        // With nothing of its own left there is nothing to count collateral by, and no reward.
        miss(1, 1);
        assert_eq!(Rewards::get(POKER), fee / 2 / 5);
        assert_eq!(record(1).taken, fee / 2);
        assert_eq!(Registry::funds(1).delegated, 9 * fee - fee / 2);
    });
}

#[test]
fn slash_reaches_what_is_unbonding() {
    build_and_execute(&[1], || {
        scene();
        FundsOf::mutate(1, |funds| {
            let funds = funds.as_mut().unwrap();
            funds.unbonding = vec![funds.bond - 10];
            funds.bond = 10;
        });
        miss(1, 1);
        let funds = Registry::funds(1);
        assert_eq!((funds.bond, funds.unbonding[0]), (0, BOND - MissFee::get()));
        assert_eq!(record(1).taken, MissFee::get());
    });
}

#[test]
fn percentages_are_of_what_is_held_and_not_of_the_bond() {
    build_and_execute(&[], || {
        Registry::register(1, 1_000_000 * NOEMA, 0);
        scene();
        miss(1, 1);
        to_open();
        to_close();
        take_events();
        poke(1).unwrap();
        let collateral = 2 * (COLLATERAL << 22);
        assert_eq!(last_miss().2, MissFee::get() + collateral / 100);
    });
}

#[test]
fn percentages_are_of_the_stake_when_that_is_less_than_what_is_held_asks_for() {
    build_and_execute(&[], || {
        Registry::register(1, NOEMA, 0);
        scene();
        miss(1, 1);
        to_open();
        to_close();
        take_events();
        poke(1).unwrap();
        let left = NOEMA - MissFee::get();
        assert_eq!(
            last_miss().2,
            MissFee::get() + Perbill::from_percent(1).mul_floor(left)
        );
    });
}

#[test]
fn percentages_are_not_made_smaller_by_unbonding() {
    build_and_execute(&[], || {
        Registry::register(1, NOEMA, 0);
        scene();
        miss(1, 1);
        let left = NOEMA - MissFee::get();
        FundsOf::mutate(1, |funds| {
            let funds = funds.as_mut().unwrap();
            funds.unbonding = vec![left - 10];
            funds.bond = 10;
        });
        to_open();
        to_close();
        take_events();
        poke(1).unwrap();
        let part = Perbill::from_percent(1).mul_floor(left);
        assert_eq!(last_miss().2, MissFee::get() + part);
    });
}

#[test]
fn who_has_left_cannot_be_slashed_and_is_struck_and_dropped_nevertheless() {
    build_and_execute(&[1], || {
        scene();
        to_open();
        Registry::leave(1);
        for misses in 1..=4u32 {
            to_close();
            take_events();
            poke(1).unwrap();
            let (points, _, slashed, reward) = last_miss();
            assert_eq!((points, slashed, reward), (24 * misses, 0, 0));
            to_open();
        }
        assert!(Audits::is_dropping(&1));
        assert_eq!(Drops::get(1), Some(0));
        assert_eq!(Wages::totals(1).paid, 0);
    });
}

#[test]
fn points_stay_with_who_leaves_and_comes_back() {
    build_and_execute(&[1], || {
        scene();
        miss(1, 2);
        while Replicas::remove(1, 0).is_ok() {}
        to_close();
        let _ = poke(1);
        Registry::leave(1);
        pass_rounds(30);
        to_calm();
        Registry::register(1, BOND, 0);
        give(1, &[1 << 22]);
        assert_eq!(record(1).points, 48);
        miss(1, 1);
        assert_eq!(record(1).points, 72);
    });
}

#[test]
fn no_fee_is_no_slash_and_no_reward() {
    build_and_execute(&[1], || {
        MissFee::set(0);
        scene();
        miss(1, 1);
        assert_eq!(Registry::funds(1).bond, BOND);
        assert_eq!((record(1).points, record(1).taken), (24, 0));
    });
}
