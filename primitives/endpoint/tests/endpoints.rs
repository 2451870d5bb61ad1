//! What an endpoint may look like.

use noema_endpoint::{Endpoint, EndpointError, Pin};
use proptest::prelude::*;

const PIN: &str = "sha256=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

fn parse(text: &str) -> Result<Endpoint<'_>, EndpointError> {
    Endpoint::parse(text.as_bytes())
}

#[test]
fn parts_are_read() {
    let pin: Pin = PIN.parse().unwrap();
    assert_eq!(pin.0[..4], [0, 1, 2, 3]);
    assert_eq!(pin.0[31], 0xff);
    assert_eq!(pin.to_string(), PIN);
    let text = format!("https://provider.example:7000/x#{PIN}");
    let url = "https://provider.example:7000/x";
    assert_eq!(parse(&text), Ok(Endpoint::Https { url, pin }));
    let url = "http://127.0.0.1:8201/";
    assert_eq!(parse(url), Ok(Endpoint::Loopback { url }));
    assert_eq!(parse(url).unwrap().url(), url);
}

#[test]
fn hosts_ports_and_paths_of_all_forms_are_accepted() {
    let long_label = "a".repeat(63);
    let long_name = [long_label.as_str(); 3].join(".") + ".example";
    for rest in [
        "a",
        "provider.example",
        "provider.example/",
        "provider.example:7000",
        "provider.example:65535/noema/v1",
        "192.0.2.1:8080",
        "[2001:db8::1]:80/x",
        "xn--bcher-kva.example",
        "1and1.example",
        "3com",
        "0xprovider.example",
        "a.0xg",
        "UPPER.example",
        "a/%20/a-b._~!$&'()*+,;=:@",
        "a//",
        &long_label,
        &long_name,
    ] {
        let endpoint = format!("https://{rest}#{PIN}");
        assert!(parse(&endpoint).is_ok(), "{endpoint}");
        let plain = format!("http://{rest}");
        assert_eq!(parse(&plain), Err(EndpointError::NotEncrypted), "{plain}");
        let unpinned = format!("https://{rest}");
        assert_eq!(
            parse(&unpinned),
            Err(EndpointError::NotPinned),
            "{unpinned}"
        );
    }
}

#[test]
fn plain_http_is_for_loopback() {
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1:8080",
        "127.255.0.9",
        "[::1]",
        "[0:0::1]:80/x",
    ] {
        let endpoint = format!("http://{host}");
        assert!(parse(&endpoint).is_ok(), "{endpoint}");
    }
    for host in [
        "localhost.example",
        "notlocalhost",
        "128.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "[::]",
        "[::ffff:127.0.0.1]",
    ] {
        let endpoint = format!("http://{host}");
        assert_eq!(
            parse(&endpoint),
            Err(EndpointError::NotEncrypted),
            "{endpoint}"
        );
    }
}

#[test]
fn a_pin_has_one_form() {
    for fragment in [
        "",
        "sha256",
        "sha256=",
        &PIN[..PIN.len() - 1],
        &format!("{PIN}0"),
        &PIN.to_uppercase(),
        &PIN.replace("ff", "FF"),
        &PIN.replace("ff", "fg"),
        &PIN.replace("sha256", "sha512"),
        &format!("{PIN}#{PIN}"),
    ] {
        let endpoint = format!("https://a#{fragment}");
        assert_eq!(
            parse(&endpoint),
            Err(EndpointError::NotPinned),
            "{endpoint}"
        );
        assert!(fragment.parse::<Pin>().is_err(), "{fragment}");
    }
    let pinned_loopback = format!("http://localhost#{PIN}");
    assert_eq!(parse(&pinned_loopback), Err(EndpointError::Malformed));
}

#[test]
fn what_clients_could_read_differently_is_refused() {
    let long_label = "a".repeat(64);
    let long_name = [&long_label[..63]; 4].join(".");
    for rest in [
        "",
        "/",
        "/path",
        ":80",
        "a b",
        "a\n",
        "a\r\nHost: b",
        "a\t",
        "a\0",
        "a\u{7f}",
        "bücher.example",
        "user@a",
        "user:password@a",
        "a:",
        "a:0",
        "a:00080",
        "a:080",
        "a:65536",
        "a:99999999999999999999",
        "a:-1",
        // Read as 0.0.0.0 and as 127.0.0.1 by the URL standard.
        "0x",
        "0X7f000001",
        "127.0.0.0x1",
        "a:+1",
        "a:b",
        "a:80:80",
        "a?query",
        "a/?query",
        "a/\\",
        "a/<script>",
        "a/\"",
        "a/%",
        "a/%2",
        "a/%zz",
        "-a",
        "a-",
        "a_b",
        ".a",
        "a.",
        "a..b",
        ".",
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "2130706433",
        "a.1",
        "127.0.0.01",
        "[",
        "[]",
        "[::1",
        "::1",
        "[::1]80",
        "[::1]:",
        "[::1]:0",
        "[::g]",
        "[1.2.3.4]",
        "[fe80::1%eth0]",
        "[::1]a/",
        &long_label,
        &long_name,
    ] {
        for endpoint in [format!("https://{rest}#{PIN}"), format!("http://{rest}")] {
            assert_eq!(
                parse(&endpoint),
                Err(EndpointError::Malformed),
                "{endpoint:?}"
            );
        }
    }
    for start in [
        "",
        "a",
        "http",
        "http:",
        "http:/a",
        "https",
        "https:/a",
        "HTTPS://a",
        "ftp://a",
        "ws://a",
        "wss://a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//a",
        " https://a",
    ] {
        let endpoint = format!("{start}#{PIN}");
        assert_eq!(
            parse(&endpoint),
            Err(EndpointError::Malformed),
            "{endpoint:?}"
        );
    }
}

proptest! {
    /// Any bytes at all are answered, and what is accepted is visible ASCII.
    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let with_scheme = [b"https://".as_slice(), &bytes].concat();
        let with_pin = [with_scheme.as_slice(), b"#", PIN.as_bytes()].concat();
        for candidate in [&bytes, &with_scheme, &with_pin] {
            if Endpoint::parse(candidate).is_ok() {
                prop_assert!(candidate.iter().all(u8::is_ascii_graphic));
            }
        }
    }

    #[test]
    fn every_pin_is_written_and_read_back(hash: [u8; 32]) {
        let pin = Pin(hash);
        prop_assert_eq!(pin.to_string().parse(), Ok(pin));
    }

    #[test]
    fn generated_endpoints_are_accepted(
        host in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z])?){1,3}",
        port in prop::option::of(1u16..),
        path in prop::option::of("[a-zA-Z0-9/._~-]{0,30}"),
        hash: [u8; 32],
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        let url = format!("https://{host}{port}{path}");
        let endpoint = format!("{url}#{}", Pin(hash));
        prop_assert_eq!(parse(&endpoint), Ok(Endpoint::Https { url: &url, pin: Pin(hash) }));
    }
}
