//! Which bytes of a file are wanted.

use std::{ops::Range, str::FromStr};

/// Part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From the first to the second, both included; to the end if there is no second.
    From(u64, Option<u64>),
    /// The last bytes, this many.
    Last(u64),
}

impl FromStr for ByteRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "expected A-B, A- or -N with byte numbers from 0".to_owned();
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| malformed()),
            false => Err(malformed()),
        };
        let (first, last) = text.split_once('-').ok_or_else(malformed)?;
        match (first, last) {
            ("", n) => Ok(Self::Last(number(n)?)),
            (a, "") => Ok(Self::From(number(a)?, None)),
            (a, b) => {
                let (a, b) = (number(a)?, number(b)?);
                if a > b {
                    return Err(format!("the range ends at {b} before it begins at {a}"));
                }
                Ok(Self::From(a, Some(b)))
            }
        }
    }
}

impl ByteRange {
    /// The bytes of a file of `size` bytes, end excluded; like HTTP, an end beyond the file is cut.
    pub(crate) fn within(self, size: u64) -> Result<Range<u64>, String> {
        let range = match self {
            Self::From(first, last) => {
                first..last.map_or(size, |last| last.saturating_add(1).min(size))
            }
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        if range.start >= range.end {
            return Err(format!("the range holds no byte of the file's {size}"));
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let range = |text: &str| text.parse::<ByteRange>().unwrap().within(100);
        assert_eq!(range("0-99"), Ok(0..100));
        assert_eq!(range("0-0"), Ok(0..1));
        assert_eq!(range("10-"), Ok(10..100));
        assert_eq!(range("-1"), Ok(99..100));
        assert_eq!(range("-500"), Ok(0..100));
        assert_eq!(range("50-500"), Ok(50..100));
        assert!(range("100-").is_err());
        assert!(range("-0").is_err());
        for text in ["", "-", "5", "9-5", "a-b", "1-2-3", "+1-2"] {
            assert!(text.parse::<ByteRange>().is_err(), "{text}");
        }
    }
}
