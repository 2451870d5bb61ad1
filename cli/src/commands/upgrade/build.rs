//! `noema upgrade build`: code that everybody gets from the same commit.
//!
//! What ends up in the code besides the sources, and how it is held fixed: the compiler and the locked dependencies (the commit names both),
//! the place of the sources and of the build directory (always the same, since crates are told apart by the paths of their manifests),
//! the home of cargo (mapped to a fixed name), the time (that of the commit) and variables of the environment (only those below).

use noema_storage::ByteSize;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::json;
use tokio::process::Command;

use super::code::Candidate;
use crate::{
    args::upgrade::Build,
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// Where runtimes are built unless said otherwise. Part of the recipe: another place gives other bytes.
pub(crate) const PLACE: &str = "/var/tmp/noema-runtime-build";
/// The package that is the runtime.
const PACKAGE: &str = "noema-runtime";
/// Where the WASM builder leaves the compressed code, within the build directory.
const BUILT: &str = "release/wbuild/noema-runtime/noema_runtime.compact.compressed.wasm";
/// What of the environment a build sees.
const KEPT: [&str; 10] = [
    "HOME",
    "PATH",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "https_proxy",
    "http_proxy",
    "SSL_CERT_FILE",
];

pub(super) async fn run(session: &Session, build: &Build) -> Result<(), Failure> {
    let checkout = PathBuf::from(git(Path::new("."), &["rev-parse", "--show-toplevel"]).await?);
    let dirty = !git(&checkout, &["status", "--porcelain"]).await?.is_empty();
    let head = git(&checkout, &["rev-parse", "HEAD"]).await?;
    let wanted = format!("{}^{{commit}}", build.commit);
    let commit = git(&checkout, &["rev-parse", "--verify", &wanted]).await?;
    // Another commit than the one that is checked out is not touched by what lies around here.
    if dirty && commit == head && !build.allow_dirty {
        return Err(Failure::new(
            "dirty",
            "the tree has changes that are in no commit, so that nobody could get the same code: commit them, or say --allow-dirty",
        ));
    }
    let time = git(&checkout, &["show", "-s", "--format=%ct", &commit]).await?;

    std::fs::create_dir_all(&build.place).map_err(|e| Failure::io("make", &build.place, &e))?;
    let place = build
        .place
        .canonicalize()
        .map_err(|e| Failure::io("find", &build.place, &e))?;
    let source = place.join("source");
    remove_worktree(&checkout, &source).await;
    git(
        &checkout,
        &[
            "worktree",
            "add",
            "--force",
            "--detach",
            text(&source)?,
            &commit,
        ],
    )
    .await?;
    let result = async {
        if build.allow_dirty {
            copy_changes(&checkout, &source).await?;
        }
        let plain = build_one(session, &place, &source, &time, None).await?;
        let checked = match build.try_runtime {
            true => Some(build_one(session, &place, &source, &time, Some("try-runtime")).await?),
            false => None,
        };
        let compiler = output_of("rustc", &["--version"], &source).await?;
        Ok::<_, Failure>((plain, checked, compiler))
    }
    .await;
    remove_worktree(&checkout, &source).await;
    let (plain, checked, compiler) = result?;

    let plain = keep(&plain, &build.out, "noema_runtime")?;
    let checked = checked
        .map(|built| keep(&built, &build.out, "noema_runtime_try"))
        .transpose()?;
    let candidate = Candidate::read(&plain)?;
    if let Some(expected) = build.verify {
        if candidate.hash != expected {
            return Err(Failure::new(
                "other_code",
                format!(
                    "commit {commit} gives code with hash {}, expected {expected}",
                    candidate.hash
                ),
            )
            .with(json!({ "code_hash": candidate.hash, "expected": expected })));
        }
    }
    let version = &candidate.version;
    let mut text = Fields::new()
        .add("wasm", plain.display())
        .add("size", ByteSize(candidate.size()))
        .add("code hash", candidate.hash)
        .add(
            "runtime",
            format!("{} {}", version.spec_name, version.spec_version),
        )
        .add("commit", described(&commit, build.allow_dirty))
        .add("compiler", &compiler)
        .add("place", place.display());
    if let Some(checked) = &checked {
        text = text.add("with checks", checked.display());
    }
    if build.verify.is_some() {
        text = text.add("verified", "yes, it is the code with that hash");
    }
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "wasm": plain,
            "size": candidate.size(),
            "code_hash": candidate.hash,
            "spec_name": version.spec_name,
            "spec_version": version.spec_version,
            "commit": commit,
            "dirty": build.allow_dirty,
            "compiler": compiler,
            "place": place,
            "try_runtime": checked,
        }),
    ))
}

fn described(commit: &str, dirty: bool) -> String {
    if dirty {
        format!("{commit} and changes that nobody else has")
    } else {
        commit.to_owned()
    }
}

/// Builds the runtime once and copies the code away from where the next build puts its own.
async fn build_one(
    session: &Session,
    place: &Path,
    source: &Path,
    time: &str,
    feature: Option<&str>,
) -> Result<PathBuf, Failure> {
    let target = place.join("target");
    // What is compiled for this machine may stay from an earlier build; the code itself is made from nothing.
    let wasm = target.join("release/wbuild");
    if wasm.exists() {
        std::fs::remove_dir_all(&wasm).map_err(|e| Failure::io("remove", &wasm, &e))?;
    }
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let mapped = [
        (cargo_home.as_path(), "/cargo"),
        (source, "/source"),
        (target.as_path(), "/target"),
    ];
    let mut flags = Vec::new();
    for (from, to) in mapped {
        flags.push(format!("--remap-path-prefix={}={to}", text(from)?));
    }
    let mut arguments = vec!["build", "--release", "--locked", "-p", PACKAGE];
    if let Some(feature) = feature {
        arguments.extend(["--features", feature]);
    }
    session
        .output
        .note(format_args!("cargo {} ...", arguments.join(" ")));
    let mut command = Command::new("cargo");
    command
        .args(&arguments)
        .current_dir(source)
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_INCREMENTAL", "0")
        .env("LC_ALL", "C")
        .env("SOURCE_DATE_EPOCH", time)
        .env("WASM_BUILD_WORKSPACE_HINT", source)
        .env("WASM_BUILD_TYPE", "release")
        .env("WASM_BUILD_RUSTFLAGS", flags.join(" "))
        .stdin(Stdio::null())
        // A build talks on standard error, as this program does.
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let status = command
        .status()
        .await
        .map_err(|e| Failure::new("no_cargo", format!("cannot run cargo: {e}")))?;
    if !status.success() {
        return Err(Failure::new(
            "not_built",
            format!("the runtime cannot be built: cargo ends with {status}"),
        ));
    }
    let built = target.join(BUILT);
    let kept = place.join(format!("built-{}.wasm", feature.unwrap_or("plain")));
    std::fs::copy(&built, &kept).map_err(|e| Failure::io("copy", &built, &e))?;
    Ok(kept)
}

/// Puts built code into `out`, named after its version.
fn keep(built: &Path, out: &Path, name: &str) -> Result<PathBuf, Failure> {
    let version = Candidate::read(built)?.version.spec_version;
    std::fs::create_dir_all(out).map_err(|e| Failure::io("make", out, &e))?;
    let path = out.join(format!("{name}-v{version}.compact.compressed.wasm"));
    std::fs::copy(built, &path).map_err(|e| Failure::io("write", &path, &e))?;
    Ok(path)
}

/// Brings what is not committed, new files included, into the worktree.
async fn copy_changes(checkout: &Path, source: &Path) -> Result<(), Failure> {
    let list = git(
        checkout,
        &["ls-files", "--modified", "--others", "--exclude-standard"],
    )
    .await?;
    for file in list.lines() {
        let (from, to) = (checkout.join(file), source.join(file));
        if !from.exists() {
            std::fs::remove_file(&to).map_err(|e| Failure::io("remove", &to, &e))?;
            continue;
        }
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|e| Failure::io("make", parent, &e))?;
        }
        std::fs::copy(&from, &to).map_err(|e| Failure::io("copy", &from, &e))?;
    }
    Ok(())
}

/// Removes the worktree if it is there; adding it again says what is wrong if that failed.
async fn remove_worktree(checkout: &Path, source: &Path) {
    if let Ok(source) = text(source) {
        let _ = git(checkout, &["worktree", "remove", "--force", source]).await;
    }
    let _ = git(checkout, &["worktree", "prune"]).await;
}

async fn git(at: &Path, arguments: &[&str]) -> Result<String, Failure> {
    output_of("git", arguments, at).await
}

/// What a program prints, without the last line end.
async fn output_of(program: &str, arguments: &[&str], at: &Path) -> Result<String, Failure> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(at)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| Failure::new("system", format!("cannot run {program}: {e}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(
            "not_built",
            format!("{program} {}: {}", arguments.join(" "), words.trim()),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str()
        .ok_or_else(|| Failure::usage(format!("{} is no UTF-8", path.display())))
}
