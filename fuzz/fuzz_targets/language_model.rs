//! What the language model's job reads: weights, requests; and what is read of it: events. Any bytes, and changed ones.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use noema_compute_engine::builtin::MODEL_WEIGHTS;
use noema_fuzz::Bytes;
use noema_language_model::{
    embed, generate, prompt,
    wire::{Event, Request},
    Weights,
};

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    match bytes.byte() % 4 {
        0 => {
            if let Ok(request) = Request::decode(bytes.0) {
                assert_eq!(Request::decode(&request.encode()), Ok(request));
            }
        }
        1 => {
            let mut held = bytes.0.to_vec();
            while let Ok(Some(event)) = Event::take(&mut held) {
                let mut again = event.encode();
                assert!(Event::take(&mut again).unwrap().is_some() && again.is_empty());
            }
        }
        2 => {
            let _ = Weights::read(bytes.0);
        }
        _ => {
            // The committed weights, changed in a few places: what is still read never breaks the network.
            let mut weights = MODEL_WEIGHTS.to_vec();
            for _ in 0..4 {
                let place = bytes.number() as usize % weights.len();
                weights[place] ^= bytes.byte();
            }
            let Ok(weights) = Weights::read(&weights) else {
                return;
            };
            let Ok(Request::Chat { turns, mut options }) = Request::decode(bytes.0) else {
                let text: String = String::from_utf8_lossy(bytes.0).chars().take(20).collect();
                let _ = embed(&weights, &text);
                return;
            };
            options.max_tokens = options.max_tokens.min(3);
            if let Ok(tokens) = prompt(
                weights.tokenizer(),
                &turns,
                weights.dimensions().context.min(40),
            ) {
                generate(&weights, &tokens, &options, |piece, _| {
                    assert!(!piece.is_empty());
                    ControlFlow::Continue(())
                });
            }
        }
    }
});
