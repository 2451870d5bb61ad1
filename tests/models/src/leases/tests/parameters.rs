//! The inequalities of `docs/design/money.md`, by its numbers.

use super::{
    pair::PROVIDERS,
    town::{file, noema, GIB, NOEMA},
};
use crate::leases::{Balance, Outcome, Parameters, Unsound};

/// The parameters with one of them changed.
fn with(change: impl FnOnce(&mut Parameters)) -> Result<(), Unsound> {
    let mut parameters = Parameters::NOEMA;
    change(&mut parameters);
    parameters.check()
}

#[test]
fn the_parameters_satisfy_the_inequalities() {
    assert_eq!(Parameters::NOEMA.check(), Ok(()));
    assert_eq!(Parameters::SMALL.check(), Ok(()));
}

#[test]
fn each_inequality_is_checked() {
    assert_eq!(
        with(|all| all.max_base_price *= 2),
        Err(Unsound::DroppingPays)
    );
    assert_eq!(with(|all| all.collateral /= 2), Err(Unsound::DroppingPays));
    assert_eq!(
        with(|all| all.hand_over_rounds *= 2),
        Err(Unsound::DroppingPays)
    );
    assert_eq!(
        with(|all| all.slashes[3] = 200_000),
        Err(Unsound::SlashBeyondBond)
    );
    assert_eq!(
        with(|all| all.settlement_fee = 7 * NOEMA),
        Err(Unsound::SlashBeyondBond)
    );
    assert_eq!(
        with(|all| all.bounty_share = 800_000),
        Err(Unsound::BountiesPay)
    );
    assert_eq!(
        with(|all| {
            all.max_sectors = u64::MAX;
            all.sectors_per_window_round = 1;
        }),
        Err(Unsound::LockingPays).or(Err(Unsound::Overflow)),
    );
    assert_eq!(with(|all| all.min_rounds = 3), Err(Unsound::TermTooShort));
    assert_eq!(with(|all| all.max_rounds = 15), Err(Unsound::TermTooShort));
    assert_eq!(
        with(|all| all.max_sectors = 1 << 63),
        Err(Unsound::Overflow)
    );
    assert_eq!(with(|all| all.min_base_price = 0), Err(Unsound::Nonsense));
}

/// Inequality 1. With the part x missing and k sectors drawn, the whole rent is lost with probability 1 − (1 − x)^k.
#[test]
fn the_rent_at_stake_is_at_least_that_of_the_missing_bytes() {
    for challenges in 1..=64i32 {
        for thousandth in 0..=1_000u32 {
            let missing = f64::from(thousandth) / 1_000.0;
            let lost = 1.0 - (1.0 - missing).powi(challenges);
            assert!(
                lost + 1e-12 >= missing,
                "{challenges} challenges, {missing} missing"
            );
        }
    }
}

/// Inequality 2, played through. Keeping the data costs more than it brings, by as much as the highest price there can be: still a provider
/// that leaves in order is better off than one that deletes everything.
#[test]
fn leaving_in_order_costs_less_than_being_dropped() {
    let parameters = Parameters::NOEMA;
    let sectors = 100 * GIB;
    let held = |dropped: bool| {
        let mut model = noema();
        let key = model.lease_for(1, file(1, sectors, 1), 2_000);
        let [provider, other, ..] = PROVIDERS;
        model.earn(key, 0, provider);
        let rent = model.price.rent(&parameters, sectors).unwrap();
        let keeping = rent + parameters.highest_price() * Balance::from(sectors / GIB);
        let mut costs = 0;
        if dropped {
            model.strike_out(provider);
        } else {
            model.resign(provider, key, 0).unwrap();
            // Nobody takes it over until it may go: the longest that it can be kept.
            for _ in 0..parameters.hand_over_rounds {
                model.round_with(provider, Outcome::Passed);
                costs += keeping;
            }
            model.resign(provider, key, 0).unwrap();
            assert_eq!(model.reserved(provider), 0);
        }
        let _ = other;
        model.bank.wealth(provider) - costs
    };
    assert!(held(true) < held(false));
}

/// Inequality 3: a covered provider with as many delegations as may count is dropped, and its delegators keep theirs.
#[test]
fn a_covered_providers_slashes_come_out_of_its_own_bond() {
    let mut model = noema();
    let parameters = model.parameters;
    let [provider, ..] = PROVIDERS;
    model.deregister(provider).unwrap();
    model
        .register(
            provider,
            100 * NOEMA,
            super::pair::DELEGATOR,
            400 * NOEMA,
            0,
        )
        .unwrap();
    // All that bond and delegations cover: 500 GiB.
    let key = model.lease_for(1, file(1, 500 * GIB, 1), 100);
    model.earn(key, 0, provider);
    assert!(model
        .draw(model.clone().lease_for(2, file(2, 1, 1), 100), 0, provider)
        .is_err());
    let slashes = model.strike_out(provider);
    assert_eq!(slashes.stake_slashed, 0);
    // With the bond shrinks what counts of delegations: 62 % of its own, an eighth of all that stood behind it.
    let fees = 4 * parameters.settlement_fee;
    assert!(slashes.own_slashed > 61 * NOEMA && slashes.own_slashed < 62 * NOEMA + fees);
}

/// Inequality 5: a place that nothing is ever delivered to.
#[test]
fn locking_a_place_costs_at_least_a_third_of_renting_it() {
    let parameters = Parameters::NOEMA;
    for sectors in [1, 4_096, GIB, 100 * GIB, parameters.max_sectors] {
        // The ready window in blocks, as often as a slot may fail; in rounds.
        let window = (60 + sectors.div_ceil(4_096)) * u64::from(parameters.max_failures);
        let locked = window.div_ceil(21_600);
        let charged = u64::from(parameters.placement_rounds_of(sectors));
        assert!(
            3 * charged >= locked,
            "{sectors} sectors: {charged} rounds for {locked}"
        );
    }
}
