//! What is tested: named by the environment, and nothing is built from here.

use std::path::PathBuf;

use anyhow::{ensure, Context};

/// Names the directory of the programs.
const BIN_DIR: &str = "NOEMA_BIN_DIR";
/// Names the runtime to which a network is upgraded.
const NEXT_RUNTIME: &str = "NOEMA_NEXT_RUNTIME";

/// The program `name` in the directory that `NOEMA_BIN_DIR` names.
///
/// # Errors
/// When the variable is not set, or the program is not there.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = absolute(BIN_DIR, "the directory of the programs")?.join(name);
    ensure!(
        path.is_file(),
        "{} does not exist; build it with `make build`",
        path.display()
    );
    Ok(path)
}

/// The WASM that `NOEMA_NEXT_RUNTIME` names: the runtime with a higher version.
///
/// # Errors
/// When the variable is not set, or there is no such file.
pub fn next_runtime() -> anyhow::Result<PathBuf> {
    let path = absolute(NEXT_RUNTIME, "the WASM of the next runtime")?;
    ensure!(
        path.is_file(),
        "{} does not exist; build it with `make next-runtime`",
        path.display()
    );
    Ok(path)
}

/// The path in an environment variable. Nodes have working directories of their own, so that it must not depend on one.
fn absolute(variable: &str, what: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os(variable)
        .with_context(|| format!("{variable} has to name {what}; `make zombienet` sets it"))?;
    let path = PathBuf::from(path);
    ensure!(
        path.is_absolute(),
        "expected an absolute path in {variable}, found {}",
        path.display()
    );
    Ok(path)
}
