//! Answers of a provider as clients read them: any status and body. What is read means the same when
//! it is written again, and no refusal carries control characters to a terminal.

#![no_main]

use std::{fmt::Debug, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use noema_fuzz::Bytes;
use noema_storage::{
    client::{ClientError, FileStatus, Health, ProviderInfo},
    fuzzing::client,
};
use serde::{de::DeserializeOwned, Serialize};
use tokio::runtime::Runtime;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    })
}

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    match bytes.byte() % 4 {
        0 => answer::<Health>(bytes.0),
        1 => answer::<ProviderInfo>(bytes.0),
        2 => answer::<FileStatus>(bytes.0),
        _ => {
            let status = 100 + u16::from_le_bytes(bytes.array()) % 900;
            refusal(status, bytes.0);
        }
    }
});

fn answer<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    match runtime().block_on(client::read::<T>(body)) {
        Ok(answer) => {
            let again = serde_json::to_vec(&answer).unwrap();
            assert_eq!(runtime().block_on(client::read::<T>(&again)), Ok(answer));
        }
        Err(error) => assert!(matches!(error, ClientError::BadAnswer { .. }), "{error:?}"),
    }
}

fn refusal(expected: u16, body: &[u8]) {
    match runtime().block_on(client::refusal(expected, body)) {
        ClientError::Refused {
            status,
            code,
            message,
            ..
        } => {
            assert_eq!(status, expected);
            for text in [code, message] {
                assert!(text.chars().count() <= 300);
                assert!(!text.contains(char::is_control));
            }
        }
        other => panic!("{other:?}"),
    }
}
