//! Copies the runtime's sources, changes the copy and compiles it to WASM. The checkout itself is not touched.

use std::{
    env, fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::SystemTime,
};

#[path = "src/derive.rs"]
#[allow(dead_code, unreachable_pub)]
mod derive;

use derive::Release;

/// By this the WASM builder knows the feature with which a runtime brings its own checks along.
const CHECKS: &str = "CARGO_FEATURE_TRY_RUNTIME";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let here =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let checkout = here
        .ancestors()
        .nth(2)
        .expect("this crate is at tests/next-runtime")
        .to_path_buf();
    for watched in derive::SOURCES {
        println!(
            "cargo:rerun-if-changed={}",
            checkout.join(watched).display()
        );
    }
    println!("cargo:rerun-if-changed={}", here.display());
    println!("cargo:rerun-if-env-changed=SKIP_WASM_BUILD");

    let generated = out.join("next_runtime.rs");
    let mut text = String::new();
    // The builder enables in the runtime what cargo enabled in this crate.
    let checked = env::var_os(CHECKS).is_some();
    for release in Release::ALL {
        let wanted = env::var_os("SKIP_WASM_BUILD").is_none()
            && (checked || release != Release::LaterChecked);
        match release {
            Release::LaterChecked => env::set_var(CHECKS, "1"),
            Release::Next | Release::Later => env::remove_var(CHECKS),
        }
        let path = wanted.then(|| build(release, &checkout, &out));
        let name = match release {
            Release::Next => "WASM_PATH",
            Release::Later => "LATER_WASM_PATH",
            Release::LaterChecked => "CHECKED_WASM_PATH",
        };
        let what = release.package();
        text.push_str(&format!(
            "/// Where the compressed WASM of `{what}` is; nowhere when it was not built (SKIP_WASM_BUILD, features).\npub const {name}: Option<&str> = {path:?};\n"
        ));
    }
    fs::write(generated, text).expect("OUT_DIR is writable");
}

/// Builds a release's runtime; returns the path of its WASM.
fn build(release: Release, checkout: &Path, out: &Path) -> String {
    // Files that differ from the checkout are dated by the program that changed them, so that nothing is compiled again without a reason.
    let dated = env::current_exe()
        .and_then(fs::metadata)
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let package = release.package();
    let copy = out.join(package);
    if let Err(reason) = derive::derive(release, checkout, &copy, dated) {
        panic!("{package} cannot be derived from this runtime: {reason}");
    }
    share_dependencies(out, package);
    // The copy has its own lock file, reduced from the checkout's, so that every version stays.
    env::set_var("WASM_BUILD_WORKSPACE_HINT", &copy);
    // A lint driver in the compiler's place would only have the same WASM made once more.
    env::remove_var("RUSTC_WORKSPACE_WRAPPER");
    let generated = format!("{package}.rs");
    substrate_wasm_builder::WasmBuilder::new()
        .with_project(copy.join("runtime/Cargo.toml"))
        .expect("the copied runtime has a manifest")
        .import_memory()
        .export_heap_base()
        .set_file_name(&generated)
        .build();
    // Reduced while this ran, which is later than cargo takes it to have run: everything that depends on this would be compiled again the next time.
    let lock = fs::File::options()
        .write(true)
        .open(copy.join("Cargo.lock"))
        .and_then(|lock| lock.set_modified(dated));
    lock.expect("the copy has a lock file");
    let built = fs::read_to_string(out.join(&generated)).expect("the WASM builder writes it");
    let path = built
        .lines()
        .find_map(|line| {
            line.split_once("WASM_BINARY_PATH: Option<&str> = Some(\"")?
                .1
                .split_once("\")")
        })
        .expect("the WASM builder names the file it built")
        .0;
    path.to_owned()
}

/// Lets the WASM build of the next runtime use what that of the runtime itself has compiled: the same SDK, of which the builder would otherwise
/// keep a second copy. It only saves time, so that a failure is none.
fn share_dependencies(out: &Path, package: &str) {
    let Some(profile) = out
        .ancestors()
        .find(|above| above.ends_with("build"))
        .and_then(Path::parent)
    else {
        return;
    };
    let link = || -> io::Result<()> {
        let builds = profile.join("wbuild");
        let next = builds.join(package);
        fs::create_dir_all(builds.join("noema-runtime/target"))?;
        fs::create_dir_all(&next)?;
        symlink("../noema-runtime/target", next.join("target"))
    };
    // Usually because it is there already.
    let _ = link();
}
