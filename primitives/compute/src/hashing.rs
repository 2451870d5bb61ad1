//! Hashes of requests and responses: of the bytes as they were sent.

use crate::Hash;
use sha2::{Digest, Sha256};

const REQUEST_DOMAIN: &[u8] = b"noema/compute/request/v1";
const RESPONSE_DOMAIN: &[u8] = b"noema/compute/response/v1";

/// A route of more than 65,535 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route has {length} bytes; expected at most 65535")]
pub struct RouteTooLong {
    /// Its length.
    pub length: usize,
}

/// The hash of a request: its route, as in `POST /v1/chat/completions`, and the bytes of its body.
///
/// # Errors
/// When the length of the route does not fit into 16 bits.
pub fn request_hash(route: &str, body: &[u8]) -> Result<Hash, RouteTooLong> {
    let length = u16::try_from(route.len()).map_err(|_| RouteTooLong {
        length: route.len(),
    })?;
    let mut outer = Sha256::new();
    outer.update(REQUEST_DOMAIN);
    outer.update(length.to_le_bytes());
    outer.update(route.as_bytes());
    outer.update(length_of(body).to_le_bytes());
    outer.update(Sha256::digest(body));
    Ok(outer.finalize().into())
}

/// The hash of a response that is there as a whole: its status and the bytes of its body.
pub fn response_hash(status: u16, body: &[u8]) -> Hash {
    let mut hasher = ResponseHasher::new(status);
    hasher.update(body);
    hasher.finish()
}

/// Hashes a response while it passes by. The result is that of [`response_hash`], however the body was cut.
#[derive(Clone, Debug)]
pub struct ResponseHasher {
    status: u16,
    body: Sha256,
    length: u64,
}

impl ResponseHasher {
    /// Begins with the status of the response.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            body: Sha256::new(),
            length: 0,
        }
    }

    /// Adds what comes next of the body.
    pub fn update(&mut self, chunk: &[u8]) {
        self.body.update(chunk);
        self.length = self.length.saturating_add(length_of(chunk));
    }

    /// Bytes of the body so far.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The hash of what came so far. The stream can go on.
    pub fn finish(&self) -> Hash {
        let mut outer = Sha256::new();
        outer.update(RESPONSE_DOMAIN);
        outer.update(self.status.to_le_bytes());
        outer.update(self.length.to_le_bytes());
        outer.update(self.body.clone().finalize());
        outer.finalize().into()
    }
}

/// Bytes of a slice. No address space has more than 2^64.
fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUTE: &str = "POST /v1/chat/completions";

    #[test]
    fn request_hash_takes_the_bytes_and_not_the_meaning() {
        let hash = |body: &str| request_hash(ROUTE, body.as_bytes()).unwrap();
        assert_ne!(hash(r#"{"a":1}"#), hash(r#"{"a": 1}"#));
        assert_ne!(hash(r#"{"a":1}"#), hash(r#"{"a":1.0}"#));
    }

    #[test]
    fn request_hash_of_a_route_that_is_too_long_is_refused() {
        let route = "x".repeat(65_536);
        assert_eq!(
            request_hash(&route, b""),
            Err(RouteTooLong { length: 65_536 })
        );
        assert!(request_hash(&route[1..], b"").is_ok());
    }

    proptest! {
        /// Where one part ends and the next begins cannot be shifted.
        #[test]
        fn request_hash_binds_route_and_body(route in "[a-z]{1,8}", body in "[a-z]{1,8}") {
            let hash = request_hash(&route, body.as_bytes()).unwrap();
            let shifted = format!("{route}{}", &body[..1]);
            prop_assert_ne!(hash, request_hash(&shifted, &body.as_bytes()[1..]).unwrap());
            prop_assert_ne!(hash, response_hash(0, body.as_bytes()));
        }

        #[test]
        fn response_hash_does_not_depend_on_chunks(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10),
            status in any::<u16>(),
        ) {
            let mut hasher = ResponseHasher::new(status);
            for chunk in &chunks {
                hasher.update(chunk);
            }
            let body = chunks.concat();
            prop_assert_eq!(hasher.length(), body.len() as u64);
            prop_assert_eq!(hasher.finish(), response_hash(status, &body));
        }

        #[test]
        fn response_hash_changes_with_every_bit(
            body in prop::collection::vec(any::<u8>(), 1..50),
            at in any::<prop::sample::Index>(),
            bit in 0..8u32,
        ) {
            let hash = response_hash(200, &body);
            let mut other = body.clone();
            other[at.index(body.len())] ^= 1 << bit;
            prop_assert_ne!(hash, response_hash(200, &other));
            prop_assert_ne!(hash, response_hash(201, &body));
            prop_assert_ne!(hash, response_hash(200, &body[1..]));
        }
    }
}
