//! What happens when somebody, or something, goes.

use super::{
    pair::{chain, ALL, DELEGATOR},
    town::{file, noema, AMPLE, GIB, P1, P2, P3},
};
use crate::leases::{
    Balance, Books, Error, Model, Naive, Outcome, Parameters, Segment, Status, Sums, FUND, POT,
    TREASURY,
};

#[test]
fn pay_for_a_provider_whose_record_is_gone_goes_to_the_fund() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.earn(key, 0, P1);
    model.begin_round(0);
    model.remove(1, 1, ALL).unwrap();
    model.deregister(P1).unwrap();
    let fund = model.bank.wealth(FUND);
    let settled = model.settle_next(P1, Outcome::Passed);
    assert!(settled.due > 0);
    assert_eq!(settled.paid, 0);
    assert_eq!(model.bank.wealth(FUND), fund + settled.due);
    assert_eq!(model.bank.money(POT).held, 0);
}

#[test]
fn pay_that_an_account_is_too_poor_to_receive_blocks_nothing() {
    let mut model = chain::<Sums>(Parameters {
        min_bond: 1,
        collateral: 1,
        ..Parameters::SMALL
    });
    let key = model.lease_for(1, file(1, 1, 1), 10);
    model.earn(key, 0, P1);
    let rent = model.price.rent(&model.parameters, 1).unwrap();
    assert!(rent < model.parameters.existential_deposit);
    // All its bond is gone, then all it has besides.
    for _ in 0..3 {
        model.round_with(P1, Outcome::Missed);
    }
    let bond = model.providers()[&P1].bond;
    model.bank.pay_held(P1, FUND, bond);
    model.providers.get_mut(&P1).unwrap().bond = 0;
    model.bank.leave(P1, DELEGATOR);
    assert_eq!(model.bank.wealth(P1), 0);
    let fund = model.bank.wealth(FUND);
    let settled = model.round_with(P1, Outcome::Passed);
    assert_eq!((settled.due, settled.paid), (rent, 0));
    assert_eq!(model.bank.wealth(FUND), fund + rent);
    assert_eq!(model.broken(), None);
}

#[test]
fn where_the_fund_is_gone_too_the_treasury_gets_it_and_else_the_pot_keeps_it() {
    for treasury in [true, false] {
        let mut model = chain::<Sums>(Parameters::SMALL);
        let key = model.lease_for(1, file(1, 1, 1), 10);
        model.earn(key, 0, P1);
        model.begin_round(0);
        model.remove(1, 1, ALL).unwrap();
        model.deregister(P1).unwrap();
        model.bank.leave(FUND, DELEGATOR);
        if !treasury {
            model.bank.leave(TREASURY, DELEGATOR);
        }
        let (pot, before) = (model.bank.money(POT), model.bank.wealth(TREASURY));
        let due = model.settle_next(P1, Outcome::Passed).due;
        assert!(due > 0 && due < model.parameters.existential_deposit);
        assert_eq!(model.bank.money(POT).held, 0, "settled");
        let (to_treasury, to_pot) = if treasury { (due, 0) } else { (0, due) };
        assert_eq!(model.bank.wealth(TREASURY), before + to_treasury);
        assert_eq!(model.bank.money(POT).free, pot.free + to_pot);
    }
}

#[test]
fn an_owner_with_a_deposit_cannot_be_reaped() {
    let mut model = chain::<Sums>(Parameters::SMALL);
    let key = model.lease_for(1, file(1, 16, 2), 10);
    model.bank.leave(1, DELEGATOR);
    assert_eq!(
        model.bank.money(1).free,
        model.parameters.existential_deposit
    );
    let refund = model.lease(key).unwrap().refund;
    let wealth = model.bank.wealth(1);
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(model.bank.wealth(1), wealth + refund);
}

#[test]
fn a_refund_that_a_dead_owner_cannot_receive_does_not_hold_up_the_end() {
    let parameters = Parameters {
        deposit_base: 0,
        deposit_per_replica: 0,
        ..Parameters::SMALL
    };
    let mut model = chain::<Sums>(parameters);
    let key = model.lease_for(1, file(1, 1, 1), 6);
    model.earn(key, 0, P1);
    model.bank.leave(1, DELEGATOR);
    while model.lease(key).unwrap().status != Status::Grace {
        model.begin_round(0);
    }
    model.begin_round(0);
    model.top_up(2, key, 3).unwrap();
    model.begin_round(0);
    let fund = model.bank.wealth(FUND);
    model.expire(key, ALL).unwrap();
    assert_eq!(model.bank.wealth(FUND), fund + 3);
    assert_eq!(model.bank.wealth(1), 0);
}

#[test]
fn a_skipped_round_waits_for_the_next_and_shares_its_fate() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 40);
    model.earn(key, 0, P1);
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    assert_eq!(model.round_with(P1, Outcome::Skipped).due, 0);
    assert_eq!(model.round_with(P1, Outcome::Skipped).due, 0);
    assert_eq!(model.round_with(P1, Outcome::Passed).paid, 3 * rent);
    assert_eq!(model.round_with(P1, Outcome::Skipped).due, 0);
    let fund = model.bank.wealth(FUND);
    let missed = model.round_with(P1, Outcome::Missed);
    assert_eq!((missed.due, missed.paid), (2 * rent, 0));
    assert_eq!(
        model.bank.wealth(FUND),
        fund + 2 * rent + missed.own_slashed - missed.to_reporter
    );
    // Its last round is skipped, and then it has nothing: a round without challenges is passed.
    assert_eq!(model.round_with(P1, Outcome::Skipped).due, 0);
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(model.books.account(P1).unwrap().owed, rent);
    assert_eq!(model.round_with(P1, Outcome::Passed).paid, rent);
    assert_eq!(model.bank.money(POT).held, 0);
}

#[test]
fn rounds_between_two_leases_need_no_settling() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.earn(key, 0, P1);
    model.round_with(P1, Outcome::Passed);
    model.remove(1, 1, ALL).unwrap();
    assert_eq!(model.books.next(P1), None);
    assert_eq!(model.books.changes_of(P1), 0, "nothing is left of it");
    for _ in 0..1_000 {
        model.begin_round(0);
    }
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.earn(key, 0, P1);
    assert_eq!(model.books.next(P1), Some(model.round() + 1));
}

#[test]
fn a_price_that_governance_changes_counts_from_the_next_round_and_for_no_running_lease() {
    let mut model = noema();
    let spec = file(1, GIB, 1);
    let key = model.lease_for(1, spec, 10);
    model.earn(key, 0, P1);
    let before = model.quote(&spec, 10).unwrap();
    let base = model.price.base;
    assert_eq!(
        model.set_base_price(2 * base + 1),
        Err(Error::PriceOutOfBounds)
    );
    assert_eq!(
        model.set_base_price(base / 2 - 1),
        Err(Error::PriceOutOfBounds)
    );
    model.set_base_price(2 * base).unwrap();
    assert_eq!(
        model.quote(&spec, 10).unwrap(),
        before,
        "the price of a round is fixed"
    );
    model.begin_round(0);
    let after = model.quote(&spec, 10).unwrap();
    assert!(after.rent >= 2 * before.rent - 1 && after.rent <= 2 * before.rent);
    assert_eq!(model.settle_next(P1, Outcome::Passed).paid, before.rent);
    model.set_base_price(4 * base).unwrap();
    model.begin_round(0);
    assert_eq!(
        model.set_base_price(6 * base),
        Err(Error::PriceOutOfBounds),
        "above the highest"
    );
}

#[test]
fn grace_is_part_of_what_was_paid_and_comes_back_when_the_owner_removes_in_time() {
    let mut model = noema();
    let spec = file(1, GIB, 1);
    let quote = model.quote(&spec, 4).unwrap();
    let grace = model.parameters.grace_rounds;
    assert_eq!(quote.escrow, quote.rent * Balance::from(4 + grace));
    let key = model.lease_for(1, spec, 4);
    model.earn(key, 0, P1);
    for _ in 0..4 {
        assert_eq!(model.lease(key).unwrap().status, Status::Running);
        model.round_with(P1, Outcome::Passed);
    }
    let mut removed = model.clone();
    let before = removed.bank.wealth(1);
    removed.remove(1, 1, ALL).unwrap();
    assert_eq!(
        removed.bank.wealth(1) - before,
        quote.rent * Balance::from(grace),
        "the term was used, the grace was not"
    );
    for _ in 0..grace {
        let settled = model.round_with(P1, Outcome::Passed);
        assert_eq!(model.lease(key).unwrap().status, Status::Grace);
        assert_eq!(settled.paid, quote.rent, "nobody serves for nothing");
    }
    assert_eq!(model.lease(key).unwrap().refund, 0);
    model.begin_round(0);
    assert_eq!(model.lease(key).unwrap().status, Status::Over);
    assert_eq!(
        model.renew(1, &[key], 1_000, AMPLE),
        Err(Error::UnknownDeal)
    );
    assert_eq!(model.books.next(P1), None);
}

#[test]
fn renewing_in_grace_fills_it_again() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 4);
    for _ in 0..10 {
        model.begin_round(0);
    }
    assert_eq!(model.lease(key).unwrap().status, Status::Grace);
    model.renew(1, &[key], model.round() + 4, AMPLE).unwrap();
    let lease = model.lease(key).unwrap();
    assert_eq!((lease.status, lease.until), (Status::Running, 14));
    assert_eq!(lease.terms.last(), 14 + model.parameters.grace_rounds);
}

#[test]
fn rounds_without_an_earner_are_the_owners_credit_and_pay_its_renewal() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 10);
    model.earn(key, 0, P1);
    let rent = model.lease(key).unwrap().terms.rent;
    for _ in 0..5 {
        model.begin_round(0);
    }
    assert_eq!(model.credit(key), Ok(5 * rent));
    let mut by_stranger = model.clone();
    assert_eq!(by_stranger.renew(2, &[key], 12, AMPLE), Ok(2 * 2 * rent));
    assert_eq!(
        by_stranger.credit(key),
        Ok(5 * rent),
        "which strangers do not spend"
    );
    assert_eq!(
        model.renew(1, &[key], 12, 4 * rent - 1),
        Err(Error::PriceAboveMaximum),
        "the maximum counts credit"
    );
    assert_eq!(model.renew(1, &[key], 12, 4 * rent), Ok(0));
    assert_eq!(model.credit(key), Ok(rent));
    assert_eq!(
        model.renew(1, &[key], 12, 0),
        Ok(0),
        "again it costs nothing"
    );
    assert_eq!(model.top_up(2, key, 3 * rent), Ok(2 * rent));
    assert_eq!(model.top_up(2, key, 3 * rent), Ok(0));
}

#[test]
fn a_commit_to_what_is_over_cleans_up_and_begins_anew() {
    let mut model = noema();
    let spec = file(1, GIB, 1);
    let key = model.lease_for(1, spec, 4);
    for _ in 0..17 {
        model.begin_round(0);
    }
    assert!(model.is_over(key));
    let quote = model.quote(&spec, 4).unwrap();
    let before = model.bank.wealth(1);
    assert_eq!(model.commit(1, spec, 4, quote.total), Ok(quote.total));
    let first = quote.rent * 16;
    assert_eq!(
        model.bank.wealth(1),
        before + first - quote.escrow - quote.placement
    );
    assert!(!model.is_over(key));
    assert_eq!(model.broken(), None);
}

#[test]
fn whoever_is_offered_a_lease_takes_it_for_its_own_deposit() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.earn(key, 0, P1);
    let deposit = model.deals()[&key].deposit;
    assert_eq!(model.accept(2, key, ALL, AMPLE), Err(Error::NotOffered));
    model.offer(1, 1, Some(2)).unwrap();
    assert_eq!(
        model.accept(2, key, ALL, deposit - 1),
        Err(Error::PriceAboveMaximum)
    );
    assert_eq!(model.accept(3, key, ALL, AMPLE), Err(Error::NotOffered));
    let refund = model.lease(key).unwrap().refund;
    assert_eq!(model.accept(2, key, ALL, deposit), Ok(deposit));
    assert_eq!(
        (model.bank.money(1).held, model.bank.money(2).held),
        (0, deposit)
    );
    assert_eq!(model.accept(2, key, ALL, deposit), Err(Error::UnknownDeal));
    let before = model.bank.wealth(2);
    model.remove(2, 1, ALL).unwrap();
    assert_eq!(
        model.bank.wealth(2),
        before + refund,
        "with all that is paid in"
    );
}

#[test]
fn a_call_that_says_fewer_replicas_than_there_are_changes_nothing() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 2), 10);
    model.earn(key, 0, P1);
    model.offer(1, 1, Some(2)).unwrap();
    let before = model.clone();
    assert_eq!(model.remove(1, 1, 1), Err(Error::WitnessTooLow));
    assert_eq!(model.expire(key, 1), Err(Error::WitnessTooLow));
    assert_eq!(model.accept(2, key, 1, AMPLE), Err(Error::WitnessTooLow));
    assert_eq!(model.expire(key, 2), Err(Error::NotOver));
    assert_eq!(model.deals(), before.deals());
    assert_eq!(model.bank, before.bank);
    model.accept(2, key, 2, AMPLE).unwrap();
    model.remove(2, 1, 2).unwrap();
    assert!(model.deals().is_empty());
}

#[test]
fn a_lease_does_not_change_hands_while_a_proof_depends_on_its_owner() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 10);
    model.draw(key, 0, P1).unwrap();
    model.ready(P1, key, 0).unwrap();
    model.offer(1, 1, Some(2)).unwrap();
    assert_eq!(model.accept(2, key, ALL, AMPLE), Err(Error::SlotProving));
    model.lease_for(2, file(1, GIB, 1), 10);
    assert_eq!(model.accept(2, key, ALL, AMPLE), Err(Error::DealExists));
}

#[test]
fn another_rent_begins_with_the_next_segment() {
    let mut model = noema();
    let key = model.lease_for(1, file(1, GIB, 1), 4);
    model.earn(key, 0, P1);
    let rent = model.price.rent(&model.parameters, GIB).unwrap();
    model.begin_round(1_000_000);
    let dearer = model.price.rent(&model.parameters, GIB).unwrap();
    assert!(dearer > rent);
    model.renew(2, &[key], 8, AMPLE).unwrap();
    let terms = model.lease(key).unwrap().terms;
    assert_eq!(
        (terms.rent, terms.end, terms.next),
        (
            rent,
            16,
            Some(Segment {
                rent: dearer,
                end: 20
            })
        )
    );
    model.settle_next(P1, Outcome::Passed);
    while model.round() < 20 {
        let paid = model.round_with(P1, Outcome::Passed).paid;
        assert_eq!(paid, if model.round() <= 16 { rent } else { dearer });
    }
}

#[test]
fn many_files_are_committed_together_or_not_at_all() {
    let mut model = noema();
    let files = [file(1, GIB, 1), file(2, 5, 2), file(3, 0, 1)];
    let before = model.bank.money(1);
    assert_eq!(
        model.commit_many(1, &files, 10, AMPLE),
        Err(Error::EmptyFile)
    );
    assert_eq!(model.bank.money(1), before);
    assert!(model.deals().is_empty());
    let total: Balance = files[..2]
        .iter()
        .map(|file| model.quote(file, 10).unwrap().total)
        .sum();
    assert_eq!(
        model.commit_many(1, &files[..2], 10, total - 1),
        Err(Error::PriceAboveMaximum)
    );
    assert_eq!(model.commit_many(1, &files[..2], 10, total), Ok(total));
    assert_eq!(
        model.commit_many(1, &files[..2], 10, 0),
        Ok(0),
        "again it costs nothing"
    );
    assert_eq!(model.commit_many(1, &[], 10, 0), Err(Error::NoFiles));
    assert_eq!(
        model.commit_many(1, &[file(9, 1, 1); 65], 10, AMPLE),
        Err(Error::TooManyFiles)
    );
}

#[test]
fn changes_of_rate_are_bounded_by_the_longest_lease_however_many_files() {
    let mut model = chain::<Sums>(Parameters {
        collateral: 1,
        max_batch: 1,
        ..Parameters::SMALL
    });
    model.bank.endow(1, 1_000_000_000);
    for number in 0..400 {
        let key = model.lease_for(
            1,
            file(number, 1 + number % 7, 1),
            6 + u32::try_from(number % 20).unwrap(),
        );
        model.earn(key, 0, P1);
    }
    assert!(model.books.changes_of(P1) <= model.parameters.max_rounds as usize + 2);
    assert_eq!(model.broken(), None);
}

#[test]
fn leases_that_all_end_at_once_stop_paying_before_anybody_cleans_up() {
    let mut model = noema();
    for number in 0..40 {
        let key = model.lease_for(1, file(number, 1_000, 2), 4);
        model.earn(key, 0, P2);
        model.earn(key, 1, P3);
    }
    for _ in 0..16 {
        for provider in [P2, P3] {
            if model.round() > 0 {
                model.settle_next(provider, Outcome::Passed);
            }
        }
        model.begin_round(0);
    }
    for provider in [P2, P3] {
        model.settle_next(provider, Outcome::Passed);
        assert_eq!(
            model.books.next(provider),
            None,
            "the last round of all was settled"
        );
    }
    model.begin_round(0);
    assert_eq!(model.books.total(), 0);
    let held = model.bank.money(1).held;
    assert!(held > 0);
    for number in (0..40).rev() {
        model.expire((number, 1), ALL).unwrap();
        assert_eq!(model.expire((number, 1), ALL), Err(Error::UnknownDeal));
    }
    assert_eq!(model.bank.money(1).held, 0);
}

#[test]
fn eager_books_end_leases_by_themselves() {
    let mut model: Model<Naive> = chain(Parameters::SMALL);
    model.commit(1, file(1, 16, 1), 6, AMPLE).unwrap();
    let deposit = model.bank.money(1).held;
    for _ in 0..9 {
        assert_eq!(model.bank.money(1).held, deposit);
        model.begin_round(0);
    }
    assert_eq!(model.bank.money(1).held, 0);
    assert_eq!(model.books.total(), 0);
}
