//! Libraries that stand in front of the C library's in a process that is started with them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{ensure, Context};

/// Compiles `tests/src/<name>.c` into `dir`, for `LD_PRELOAD`.
pub fn library(name: &str, dir: &Path) -> anyhow::Result<PathBuf> {
    let library = dir.join(format!("{name}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{name}.c"));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .context("run cc")?;
    ensure!(compiled.success(), "{} does not compile", source.display());
    Ok(library)
}
