//! No unit is made or lost.

use super::{
    histories::{any_history, walk, Act, Step},
    scene::{quick, BOND},
};
use crate::audits::{book::Audits, funds::Funds, lazy::Lazy, population::Leaf};
use proptest::prelude::*;
use std::convert::Infallible;

fn run(history: &[Step]) -> Lazy {
    let mut parameters = quick();
    // Fees and parts that exhaust a bond.
    parameters.penalties.fee = BOND / 7;
    let mut chain = Lazy::new(parameters);
    for account in 0..3 {
        chain.book_mut().register(account, BOND, BOND / 2);
    }
    let Ok(chain) = walk::<_, Infallible>(history, chain, |chain, step, salt| {
        let block = step.weather.block(salt);
        chain.begin(&block);
        for act in &step.acts {
            let _ = match *act {
                Act::Insert(who, sectors) => chain.insert(
                    who,
                    Leaf {
                        replica: salt,
                        sectors,
                    },
                ),
                Act::Remove(who, place) => {
                    let funds = &mut chain.book_mut().provider_mut(who).unwrap().funds;
                    funds.unbond(BOND / 10, u32::try_from(salt).unwrap() + 20);
                    chain.remove(who, place).map(drop)
                }
                Act::Take(who, most) => chain.take(who, most).map(drop),
                Act::Poke(who) => chain.poke(who, 50 + who).map(drop),
                _ => Ok(()),
            };
        }
        let now = chain.book().timeline.block;
        for provider in chain.book_mut().providers.values_mut() {
            provider.funds.withdraw(now);
        }
        chain.end(&block);
        Ok(())
    });
    chain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bonds_delegations_fund_and_rewards_are_what_was_put_in(history in any_history(3, 150)) {
        prop_assert_eq!(run(&history).book().all_money(), 3 * (BOND + BOND / 2));
    }

    #[test]
    fn a_slash_takes_bond_then_unbonding_then_delegations(
        bond in 0..1_000u128, chunks in prop::collection::vec(0..1_000u128, 0..4), delegated in 0..1_000u128, amount in 0..5_000u128,
    ) {
        let mut funds = Funds { bond, delegated, ..Funds::default() };
        funds.unbonding = chunks.into_iter().zip(1..).collect();
        let before = funds.clone();
        let slashed = funds.slash(amount);
        prop_assert_eq!(slashed.total(), amount.min(before.all()));
        prop_assert_eq!(funds.all() + slashed.total(), before.all());
        prop_assert!(funds.bond == 0 || funds.unbonding() == before.unbonding());
        prop_assert!(funds.unbonding() == 0 || funds.delegated == before.delegated);
    }

    #[test]
    fn unbonding_takes_nothing_out_of_what_slashes_are_measured_by(bond in 0..1_000u128, delegated in 0..5_000u128, parts in prop::collection::vec(0..1_000u128, 0..4)) {
        let mut funds = Funds { bond, delegated, ..Funds::default() };
        let before = funds.slashable(400);
        for part in parts {
            funds.unbond(part, 10);
            prop_assert_eq!(funds.slashable(400), before);
        }
        funds.withdraw(10);
        prop_assert!(funds.slashable(400) <= before);
    }
}

#[test]
fn of_what_is_unbonding_the_latest_goes_first() {
    let mut funds = Funds {
        bond: 1,
        unbonding: vec![(10, 100), (10, 200)],
        ..Funds::default()
    };
    funds.slash(13);
    assert_eq!(funds.unbonding, [(8, 100), (0, 200)]);
}
