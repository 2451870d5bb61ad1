//! `host` or `host:port`.

use core::net::{Ipv4Addr, Ipv6Addr};

/// The longest DNS name, in bytes.
const MAX_NAME: usize = 253;
/// The longest label of a DNS name, in bytes.
const MAX_LABEL: usize = 63;

/// A host; the port that may follow is checked and not kept.
pub(crate) enum Authority<'a> {
    Name(&'a str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl<'a> Authority<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let (address, rest) = bracketed.split_once(']')?;
            let port_is_valid = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
            return port_is_valid
                .then(|| address.parse().ok())
                .flatten()
                .map(Self::V6);
        }
        match text.split_once(':') {
            Some((host, port)) if is_port(port) => Self::name_or_ipv4(host),
            Some(_) => None,
            None => Self::name_or_ipv4(text),
        }
    }

    /// A DNS name or four decimal numbers. A name that ends in a number is read as an address by
    /// browsers and must be one.
    fn name_or_ipv4(host: &'a str) -> Option<Self> {
        if host.rsplit('.').next().is_some_and(is_number) {
            return host.parse().ok().map(Self::V4);
        }
        let is_name = host.len() <= MAX_NAME && host.split('.').all(is_label);
        is_name.then_some(Self::Name(host))
    }

    /// Whether what is sent there stays on the machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
        }
    }
}

/// 1 to 65535, in digits without leading zeros.
fn is_port(port: &str) -> bool {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    digits && !port.starts_with('0') && port.parse::<u16>().is_ok()
}

/// Whether a label is a number of an address to the URL standard, which takes `0x` and hex digits, even
/// none, for one as well (<https://url.spec.whatwg.org/#ends-in-a-number-checker>).
fn is_number(label: &str) -> bool {
    let decimal = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"))
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    decimal || hex
}

/// Letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
