//! Bodies of requests to the built-in engine: any bytes. What is accepted is a request of the model's job within its bounds, and what is
//! refused says so in JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_compute_engine::fuzzing::{chat_job, embedding_job};
use noema_language_model::wire::Request;

fuzz_target!(|input: &[u8]| {
    for job in [chat_job(input), embedding_job(input)] {
        match job {
            Ok(request) => assert_eq!(Request::decode(&request.encode()), Ok(request)),
            Err(error) => {
                assert!((400..500).contains(&error.status));
                let body: serde_json::Value = serde_json::from_slice(&error.body()).unwrap();
                assert!(body["error"]["message"].is_string());
            }
        }
    }
});
