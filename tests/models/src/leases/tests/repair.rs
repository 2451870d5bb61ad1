//! Hand-over, drops, bounties.

use super::{
    pair::{ALL, DELEGATOR, REPORTER},
    town::{file, noema, GIB, NOEMA, P1, P2, P3},
};
use crate::leases::{Balance, Books, Error, Key, Model, Outcome, Sums, FUND, POT, TREASURY};

/// A lease of two replicas of a GiB each, which the first two providers earn from round 1 on.
fn two_replicas() -> (Model<Sums>, Key) {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 100);
    model.earn(key, 0, P1);
    model.earn(key, 1, P2);
    (model, key)
}

#[test]
fn a_leaving_provider_earns_until_its_replacement_does() {
    let (mut model, key) = two_replicas();
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    assert_eq!(model.round_with(P1, Outcome::Passed).paid, rent);
    model.resign(P1, key, 0).unwrap();
    assert_eq!(model.resign(P1, key, 0), Err(Error::HandOverRunning));
    assert_eq!(
        model.draw(key, 0, P1),
        Err(Error::PassedOver),
        "not by itself"
    );
    model.begin_round(0);
    model.hold(key, 0, P3);
    assert_eq!(
        model.settle_next(P1, Outcome::Passed).paid,
        rent,
        "proven is not yet auditable"
    );
    model.begin_round(0);
    model.mature(key, 0).unwrap();
    assert_eq!(
        model.settle_next(P1, Outcome::Passed).paid,
        rent,
        "the round in which it is replaced is its"
    );
    assert_eq!(model.books.next(P1), None);
    assert_eq!(model.round_with(P3, Outcome::Passed).paid, rent);
    assert_eq!(model.reserved(P1), 0);
    assert_eq!(model.broken(), None);
}

#[test]
fn a_leaving_provider_that_nobody_replaces_may_go_after_its_rounds() {
    let (mut model, key) = two_replicas();
    model.resign(P1, key, 0).unwrap();
    for _ in 0..model.parameters.hand_over_rounds {
        assert_eq!(model.resign(P1, key, 0), Err(Error::HandOverRunning));
        model.round_with(P1, Outcome::Passed);
    }
    model.resign(P1, key, 0).unwrap();
    assert_eq!(model.reserved(P1), 0);
    assert_eq!(model.resign(P1, key, 0), Err(Error::NotYours));
    assert_eq!(model.books.next(P1), None, "settled to the end");
}

#[test]
fn whoever_no_longer_covers_what_it_holds_hands_over_by_anybodys_call() {
    let (mut model, key) = two_replicas();
    let other = model.lease_for(1, file(2, 990 * GIB, 1), 50);
    model.earn(other, 0, P1);
    assert_eq!(model.hand_over(P1, key, 0), Err(Error::StillCovered));
    // Two misses take 1 %.
    for _ in 0..2 {
        model.round_with(P1, Outcome::Missed);
    }
    assert_eq!(model.hand_over(P2, key, 0), Err(Error::NotYours));
    assert_eq!(
        model.hand_over(P1, key, 0),
        Err(Error::CoverMayCome),
        "it may still bond more"
    );
    model.begin_round(0);
    model.hand_over(P1, key, 0).unwrap();
    assert_eq!(model.deals()[&key].slots[0].leaving.unwrap().provider, P1);
    assert!(
        model.round_with(P1, Outcome::Passed).due > 0,
        "and is paid meanwhile"
    );
}

/// Somebody delegates to a provider, waits until what that covers is used, and takes it back: it has a round to bond more, and loses no more than it is short of.
#[test]
fn whoever_loses_its_cover_loses_no_more_than_it_is_short_of() {
    let mut model = noema();
    let sizes = [300 * GIB, 300 * GIB, 300 * GIB];
    let keys: Vec<Key> = (0..)
        .zip(sizes)
        .map(|(number, size)| {
            let key = model.lease_for(1, file(number, size, 1), 40);
            model.earn(key, 0, P1);
            key
        })
        .collect();
    // What covers the last of them is gone, by whatever way.
    let (bond, stake) = (model.providers()[&P1].bond, model.providers()[&P1].stake);
    let short = |model: &mut Model<Sums>| {
        let record = model.providers.get_mut(&P1).unwrap();
        record.bond = 700 * NOEMA;
        record.stake = 0;
        model.note_cover();
    };
    short(&mut model);
    for key in &keys {
        assert_eq!(model.hand_over(P1, *key, 0), Err(Error::CoverMayCome));
    }
    // It bonds more, and the time begins anew when that is gone.
    let record = model.providers.get_mut(&P1).unwrap();
    (record.bond, record.stake) = (bond, stake);
    model.begin_round(0);
    assert_eq!(model.hand_over(P1, keys[0], 0), Err(Error::StillCovered));
    short(&mut model);
    assert_eq!(model.hand_over(P1, keys[0], 0), Err(Error::CoverMayCome));
    model.begin_round(0);
    model.hand_over(P1, keys[0], 0).unwrap();
    for key in &keys[1..] {
        assert_eq!(model.hand_over(P1, *key, 0), Err(Error::StillCovered));
    }
}

#[test]
fn a_dropped_replica_opens_its_slot_at_once_with_a_bounty_that_the_owner_does_not_pay() {
    let (mut model, key) = two_replicas();
    let slashes = model.strike_out(P1);
    let (refund, owner) = (model.lease(key).unwrap().refund, model.bank.money(1));
    let fund = model.bank.wealth(FUND);
    assert_eq!(model.drop_replicas(P1, 10), Ok(1));
    let bounty = model.deals()[&key].slots[0].bounty;
    assert_eq!(bounty, slashes.own_slashed / 2);
    assert_eq!(model.bank.wealth(FUND), fund - bounty);
    assert_eq!(model.lease(key).unwrap().refund, refund);
    assert_eq!(model.bank.money(1), owner);
    assert_eq!(model.lease(key).unwrap().held, 1);

    // The fourth round was settled before its drop, so nothing is owed any more.
    assert_eq!(model.books.next(P1), None);
    assert_eq!(model.activate(P1), Ok(()));
    model.earn(key, 0, P3);
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    assert_eq!(model.round_with(P3, Outcome::Passed).paid, rent + bounty);
    assert_eq!(model.round_with(P3, Outcome::Passed).paid, rent, "once");
    assert_eq!(model.broken(), None);
}

#[test]
fn a_bounty_is_lost_with_the_round_it_was_due_in() {
    let (mut model, key) = two_replicas();
    model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    let bounty = model.deals()[&key].slots[0].bounty;
    model.earn(key, 0, P3);
    let fund = model.bank.wealth(FUND);
    let missed = model.round_with(P3, Outcome::Missed);
    assert_eq!(missed.paid, 0);
    assert!(missed.due > bounty);
    assert!(model.bank.wealth(FUND) >= fund + missed.due);
}

#[test]
fn a_bounty_waits_for_the_next_taker_and_goes_back_when_the_deal_ends() {
    let (mut model, key) = two_replicas();
    model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    let bounty = model.deals()[&key].slots[0].bounty;
    model.hold(key, 0, P3);
    model.resign(P3, key, 0).unwrap();
    assert_eq!(
        model.deals()[&key].slots[0].bounty,
        bounty,
        "proven is not enough"
    );
    model.nobody_fits(key, 0).unwrap();
    model.earn(key, 0, P3);
    assert_eq!(model.deals()[&key].slots[0].bounty, 0);
    let fund = model.bank.wealth(FUND);
    // Removed in the round of joining: its first round never begins.
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(model.bank.wealth(FUND), fund + bounty);
    assert_eq!(model.books.next(P3), None);
    assert_eq!(model.broken(), None);
}

#[test]
fn a_spent_fund_makes_bounties_the_treasurys_and_an_empty_one_makes_none() {
    for treasury in [100 * NOEMA, 0] {
        let (mut model, key) = two_replicas();
        model.bank.endow(TREASURY, treasury);
        let slashes = model.strike_out(P1);
        let all = model.bank.spendable(FUND);
        model.bank.pay(FUND, DELEGATOR, all).unwrap();
        let before = model.bank.spendable(TREASURY);
        model.drop_replicas(P1, 10).unwrap();
        let expected = (slashes.own_slashed / 2).min(before);
        assert_eq!(model.deals()[&key].slots[0].bounty, expected);
        assert_eq!(model.bank.spendable(TREASURY), before - expected);
        model.earn(key, 0, P3);
        assert!(
            model.round_with(P3, Outcome::Passed).paid > expected,
            "nothing waits for a bounty"
        );
    }
}

#[test]
fn nothing_is_paid_to_a_provider_that_loses_all_it_has() {
    let (mut model, _) = two_replicas();
    model.strike_out(P1);
    model.begin_round(0);
    let round = model.books.next(P1).unwrap();
    assert_eq!(
        model.settle(REPORTER, P1, round, Outcome::Passed),
        Err(Error::BeingDropped)
    );
    let forfeited = model
        .settle(REPORTER, P1, round, Outcome::Forfeited)
        .unwrap();
    assert!(forfeited.due > 0);
    assert_eq!(
        (forfeited.paid, forfeited.own_slashed),
        (0, 0),
        "and nothing more is taken"
    );
    assert_eq!(model.activate(P1), Err(Error::CannotActivate));
}

#[test]
fn what_is_owed_when_a_drop_ends_is_forfeited() {
    let (mut model, _) = two_replicas();
    model.strike_out(P1);
    model.begin_round(0);
    model.drop_replicas(P1, 10).unwrap();
    assert_eq!(model.books.next(P1), None);
    assert_eq!(model.broken(), None);
}

#[test]
fn one_more_miss_after_a_drop_drops_again() {
    let (mut model, key) = two_replicas();
    let first = model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    model.activate(P1).unwrap();
    model.nobody_fits(key, 0).unwrap();
    model.earn(key, 0, P1);
    let again = model.round_with(P1, Outcome::Missed);
    let drop = model.providers()[&P1].dropping.unwrap();
    assert_eq!(
        drop.budget,
        again.own_slashed / 2,
        "the slashes of the first time are spent"
    );
    assert!(again.own_slashed < first.own_slashed);
}

/// Forgotten misses are no part of the next episode: what they took stays in the fund.
#[test]
fn an_episode_begins_anew_when_all_points_are_gone() {
    let (mut model, _) = two_replicas();
    let first = model.round_with(P1, Outcome::Missed);
    assert_eq!(model.providers()[&P1].own_slashed, first.own_slashed);
    for _ in 1..model.parameters.points_per_miss {
        model.round_with(P1, Outcome::Passed);
        assert_eq!(model.providers()[&P1].own_slashed, first.own_slashed);
    }
    model.round_with(P1, Outcome::Passed);
    assert_eq!(model.providers()[&P1].own_slashed, 0);
    let slashes = model.strike_out(P1);
    assert_eq!(
        model.providers()[&P1].dropping.unwrap().budget,
        slashes.own_slashed / 2
    );
}

#[test]
fn bounties_go_by_bytes_and_their_sum_by_the_budget_however_the_drop_is_cut() {
    let mut model = noema();
    let sizes = [GIB, 7 * GIB, 3 * GIB, 1];
    for (number, size) in (0..).zip(sizes) {
        let key = model.lease_for(1, file(number, size, 1), 40);
        model.earn(key, 0, P1);
    }
    model.strike_out(P1);
    let drop = model.providers()[&P1].dropping.unwrap();
    let mut given = 0;
    for (number, size) in (0..).zip(sizes) {
        assert_eq!(model.drop_replicas(P1, 1), Ok(1));
        let bounty = model.deals()[&(number, 1)].slots[0].bounty;
        assert_eq!(
            bounty,
            drop.budget * Balance::from(size) / Balance::from(sizes.iter().sum::<u64>())
        );
        given += bounty;
        if let Some(now) = model.providers()[&P1].dropping {
            assert_eq!(now.left, drop.budget - given);
        }
        assert_eq!(model.broken(), None);
    }
    assert!(given <= drop.budget && given + 4 > drop.budget);
}

/// Dropped in the round in which it joined, for what it missed before: the bounty it was to get stays with the slot, beside the new one.
#[test]
fn a_bounty_that_was_not_due_yet_stays_when_its_taker_is_dropped() {
    let (mut model, key) = two_replicas();
    let other = model.lease_for(1, file(2, GIB, 1), 40);
    model.earn(other, 0, P3);
    model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    let bounty = model.deals()[&key].slots[0].bounty;
    // It has missed four rounds when somebody looks at last.
    model.earn(key, 0, P3);
    for _ in 0..4 {
        model.settle_next(P3, Outcome::Missed);
    }
    let budget = model.providers()[&P3].dropping.unwrap().budget;
    model.drop_replicas(P3, 10).unwrap();
    assert_eq!(model.deals()[&key].slots[0].bounty, bounty + budget / 2);
    assert_eq!(model.broken(), None);
}

#[test]
fn no_bounty_is_set_where_nobody_is_looked_for_any_more() {
    for rounds_left in [2, 1, 0] {
        let mut model = noema();
        let key = model.lease_for(1, file(1, GIB, 2), 4);
        model.earn(key, 0, P1);
        model.strike_out(P1);
        while model.lease(key).unwrap().terms.last() > model.round() + rounds_left {
            model.begin_round(0);
        }
        let fund = model.bank.wealth(FUND);
        let budget = model.providers()[&P1].dropping.unwrap().budget;
        model.drop_replicas(P1, 10).unwrap();
        let expected = if rounds_left == 2 { budget } else { 0 };
        assert_eq!(model.deals()[&key].slots[0].bounty, expected);
        assert!(model.bank.wealth(FUND) >= fund - expected);
        assert_eq!(model.broken(), None);
    }
}

/// Where no round is left there is nothing to repair: a bounty is not paid for it.
#[test]
fn a_replica_that_matures_in_the_last_round_gets_no_bounty() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 4);
    model.earn(key, 0, P1);
    model.earn(key, 1, P2);
    model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    model.hold(key, 0, P3);
    let bounty = model.deals()[&key].slots[0].bounty;
    while model.round() < model.lease(key).unwrap().terms.last() {
        model.begin_round(0);
    }
    model.mature(key, 0).unwrap();
    assert_eq!(model.books.next(P3), None, "nothing is owed to it");
    model.begin_round(0);
    let fund = model.bank.wealth(FUND);
    model.expire(key, ALL).unwrap();
    assert_eq!(model.bank.wealth(FUND), fund + bounty);
    assert_eq!(model.broken(), None);
}

#[test]
fn the_pot_has_bounties_that_wait_and_nothing_else_beyond_its_books() {
    let (mut model, key) = two_replicas();
    model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    let waiting: Balance = model.deals()[&key]
        .slots
        .iter()
        .map(|slot| slot.bounty)
        .sum();
    assert_eq!(model.bank.money(POT).held, model.books.total() + waiting);
}
