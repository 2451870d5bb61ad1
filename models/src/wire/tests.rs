//! What is written is read.

use super::*;
use proptest::prelude::*;
use std::vec;

fn requests() -> impl Strategy<Value = Request> {
    let role = prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)];
    let turn = (role, ".{0,20}").prop_map(|(role, text)| Turn { role, text });
    let options = (
        1u32..,
        0f32..2.0,
        0.01f32..1.0,
        any::<u64>(),
        prop::collection::vec(".{1,9}", 0..4),
    )
        .prop_map(|(max_tokens, temperature, top_p, seed, stops)| Options {
            max_tokens,
            temperature,
            top_p,
            seed,
            stops,
        });
    prop_oneof![
        (prop::collection::vec(turn, 0..5), options)
            .prop_map(|(turns, options)| Request::Chat { turns, options }),
        prop::collection::vec(".{0,20}", 0..5).prop_map(Request::Embed),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let reason = prop_oneof![Just(FinishReason::Stop), Just(FinishReason::Length)];
    prop_oneof![
        any::<u32>().prop_map(|prompt_tokens| Event::Begin { prompt_tokens }),
        (any::<u32>(), ".{0,20}").prop_map(|(tokens, text)| Event::Piece { tokens, text }),
        (reason, any::<u32>(), any::<u32>()).prop_map(
            |(reason, prompt_tokens, completion_tokens)| Event::End(Generation {
                reason,
                prompt_tokens,
                completion_tokens
            })
        ),
        (any::<u32>(), prop::collection::vec(-1f32..1.0, 0..20))
            .prop_map(|(tokens, vector)| Event::Embedding { tokens, vector }),
        Just(Event::Refused(PromptError::Empty)),
        (any::<u32>(), any::<u32>()).prop_map(|(tokens, context)| Event::Refused(
            PromptError::TooLong {
                tokens: tokens as usize,
                context: context as usize
            }
        )),
    ]
}

proptest! {
    #[test]
    fn decode_any_request_reads_back(request in requests()) {
        let bytes = request.encode();
        prop_assert_eq!(Request::decode(&bytes), Ok(request));
        prop_assert_eq!(Request::decode(&[&bytes[..], &[0]].concat()), Err(Malformed));
        prop_assert_eq!(Request::decode(&bytes[..bytes.len() - 1]), Err(Malformed));
    }

    #[test]
    fn decode_any_bytes_is_a_request_or_malformed(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert_eq!(request.encode(), bytes);
        }
    }

    #[test]
    fn take_events_in_pieces_reads_them_all(events in prop::collection::vec(events(), 0..6), size in 1usize..9) {
        let bytes: Vec<u8> = events.iter().flat_map(Event::encode).collect();
        let (mut held, mut read) = (vec![], vec![]);
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            while let Some(event) = Event::take(&mut held).unwrap() {
                read.push(event);
            }
        }
        prop_assert!(held.is_empty());
        prop_assert_eq!(read, events);
    }
}

#[test]
fn take_what_can_be_no_event_is_malformed() {
    for bytes in [
        &[5][..],
        &[1, 2],
        &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0xff],
        &[3, 2, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(
            Event::take(&mut bytes.to_vec()),
            Err(Malformed),
            "{bytes:?}"
        );
    }
}
