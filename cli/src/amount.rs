//! Amounts of the token and sizes of data, as people write and read them.

use std::{fmt, str::FromStr};

use noema_chain_client::Balance;

/// Decimals of the token.
const DECIMALS: usize = 18;
/// One whole token, in the smallest unit.
pub(crate) const NOEMA: Balance = 10_u128.pow(DECIMALS as u32);

/// An amount of the token. Parses and prints whole tokens with up to 18 decimals, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(pub(crate) Balance);

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    #[error("expected an amount in NOEMA such as 12 or 0.5, found {0:?}")]
    Malformed(String),
    #[error("an amount has at most 18 decimals, found {0}")]
    TooManyDecimals(usize),
    #[error("the amount is larger than any balance can be")]
    TooLarge,
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || AmountError::Malformed(text.chars().take(60).collect());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(AmountError::TooManyDecimals(fraction.len()));
        }
        // Only digits are left, so that parsing can fail for length alone.
        let whole: Balance = whole.parse().map_err(|_| AmountError::TooLarge)?;
        let fraction: Balance = format!("{fraction:0<DECIMALS$}")
            .parse()
            .map_err(|_| malformed())?;
        whole
            .checked_mul(NOEMA)
            .and_then(|whole| whole.checked_add(fraction))
            .map(Self)
            .ok_or(AmountError::TooLarge)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / NOEMA, self.0 % NOEMA);
        let mut text = whole.to_string();
        if fraction > 0 {
            let digits = format!("{fraction:0>DECIMALS$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        f.pad(&format!("{text} NOEMA"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Result<Balance, AmountError> {
        text.parse::<Amount>().map(|a| a.0)
    }

    /// The smallest amount that there is, written out.
    fn smallest() -> String {
        format!("0.{}1", "0".repeat(DECIMALS - 1))
    }

    /// So many of the smallest unit, with the point where it belongs.
    fn point(units: Balance) -> String {
        let mut text = units.to_string();
        text.insert(text.len() - DECIMALS, '.');
        text
    }

    #[test]
    fn amounts_are_parsed_exactly() {
        assert_eq!(amount("1"), Ok(NOEMA));
        assert_eq!(amount("0.1"), Ok(NOEMA / 10));
        assert_eq!(amount(&smallest()), Ok(1));
        assert_eq!(amount(&format!("1.{}", "0".repeat(21))), Ok(NOEMA));
        assert_eq!(
            amount("123456789.987654321987"),
            Ok(123_456_789 * NOEMA + NOEMA / 1_000_000_000_000 * 987_654_321_987)
        );
        assert_eq!(amount(&point(u128::MAX)), Ok(u128::MAX));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1 ", "0x10", "NaN", "1.2.3",
        ] {
            assert!(
                matches!(amount(text), Err(AmountError::Malformed(_))),
                "{text}"
            );
        }
        assert_eq!(
            amount(&smallest().replace("0.", "0.0")),
            Err(AmountError::TooManyDecimals(DECIMALS + 1))
        );
        let largest = point(u128::MAX);
        let beyond = largest.strip_suffix('5').unwrap().to_owned() + "6";
        assert_eq!(amount(&beyond), Err(AmountError::TooLarge));
        assert_eq!(amount(&"9".repeat(60)), Err(AmountError::TooLarge));
    }

    #[test]
    fn amounts_print_as_they_parse() {
        for (units, text) in [
            (0, "0 NOEMA"),
            (1, &format!("{} NOEMA", smallest())),
            (NOEMA, "1 NOEMA"),
            (NOEMA * 3 / 2, "1.5 NOEMA"),
        ] {
            assert_eq!(Amount(units).to_string(), text);
            assert_eq!(amount(text.trim_end_matches(" NOEMA")), Ok(units));
        }
    }
}
