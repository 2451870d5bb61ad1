#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod authority;
mod pin;

use core::fmt;

use authority::Authority;
pub use pin::Pin;

/// The longest endpoint that the Noema chain stores, in bytes.
pub const MAX_LEN: usize = 256;

/// Where a daemon answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// Encrypted; the daemon has this key.
    Https {
        /// Scheme, host, port and path.
        url: &'a str,
        /// Hash of the daemon's public key.
        pin: Pin,
    },
    /// Plain, on this machine.
    Loopback {
        /// Scheme, host, port and path.
        url: &'a str,
    },
}

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// Not scheme, host and optionally port and path in the form that is accepted.
    Malformed,
    /// Plain `http` to a host that is not loopback.
    NotEncrypted,
    /// `https` without the hash of the key.
    NotPinned,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => {
                "expected https://HOST[:PORT][/PATH]#sha256=KEY, or http:// and a loopback host"
            }
            Self::NotEncrypted => {
                "plain http is for loopback (localhost, 127.0.0.0/8, [::1]); use https"
            }
            Self::NotPinned => {
                "an https endpoint ends in #sha256= and the hash of the daemon's key in 64 lower-case hex digits"
            }
        })
    }
}

impl core::error::Error for EndpointError {}

impl<'a> Endpoint<'a> {
    /// Reads an endpoint. Its length is for the caller to limit.
    ///
    /// # Errors
    /// When it has another form than those of [`Endpoint`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EndpointError> {
        let text = visible_ascii(bytes).ok_or(EndpointError::Malformed)?;
        let (url, fragment) = match text.split_once('#') {
            Some((url, fragment)) => (url, Some(fragment)),
            None => (text, None),
        };
        let (encrypted, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (
                false,
                url.strip_prefix("http://")
                    .ok_or(EndpointError::Malformed)?,
            ),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let authority = Authority::parse(authority).ok_or(EndpointError::Malformed)?;
        if !path.is_none_or(is_path) {
            return Err(EndpointError::Malformed);
        }
        match (encrypted, fragment) {
            (true, None) => Err(EndpointError::NotPinned),
            (true, Some(fragment)) => {
                let pin = Pin::from_fragment(fragment).ok_or(EndpointError::NotPinned)?;
                Ok(Self::Https { url, pin })
            }
            (false, Some(_)) => Err(EndpointError::Malformed),
            (false, None) if authority.is_loopback() => Ok(Self::Loopback { url }),
            (false, None) => Err(EndpointError::NotEncrypted),
        }
    }

    /// Scheme, host, port and path: the endpoint without the pin.
    pub const fn url(&self) -> &'a str {
        match self {
            Self::Https { url, .. } | Self::Loopback { url } => url,
        }
    }
}

/// The bytes as text if all of them are visible ASCII characters, that is neither blank nor control.
fn visible_ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().all(u8::is_ascii_graphic) {
        core::str::from_utf8(bytes).ok()
    } else {
        None
    }
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
