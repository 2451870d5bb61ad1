//! Who may have a gateway pay for blobs.

use axum::http::{header, uri::Authority, HeaderMap, StatusCode, Uri};
use sha2::{Digest, Sha256};

use crate::replies::Refusal;

/// Whoever has the token; without one, programs on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// SHA-256 of the token: compared in its place, so that time tells nothing about it.
    token: Option<[u8; 32]>,
}

impl Access {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self {
            token: token.map(|token| Sha256::digest(token).into()),
        }
    }

    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else {
            return match is_local(uri, headers) {
                true => Ok(()),
                false => {
                    let message = "only programs on this machine are served: Host must be loopback, and there must be no Origin";
                    Err(Refusal::new(StatusCode::FORBIDDEN, "not_local", message))
                }
            };
        };
        let given = headers.get(header::AUTHORIZATION);
        let given = given
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let is_right = given.is_some_and(|given| {
            let found: [u8; 32] = Sha256::digest(given).into();
            found == *token
        });
        match is_right {
            true => Ok(()),
            false => {
                let message = "expected `Authorization: Bearer` with this gateway's token";
                Err(Refusal::new(StatusCode::UNAUTHORIZED, "no_token", message))
            }
        }
    }
}

/// Whether a program on this machine asks, and no page of a browser.
fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = match headers.get(header::HOST) {
        Some(host) => host.to_str().ok().is_some_and(is_loopback),
        // HTTP/2 has it in the address.
        None => uri
            .authority()
            .is_some_and(|authority| is_loopback(authority.as_str())),
    };
    host && !headers.contains_key(header::ORIGIN)
}

fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn check(access: &Access, headers: &[(HeaderName, &str)]) -> Result<(), &'static str> {
        let headers = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (name.clone(), value)
        });
        let uri = Uri::from_static("/v1/blobs");
        let checked = access.check(&uri, &headers.collect());
        checked.map_err(|refusal| refusal.code)
    }

    #[test]
    fn with_a_token_it_is_asked_for_and_nothing_else() {
        let access = Access::new(Some("secret"));
        let with = |value: &str| check(&access, &[(header::AUTHORIZATION, value)]);
        assert_eq!(with("Bearer secret"), Ok(()));
        for wrong in ["Bearer secret1", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(with(wrong), Err("no_token"));
        }
        assert_eq!(
            check(&access, &[(header::HOST, "localhost")]),
            Err("no_token")
        );
    }

    #[test]
    fn without_a_token_pages_of_browsers_and_other_names_are_refused() {
        let access = Access::new(None);
        for host in ["127.0.0.1:8402", "localhost", "[::1]:1"] {
            assert_eq!(check(&access, &[(header::HOST, host)]), Ok(()));
            let page = [(header::HOST, host), (header::ORIGIN, "http://127.0.0.1")];
            assert_eq!(check(&access, &page), Err("not_local"));
        }
        for host in ["example.com", "127.0.0.1.example.com", ""] {
            assert_eq!(check(&access, &[(header::HOST, host)]), Err("not_local"));
        }
        assert_eq!(check(&access, &[]), Err("not_local"));
    }
}
