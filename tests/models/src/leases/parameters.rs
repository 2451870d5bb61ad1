//! The numbers, and the inequalities that they must satisfy.

use super::{price::CURVE, Balance, Round, MILLION};

/// The numbers of a chain. Rounds, sectors of 256 bytes, units of the token; parts in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The least an account may have.
    pub existential_deposit: Balance,
    /// Deposit for the state of a deal.
    pub deposit_base: Balance,
    /// Deposit for the state of a replica.
    pub deposit_per_replica: Balance,
    /// Replicas of a deal at most.
    pub max_replicas: u8,
    /// Sectors of a file at most.
    pub max_sectors: u64,
    /// Deals in a call for many.
    pub max_batch: usize,
    /// The size that prices are for.
    pub price_sectors: u64,
    /// Charged with every replica beside its own.
    pub overhead_sectors: u64,
    /// Units per `price_sectors` and round at first.
    pub base_price: Balance,
    /// The lowest base price.
    pub min_base_price: Balance,
    /// The highest base price.
    pub max_base_price: Balance,
    /// The least term.
    pub min_rounds: Round,
    /// From now to the end of a lease at most.
    pub max_rounds: Round,
    /// The last rounds of what is paid.
    pub grace_rounds: Round,
    /// Rounds whose rent is the charge for a placement, beside the ready window.
    pub placement_rounds: Round,
    /// Sectors whose ready window is a round.
    pub sectors_per_window_round: u64,
    /// Nobody is drawn for fewer rounds.
    pub min_rounds_left: Round,
    /// From a placement to the first challenge at most, with a margin.
    pub rounds_to_mature: Round,
    /// A slot of a deal that nobody ever held fails so often.
    pub max_failures: u8,
    /// How long a leaving provider waits for its replacement.
    pub hand_over_rounds: Round,
    /// Stake for `price_sectors`.
    pub collateral: Balance,
    /// The smallest bond.
    pub min_bond: Balance,
    /// What counts of delegations, in hundredths of the bond.
    pub max_delegation_percent: u32,
    /// Strike points for a missed round; a passed one takes one away.
    pub points_per_miss: u32,
    /// With so many points a provider is dropped.
    pub points_to_drop: u32,
    /// Slashed with every missed round.
    pub settlement_fee: Balance,
    /// Of the collateral of what is reserved, with the first, second, third miss and the one that drops.
    pub slashes: [u64; 4],
    /// Of the fee, as far as it is the offender's own.
    pub reporter_share: u64,
    /// Bounties for a dropped provider's replicas, of what its own slashes were.
    pub bounty_share: u64,
}

/// One NOEMA.
const NOEMA: Balance = 1_000_000_000_000_000_000;
/// A millionth of it.
const MICRO: Balance = NOEMA / 1_000_000;
/// Sectors of a GiB.
const GIB: u64 = 1 << 22;

/// A deposit for items and bytes in state, as the runtime counts it.
const fn deposit(items: Balance, bytes: Balance) -> Balance {
    items * NOEMA / 50 + bytes * NOEMA / 10_000
}

/// An inequality of `docs/design/money.md` that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsound {
    /// 2: being dropped would be cheaper than leaving in order.
    DroppingPays,
    /// 3: an episode's slashes can exceed the own bond.
    SlashBeyondBond,
    /// 4: bounties and reporter's share give a slash back.
    BountiesPay,
    /// 5: capacity is locked for less than it costs.
    LockingPays,
    /// 6: a lease can be over before it is served.
    TermTooShort,
    /// 7: products may not fit.
    Overflow,
    /// A number that must not be zero, or lie between others, does not.
    Nonsense,
}

impl Parameters {
    /// Those of `docs/design/money.md`, for rounds of 21,600 ticks.
    pub const NOEMA: Self = Self {
        existential_deposit: NOEMA / 1_000,
        deposit_base: deposit(4, 420),
        deposit_per_replica: deposit(2, 400),
        max_replicas: 16,
        max_sectors: 1 << 32,
        max_batch: 64,
        price_sectors: GIB,
        overhead_sectors: 256,
        base_price: 72 * MICRO,
        min_base_price: MICRO,
        max_base_price: 360 * MICRO,
        min_rounds: 4,
        max_rounds: 2_920,
        grace_rounds: 12,
        placement_rounds: 4,
        // 60 blocks and one more for each MiB; the 60 are in `placement_rounds`.
        sectors_per_window_round: 21_600 << 12,
        min_rounds_left: 2,
        rounds_to_mature: 3,
        max_failures: 3,
        hand_over_rounds: 28,
        collateral: NOEMA,
        min_bond: 100 * NOEMA,
        max_delegation_percent: 400,
        points_per_miss: 24,
        points_to_drop: 96,
        settlement_fee: NOEMA / 20,
        slashes: [0, 10_000, 40_000, 100_000],
        reporter_share: 200_000,
        bounty_share: 500_000,
    };

    /// Small numbers, so that every rounding and every end is met in histories of a few hundred steps.
    pub const SMALL: Self = Self {
        existential_deposit: 10,
        deposit_base: 13,
        deposit_per_replica: 7,
        max_replicas: 4,
        max_sectors: 200,
        max_batch: 3,
        price_sectors: 16,
        overhead_sectors: 2,
        base_price: 7,
        min_base_price: 1,
        max_base_price: 40,
        min_rounds: 6,
        max_rounds: 30,
        grace_rounds: 2,
        placement_rounds: 2,
        sectors_per_window_round: 50,
        min_rounds_left: 2,
        rounds_to_mature: 3,
        max_failures: 3,
        hand_over_rounds: 3,
        collateral: 20_000,
        min_bond: 20_000,
        max_delegation_percent: 400,
        points_per_miss: 4,
        points_to_drop: 16,
        settlement_fee: 100,
        slashes: [0, 10_000, 40_000, 100_000],
        reporter_share: 200_000,
        bounty_share: 500_000,
    };

    /// Rounds whose rent is charged for the placement of a replica.
    pub fn placement_rounds_of(&self, sectors: u64) -> Round {
        let window = sectors.div_ceil(self.sectors_per_window_round);
        self.placement_rounds
            .saturating_add(Round::try_from(window).unwrap_or(Round::MAX))
    }

    /// The highest price of `price_sectors` for a round.
    pub fn highest_price(&self) -> Balance {
        let highest = CURVE
            .iter()
            .map(|(_, multiplier)| *multiplier)
            .max()
            .unwrap_or(MILLION);
        self.max_base_price * Balance::from(highest / MILLION)
    }

    /// Whether the inequalities hold.
    pub fn check(&self) -> Result<(), Unsound> {
        let ensure = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        let million = Balance::from(MILLION);
        // What stands behind a provider is at most so many hundredths of its own bond.
        let all = Balance::from(100 + self.max_delegation_percent);
        // The slashes of an episode, one after the other, for one whose own bond is as small a part of its stake as can be, all of which is
        // reserved: what counts of the rest shrinks with the bond, and with it what is slashed, so that it loses less than anybody.
        let left = self.slashes.iter().fold(million, |left, part| {
            (left * million.saturating_sub((Balance::from(*part) * all).div_ceil(100)))
                .div_ceil(million)
        });
        let slashes = (million - left) * 100 / all;
        ensure(
            self.existential_deposit > 0
                && self.max_replicas > 0
                && self.price_sectors > 0
                && self.sectors_per_window_round > 0
                && self.max_failures > 0
                && (1..=self.base_price).contains(&self.min_base_price)
                && self.base_price <= self.max_base_price,
            Unsound::Nonsense,
        )?;
        ensure(
            slashes * self.collateral
                >= self.highest_price() * Balance::from(self.hand_over_rounds) * million,
            Unsound::DroppingPays,
        )?;
        let parts: Balance = self.slashes.iter().copied().map(Balance::from).sum();
        let slashed = (parts * self.min_bond * all).div_ceil(100 * million);
        ensure(
            slashed + 4 * self.settlement_fee <= self.min_bond,
            Unsound::SlashBeyondBond,
        )?;
        ensure(
            self.reporter_share + self.bounty_share < MILLION,
            Unsound::BountiesPay,
        )?;
        ensure(
            self.placement_rounds_of(self.max_sectors)
                >= Round::try_from(self.max_sectors / self.sectors_per_window_round)
                    .unwrap_or(Round::MAX),
            Unsound::LockingPays,
        )?;
        ensure(
            self.min_rounds > self.rounds_to_mature
                && self.min_rounds_left <= self.min_rounds
                && self.min_rounds.saturating_add(self.grace_rounds) <= self.max_rounds,
            Unsound::TermTooShort,
        )?;
        let rounds = self
            .max_rounds
            .checked_add(self.placement_rounds_of(self.max_sectors));
        let largest = u128::from(self.max_sectors)
            .checked_add(self.overhead_sectors.into())
            .and_then(|sectors| {
                sectors
                    .div_ceil(self.price_sectors.into())
                    .checked_mul(self.highest_price())
            })
            .and_then(|rent| rent.checked_mul(255))
            .zip(rounds)
            .and_then(|(sum, rounds)| sum.checked_mul(rounds.into()));
        ensure(largest.is_some_and(|sum| sum < 1 << 127), Unsound::Overflow)
    }
}
