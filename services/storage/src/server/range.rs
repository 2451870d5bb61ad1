//! `Range: bytes=…` of one range.

use std::ops::Range;

/// What a request for a part of a file means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole file: no range, or one that is to be ignored.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that the file does not have.
    Unsatisfiable,
}

/// Reads the value of a `Range` header for a file of `size` bytes. As RFC 9110 has it, other units,
/// several ranges and what cannot be read are ignored.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(value) = header else {
        return Wanted::All;
    };
    let Some(range) = value.trim().strip_prefix("bytes=") else {
        return Wanted::All;
    };
    let Some((first, last)) = range.split_once('-') else {
        return Wanted::All;
    };
    match (number(first), number(last)) {
        (Some(Some(first)), Some(last)) => {
            let last = last.unwrap_or(u64::MAX);
            if first > last {
                Wanted::All
            } else if first >= size {
                Wanted::Unsatisfiable
            } else {
                Wanted::Part(first..last.saturating_add(1).min(size))
            }
        }
        (Some(None), Some(Some(suffix))) => match suffix {
            0 => Wanted::Unsatisfiable,
            _ => Wanted::Part(size.saturating_sub(suffix)..size),
        },
        _ => Wanted::All,
    }
}

/// `Some(None)` for nothing, `None` for what is no number.
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits only: what does not fit is beyond every file.
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_it() {
        let of_100 = |value| wanted(Some(value), 100);
        assert_eq!(wanted(None, 100), Wanted::All);
        assert_eq!(of_100("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(of_100("bytes=10-19"), Wanted::Part(10..20));
        assert_eq!(of_100("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(of_100("bytes=90-1000"), Wanted::Part(90..100));
        assert_eq!(of_100("bytes=-5"), Wanted::Part(95..100));
        assert_eq!(of_100("bytes=-500"), Wanted::Part(0..100));
        assert_eq!(of_100("bytes=100-"), Wanted::Unsatisfiable);
        assert_eq!(
            of_100("bytes=99999999999999999999999-"),
            Wanted::Unsatisfiable
        );
        assert_eq!(of_100("bytes=-0"), Wanted::Unsatisfiable);
        for ignored in [
            "bytes=5-2",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=a-b",
            "bytes=-",
            "x",
        ] {
            assert_eq!(of_100(ignored), Wanted::All, "{ignored}");
        }
    }

    proptest! {
        #[test]
        fn any_part_lies_within_the_file(value in ".{0,40}", size in 1u64..1_000_000) {
            for text in [value.clone(), format!("bytes={value}")] {
                if let Wanted::Part(range) = wanted(Some(&text), size) {
                    prop_assert!(range.start < range.end && range.end <= size);
                }
            }
        }
    }
}
