//! Amounts in settings.

use std::str::FromStr;

use serde::Deserialize;

/// An amount of the smallest unit. Text in files, since TOML has no numbers of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Units(pub u128);

impl FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('_', "");
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain
            .then(|| digits.parse().ok())
            .flatten()
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is no amount: expected a whole number of the smallest unit")
            })
    }
}

impl TryFrom<String> for Units {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_numbers_with_room_between_digits() {
        assert_eq!("1_000".parse(), Ok(Units(1_000)));
        assert_eq!(u128::MAX.to_string().parse(), Ok(Units(u128::MAX)));
        for wrong in ["", "_", "-1", "+1", "1.5", "1e3", "0x10"] {
            let refused = wrong.parse::<Units>();
            assert!(refused.is_err(), "{wrong:?}");
        }
    }
}
