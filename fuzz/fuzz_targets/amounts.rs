//! Amounts, sizes and names as people write them: what is read is what the text says, and what is
//! printed reads back as the same value.

#![no_main]

#[allow(dead_code)]
#[path = "../../cli/src/amount.rs"]
mod amount;

use amount::{Amount, AmountError, NOEMA};
use libfuzzer_sys::fuzz_target;
use noema_chain_client::{AccountId, FileId, Hash, Role};
use noema_storage::ByteSize;

fuzz_target!(|input: &[u8]| {
    if let Some(bytes) = input.first_chunk::<16>() {
        printed(u128::from_le_bytes(*bytes));
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    amount(text);
    size(text);
    names(text);
});

fn printed(number: u128) {
    let text = Amount(number).to_string();
    let digits = text.strip_suffix(" NOEMA").unwrap();
    assert_eq!(digits.parse(), Ok(Amount(number)));
    let size = ByteSize(number as u64);
    // Rounded down to a tenth of the unit.
    let text = size.to_string();
    let (digits, unit) = text.split_once(' ').unwrap();
    let whole = digits.split('.').next().unwrap();
    if unit != "PiB" && unit != "EiB" {
        let read: ByteSize = format!("{whole}{unit}").parse().unwrap();
        assert!(read <= size && size.0 - read.0 <= size.0 / 2 + 1);
    }
}

fn amount(text: &str) {
    match text.parse::<Amount>() {
        Ok(amount) => {
            // The value by its digits, wherever the point stands.
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let fraction: String = fraction
                .chars()
                .chain("0".repeat(18).chars())
                .take(18)
                .collect();
            let digits = format!("{whole}{fraction}");
            assert_eq!(
                digits.trim_start_matches('0').parse().unwrap_or(0),
                amount.0
            );
            printed(amount.0);
        }
        Err(AmountError::TooLarge) => {
            let whole = text.split('.').next().unwrap().trim_start_matches('0');
            assert!(whole.len() >= (u128::MAX / NOEMA).to_string().len());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn size(text: &str) {
    if let Ok(size) = text.parse::<ByteSize>() {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: u64 = digits.parse().unwrap();
        assert!(size.0 >= number && (number == 0 || size.0.is_multiple_of(number)));
    }
}

fn names(text: &str) {
    if let Ok(account) = text.parse::<AccountId>() {
        assert_eq!(account.to_string().parse(), Ok(account));
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(text.parse::<FileId>().map(|file| file.0), Ok(hash.0));
    }
    if let Ok(file) = text.parse::<FileId>() {
        assert_eq!(
            file.to_string(),
            text.trim_start_matches("0x").to_lowercase()
        );
    }
    if let Ok(role) = text.parse::<Role>() {
        assert_eq!(role.name(), text);
    }
}
