//! Upload tokens as they arrive in a header: what is read is written back the same, and only what the
//! owner signed, for this file, provider, chain and time, is accepted.

#![no_main]

use std::sync::OnceLock;

use base64::{engine::general_purpose::STANDARD, Engine};
use codec::Encode;
use libfuzzer_sys::fuzz_target;
use noema_chain_client::{AccountId, FileId, Hash, SigningKey};
use noema_fuzz::Bytes;
use noema_storage::{UploadToken, MAX_AHEAD_SECONDS};

const GENESIS: Hash = Hash([7; 32]);
const FILE: FileId = FileId([1; 32]);
const PROVIDER: AccountId = AccountId([2; 32]);
const NOW: u64 = 1_800_000_000;

fn signed() -> &'static UploadToken {
    static TOKEN: OnceLock<UploadToken> = OnceLock::new();
    TOKEN.get_or_init(|| {
        let key = SigningKey::dev("Alice").unwrap();
        UploadToken::sign(&key, &GENESIS, &FILE, &PROVIDER, NOW + 600)
    })
}

fuzz_target!(|input: &[u8]| {
    header(input);
    changed(&mut Bytes(input));
});

/// The bytes as the value of the header.
fn header(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(token) = UploadToken::from_header(text) {
        let again = UploadToken::from_header(&token.to_header()).unwrap();
        assert_eq!(again, token);
        // Base64 has one form for the same bytes, up to blanks around it.
        let (_, encoded) = text.split_once(' ').unwrap();
        assert_eq!(encoded.trim(), token.to_base64());
        if token.verify(&GENESIS, &FILE, &PROVIDER, NOW).is_ok() {
            assert_eq!(&token, signed());
        }
    }
}

/// The bytes as changes of a good token: of its bytes, of the time, of what it is shown for.
fn changed(input: &mut Bytes<'_>) {
    let now = match input.byte() {
        0 => NOW,
        _ => input.number(),
    };
    let (file, provider, genesis) = (
        FileId(input.array().map(|byte| byte ^ 1)),
        AccountId(input.array().map(|byte| byte ^ 2)),
        Hash(input.array().map(|byte| byte ^ 7)),
    );
    let mut bytes = signed().encode();
    for byte in &mut bytes {
        *byte ^= input.byte();
    }
    // The version is checked where a header is read.
    let Ok(token) = UploadToken::from_base64(&STANDARD.encode(bytes)) else {
        return;
    };
    let in_time = token.expires() > now && token.expires() - now <= MAX_AHEAD_SECONDS;
    let good = &token == signed();
    let here = (file, provider, genesis) == (FILE, PROVIDER, GENESIS);
    let accepted = token.verify(&genesis, &file, &provider, now).is_ok();
    assert_eq!(accepted, good && here && in_time);
}
