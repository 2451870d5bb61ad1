//! Code of a runtime before it is put to a vote: any bytes. What is accepted is handed on unchanged,
//! its version is the one in the module's own section, and compressed code means what plain code does.

#![no_main]

#[allow(dead_code)]
#[path = "../../cli/src/wasm.rs"]
mod wasm;

use libfuzzer_sys::fuzz_target;
use noema_fuzz::Bytes;
use wasm::{RuntimeCode, WasmError};

const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
const WASM: [u8; 8] = *b"\0asm\x01\0\0\0";

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let code = match bytes.byte() % 4 {
        0 => bytes.0.to_vec(),
        // The fuzzer would need long to find these.
        1 => [&COMPRESSED[..], bytes.0].concat(),
        _ => [&WASM[..], bytes.0].concat(),
    };
    let Ok(plain) = RuntimeCode::new(code.clone()) else {
        assert!(!code.starts_with(&WASM), "a module is taken");
        return;
    };
    let version = plain.version();
    if let Ok(version) = &version {
        assert!(version.spec_name.len() <= 50 << 20);
    } else {
        assert!(matches!(
            version,
            Err(WasmError::Malformed | WasmError::NoVersion)
        ));
    }
    assert_eq!(plain.bytes(), code);
    // Any bytes may be read.
    let _ = plain.host_functions();
    if code.starts_with(&WASM) && input.len() < 512 {
        let packed = zstd::encode_all(&code[..], 1).unwrap();
        let packed = RuntimeCode::new([&COMPRESSED[..], &packed].concat()).unwrap();
        assert_eq!(packed.version(), version);
    }
});
