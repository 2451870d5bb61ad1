//! Secrets as people type them or keep them in a file: phrases, seeds and derivations. The two readers
//! of secrets agree, and no error repeats what was typed.

#![no_main]

#[allow(dead_code)]
#[path = "../../cli/src/keystore.rs"]
mod keystore;

use keystore::{KeystoreError, Secret};
use libfuzzer_sys::fuzz_target;
use noema_chain_client::{KeyError, SigningKey};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let read = SigningKey::from_suri(text);
    if let Ok(key) = &read {
        let signature = key.sign(b"message");
        assert!(SigningKey::verify(&key.account(), b"message", &signature));
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.account()));
    }
    match Secret::parse(text) {
        // What the command line seals is the key that the daemon would read from the same words.
        Ok(secret) => {
            let words: Vec<_> = text.split_whitespace().collect();
            let key = SigningKey::from_suri(&words.join(" ")).unwrap();
            assert_eq!(key.account(), secret.account());
        }
        // Both errors have fixed words.
        Err(error) => assert!(matches!(error, KeystoreError::BadSecret)),
    }
    if let Err(error) = read {
        assert!(matches!(error, KeyError::BadSecret | KeyError::BadSeed));
    }
});
