//! Amounts of bytes as people write them in settings: `64MiB`, `2TB`, `1000000`, `5%`.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{de, Deserialize, Deserializer};

/// Reserve of a disk for which none is set: this, or so many percent where that is less.
const USUAL: u64 = 1 << 30;
const USUAL_PERCENT: u64 = 5;
/// The least reserve in bytes, and the greatest in percent. The index needs some room whatever happens.
const LEAST: u64 = 1 << 20;
const MOST_PERCENT: u64 = 90;

/// A number of bytes. In a file it may be a number as well as a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Why a text is no amount of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ByteSizeError {
    /// It has another form.
    #[error("expected a size such as 64MiB, 2TB or 1000000 (bytes), found {0:?}")]
    Malformed(String),
    /// It does not fit into a number.
    #[error("the size is larger than 2^64 bytes")]
    TooLarge,
    /// It is no reserve of a disk.
    #[error(
        "expected a reserve of at least 1MiB, or 1% to {MOST_PERCENT}% of the disk, found {0:?}"
    )]
    NoReserve(String),
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

/// What is said of a text that comes from outside: not all of it.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || ByteSizeError::Malformed(shortened(text));
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
        let number: u64 = number.parse().map_err(|_| ByteSizeError::TooLarge)?;
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or(ByteSizeError::TooLarge)
    }
}

impl fmt::Display for ByteSize {
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
        let name = NAMES.get(step.saturating_sub(1)).copied().unwrap_or("EiB");
        match tenth {
            0 => f.pad(&format!("{whole} {name}")),
            _ => f.pad(&format!("{whole}.{tenth} {name}")),
        }
    }
}

/// How much of a disk stays free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reserve {
    /// 1 GiB, or 5 % of a disk of which that is less.
    #[default]
    Usual,
    /// So many bytes.
    Bytes(u64),
    /// So many hundredths of the disk.
    Percent(u64),
}

impl Reserve {
    /// In bytes, for a disk of `total` bytes.
    pub fn of(&self, total: u64) -> u64 {
        let percent = |percent: u64| {
            let share = u128::from(total) * u128::from(percent) / 100;
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        match self {
            Self::Usual => percent(USUAL_PERCENT).min(USUAL),
            Self::Bytes(bytes) => *bytes,
            Self::Percent(hundredths) => percent(*hundredths),
        }
    }
}

impl FromStr for Reserve {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let none = || ByteSizeError::NoReserve(shortened(text));
        if let Some(number) = text.strip_suffix('%') {
            let digits = number.trim_end();
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(none());
            }
            let percent: u64 = digits.parse().map_err(|_| none())?;
            return match (1..=MOST_PERCENT).contains(&percent) {
                true => Ok(Self::Percent(percent)),
                false => Err(none()),
            };
        }
        match text.parse::<ByteSize>()? {
            ByteSize(bytes) if bytes >= LEAST => Ok(Self::Bytes(bytes)),
            ByteSize(_) => Err(none()),
        }
    }
}

/// Reads a number or a text.
struct NumberOrText<T>(PhantomData<T>);

impl<T: FromStr<Err = ByteSizeError>> de::Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of bytes, or a text such as \"64MiB\"")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Reserve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(text: &str) -> Result<u64, ByteSizeError> {
        text.parse::<ByteSize>().map(|size| size.0)
    }

    #[test]
    fn sizes_take_binary_and_decimal_units() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("64 MiB"), Ok(64 << 20));
        assert_eq!(size("2tb"), Ok(2_000_000_000_000));
        assert_eq!(size("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(size("16777216TiB"), Err(ByteSizeError::TooLarge));
        for text in ["", "GiB", "1.5GiB", "-1", "1 XB", "5%"] {
            assert!(
                matches!(size(text), Err(ByteSizeError::Malformed(_))),
                "{text}"
            );
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
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_reserve_is_bytes_or_a_part_of_the_disk() {
        let reserve = |text: &str| text.parse::<Reserve>();
        assert_eq!(reserve("1GiB"), Ok(Reserve::Bytes(1 << 30)));
        assert_eq!(reserve("5%"), Ok(Reserve::Percent(5)));
        for text in ["0", "1KiB", "0%", "91%", "-5%", "5.5%", "%"] {
            assert!(
                matches!(reserve(text), Err(ByteSizeError::NoReserve(_))),
                "{text}"
            );
        }
        assert_eq!(Reserve::Percent(5).of(1000), 50);
        assert_eq!(Reserve::Bytes(7).of(1000), 7);
        assert_eq!(Reserve::Usual.of(1000), 50);
        assert_eq!(Reserve::Usual.of(1 << 40), 1 << 30);
    }

    #[test]
    fn files_have_numbers_or_texts() {
        #[derive(Deserialize)]
        struct File {
            rate: ByteSize,
            reserve: Reserve,
        }
        let read =
            |text: &str| toml::from_str::<File>(text).map(|file| (file.rate.0, file.reserve));
        let text = "rate = 1048576\nreserve = \"5%\"";
        assert_eq!(read(text).unwrap(), (1 << 20, Reserve::Percent(5)));
        let text = "rate = \"1MiB\"\nreserve = 2097152";
        assert_eq!(read(text).unwrap(), (1 << 20, Reserve::Bytes(2 << 20)));
        for bad in [
            "rate = -1\nreserve = 2097152",
            "rate = 1\nreserve = 1",
            "rate = 1.5\nreserve = \"5%\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}", total in any::<u64>()) {
            let _ = text.parse::<ByteSize>();
            if let Ok(reserve) = text.parse::<Reserve>() {
                prop_assert!(matches!(reserve, Reserve::Bytes(_)) || reserve.of(total) <= total);
            }
        }
    }
}
