//! Endpoints as they arrive in transactions: what the chain accepts is a URL that every client reads
//! the same way, and that names the host and the port it seems to name.

#![no_main]

#[path = "../../pallets/providers/src/endpoint.rs"]
mod endpoint;

use libfuzzer_sys::fuzz_target;
use noema_storage::fuzzing::client;

fuzz_target!(|input: &[u8]| {
    let accepted = endpoint::is_valid(input);
    let text = String::from_utf8_lossy(input);
    // What clients do with it, whatever it is: nodes may tell anything.
    let joined = client::url_of(&text, "info");
    if let Ok(url) = &joined {
        assert_eq!(url.scheme(), "http");
        assert!(url.path().ends_with("/v1/info"));
        assert_eq!((url.query(), url.fragment()), (None, None));
    }
    if !accepted {
        return;
    }
    assert!(input.iter().all(u8::is_ascii_graphic));
    let url = reqwest::Url::parse(&text).expect("the chain accepts URLs only");
    assert!(url.username().is_empty() && url.password().is_none());
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(joined.is_ok(), url.scheme() == "http");

    // The host is the one that stands there, but for the case of its letters and the form of its
    // numbers.
    let (_, rest) = text.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let found = url.host_str().unwrap();
    match host.strip_prefix('[') {
        Some(address) => {
            let address: std::net::Ipv6Addr = address.trim_end_matches(']').parse().unwrap();
            let found = found.trim_matches(['[', ']']);
            assert_eq!(found.parse::<std::net::Ipv6Addr>(), Ok(address));
        }
        None => assert_eq!(found, host.to_ascii_lowercase()),
    }
    if let Some(port) = port {
        assert_eq!(url.port_or_known_default(), Some(port.parse().unwrap()));
    }
});
