//! What gateway and job runner read of each other's pipe: a message is read as it was written, takes no more memory than a message may, and what is none is refused.

#![no_main]

use codec::{DecodeAll, Encode};
use libfuzzer_sys::fuzz_target;
use noema_compute::jobs::{read_frame, FromRunner, ToRunner, MAX_FRAME};

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without anything");
    runtime.block_on(async {
        all::<ToRunner>(input).await;
        all::<FromRunner>(input).await;
    });
    // The same bytes as one message.
    let length = u32::try_from(input.len()).expect("inputs are short");
    let framed = [&length.to_le_bytes()[..], input].concat();
    runtime.block_on(async {
        all::<ToRunner>(&framed).await;
        all::<FromRunner>(&framed).await;
    });
});

async fn all<T: DecodeAll + Encode>(input: &[u8]) {
    let mut rest = input;
    loop {
        let before = rest;
        let Ok(Some(message)) = read_frame::<T>(&mut rest).await else {
            return;
        };
        let (read, _) = before.split_at(before.len() - rest.len());
        let (length, body) = read.split_at(4);
        assert!(body.len() <= MAX_FRAME);
        assert_eq!(length, (body.len() as u32).to_le_bytes());
        assert_eq!(message.encode(), body);
    }
}
