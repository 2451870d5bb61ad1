//! Runtimes that must not come into force, made from one that may. Those that fail when they run have a [fault](noema_next_runtime::fault).

use std::io::Read;

use anyhow::{ensure, Context};

/// First bytes of a compressed runtime.
const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
/// How hard it is compressed: enough for a block, and soon done.
const LEVEL: i32 = 3;
/// A host function that every runtime of ours imports.
const IMPORTED: &str = "ext_logging_log_version_1";
/// A name of the same length that no client knows.
pub const UNKNOWN: &str = "ext_logging_lie_version_1";

/// The module within a runtime's code, which may be compressed.
pub fn module(code: &[u8]) -> anyhow::Result<Vec<u8>> {
    let Some(packed) = code.strip_prefix(&COMPRESSED) else {
        return Ok(code.to_vec());
    };
    let mut module = Vec::new();
    zstd::Decoder::new(packed)?.read_to_end(&mut module)?;
    Ok(module)
}

/// The code as it is handed in: a module that is not compressed is larger than a block.
pub fn packed(code: &[u8]) -> anyhow::Result<Vec<u8>> {
    if code.starts_with(&COMPRESSED) {
        return Ok(code.to_vec());
    }
    let mut packed = COMPRESSED.to_vec();
    packed.extend(zstd::encode_all(code, LEVEL)?);
    Ok(packed)
}

/// Wants a function of the client that there is not.
pub fn wanting_more(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    // Among the imports, where each word has its length before it. Names of functions are elsewhere as well.
    let import = |name: &str| {
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        [&[3], &b"env"[..], &[length], name.as_bytes()].concat()
    };
    replaced_once(module, &import(IMPORTED), &import(UNKNOWN))
}

/// Says that it belongs to another chain. `name` and `other` are of the same length.
pub fn renamed(module: &[u8], name: &str, other: &str) -> anyhow::Result<Vec<u8>> {
    // The section of the version begins with the name of the chain, its length before it.
    let section = |name: &str| {
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX) << 2;
        [b"runtime_version", &[length][..], name.as_bytes()].concat()
    };
    replaced_once(module, &section(name), &section(other))
}

fn replaced_once(bytes: &[u8], old: &[u8], new: &[u8]) -> anyhow::Result<Vec<u8>> {
    ensure!(old.len() == new.len(), "the lengths differ");
    let places = bytes.windows(old.len()).enumerate();
    let mut found = places.filter(|(_, window)| *window == old);
    let (at, _) = found
        .next()
        .context("what is to be replaced is not there")?;
    ensure!(found.next().is_none(), "it is there more than once");
    let mut replaced = bytes.to_vec();
    replaced
        .get_mut(at..at + new.len())
        .context("it was found there")?
        .copy_from_slice(new);
    Ok(replaced)
}
