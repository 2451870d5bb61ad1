//! What a request can cost at most, before anybody has worked on it. Buyer and gateway compute it alike.

use noema_compute_primitives::{CostError, Price, Usage, MILLION};

/// Tokens that a model's template adds to what the request says, at most.
pub const TEMPLATE_TOKENS: u64 = 1024;

/// Tokens of input that a body of so many bytes has at most: a token of text is at least a byte. Media can be more tokens than bytes; they are charged within this all the same.
pub const fn input_bound(body_bytes: u64) -> u64 {
    body_bytes.saturating_add(TEMPLATE_TOKENS)
}

/// What a request costs at most, in units: the maximum of a voucher that no gateway refuses for being too low.
///
/// # Errors
/// When the price is not one of tokens, or the result does not fit.
pub fn ceiling(price: &Price, body_bytes: u64, output: u64) -> Result<u128, CostError> {
    let bound = input_bound(body_bytes);
    let all_new = Usage::Tokens {
        input: bound,
        cached: 0,
        output,
    };
    let all_cached = Usage::Tokens {
        input: 0,
        cached: bound,
        output,
    };
    Ok(price.cost(&all_new)?.max(price.cost(&all_cached)?))
}

/// Tokens of output that a maximum pays for when the input costs as much as it can. None when it does not even cover that input, or the price is not one of
/// tokens.
pub fn affordable_output(price: &Price, maximum: u128, body_bytes: u64) -> Option<u64> {
    let Price::Tokens {
        input,
        cached,
        output,
    } = *price
    else {
        return None;
    };
    let for_input = input
        .max(cached)
        .checked_mul(input_bound(body_bytes).into())?;
    // More than can be counted pays for everything that can.
    let all = maximum.saturating_mul(MILLION);
    let left = all.checked_sub(for_input)?;
    let tokens = left.checked_div(output).unwrap_or(u128::MAX);
    Some(u64::try_from(tokens).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_of_units_has_no_bound() {
        let price = Price::Units { unit: 1 };
        assert!(ceiling(&price, 1, 1).is_err());
        assert_eq!(affordable_output(&price, 1_000, 1), None);
    }

    #[test]
    fn a_free_output_is_affordable_without_limit_once_the_input_is_covered() {
        let price = Price::Tokens {
            input: MILLION,
            cached: 0,
            output: 0,
        };
        let input = u128::from(input_bound(10));
        assert_eq!(affordable_output(&price, input, 10), Some(u64::MAX));
        assert_eq!(affordable_output(&price, input - 1, 10), None);
    }

    proptest! {
        /// A maximum made for so much output pays for it, and what is affordable never costs more than the maximum.
        #[test]
        fn ceiling_and_affordable_output_fit_together(
            prices in prop::array::uniform3(0..1u128 << 60),
            bytes in 0..1u64 << 24,
            output in 0..1u64 << 30,
            maximum in 0..u128::MAX >> 20,
        ) {
            let price = Price::Tokens { input: prices[0], cached: prices[1], output: prices[2] };
            let most = ceiling(&price, bytes, output).unwrap();
            prop_assert!(affordable_output(&price, most, bytes).unwrap() >= output);
            if let Some(tokens) = affordable_output(&price, maximum, bytes) {
                let tokens = tokens.min(1 << 40);
                prop_assert!(ceiling(&price, bytes, tokens).unwrap() <= maximum);
            }
        }
    }
}
