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

/// A number of bytes. Parses `1000000`, `64KiB`, `10 GiB`, `2TB`; prints the nearest binary unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    #[error("expected a size such as 500GiB, 2TB or 1000000 (bytes), found {0:?}")]
    Malformed(String),
    #[error("the size is larger than 2^64 bytes")]
    TooLarge,
}

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("b", 1),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
];

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || SizeError::Malformed(text.chars().take(60).collect());
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim_start().to_ascii_lowercase();
        let (_, factor) = UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(malformed)?;
        if number.is_empty() {
            return Err(malformed());
        }
        let number: u64 = number.parse().map_err(|_| SizeError::TooLarge)?;
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or(SizeError::TooLarge)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        // Whole units and tenths, without a detour over floating point.
        let step = usize::try_from(self.0.ilog2() / 10).unwrap_or(1);
        let unit = 1_u64 << (10 * step);
        let tenths = u128::from(self.0) * 10 / u128::from(unit);
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let name = NAMES[step - 1];
        let text = if tenth == 0 {
            format!("{whole} {name}")
        } else {
            format!("{whole}.{tenth} {name}")
        };
        f.pad(&text)
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

    #[test]
    fn sizes_take_binary_and_decimal_units() {
        let size = |text: &str| text.parse::<Size>().map(|s| s.0);
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(size("64 GiB"), Ok(64 << 30));
        assert_eq!(size("2tb"), Ok(2_000_000_000_000));
        assert_eq!(size("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(size("16777216TiB"), Err(SizeError::TooLarge));
        for text in ["", "GiB", "1.5GiB", "-1", "1 XB"] {
            assert!(matches!(size(text), Err(SizeError::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn sizes_print_in_the_nearest_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10 << 20, "10 MiB"),
            ((1 << 30) - 1, "1023.9 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }
}
