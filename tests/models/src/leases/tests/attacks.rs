//! "What attacks cost" of `docs/design/money.md`: each attack, tried.

use super::{
    pair::{chain, ALL, DELEGATOR, REPORTER},
    town::{file, noema, AMPLE, GIB, NOEMA, P1, P2, P3, P4},
};
use crate::leases::{
    Balance, Books, Error, Model, Outcome, Parameters, Round, SlotState, Sums, FUND, MILLION, POT,
    TREASURY,
};

/// What an account has lost of free and held balance together since `before`.
fn lost(model: &Model<Sums>, who: u64, before: Balance) -> Balance {
    before - model.bank.wealth(who)
}

#[test]
fn a_dust_lease_has_its_deposit_and_pays_for_its_placement() {
    let mut model = noema();
    let before = model.bank.wealth(1);
    let key = model.lease_for(1, file(1, 1, 1), 4);
    let deal = &model.deals()[&key];
    assert!(deal.deposit >= NOEMA / 5);
    let rent = deal.terms.rent;
    let sixty_four_kib = model.price.rent(&model.parameters, 0).unwrap();
    assert!(rent >= sixty_four_kib && rent > 1);
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(lost(&model, 1, before), 5 * rent, "what the placement cost");
}

#[test]
fn tiny_files_in_number_pay_like_large_ones() {
    let model = noema();
    let tiny = model.price.rent(&model.parameters, 1).unwrap();
    let gib = model.price.rent(&model.parameters, GIB).unwrap();
    assert!(tiny * (1 << 14) >= gib);
}

#[test]
fn a_least_term_renewed_for_ever_pays_every_round() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 4);
    model.earn(key, 0, P1);
    let rent = model.lease(key).unwrap().terms.rent;
    let placement = rent * Balance::from(model.parameters.placement_rounds_of(GIB));
    let before = model.bank.wealth(1) + rent * 16 + placement;
    let mut earned = 0;
    for _ in 0..200 {
        let until = model.round() + 1;
        model.renew(1, &[key], until, AMPLE).unwrap();
        earned += model.round_with(P1, Outcome::Passed).paid;
    }
    assert_eq!(earned, 200 * rent);
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(
        lost(&model, 1, before),
        200 * rent + placement,
        "no round was free, none was paid twice"
    );
}

#[test]
fn leases_of_the_least_term_made_anew_do_not_live_on_grace() {
    let mut model = noema();
    let mut earned = 0;
    let before = model.bank.wealth(1);
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    for number in 0..3 {
        let key = model.lease_for(1, file(number, GIB, 1), 4);
        model.earn(key, 0, P1);
        while !model.is_over(key) {
            model.begin_round(0);
            while model
                .books
                .next(P1)
                .is_some_and(|next| next <= model.round())
            {
                earned += model.settle_next(P1, Outcome::Passed).paid;
            }
        }
        model.expire(key, ALL).unwrap();
    }
    assert_eq!(earned, 3 * 16 * rent, "grace is served and paid");
    assert!(lost(&model, 1, before) > earned);
}

#[test]
fn topping_up_and_renewing_for_others_is_a_gift() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 4);
    let refund = model.lease(key).unwrap().refund;
    let paid = model.renew(2, &[key], 100, AMPLE).unwrap() + model.top_up(2, key, NOEMA).unwrap();
    assert_eq!(model.lease(key).unwrap().refund, refund + paid);
    let before = model.bank.money(1).free;
    let deposit = model.bank.money(1).held;
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(model.bank.money(1).free, before + deposit + refund + paid);
}

#[test]
fn nobody_extends_a_lease_beyond_its_bound() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 4);
    let most = model.parameters.max_rounds - model.parameters.grace_rounds;
    assert_eq!(
        model.renew(2, &[key], most + 1, AMPLE),
        Err(Error::TooManyRounds)
    );
    assert!(model.renew(2, &[key], most, AMPLE).unwrap() > 0);
}

/// A stranger makes many small renewals in dear times: the owner still buys at a cheap price later, and its own rounds keep their rent.
#[test]
fn many_small_renewals_do_not_keep_the_owner_from_a_cheap_price() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    let rent = model.lease(key).unwrap().terms.rent;
    let end = model.lease(key).unwrap().terms.end;
    for _ in 0..20 {
        model.begin_round(MILLION);
        let until = model.lease(key).unwrap().until + 1;
        model.renew(2, &[key], until, AMPLE).unwrap();
    }
    let terms = model.lease(key).unwrap().terms;
    assert_eq!(
        (terms.rent, terms.end),
        (rent, end),
        "what was bought keeps its rent"
    );
    let dear = terms.next.unwrap().rent;
    assert!(dear > rent);
    for _ in 0..20 {
        model.begin_round(0);
    }
    let until = model.lease(key).unwrap().until + 100;
    let quote = model.quote_renewal(key, until).unwrap();
    let credit = model.credit(key).unwrap();
    assert_eq!(quote, 100 * rent, "the price is that of now");
    assert_eq!(
        model.renew(1, &[key], until, quote),
        Ok(quote.saturating_sub(credit))
    );
    assert!(model.lease(key).unwrap().terms.next.unwrap().rent < dear);
}

#[test]
fn an_owner_that_is_its_own_provider_only_loses() {
    let mut model = noema();
    let before = model.bank.wealth(P1);
    let key = model.lease_for(P1, file(1, 10 * GIB, 1), 20);
    model.earn(key, 0, P1);
    let placement = model.lease(key).unwrap().terms.rent
        * Balance::from(model.parameters.placement_rounds_of(10 * GIB));
    for _ in 0..10 {
        model.round_with(P1, Outcome::Passed);
    }
    model.remove(P1, 1, ALL).unwrap();
    assert_eq!(lost(&model, P1, before), placement);
    // And with delegators, their part of every rent.
    model.deregister(P1).unwrap();
    model
        .register(P1, 500 * NOEMA, DELEGATOR, 500 * NOEMA, 100_000)
        .unwrap();
    let before = model.bank.wealth(P1);
    let key = model.lease_for(P1, file(2, 10 * GIB, 1), 20);
    model.earn(key, 0, P1);
    let rent = model.lease(key).unwrap().terms.rent;
    model.round_with(P1, Outcome::Passed);
    model.remove(P1, 2, ALL).unwrap();
    let theirs = rent / 2 - (rent / 2).div_ceil(10);
    assert_eq!(lost(&model, P1, before), placement + theirs);
}

#[test]
fn pumping_utilisation_takes_rounds_and_touches_no_running_lease() {
    let mut model = noema();
    let spec = file(1, GIB, 1);
    let key = model.lease_for(1, spec, 40);
    model.earn(key, 0, P1);
    let rent = model.lease(key).unwrap().terms.rent;
    let before = model.bank.wealth(2);
    let mut rounds: Round = 0;
    while model.price.rent(&model.parameters, GIB).unwrap() < 2 * rent {
        // A file that fills everything, there when a round begins and removed after.
        let pump = model.lease_for(2, file(9, 1_000 * GIB, 1), 4);
        model.begin_round(MILLION);
        model.remove(pump.1, pump.0, ALL).unwrap();
        assert_eq!(model.settle_next(P1, Outcome::Passed).paid, rent);
        rounds += 1;
    }
    assert_eq!(rounds, 12);
    // Each time the rent of a TiB for the placement: 4 rounds and its ready window of 48.
    let each = 1_000 * rent * Balance::from(model.parameters.placement_rounds_of(1_000 * GIB));
    assert!(lost(&model, 2, before) * 1_001 >= each * 1_000 * 12);
    assert_eq!(model.lease(key).unwrap().terms.rent, rent);
}

#[test]
fn refusing_a_lease_costs_the_slot_and_nothing_more() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 40);
    model.earn(key, 1, P4);
    let (wealth, record) = (model.bank.wealth(P1), model.providers()[&P1]);
    model.draw(key, 0, P1).unwrap();
    model.resign(P1, key, 0).unwrap();
    assert_eq!(
        (model.bank.wealth(P1), model.providers()[&P1]),
        (wealth, record)
    );
    assert_eq!(
        model.draw(key, 0, P1),
        Err(Error::PassedOver),
        "another is drawn at once"
    );
    model.draw(key, 0, P2).unwrap();
}

#[test]
fn a_round_that_has_begun_is_paid_whole_whenever_it_is_removed() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    model.earn(key, 0, P1);
    let rent = model.lease(key).unwrap().terms.rent;
    let all = model.lease(key).unwrap().refund;
    let mut in_joining = model.clone();
    model.begin_round(0);
    // Before its provider has answered, and after: the same.
    let mut after = model.clone();
    let (early, late) = (model.bank.wealth(1), after.bank.wealth(1));
    model.remove(1, 1, ALL).unwrap();
    after.settle_next(P1, Outcome::Passed);
    after.remove(1, 1, ALL).unwrap();
    assert_eq!(model.bank.wealth(1) - early, all - rent);
    assert_eq!(after.bank.wealth(1) - late, all - rent);
    assert_eq!(model.settle_next(P1, Outcome::Passed).paid, rent);
    assert_eq!(model.bank.money(POT).held + after.bank.money(POT).held, 0);

    in_joining.remove(1, 1, ALL).unwrap();
    assert_eq!(
        in_joining.books.next(P1),
        None,
        "in the round of joining nothing was earned"
    );
    assert_eq!(in_joining.bank.money(POT).held, 0);
}

#[test]
fn an_accomplice_that_removes_the_file_pays_the_round_and_frees_from_no_other() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    let honest = model.lease_for(2, file(2, GIB, 1), 40);
    model.earn(key, 0, P1);
    model.earn(honest, 0, P1);
    model.begin_round(0);
    model.remove(1, 1, ALL).unwrap();
    // What was drawn stays drawn, and if it is missed, everything of the round is.
    let rents = 2 * model.lease(honest).unwrap().terms.rent;
    let missed = model.settle_next(P1, Outcome::Missed);
    assert_eq!((missed.due, missed.paid), (rents, 0));
}

/// Rounds settled as they end, or all at the end, with files removed and renewed in between: the same to the unit.
#[test]
fn settling_late_changes_no_amount() {
    let outcomes = [
        Outcome::Passed,
        Outcome::Missed,
        Outcome::Passed,
        Outcome::Skipped,
        Outcome::Passed,
        Outcome::Missed,
    ];
    let run = |late: bool| {
        let mut model = noema();
        for number in 0..4 {
            let key = model.lease_for(
                1,
                file(number, GIB << number, 1),
                4 + 2 * u32::try_from(number).unwrap(),
            );
            model.earn(key, 0, P1);
        }
        let mut due = Vec::new();
        for (count, outcome) in outcomes.into_iter().enumerate() {
            model.begin_round(0);
            if !late {
                due.push(model.settle_next(P1, outcome).due);
            }
            match count {
                1 => model.remove(1, 2, ALL).unwrap(),
                3 => assert!(model.renew(2, &[(0, 1), (1, 1)], 30, AMPLE).unwrap() > 0),
                _ => {}
            }
        }
        if late {
            due.extend(outcomes.map(|outcome| model.settle_next(P1, outcome).due));
        }
        (
            due,
            model.bank.wealth(P1),
            model.bank.wealth(1),
            model.bank.wealth(FUND),
            model.bank.money(POT).held,
        )
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn a_round_is_never_settled_twice_nor_out_of_order_nor_before_it_begins() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    model.earn(key, 0, P1);
    assert_eq!(
        model.settle(REPORTER, P1, 1, Outcome::Passed),
        Err(Error::NotBegun)
    );
    model.begin_round(0);
    model.begin_round(0);
    assert_eq!(
        model.settle(REPORTER, P1, 2, Outcome::Passed),
        Err(Error::OutOfOrder)
    );
    model.settle(REPORTER, P1, 1, Outcome::Passed).unwrap();
    assert_eq!(
        model.settle(REPORTER, P1, 1, Outcome::Passed),
        Err(Error::AlreadySettled)
    );
    assert_eq!(
        model.settle(REPORTER, P2, 1, Outcome::Passed),
        Err(Error::NothingOwed)
    );
}

#[test]
fn proving_once_and_deleting_earns_nothing() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    model.hold(key, 0, P1);
    for _ in 0..3 {
        model.begin_round(0);
        assert_eq!(
            model.books.next(P1),
            None,
            "nobody can be challenged for it yet"
        );
    }
    model.resign(P1, key, 0).unwrap();
    assert_eq!(
        model.credit(key).unwrap(),
        3 * model.lease(key).unwrap().terms.rent,
        "it is the owner's"
    );
    model.nobody_fits(key, 0).unwrap();
    model.earn(key, 0, P1);
    let missed = model.round_with(P1, Outcome::Missed);
    assert_eq!(missed.paid, 0);
}

#[test]
fn a_file_that_is_never_delivered_costs_its_placement_and_lapses() {
    let mut model = noema();
    let before = model.bank.wealth(1);
    let sectors = 100 * GIB;
    let key = model.lease_for(1, file(1, sectors, 1), 1_000);
    let placement = model.lease(key).unwrap().terms.rent
        * Balance::from(model.parameters.placement_rounds_of(sectors));
    for provider in [P1, P2] {
        model.draw(key, 0, provider).unwrap();
        model.fail(key, 0).unwrap();
    }
    model.draw(key, 0, P3).unwrap();
    assert_eq!(model.reserved(P3), sectors);
    model.fail(key, 0).unwrap();
    assert!(model.deals().is_empty());
    assert_eq!(model.reserved(P3), 0);
    assert_eq!(lost(&model, 1, before), placement);
}

#[test]
fn a_file_that_somebody_held_does_not_lapse() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 1_000);
    model.hold(key, 0, P1);
    for _ in 0..10 {
        model.draw(key, 1, P2).unwrap();
        model.fail(key, 1).unwrap();
        model.nobody_fits(key, 1).unwrap();
    }
    assert_eq!(model.lease(key).unwrap().held, 1);
}

#[test]
fn letting_many_fetch_and_removing_costs_the_placement_of_each() {
    let mut model = noema();
    let before = model.bank.wealth(1);
    let key = model.lease_for(1, file(1, GIB, 4), 4);
    for (slot, provider) in (0..).zip([P1, P2, P3, P4]) {
        model.hold(key, slot, provider);
    }
    let rent = model.lease(key).unwrap().terms.rent;
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(lost(&model, 1, before), 4 * 5 * rent);
}

/// A provider without bond of its own is slashed at its delegators' cost: there is no bounty in it.
#[test]
fn delegators_losses_make_no_bounties() {
    let mut model = noema();
    model.deregister(P1).unwrap();
    model
        .register(P1, 100 * NOEMA, DELEGATOR, 400 * NOEMA, 0)
        .unwrap();
    let key = model.lease_for(1, file(1, 400 * GIB, 1), 400);
    model.earn(key, 0, P1);
    // Until nothing is left of its own, by earlier misses.
    model.bank.pay_held(P1, FUND, 100 * NOEMA);
    model.providers.get_mut(&P1).unwrap().bond = 0;
    let slashes = model.strike_out(P1);
    assert_eq!(slashes.own_slashed, 0);
    assert!(slashes.stake_slashed > 0);
    assert_eq!(slashes.to_reporter, 0);
    model.drop_replicas(P1, 10).unwrap();
    assert_eq!(model.deals()[&key].slots[0].bounty, 0);
}

#[test]
fn nothing_of_a_dropping_provider_matures() {
    let mut model = noema();
    let earning = model.lease_for(1, file(1, GIB, 1), 40);
    let waiting = model.lease_for(1, file(2, 100 * GIB, 1), 40);
    model.earn(earning, 0, P1);
    model.hold(waiting, 0, P1);
    model.strike_out(P1);
    assert_eq!(model.mature(waiting, 0), Err(Error::NotActive));
    let budget = model.providers()[&P1].dropping.unwrap().budget;
    model.drop_replicas(P1, 10).unwrap();
    assert_eq!(
        model.deals()[&earning].slots[0].bounty,
        budget,
        "of those that earned it was the only one"
    );
    assert_eq!(model.deals()[&waiting].slots[0].bounty, 0);
    assert_eq!(model.deals()[&waiting].slots[0].state, SlotState::Drawing);
}

/// One person under four names: drops its own replicas, reports itself, takes everything over.
#[test]
fn bounty_farming_loses_most_of_what_was_slashed() {
    let mut model = noema();
    let names = [P1, P2, 1, REPORTER];
    model.bank.endow(REPORTER, NOEMA);
    let before: Balance = names.iter().map(|who| model.bank.wealth(*who)).sum();
    let key = model.lease_for(1, file(1, 900 * GIB, 1), 60);
    model.earn(key, 0, P1);
    let slashes = model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    model.earn(key, 0, P2);
    model.round_with(P2, Outcome::Passed);
    model.remove(1, 1, ALL).unwrap();
    let after: Balance = names.iter().map(|who| model.bank.wealth(*who)).sum();
    assert!(
        before - after >= slashes.own_slashed * 3 / 10,
        "lost {} of {}",
        before - after,
        slashes.own_slashed
    );
}

/// Bond leaves without unbonding when it is slashed; what comes back is far less than all of it.
#[test]
fn slashing_oneself_is_no_way_around_unbonding() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 60);
    model.earn(key, 0, P1);
    let slashes = model.strike_out(P1);
    model.drop_replicas(P1, 10).unwrap();
    let back = model.deals()[&key].slots[0].bounty + slashes.to_reporter;
    assert!(back * 10 <= slashes.own_slashed * 7);
}

#[test]
fn gifts_to_the_pot_disturb_nothing() {
    let mut model = chain::<Sums>(Parameters::SMALL);
    let key = model.lease_for(1, file(1, 16, 1), 10);
    model.earn(key, 0, P1);
    let mut with_gift = model.clone();
    with_gift.bank.pay(DELEGATOR, POT, 12_345).unwrap();
    for model in [&mut model, &mut with_gift] {
        model.round_with(P1, Outcome::Passed);
        assert_eq!(model.broken(), None);
        model.remove(1, 1, ALL).unwrap();
        assert_eq!(model.bank.money(POT).held, 0);
    }
    assert_eq!(model.bank.wealth(1), with_gift.bank.wealth(1));
    assert_eq!(model.bank.wealth(P1), with_gift.bank.wealth(P1));
}

/// Missed pay is nobody's gain: not the owner's, who might keep its provider from answering.
#[test]
fn keeping_a_provider_from_answering_brings_its_owner_nothing() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.earn(key, 0, P1);
    model.begin_round(0);
    let mut missed = model.clone();
    model.settle_next(P1, Outcome::Passed);
    missed.settle_next(P1, Outcome::Missed);
    assert_eq!(
        model.lease(key).unwrap().refund,
        missed.lease(key).unwrap().refund
    );
    model.remove(1, 1, ALL).unwrap();
    missed.remove(1, 1, ALL).unwrap();
    assert_eq!(model.bank.wealth(1), missed.bank.wealth(1));
}

/// A fund that governance spends, a provider that is dropped and comes back, again and again: what comes back stays below what was taken.
#[test]
fn dropping_oneself_again_and_again_drains_neither_fund_nor_treasury() {
    let mut model = noema();
    model.bank.endow(TREASURY, 10_000 * NOEMA);
    let key = model.lease_for(1, file(1, 500 * GIB, 1), 1_000);
    let commons = |model: &Model<Sums>| model.bank.wealth(FUND) + model.bank.wealth(TREASURY);
    let mut spent = 0;
    let before = commons(&model);
    let (mut holder, mut other) = (P1, P2);
    for _ in 0..6 {
        model.earn(key, 0, holder);
        while model.providers()[&holder].dropping.is_none() {
            model.round_with(holder, Outcome::Missed);
        }
        let all = model.bank.spendable(FUND);
        model.bank.pay(FUND, DELEGATOR, all).unwrap();
        spent += all;
        model.drop_replicas(holder, 10).unwrap();
        model.nobody_fits(key, 0).unwrap();
        assert!(commons(&model) + spent >= before);
        std::mem::swap(&mut holder, &mut other);
        if !model.providers()[&holder].active && model.activate(holder).is_err() {
            break;
        }
    }
    assert!(commons(&model) + spent > before);
}
