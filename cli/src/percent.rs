//! Parts of a whole, as people write and read them.

use std::{fmt, str::FromStr};

/// Digits behind the point of a percentage: with more, it would be no whole number of billionths.
const DECIMALS: usize = 7;
/// Billionths in a percent.
const BILLIONTHS: u32 = 10_000_000;

/// A part of a whole in billionths. Parses and prints percents, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(pub(crate) u32);

/// Why a text is no percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PercentError {
    #[error("expected percents such as 5 or 2.5, found {0:?}")]
    Malformed(String),
    #[error("percents have at most {DECIMALS} decimals here, found {0}")]
    TooManyDecimals(usize),
    #[error("expected at most 100 percent")]
    TooLarge,
}

impl Percent {
    /// `part` of `whole`; nothing of nothing.
    pub(crate) fn of(part: u32, whole: u32) -> Self {
        let billionths = u64::from(part) * 1_000_000_000 / u64::from(whole.max(1));
        Self(u32::try_from(billionths).unwrap_or(u32::MAX))
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || PercentError::Malformed(text.chars().take(60).collect());
        let number = text.strip_suffix('%').unwrap_or(text);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(PercentError::TooManyDecimals(fraction.len()));
        }
        // Only digits are left, so that parsing can fail for length alone.
        let whole: u32 = whole.parse().map_err(|_| PercentError::TooLarge)?;
        let fraction: u32 = format!("{fraction:0<DECIMALS$}")
            .parse()
            .map_err(|_| malformed())?;
        whole
            .checked_mul(BILLIONTHS)
            .and_then(|whole| whole.checked_add(fraction))
            .filter(|billionths| *billionths <= 100 * BILLIONTHS)
            .map(Self)
            .ok_or(PercentError::TooLarge)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / BILLIONTHS, self.0 % BILLIONTHS);
        let mut text = whole.to_string();
        if fraction > 0 {
            let digits = format!("{fraction:0>DECIMALS$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        f.pad(&format!("{text} %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Result<u32, PercentError> {
        text.parse::<Percent>().map(|percent| percent.0)
    }

    #[test]
    fn percents_are_parsed_exactly_and_print_as_they_parse() {
        for (text, billionths, shown) in [
            ("0", 0, "0 %"),
            ("5", 50_000_000, "5 %"),
            ("2.5%", 25_000_000, "2.5 %"),
            ("0.0000001", 1, "0.0000001 %"),
            ("100", 1_000_000_000, "100 %"),
        ] {
            assert_eq!(percent(text), Ok(billionths), "{text}");
            assert_eq!(Percent(billionths).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_part_of_a_whole_is_refused() {
        for text in ["", "%", ".5", "5.", "-1", "+1", "1e1", "1,5", "5 %", "5%%"] {
            assert!(
                matches!(percent(text), Err(PercentError::Malformed(_))),
                "{text}"
            );
        }
        assert_eq!(percent("100.1"), Err(PercentError::TooLarge));
        assert_eq!(percent("99999999999"), Err(PercentError::TooLarge));
        assert_eq!(percent("0.00000001"), Err(PercentError::TooManyDecimals(8)));
    }

    #[test]
    fn a_part_of_nothing_is_nothing() {
        assert_eq!(Percent::of(0, 0), Percent(0));
        assert_eq!(Percent::of(1, 4).to_string(), "25 %");
        assert_eq!(Percent::of(u32::MAX, u32::MAX).to_string(), "100 %");
    }
}
