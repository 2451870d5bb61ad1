//! The arithmetic of pools, against what exact fractions would give every single delegator.

use crate::pool::*;
use proptest::prelude::*;
use sp_runtime::Perbill;
use std::collections::BTreeMap;

fn pool() -> Pool<u32> {
    Pool {
        id: 0,
        accepting: true,
        max_percent: 100,
        commission: Commission {
            rate: Perbill::zero(),
            rise: None,
        },
        stake: Side::default(),
        unbonding: Side::default(),
        incoming: Incoming::default(),
        leaves_at: None,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Buy(usize, u128),
    /// Moves this many hundredths of the shares to unbonding.
    Sell(usize, u128),
    Withdraw(usize),
    /// Takes this many hundredths of everything.
    Slash(u128),
    Reward(u128),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, 100..1_000_000u128).prop_map(|(who, amount)| Step::Buy(who, amount)),
        3 => (0..4usize, 0..=100u128).prop_map(|(who, part)| Step::Sell(who, part)),
        1 => (0..4usize).prop_map(Step::Withdraw),
        1 => (0..80u128).prop_map(Step::Slash),
        1 => (1..20_000u128).prop_map(Step::Reward),
    ]
}

/// What exact fractions would give one delegator: stake and unbonding.
#[derive(Clone, Copy, Debug, Default)]
struct Ideal(f64, f64);

proptest! {
    /// With slashes and rewards carried to each delegator one by one, in fractions, everybody has what
    /// its shares say, up to one unit for each step (and what rewards made of it).
    #[test]
    fn shares_are_worth_what_each_delegator_would_have(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut pool = pool();
        let mut shares = BTreeMap::<usize, (u128, u128)>::new();
        let mut ideals = BTreeMap::<usize, Ideal>::new();
        let mut tolerance = 1.0f64;
        for step in steps {
            tolerance += 1.0;
            match step {
                Step::Buy(who, amount) => {
                    let Ok((bought, cost)) = pool.stake.buy(amount) else { continue };
                    prop_assert!(cost <= amount);
                    shares.entry(who).or_default().0 += bought;
                    ideals.entry(who).or_default().0 += cost as f64;
                }
                Step::Sell(who, part) => {
                    let Some(own) = shares.get_mut(&who) else { continue };
                    let sold = own.0 * part / 100;
                    if sold == 0 { continue }
                    let fraction = sold as f64 / own.0 as f64;
                    let value = pool.stake.take(sold).unwrap();
                    own.0 -= sold;
                    own.1 += pool.unbonding.put(value).unwrap();
                    let ideal = ideals.get_mut(&who).unwrap();
                    ideal.1 += ideal.0 * fraction;
                    ideal.0 -= ideal.0 * fraction;
                }
                Step::Withdraw(who) => {
                    let Some(own) = shares.get_mut(&who) else { continue };
                    pool.unbonding.take(core::mem::take(&mut own.1)).unwrap();
                    ideals.get_mut(&who).unwrap().1 = 0.0;
                }
                Step::Slash(part) => {
                    let there = pool.stake.value + pool.unbonding.value;
                    let asked = there * part / 100;
                    let slash = pool.slash(asked);
                    prop_assert_eq!(slash.total(), asked);
                    if pool.is_depleted() { break }
                    if there > 0 {
                        let kept = 1.0 - asked as f64 / there as f64;
                        for ideal in ideals.values_mut() {
                            *ideal = Ideal(ideal.0 * kept, ideal.1 * kept);
                        }
                    }
                }
                Step::Reward(amount) => {
                    if pool.stake.value < 1_000 { continue }
                    let growth = 1.0 + amount as f64 / pool.stake.value as f64;
                    pool.stake.value += amount;
                    tolerance *= growth;
                    for ideal in ideals.values_mut() {
                        ideal.0 *= growth;
                    }
                }
            }
            for (who, (staked, unbonding)) in &shares {
                let ideal = ideals[who];
                let values = [
                    (pool.stake.value_of(*staked), ideal.0),
                    (pool.unbonding.value_of(*unbonding), ideal.1),
                ];
                for (value, ideal) in values {
                    prop_assert!((value as f64 - ideal).abs() <= tolerance, "{value} {ideal}");
                }
            }
            let (staked, unbonding) = shares.values().fold((0, 0), |sum, own| {
                (sum.0 + own.0, sum.1 + own.1)
            });
            prop_assert_eq!((staked, unbonding), (pool.stake.shares, pool.unbonding.shares));
            prop_assert!(pool.unbonding.value <= pool.unbonding.shares);
        }
    }

    /// Whatever the price: who buys has what it paid, up to one unit, and nobody else loses.
    #[test]
    fn buying_moves_no_value(
        shares in 1u128..1 << 60,
        value in 1u128..1 << 60,
        own in 0u128..1 << 60,
        amount in 1u128..1 << 60,
    ) {
        let before = Side { shares, value };
        let own = own.min(shares);
        let mut after = before;
        match after.buy(amount) {
            Ok((bought, cost)) => {
                prop_assert!(cost <= amount);
                prop_assert!(after.value_of(bought) + 1 >= cost);
                prop_assert!(after.value_of(bought) <= cost);
                prop_assert!(after.value_of(own) >= before.value_of(own));
                // One more share would have cost too much.
                let more = crate::math::mul_div_up(bought + 1, value, shares).unwrap();
                prop_assert!(more > amount);
            }
            Err(BuyError::NoShare) => {
                prop_assert_eq!(after, before);
                prop_assert!(crate::math::mul_div_up(1, value, shares).unwrap() > amount);
            }
            Err(BuyError::Overflow) => prop_assert!(false, "2^60 overflows nothing"),
        }
    }

    /// With an issuance below 2^108 and a pool that is not depleted, everybody can leave.
    #[test]
    fn leaving_never_overflows(
        value in 1u128..1 << 107,
        unbonding in 0u128..1 << 107,
        cheap in 0u32..=20,
        own in any::<u128>(),
    ) {
        let mut pool = pool();
        pool.stake = Side { shares: value << cheap, value };
        pool.unbonding = Side { shares: unbonding << cheap, value: unbonding };
        prop_assert!(!pool.is_depleted());
        let own = own % (pool.stake.shares + 1);
        let value = pool.stake.take(own).unwrap();
        let shares = pool.unbonding.put(value).unwrap();
        prop_assert!(shares >= value);
        prop_assert!(pool.unbonding.take(shares).unwrap() <= value);
    }

    /// Both sides lose the same part, up to one unit, and together what was asked for.
    #[test]
    fn slash_is_pro_rata(
        stake in 0u128..1 << 100,
        unbonding in 0u128..1 << 100,
        amount in any::<u128>(),
    ) {
        let mut pool = pool();
        pool.stake = Side { shares: stake, value: stake };
        pool.unbonding = Side { shares: unbonding, value: unbonding };
        let there = stake + unbonding;
        // Half of them less than there is, so that something is left to compare.
        let amount = if amount % 2 == 0 { amount % (there + 1) } else { amount };
        let slash = pool.slash(amount);
        prop_assert_eq!(slash.total(), amount.min(there));
        prop_assert_eq!(pool.stake.value + slash.from_stake, stake);
        prop_assert_eq!(pool.unbonding.value + slash.from_unbonding, unbonding);
        let wide = sp_core::U512::from;
        let exact = wide(slash.total()) * wide(unbonding);
        let taken = wide(slash.from_unbonding) * wide(there);
        prop_assert!(taken <= exact && exact < taken + wide(there.max(1)));
        if there > 0 && slash.total() < there {
            // A side that had something has something, unless all of it was stake's rounding.
            prop_assert!(unbonding == 0 || pool.unbonding.value > 0);
        }
    }

    /// The parts of a reward are the whole, and the delegators' is no more than their share.
    #[test]
    fn reward_is_split_without_loss(
        amount in 0u128..1 << 100,
        bond in 0u128..1 << 100,
        stake in 0u128..1 << 100,
        rate in 0u32..=100,
    ) {
        let rate = Perbill::from_percent(rate);
        let (theirs, kept) = split_reward(amount, bond, stake, rate);
        prop_assert!(theirs + kept <= amount);
        let wide = sp_core::U512::from;
        let exact = wide(amount) * wide(stake);
        let all = wide(theirs + kept) * wide(bond + stake);
        prop_assert!(all <= exact && (bond + stake == 0 || exact < all + wide(bond + stake)));
        prop_assert!(kept >= rate * theirs.saturating_add(kept));
    }

    /// However often it is asked, a drip gives all of it, never more, and not before its time.
    #[test]
    fn drip_gives_everything_by_its_end(
        amount in 1u128..1 << 90,
        start in 0u32..1_000_000,
        period in 1u32..1_000_000,
        steps in prop::collection::vec(0u32..100_000, 0..20),
    ) {
        let mut incoming = Incoming { since: start, ..Default::default() };
        incoming.add(amount, start, period).unwrap();
        prop_assert_eq!(incoming.until, start + period);
        let (mut now, mut given) = (start, 0);
        for step in steps {
            now += step;
            given += incoming.drip(now);
            let elapsed = u128::from((now - start).min(period));
            let due = amount / u128::from(period) * elapsed + amount % u128::from(period) * elapsed / u128::from(period);
            prop_assert!(given <= due);
            // Each time one unit at most stays behind.
            prop_assert!(given + 20 >= due);
        }
        given += incoming.drip(now.max(start + period));
        prop_assert_eq!((given, incoming.amount), (amount, 0));
    }

    /// A second reward moves the end of the first by no more than its weight.
    #[test]
    fn dust_delays_nothing(
        amount in 1u128..1 << 90,
        second in 1u128..1 << 90,
        period in 1u32..1_000_000,
        passed in 0u32..1_000_000,
    ) {
        let mut incoming = Incoming::<u32>::default();
        incoming.add(amount, 0, period).unwrap();
        incoming.drip(passed);
        let (left, until) = (incoming.amount, incoming.until.max(passed));
        incoming.add(second, passed, period).unwrap();
        prop_assert_eq!(incoming.amount, left + second);
        prop_assert!(incoming.until >= until || left == 0);
        prop_assert!(incoming.until <= passed + period);
        let moved = u128::from(incoming.until - until.min(incoming.until));
        if left > 0 {
            let most = u128::from(period) * second / (left + second) + 1;
            prop_assert!(moved <= most, "{moved} {most}");
        }
    }
}

/// The first depositor's trick, round after round: makes a share dear by rewards to itself, leaves
/// with all but the least, and starts again. Whoever comes after pays for what it gets, or is refused.
#[test]
fn share_inflation_takes_nothing_from_those_who_come_after() {
    let least = 1_000_000_000_000_000_000u128;
    let mut side = Side::default();
    side.buy(least).unwrap();
    for _ in 0..4 {
        side.value += least * 1_000_000;
        let kept = side.shares_worth(least).unwrap();
        side.take(side.shares - kept).unwrap();
    }
    assert!(side.value / side.shares > least / 2, "a share is dear");
    let price = side.value / side.shares;
    let mut poor = side;
    assert_eq!(poor.buy(price / 2), Err(BuyError::NoShare));
    let (shares, cost) = side.buy(price * 5 / 2).unwrap();
    assert_eq!(shares, 2);
    assert!(side.value_of(shares) + 1 >= cost);
}

#[test]
fn side_that_lost_all_but_a_millionth_is_depleted() {
    let side = |shares, value| Side { shares, value };
    assert!(!side(0, 0).is_depleted());
    assert!(!side(1 << 20, 1).is_depleted());
    assert!(side((1 << 20) + 1, 1).is_depleted());
    assert!(side(1, 0).is_depleted());
    assert!(!side(u128::MAX, u128::MAX).is_depleted());
}

#[test]
fn sums_that_do_not_fit_change_nothing() {
    let mut side = Side {
        shares: u128::MAX,
        value: u128::MAX,
    };
    assert_eq!(side.buy(1), Err(BuyError::Overflow));
    assert_eq!(side.put(1), None);
    assert_eq!(
        side,
        Side {
            shares: u128::MAX,
            value: u128::MAX
        }
    );
    let mut incoming = Incoming {
        amount: u128::MAX,
        since: 0u32,
        until: 5,
    };
    assert_eq!(incoming.add(1, 0, 5), None);
    assert_eq!(incoming.amount, u128::MAX);
    assert_eq!(Side::default().take(1), None);
}

#[test]
fn commission_rises_when_it_was_announced_for() {
    let commission = Commission {
        rate: Perbill::from_percent(5),
        rise: Some((Perbill::from_percent(9), 20u32)),
    };
    assert_eq!(commission.at(19), Perbill::from_percent(5));
    assert_eq!(commission.at(20), Perbill::from_percent(9));
    assert_eq!(commission.highest(0), Perbill::from_percent(9));
}
