//! What an endpoint may look like: `http://` or `https://`, a host, optionally a port and a path.
//!
//! The runtime accepts only what every client reads the same way: lower-case scheme, no user
//! information, no query, no fragment, visible ASCII. Whether anything answers there is not its
//! business, and addresses of private networks are allowed.

use core::net::{Ipv4Addr, Ipv6Addr};

/// The longest DNS name, in bytes.
const MAX_NAME: usize = 253;
/// The longest label of a DNS name, in bytes.
const MAX_LABEL: usize = 63;

/// Whether `endpoint` is well formed. Its length is checked elsewhere.
pub fn is_valid(endpoint: &[u8]) -> bool {
    let Some(text) = visible_ascii(endpoint) else {
        return false;
    };
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, Some(path)),
        None => (rest, None),
    };
    is_authority(authority) && path.is_none_or(is_path)
}

/// The bytes as text if all of them are visible ASCII characters, that is neither blank nor control.
fn visible_ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().all(u8::is_ascii_graphic) {
        core::str::from_utf8(bytes).ok()
    } else {
        None
    }
}

/// `host` or `host:port`.
fn is_authority(authority: &str) -> bool {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let Some((address, rest)) = bracketed.split_once(']') else {
            return false;
        };
        let port_is_valid = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().is_ok() && port_is_valid;
    }
    match authority.split_once(':') {
        Some((host, port)) => is_name_or_ipv4(host) && is_port(port),
        None => is_name_or_ipv4(authority),
    }
}

/// 1 to 65535, in digits without leading zeros.
fn is_port(port: &str) -> bool {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    digits && !port.starts_with('0') && port.parse::<u16>().is_ok()
}

/// A DNS name or four decimal numbers. A name that ends in a number is read as an address by
/// browsers and must be one.
fn is_name_or_ipv4(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= MAX_NAME && host.split('.').all(is_label)
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

/// What follows the first slash: path characters of RFC 3986, percent signs with two hex digits.
fn is_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => {
                bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte),
        };
        if !valid {
            return false;
        }
    }
    true
}
