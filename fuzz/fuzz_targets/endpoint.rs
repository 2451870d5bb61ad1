//! Endpoints as they arrive in transactions: what the chain accepts is a URL that every client reads
//! the same way, and that names the host and the port it seems to name.

#![no_main]

use std::{sync::LazyLock, time::Duration};

use libfuzzer_sys::fuzz_target;
use noema_endpoint::Endpoint;
use noema_transport::Clients;

static CLIENTS: LazyLock<Clients> = LazyLock::new(|| Clients::new("fuzz", Duration::from_secs(1)));

fuzz_target!(|input: &[u8]| {
    let accepted = Endpoint::parse(input);
    let text = String::from_utf8_lossy(input);
    // What clients do with it, whatever it is: nodes may tell anything.
    let joined = CLIENTS.url(&text, "v1/info").map(|joined| joined.url);
    let (endpoint, joined) = match (accepted, joined) {
        (Ok(endpoint), Ok(joined)) => (endpoint, joined),
        // The chain does not decode international names: a client says that one is none.
        (Ok(endpoint), Err(_)) => {
            let punycode = endpoint.url().to_ascii_lowercase().contains("xn--");
            assert!(punycode, "no client takes {text}");
            return;
        }
        (Err(_), Err(_)) => return,
        (Err(error), Ok(url)) => panic!("{url} is asked although {error}"),
    };
    assert!(input.iter().all(u8::is_ascii_graphic));
    assert!(joined.path().ends_with("/v1/info"));
    assert_eq!((joined.query(), joined.fragment()), (None, None));
    let text = endpoint.url();
    let url = reqwest::Url::parse(text).expect("the chain accepts URLs only");
    assert!(url.username().is_empty() && url.password().is_none());
    assert_eq!((url.query(), url.fragment()), (None, None));
    match endpoint {
        Endpoint::Https { pin, .. } => {
            assert_eq!(url.scheme(), "https");
            assert_eq!(format!("{text}#{pin}").as_bytes(), input);
        }
        Endpoint::Loopback { .. } => {
            assert_eq!(url.scheme(), "http");
            let address = url.host_str().unwrap().trim_matches(['[', ']']);
            let stays = address
                .parse::<std::net::IpAddr>()
                .map_or(address == "localhost", |address| address.is_loopback());
            assert!(stays, "{text} leaves the machine");
        }
    }

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
