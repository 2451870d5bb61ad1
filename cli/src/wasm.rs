//! A runtime's code: what version it says it has, before anybody votes or pays for it.

use std::io::Read;

use codec::Decode;

/// First bytes of a compressed runtime.
const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
/// First bytes of a WebAssembly module, with its version.
const WASM: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
/// Most bytes of a decompressed runtime: what nodes take.
const MAX_CODE: u64 = 50 * 1024 * 1024;
/// The custom section that carries the version.
const SECTION: &str = "runtime_version";

/// Code of a runtime, compressed or not.
#[derive(Debug)]
pub(crate) struct RuntimeCode {
    bytes: Vec<u8>,
    wasm: Option<Vec<u8>>,
}

/// What a runtime says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Decode)]
pub(crate) struct RuntimeVersion {
    pub(crate) spec_name: String,
    _impl_name: String,
    _authoring_version: u32,
    pub(crate) spec_version: u32,
}

/// Why bytes are no runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WasmError {
    #[error("expected WebAssembly, compressed or not, found something else")]
    NotWasm,
    #[error("it cannot be decompressed: {0}")]
    Compression(String),
    #[error("decompressed it is larger than {MAX_CODE} bytes")]
    TooLarge,
    #[error("the module ends early or is malformed")]
    Malformed,
    #[error("it has no section `{SECTION}`, which every runtime built for a chain has")]
    NoVersion,
}

impl RuntimeCode {
    /// Takes the code as it will be applied.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, WasmError> {
        let wasm = match bytes.strip_prefix(&COMPRESSED) {
            Some(compressed) => Some(decompress(compressed)?),
            None => None,
        };
        if !wasm.as_ref().unwrap_or(&bytes).starts_with(&WASM) {
            return Err(WasmError::NotWasm);
        }
        Ok(Self { bytes, wasm })
    }

    /// The code as it was given.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The version in its custom section.
    pub(crate) fn version(&self) -> Result<RuntimeVersion, WasmError> {
        let wasm = self.wasm.as_ref().unwrap_or(&self.bytes);
        let content = custom_section(wasm, SECTION)?.ok_or(WasmError::NoVersion)?;
        RuntimeVersion::decode(&mut &content[..]).map_err(|_| WasmError::Malformed)
    }
}

fn decompress(compressed: &[u8]) -> Result<Vec<u8>, WasmError> {
    let failed = |e: std::io::Error| WasmError::Compression(e.to_string());
    let decoder = zstd::Decoder::new(compressed).map_err(failed)?;
    let mut wasm = Vec::new();
    decoder
        .take(MAX_CODE + 1)
        .read_to_end(&mut wasm)
        .map_err(failed)?;
    if wasm.len() as u64 > MAX_CODE {
        return Err(WasmError::TooLarge);
    }
    Ok(wasm)
}

/// The content of the custom section `name`.
fn custom_section<'a>(wasm: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, WasmError> {
    let mut rest = wasm.get(WASM.len()..).ok_or(WasmError::Malformed)?;
    while let Some((id, after)) = rest.split_first() {
        let (content, after) = prefixed(after)?;
        rest = after;
        if *id == 0 {
            let (found, content) = prefixed(content)?;
            if found == name.as_bytes() {
                return Ok(Some(content));
            }
        }
    }
    Ok(None)
}

/// Bytes with their length before them, and what follows.
fn prefixed(bytes: &[u8]) -> Result<(&[u8], &[u8]), WasmError> {
    let mut length = 0_u64;
    let mut rest = bytes;
    // LEB128: seven bits a byte, least first; at most five for 32 bits.
    for shift in (0..35).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(WasmError::Malformed)?;
        rest = after;
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).map_err(|_| WasmError::Malformed)?;
            return rest.split_at_checked(length).ok_or(WasmError::Malformed);
        }
    }
    Err(WasmError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id, content.len() as u8], content].concat()
    }

    /// A module with a type section, another custom section and the version's.
    fn module(version: u32) -> Vec<u8> {
        let content = [
            &[15][..],
            b"runtime_version",
            &("noema", "noema-node", 1_u32, version, 7_u32).encode(),
        ]
        .concat();
        [
            &WASM[..],
            &section(1, &[0]),
            &section(0, &[&[4][..], b"name", &[1, 2, 3]].concat()),
            &section(0, &content),
        ]
        .concat()
    }

    #[test]
    fn the_version_is_read_from_plain_and_compressed_code() {
        let plain = module(7);
        let packed = zstd::encode_all(&plain[..], 3).unwrap();
        let packed = [&COMPRESSED[..], &packed].concat();
        for bytes in [plain, packed] {
            let code = RuntimeCode::new(bytes.clone()).unwrap();
            let version = code.version().unwrap();
            assert_eq!(
                (version.spec_name.as_str(), version.spec_version),
                ("noema", 7)
            );
            // Applied as it was given.
            assert_eq!(code.into_bytes(), bytes);
        }
    }

    #[test]
    fn what_is_no_runtime_is_refused() {
        assert_eq!(
            RuntimeCode::new(b"ELF".to_vec()).unwrap_err(),
            WasmError::NotWasm
        );
        let garbage = [&COMPRESSED[..], b"garbage"].concat();
        assert!(matches!(
            RuntimeCode::new(garbage),
            Err(WasmError::Compression(_))
        ));
        let bare = RuntimeCode::new(WASM.to_vec()).unwrap();
        assert_eq!(bare.version().unwrap_err(), WasmError::NoVersion);
        let mut cut = module(7);
        cut.truncate(cut.len() - 5);
        assert_eq!(
            RuntimeCode::new(cut).unwrap().version().unwrap_err(),
            WasmError::Malformed
        );
    }

    #[test]
    fn a_bomb_is_not_blown_up() {
        let zeros = vec![0_u8; (MAX_CODE + 2) as usize];
        let packed = zstd::encode_all(&zeros[..], 3).unwrap();
        let bomb = [&COMPRESSED[..], &packed].concat();
        assert!(bomb.len() < 100_000);
        assert_eq!(RuntimeCode::new(bomb).unwrap_err(), WasmError::TooLarge);
    }
}
