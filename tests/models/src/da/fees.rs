//! What things cost.

use super::{Balance, Days, Model};
use crate::leases::{mul_div_down, mul_div_up};

/// Rows that hold a blob, and the largest size, by class.
const CLASSES: [(u64, u64); 5] = [
    (1, 512),
    (8, 64 << 10),
    (256, 4 << 20),
    (1_024, 32 << 20),
    (4_096, 128 << 20),
];

/// How a blob is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of its original rows.
    pub units: u128,
    /// Bytes that a committee stores.
    pub stored: u128,
    /// The largest size of its class.
    pub largest: u32,
}

/// The shape of so many bytes: the smallest class, and the shortest rows. None if there is none.
pub fn shape(size: u32) -> Option<Shape> {
    let (rows, largest) = CLASSES
        .into_iter()
        .find(|(_, largest)| u64::from(size) <= *largest)?;
    let row = (u64::from(size) + 8).div_ceil(rows * 64) * 64;
    Some(Shape {
        units: u128::from(rows * row),
        stored: u128::from(4 * rows * row + 100 * 16 * rows),
        largest: u32::try_from(largest).ok()?,
    })
}

impl Model {
    /// Units for bytes in rounds at the price in force.
    pub fn window_fee(&self, shape: &Shape, rounds: u32) -> Balance {
        let bytes = shape.stored * u128::from(rounds);
        mul_div_up(self.price.per_unit(), bytes, 1 << 30).unwrap_or(Balance::MAX)
    }

    /// What is kept.
    pub fn base_fee(&self, of: &Shape) -> Balance {
        let sent = shape(of.largest).map_or(0, |largest| largest.stored);
        let sent = mul_div_up(self.parameters.sending_fee, sent, 1 << 30);
        self.parameters.record_fee + sent.unwrap_or(0)
    }

    /// For the first use of a namespace.
    pub fn namespace_fee(&self, namespace: u8) -> Balance {
        match self.namespaces.contains_key(&namespace) {
            true => 0,
            false => self.parameters.namespace_fee,
        }
    }

    /// A member's share of what its bundle paid.
    pub fn member_fee(fee: Balance, size: (u32, u32), days: (Days, Days)) -> Balance {
        let part = u128::from(size.0) * u128::from(days.0);
        let whole = u128::from(size.1) * u128::from(days.1);
        mul_div_up(fee, part, whole).unwrap_or(Balance::MAX)
    }
}

/// A part of a whole, rounded down.
pub(super) fn share(amount: Balance, part: u128, whole: u128) -> Balance {
    mul_div_down(amount, part, whole).unwrap_or(0)
}
