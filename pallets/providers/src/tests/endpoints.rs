//! What an endpoint may look like.

use crate::endpoint::is_valid;
use proptest::prelude::*;

#[test]
fn valid_endpoints_are_accepted() {
    let long_label = "a".repeat(63);
    let long_name = [long_label.as_str(); 3].join(".") + ".example";
    for endpoint in [
        "http://a",
        "https://provider.example",
        "https://provider.example/",
        "https://provider.example:7000",
        "https://provider.example:65535/noema/v1",
        "http://localhost:1",
        "http://127.0.0.1:8080",
        "http://[::1]",
        "http://[2001:db8::1]:80/x",
        "http://xn--bcher-kva.example",
        "http://1and1.example",
        "http://3com",
        "http://UPPER.example",
        "http://a/%20/a-b._~!$&'()*+,;=:@",
        "http://a//",
        &format!("http://{long_label}"),
        &format!("http://{long_name}"),
    ] {
        assert!(is_valid(endpoint.as_bytes()), "{endpoint}");
    }
}

#[test]
fn invalid_endpoints_are_refused() {
    let long_label = "a".repeat(64);
    let long_name = [&long_label[..63]; 4].join(".");
    for endpoint in [
        "",
        "a",
        "http",
        "http:",
        "http:/a",
        "http://",
        "http:///",
        "http:///path",
        "https://:80",
        "HTTP://a",
        "ftp://a",
        "ws://a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//a",
        " http://a",
        "http://a ",
        "http://a b",
        "http://a\n",
        "http://a\r\nHost: b",
        "http://a\t",
        "http://a\0",
        "http://a\u{7f}",
        "http://bücher.example",
        "http://user@a",
        "http://user:password@a",
        "http://a:",
        "http://a:0",
        "http://a:00080",
        "http://a:080",
        "http://a:65536",
        "http://a:99999999999999999999",
        "http://a:-1",
        "http://a:+1",
        "http://a:b",
        "http://a:80:80",
        "http://a?query",
        "http://a/?query",
        "http://a#fragment",
        "http://a/#fragment",
        "http://a/\\",
        "http://a/<script>",
        "http://a/\"",
        "http://a/%",
        "http://a/%2",
        "http://a/%zz",
        "http://-a",
        "http://a-",
        "http://a_b",
        "http://.a",
        "http://a.",
        "http://a..b",
        "http://.",
        "http://256.1.1.1",
        "http://1.2.3",
        "http://1.2.3.4.5",
        "http://2130706433",
        "http://a.1",
        "http://127.0.0.01",
        "http://[",
        "http://[]",
        "http://[::1",
        "http://::1",
        "http://[::1]80",
        "http://[::1]:",
        "http://[::1]:0",
        "http://[::g]",
        "http://[1.2.3.4]",
        "http://[fe80::1%eth0]",
        "http://[::1]a/",
        &format!("http://{long_label}"),
        &format!("http://{long_name}"),
    ] {
        assert!(!is_valid(endpoint.as_bytes()), "{endpoint:?}");
    }
}

proptest! {
    /// Any bytes at all are answered, and what is accepted has a scheme and is visible ASCII.
    #[test]
    fn is_valid_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let prefixed = [b"http://".as_slice(), &bytes].concat();
        for candidate in [&bytes, &prefixed] {
            if is_valid(candidate) {
                prop_assert!(candidate.starts_with(b"http://") || candidate.starts_with(b"https://"));
                prop_assert!(candidate.iter().all(|byte| (0x21..=0x7e).contains(byte)));
            }
        }
    }

    #[test]
    fn is_valid_accepts_generated(
        scheme in "https?",
        host in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z])?){1,3}",
        port in prop::option::of(1u16..),
        path in prop::option::of("[a-zA-Z0-9/._~-]{0,30}"),
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        let endpoint = format!("{scheme}://{host}{port}{path}");
        prop_assert!(is_valid(endpoint.as_bytes()), "{}", endpoint);
    }
}
