//! Parts of a file as they are asked for: in the `Range` header of a request and on the command line.
//! The daemon follows RFC 9110 section 14.1.2 as written down here a second time, and whatever the
//! command line understands the daemon understands in the same way.

#![no_main]

#[allow(dead_code)]
#[path = "../../cli/src/args/range.rs"]
mod argument;
#[allow(dead_code)]
#[path = "../../services/storage/src/server/range.rs"]
mod range;

use argument::ByteRange;
use libfuzzer_sys::fuzz_target;
use noema_fuzz::Bytes;
use range::{wanted, Wanted};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let size = bytes.number().clamp(1, 1 << 48);
    let Ok(text) = std::str::from_utf8(bytes.0) else {
        return;
    };
    assert_eq!(wanted(None, size), Wanted::All);
    for value in [text.to_owned(), format!("bytes={text}")] {
        let found = wanted(Some(&value), size);
        if let Wanted::Part(part) = &found {
            assert!(part.start < part.end && part.end <= size);
        }
        assert_eq!(found, by_the_rfc(&value, size), "{value:?} of {size}");
    }
    if let Ok(argument) = text.parse::<ByteRange>() {
        let served = wanted(Some(&format!("bytes={text}")), size);
        match argument.within(size) {
            Ok(part) => assert_eq!(served, Wanted::Part(part)),
            Err(_) => assert_eq!(served, Wanted::Unsatisfiable),
        }
    }
});

/// The same rule, from the text of the RFC.
fn by_the_rfc(value: &str, size: u64) -> Wanted {
    let Some(spec) = value.trim().strip_prefix("bytes=") else {
        return Wanted::All;
    };
    let parts: Vec<&str> = spec.splitn(2, '-').map(str::trim).collect();
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let [first, last] = parts[..] else {
        return Wanted::All;
    };
    if !digits(first) || !digits(last) {
        return Wanted::All;
    }
    // What does not fit into 64 bits lies beyond every file, and so do all such numbers alike.
    let small = |text: &str| text.parse::<u64>().map_or(u128::from(u64::MAX), u128::from);
    let size = u128::from(size);
    let part = |from: u128, to: u128| Wanted::Part(from as u64..to as u64);
    match (first, last) {
        ("", "") => Wanted::All,
        ("", suffix) if small(suffix) == 0 => Wanted::Unsatisfiable,
        ("", suffix) => part(size.saturating_sub(small(suffix)), size),
        (first, "") if small(first) >= size => Wanted::Unsatisfiable,
        (first, "") => part(small(first), size),
        (first, last) if small(first) > small(last) => Wanted::All,
        (first, _) if small(first) >= size => Wanted::Unsatisfiable,
        (first, last) => part(small(first), small(last).saturating_add(1).min(size)),
    }
}
