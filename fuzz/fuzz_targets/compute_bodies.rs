//! Bodies of requests at the gateway and the proxy, and answers of engines: what was understood of a request is understood the same in what the engine is given, and nothing in it is
//! above what is paid for; events are cut the same however they arrive, with every byte kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_compute::{
    openai::{usage_of, ParsedRequest, Piece, Route},
    sse::{Event, Events},
};
use noema_fuzz::Bytes;

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let (first, cut) = (bytes.byte(), bytes.byte());
    let rest = bytes.0;
    for route in Route::ALL {
        request(route, rest, u64::from(first) + 1);
    }
    events(rest, usize::from(cut) + 1);
    // Whatever an engine says, it is a usage or none.
    let _ = (usage_of(rest), Piece::parse(rest));
});

fn request(route: Route, body: &[u8], paid_for: u64) {
    let Ok(parsed) = ParsedRequest::parse(route, body) else {
        return;
    };
    let sent = parsed.for_engine(paid_for);
    let again = ParsedRequest::parse(route, &sent).expect("what is sent is understood");
    assert_eq!(again.model, parsed.model);
    assert_eq!(again.stream, parsed.stream);
    assert_eq!(again.limits.choices, parsed.limits.choices);
    if route == Route::Chat {
        let asked = parsed.limits.max_tokens.unwrap_or(u64::MAX);
        assert_eq!(again.limits.max_tokens, Some(asked.min(paid_for)));
        assert_eq!(again.include_usage, parsed.stream);
    }
    // Another reader sees the same model.
    let value: serde_json::Value = serde_json::from_slice(&sent).expect("it is JSON");
    assert_eq!(value["model"], parsed.model.as_str());
}

fn cut_out<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Event>, Vec<u8>) {
    let (mut cut, mut found) = (Events::default(), Vec::new());
    for chunk in chunks {
        cut.push(chunk);
        while let Ok(Some(event)) = cut.next_event() {
            found.push(event);
        }
    }
    (found, cut.rest().to_vec())
}

fn events(text: &[u8], size: usize) {
    let whole = cut_out(std::iter::once(text));
    let cut = cut_out(text.chunks(size));
    assert_eq!(cut, whole);
    let mut joined: Vec<u8> = whole
        .0
        .iter()
        .flat_map(|event| event.raw().to_vec())
        .collect();
    joined.extend(&whole.1);
    assert_eq!(joined, text);
}
