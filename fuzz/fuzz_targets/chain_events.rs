//! The events of a block as a node tells them: any bytes are read with the chain's metadata without a
//! panic, and what is read is the transaction's own.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use noema_chain_client::fuzzing::LyingNode;

fn node() -> &'static LyingNode {
    static NODE: OnceLock<LyingNode> = OnceLock::new();
    NODE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(LyingNode::connect()).unwrap()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let node = node();
    let outcomes: Vec<_> = (0..3).map(|index| node.events(bytes, index)).collect();
    for outcome in outcomes.iter().flatten() {
        match outcome {
            Ok(events) => {
                for event in events {
                    // People and programs get it as JSON that reads back as it is.
                    let text = serde_json::to_string(event).unwrap();
                    let back: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(back["fields"], event.fields);
                    assert!(!event.is("System", "ExtrinsicFailed"));
                }
                // An event is a phase, a pallet, a variant and its topics: at least 4 bytes.
                assert!(events.len() <= bytes.len() / 4);
            }
            Err(failure) => assert!(!failure.name.is_empty()),
        }
    }
});
