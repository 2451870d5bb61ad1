//! What requests cost, exact to the unit.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::Metering;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Tokens that a token price is for.
pub const MILLION: u128 = 1_000_000;

/// What a service charges, in the smallest unit of the token.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Price {
    /// For a million tokens each.
    #[codec(index = 0)]
    Tokens {
        /// Tokens of the request that were not cached.
        input: u128,
        /// Tokens of the request that were cached.
        cached: u128,
        /// Tokens of the answer.
        output: u128,
    },
    /// For one unit of the service's kind.
    #[codec(index = 1)]
    Units {
        /// One unit.
        unit: u128,
    },
}

/// What a request used.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Usage {
    /// Tokens.
    #[codec(index = 0)]
    Tokens {
        /// Of the request, without what was cached.
        input: u64,
        /// Of the request, what was cached.
        cached: u64,
        /// Of the answer.
        output: u64,
    },
    /// Units of the service's kind.
    #[codec(index = 1)]
    Units {
        /// How many.
        units: u64,
    },
}

/// Why a cost cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// The usage counts something else than the price is for.
    #[error(
        "the price is per {price:?}, the usage counts {usage:?}; expected both to be the same"
    )]
    Mismatch {
        /// What the price is for.
        price: Metering,
        /// What was counted.
        usage: Metering,
    },
    /// Above `u128::MAX` units.
    #[error("the cost does not fit into 128 bits; expected a lower price or less usage")]
    Overflow,
}

impl Price {
    /// What it is for.
    pub const fn metering(&self) -> Metering {
        match self {
            Self::Tokens { .. } => Metering::Tokens,
            Self::Units { .. } => Metering::Units,
        }
    }

    /// What the usage costs: rounded up once, to a whole unit.
    ///
    /// # Errors
    /// When it counts something else than the price is for, or the result does not fit.
    pub fn cost(&self, used: &Usage) -> Result<u128, CostError> {
        match (*self, *used) {
            (
                Self::Tokens {
                    input,
                    cached,
                    output,
                },
                Usage::Tokens {
                    input: inputs,
                    cached: hits,
                    output: outputs,
                },
            ) => {
                let parts = [(input, inputs), (cached, hits), (output, outputs)];
                let sum = parts.into_iter().try_fold(0_u128, |sum, (price, count)| {
                    sum.checked_add(price.checked_mul(count.into())?)
                });
                sum.map(|sum| sum.div_ceil(MILLION))
                    .ok_or(CostError::Overflow)
            }
            (Self::Units { unit }, Usage::Units { units }) => {
                unit.checked_mul(units.into()).ok_or(CostError::Overflow)
            }
            _ => Err(CostError::Mismatch {
                price: self.metering(),
                usage: used.metering(),
            }),
        }
    }

    /// Whether nothing in it is above the same in `most`; false when they are for different things.
    pub const fn is_at_most(&self, most: &Self) -> bool {
        match (self, most) {
            (
                Self::Tokens {
                    input,
                    cached,
                    output,
                },
                Self::Tokens {
                    input: most_input,
                    cached: most_cached,
                    output: most_output,
                },
            ) => *input <= *most_input && *cached <= *most_cached && *output <= *most_output,
            (Self::Units { unit }, Self::Units { unit: most }) => *unit <= *most,
            _ => false,
        }
    }
}

impl Usage {
    /// What it counts.
    pub const fn metering(&self) -> Metering {
        match self {
            Self::Tokens { .. } => Metering::Tokens,
            Self::Units { .. } => Metering::Units,
        }
    }

    /// The usage as OpenAI's interface reports it, where the tokens of the prompt include those that were cached. None if
    /// more were cached than there were.
    pub const fn from_openai(prompt: u64, cached: u64, completion: u64) -> Option<Self> {
        match prompt.checked_sub(cached) {
            Some(input) => Some(Self::Tokens {
                input,
                cached,
                output: completion,
            }),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(input: u64, cached: u64, output: u64) -> Usage {
        Usage::Tokens {
            input,
            cached,
            output,
        }
    }

    const PRICE: Price = Price::Tokens {
        input: 3,
        cached: 1,
        output: 7,
    };

    #[test]
    fn cost_is_rounded_up_once() {
        assert_eq!(PRICE.cost(&tokens(0, 0, 0)), Ok(0));
        // Each item by itself would be rounded to 1, and the sum to 3.
        assert_eq!(PRICE.cost(&tokens(1, 1, 1)), Ok(1));
        assert_eq!(PRICE.cost(&tokens(1_000_000, 0, 0)), Ok(3));
        assert_eq!(PRICE.cost(&tokens(1_000_000, 1, 0)), Ok(4));
        assert_eq!(
            Price::Units { unit: 5 }.cost(&Usage::Units { units: 3 }),
            Ok(15)
        );
    }

    #[test]
    fn cost_of_something_else_is_refused() {
        let mismatch = CostError::Mismatch {
            price: Metering::Tokens,
            usage: Metering::Units,
        };
        assert_eq!(PRICE.cost(&Usage::Units { units: 1 }), Err(mismatch));
    }

    #[test]
    fn cost_that_does_not_fit_is_an_error() {
        let dear = Price::Units { unit: u128::MAX };
        assert_eq!(dear.cost(&Usage::Units { units: 1 }), Ok(u128::MAX));
        assert_eq!(
            dear.cost(&Usage::Units { units: 2 }),
            Err(CostError::Overflow)
        );
        let dear = Price::Tokens {
            input: u128::MAX,
            cached: 0,
            output: 1,
        };
        assert_eq!(dear.cost(&tokens(1, 0, 1)), Err(CostError::Overflow));
    }

    #[test]
    fn from_openai_takes_what_was_cached_from_the_prompt() {
        assert_eq!(Usage::from_openai(10, 4, 2), Some(tokens(6, 4, 2)));
        assert_eq!(Usage::from_openai(3, 4, 2), None);
    }

    #[test]
    fn is_at_most_compares_every_part() {
        assert!(PRICE.is_at_most(&PRICE));
        let cheaper_but_for_one = Price::Tokens {
            input: 0,
            cached: 2,
            output: 0,
        };
        assert!(!cheaper_but_for_one.is_at_most(&PRICE));
        assert!(!Price::Units { unit: 0 }.is_at_most(&PRICE));
        assert!(Price::Units { unit: 1 }.is_at_most(&Price::Units { unit: 1 }));
    }

    proptest! {
        /// The cost is the exact sum rounded up: 10^6 × cost is at least the sum, and less than 10^6 above it.
        #[test]
        fn cost_is_within_one_unit_of_exact(
            prices in prop::array::uniform3(0..1u128 << 60),
            counts in prop::array::uniform3(0..1u64 << 40),
        ) {
            let price = Price::Tokens { input: prices[0], cached: prices[1], output: prices[2] };
            let cost = price.cost(&tokens(counts[0], counts[1], counts[2])).unwrap();
            let exact: u128 = prices.iter().zip(counts).map(|(price, count)| price * u128::from(count)).sum();
            prop_assert!(cost * MILLION >= exact);
            prop_assert!(cost * MILLION - exact < MILLION);
        }

        /// Two requests never cost less than one that uses as much as both.
        #[test]
        fn splitting_a_request_never_makes_it_cheaper(
            a in prop::array::uniform3(0..1u64 << 40),
            b in prop::array::uniform3(0..1u64 << 40),
        ) {
            let cost = |c: [u64; 3]| PRICE.cost(&tokens(c[0], c[1], c[2])).unwrap();
            let both = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
            prop_assert!(cost(a) + cost(b) >= cost(both));
        }
    }
}
