//! Compiles the runtime to WASM, unless `SKIP_WASM_BUILD` is set.
//!
//! The hash of the metadata, without which no hardware wallet can check what it signs, is compiled into the WASM. Working it out here takes an
//! executor and a second compilation (feature `metadata-hash`). Without that feature it comes from `metadata-hash.txt`, which
//! `tests/metadata.rs` holds against the runtime; a hash that is out of date refuses such signatures, and nothing else.

#[cfg(all(feature = "std", feature = "metadata-hash"))]
fn main() {
    // A lint driver in the compiler's place would only have the same WASM made once more.
    std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
    substrate_wasm_builder::WasmBuilder::init_with_defaults()
        .enable_metadata_hash("NOEMA", 18)
        .build();
}

#[cfg(all(feature = "std", not(feature = "metadata-hash")))]
fn main() {
    const FILE: &str = "metadata-hash.txt";
    // Read by `frame-metadata-hash-extension` when it is compiled for the WASM.
    const VARIABLE: &str = "RUNTIME_METADATA_HASH";
    println!("cargo:rerun-if-changed={FILE}");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    if let (None, Ok(hash)) = (std::env::var_os(VARIABLE), std::fs::read_to_string(FILE)) {
        std::env::set_var(VARIABLE, hash.trim());
    }
    // A lint driver in the compiler's place would only have the same WASM made once more.
    std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
    substrate_wasm_builder::WasmBuilder::build_using_defaults();
}

#[cfg(not(feature = "std"))]
fn main() {}
