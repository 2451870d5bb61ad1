//! Compiles the runtime to WASM, unless `SKIP_WASM_BUILD` is set.

#[cfg(feature = "std")]
fn main() {
    // A lint driver in the compiler's place would only have the same WASM made once more.
    std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
    substrate_wasm_builder::WasmBuilder::build_using_defaults();
}

#[cfg(not(feature = "std"))]
fn main() {}
