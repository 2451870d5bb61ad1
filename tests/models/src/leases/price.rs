//! The price of a round, and what a file costs in it. Pure arithmetic, in integers.

use super::{Balance, Error, Parameters, Round};

/// One, in millionths.
pub const MILLION: u64 = 1_000_000;

/// How many times the base price what is scarce costs: (utilisation, multiplier) in millionths, linear in between.
pub const CURVE: [(u64, u64); 5] = [
    (0, MILLION),
    (500_000, MILLION),
    (800_000, 2 * MILLION),
    (950_000, 5 * MILLION),
    (MILLION, 10 * MILLION),
];

/// The multiplier moves by at most this part of itself in a round: one in 16.
const STEP: u64 = 16;

/// The part of all bytes that is reserved, in millionths, rounded down. Where there is no capacity at all, all of it is.
pub fn utilisation(reserved: u128, free: u128) -> u64 {
    let all = reserved.saturating_add(free);
    if all == 0 {
        return MILLION;
    }
    let part = mul_div_down(reserved, MILLION.into(), all).unwrap_or(MILLION.into());
    u64::try_from(part).unwrap_or(MILLION).min(MILLION)
}

/// What is reserved and free, summed over the blocks of a round: the price of the next one follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    reserved: u128,
    free: u128,
}

impl Usage {
    /// What one block sees.
    pub fn see(&mut self, reserved: u128, free: u128) {
        self.reserved += reserved;
        self.free += free;
    }

    /// The part that is reserved, in millionths.
    pub fn utilisation(&self) -> u64 {
        utilisation(self.reserved, self.free)
    }
}

/// The multiplier to which the price tends at a utilisation.
pub fn curve(utilisation: u64) -> u64 {
    let at = utilisation.min(MILLION);
    CURVE
        .windows(2)
        .find_map(|pair| {
            let [(from, low), (to, high)] = *pair else {
                return None;
            };
            (at <= to).then(|| low + (high - low) * (at - from) / (to - from))
        })
        .unwrap_or(MILLION)
}

/// The multiplier of the next round.
pub fn next_multiplier(multiplier: u64, utilisation: u64) -> u64 {
    let step = multiplier / STEP;
    curve(utilisation).clamp(multiplier - step, multiplier + step)
}

/// `⌊a × b / c⌋`. `None` when it does not fit or `c` is 0.
pub fn mul_div_down(a: u128, b: u128, c: u128) -> Option<u128> {
    mul_div(a, b, c).map(|(quotient, _)| quotient)
}

/// `⌈a × b / c⌉`. `None` when it does not fit or `c` is 0.
pub fn mul_div_up(a: u128, b: u128, c: u128) -> Option<u128> {
    let (quotient, rest) = mul_div(a, b, c)?;
    if rest == 0 {
        Some(quotient)
    } else {
        quotient.checked_add(1)
    }
}

/// Quotient and rest of `a × b / c`, exact in between.
fn mul_div(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    if c == 0 {
        return None;
    }
    if let Some(product) = a.checked_mul(b) {
        return Some((product / c, product % c));
    }
    // Bit by bit: quotient and rest of (bits of a read so far) × b / c.
    let (mut quotient, mut rest) = (0u128, 0u128);
    let (b_quotient, b_rest) = (b / c, b % c);
    for bit in (0..128).rev() {
        let (doubled, carry) = twice_modulo(rest, c);
        quotient = quotient.checked_mul(2)?.checked_add(carry)?;
        rest = doubled;
        if a >> bit & 1 == 1 {
            let (sum, carry) = add_modulo(rest, b_rest, c);
            quotient = quotient.checked_add(b_quotient)?.checked_add(carry)?;
            rest = sum;
        }
    }
    Some((quotient, rest))
}

/// `a + b` for `a, b < c`, as (rest, quotient) by `c`.
fn add_modulo(a: u128, b: u128, c: u128) -> (u128, u128) {
    if a >= c - b {
        (a - (c - b), 1)
    } else {
        (a + b, 0)
    }
}

fn twice_modulo(a: u128, c: u128) -> (u128, u128) {
    add_modulo(a, a, c)
}

/// What storage costs in the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Units per unit of size and round at little use.
    pub base: Balance,
    /// The base of the next round.
    pub next_base: Balance,
    /// How many times that, in millionths.
    pub multiplier: u64,
}

impl Price {
    /// Units per [`Parameters::price_sectors`] and round.
    pub fn per_unit(&self) -> Balance {
        mul_div_up(self.base, self.multiplier.into(), MILLION.into()).unwrap_or(Balance::MAX)
    }

    /// The price of the next round.
    pub fn moved(&self, utilisation: u64) -> Self {
        Self {
            base: self.next_base,
            next_base: self.next_base,
            multiplier: next_multiplier(self.multiplier, utilisation),
        }
    }

    /// Units that a replica of this size earns in a round.
    pub fn rent(&self, parameters: &Parameters, sectors: u64) -> Result<Balance, Error> {
        let charged = u128::from(sectors) + u128::from(parameters.overhead_sectors);
        mul_div_up(self.per_unit(), charged, parameters.price_sectors.into())
            .map(|rent| rent.max(1))
            .ok_or(Error::AmountTooLarge)
    }
}

/// Units for `replicas` in `rounds`.
pub(super) fn product(rent: Balance, replicas: u8, rounds: Round) -> Result<Balance, Error> {
    rent.checked_mul(replicas.into())
        .and_then(|sum| sum.checked_mul(rounds.into()))
        .ok_or(Error::AmountTooLarge)
}
