//! A runtime's code: what it says it is and what it wants of the nodes, before anybody votes or pays for it.

use std::{collections::BTreeSet, io::Read};

use codec::Decode;
use wasmparser::{Parser, Payload, TypeRef};

/// First bytes of a compressed runtime.
const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
/// First bytes of a WebAssembly module, with its version.
const WASM: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
/// Most bytes of a decompressed runtime: what nodes take.
const MAX_CODE: u64 = 50 * 1024 * 1024;
/// The custom section that carries the version.
const SECTION: &str = "runtime_version";
/// The module under whose name a runtime imports what the node offers.
const HOST: &str = "env";

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
    _impl_version: u32,
    /// Empty: they stand in a section of their own.
    _apis: Vec<([u8; 8], u32)>,
    /// What grows when transactions are encoded in another way.
    pub(crate) transaction_version: u32,
    /// Which rules of the SDK about state and upgrades it follows.
    pub(crate) system_version: u8,
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
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version in its custom section.
    pub(crate) fn version(&self) -> Result<RuntimeVersion, WasmError> {
        for payload in self.payloads() {
            if let Payload::CustomSection(section) = payload? {
                if section.name() == SECTION {
                    return RuntimeVersion::decode(&mut section.data())
                        .map_err(|_| WasmError::Malformed);
                }
            }
        }
        Err(WasmError::NoVersion)
    }

    /// Names of the functions that it imports from the node: without one of them a node cannot run it.
    pub(crate) fn host_functions(&self) -> Result<BTreeSet<String>, WasmError> {
        let mut names = BTreeSet::new();
        for payload in self.payloads() {
            let Payload::ImportSection(imports) = payload? else {
                continue;
            };
            for import in imports {
                let import = import.map_err(|_| WasmError::Malformed)?;
                if import.module == HOST && matches!(import.ty, TypeRef::Func(_)) {
                    names.insert(import.name.to_owned());
                }
            }
        }
        Ok(names)
    }

    fn payloads(&self) -> impl Iterator<Item = Result<Payload<'_>, WasmError>> {
        let wasm = self.wasm.as_deref().unwrap_or(&self.bytes);
        let payloads = Parser::new(0).parse_all(wasm);
        payloads.map(|payload| payload.map_err(|_| WasmError::Malformed))
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

#[cfg(test)]
pub(crate) mod testing {
    use codec::Encode;

    use super::WASM;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id][..], &length(content.len()), content].concat()
    }

    /// LEB128: seven bits a byte, least first.
    fn length(mut length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes
    }

    fn text(text: &str) -> Vec<u8> {
        [&[text.len() as u8], text.as_bytes()].concat()
    }

    /// A module of this version that wants `ext_a` and `ext_b`.
    pub(crate) fn module(version: u32) -> Vec<u8> {
        let version = (
            ("noema", "noema-node", 1_u32, version, 7_u32),
            Vec::<([u8; 8], u32)>::new(),
            4_u32,
            3_u8,
        );
        module_with(&version.encode(), &["ext_b", "ext_a"], 3)
    }

    /// A module with this version that imports functions of the node, one of somebody else, and the memory, with `padding` bytes of names.
    pub(crate) fn module_with(version: &[u8], functions: &[&str], padding: usize) -> Vec<u8> {
        let import =
            |module: &str, name: &str, what: &[u8]| [&text(module)[..], &text(name), what].concat();
        let mut imports = vec![functions.len() as u8 + 2];
        for name in functions {
            imports.extend(import("env", name, &[0, 0]));
        }
        imports.extend(import("other", "ext_c", &[0, 0]));
        imports.extend(import("env", "memory", &[2, 0, 1]));
        [
            &WASM[..],
            // One type: a function that takes and gives nothing.
            &section(1, &[1, 0x60, 0, 0]),
            &section(2, &imports),
            &section(0, &[text("name"), vec![1; padding]].concat()),
            &section(0, &[&text("runtime_version")[..], version].concat()),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::module, *};

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
            assert_eq!(
                (version.transaction_version, version.system_version),
                (4, 3)
            );
            let names = code.host_functions().unwrap();
            assert_eq!(names.into_iter().collect::<Vec<_>>(), ["ext_a", "ext_b"]);
            // Applied as it was given.
            assert_eq!(code.bytes(), bytes);
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
