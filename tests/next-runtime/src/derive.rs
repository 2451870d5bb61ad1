//! Makes the sources of the next runtime out of those of this one.
//!
//! The changes are made in the text and each must find its place exactly once: a runtime whose sources have moved on makes this fail with
//! the name of the place, never produce a runtime without the change.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// What the next runtime is made of, relative to the checkout; the models because the tests of the pallets name them.
pub const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "primitives",
    "pallets",
    "runtime",
    MODELS,
];

/// The executable models beside which pallets are tested.
const MODELS: &str = "tests/models";

/// The pallet that the next runtime has more, relative to the checkout.
const PING: &str = "tests/next-runtime/pallet-ping";

/// Files that the next runtime has more, or in the place of others, relative to the checkout.
const OVERLAY: &str = "tests/next-runtime/overlay";

/// Which release is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The next one: one version on.
    Next,
    /// The one after it, with the same changes: what repairs an upgrade that failed.
    Later,
    /// That one with its own checks.
    LaterChecked,
}

impl Release {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Next, Self::Later, Self::LaterChecked];

    /// Its runtime's package; the WASM builder names its directories by it.
    pub fn package(self) -> &'static str {
        match self {
            Self::Next => "noema-runtime-next",
            Self::Later => "noema-runtime-later",
            Self::LaterChecked => "noema-runtime-later-checked",
        }
    }

    /// By how much its spec version is higher.
    fn ahead(self) -> u32 {
        match self {
            Self::Next => 1,
            Self::Later | Self::LaterChecked => 2,
        }
    }
}

/// Name of the pallet in the next runtime's metadata.
pub const PING_PALLET: &str = "Ping";

/// Index of that pallet; far from those in use.
const PING_INDEX: u8 = 250;

/// Name of the changed constant in the storage pallet's metadata.
pub const CHANGED_CONSTANT: &str = "ProveWindow";

/// The hash of this runtime's metadata, which is not that of the next one.
const METADATA_HASH: &str = "runtime/metadata-hash.txt";
/// Value of the changed constant, in blocks.
pub const CHANGED_VALUE: u32 = 90;

/// Writes the sources of a release, made from `checkout`, to `copy`. Files that are not copied unchanged are dated `dated`.
pub fn derive(
    release: Release,
    checkout: &Path,
    copy: &Path,
    dated: SystemTime,
) -> Result<(), String> {
    let mut written = BTreeSet::new();
    let mut put = |relative: PathBuf, text: Vec<u8>, date: SystemTime| {
        let target = copy.join(&relative);
        written.insert(relative);
        write_dated(&target, &text, date)
            .map_err(|e| format!("cannot write {}: {e}", target.display()))
    };

    let mut edits = Edits::of(release);
    for relative in sources_of(checkout, &SOURCES)? {
        if relative == Path::new(METADATA_HASH) {
            continue;
        }
        let source = checkout.join(&relative);
        let (bytes, date) = read_dated(&source)?;
        match String::from_utf8(bytes) {
            Ok(text) => {
                let changed = edits.apply(&relative, &text)?;
                let date = if changed == text {
                    date
                } else {
                    date.max(dated)
                };
                put(relative, changed.into_bytes(), date)?;
            }
            Err(binary) => put(relative, binary.into_bytes(), date)?,
        }
    }
    edits.all_made()?;
    for relative in sources_of(checkout, &[PING])? {
        let (bytes, date) = read_dated(&checkout.join(&relative))?;
        let inside = relative.strip_prefix(PING).map_err(|e| e.to_string())?;
        put(Path::new("pallets/ping").join(inside), bytes, date)?;
    }
    for relative in sources_of(checkout, &[OVERLAY])? {
        let (bytes, date) = read_dated(&checkout.join(&relative))?;
        let inside = relative.strip_prefix(OVERLAY).map_err(|e| e.to_string())?;
        put(inside.to_path_buf(), bytes, date)?;
    }
    remove_others(copy, copy, &written).map_err(|e| format!("cannot tidy {}: {e}", copy.display()))
}

/// A line of the sources that is replaced.
struct Line {
    file: &'static str,
    /// The line as it is, without its indentation.
    found: &'static str,
    /// What stands in its place.
    instead: &'static str,
}

/// The migration of a pallet's storage: each record of a provider says since when it is registered.
const MIGRATION: [Line; 5] = [
    Line {
        file: "pallets/providers/src/lib.rs",
        found: "const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);",
        instead: "const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);",
    },
    Line {
        file: "pallets/providers/src/types.rs",
        found: "pub leaf: u32,",
        instead: "pub leaf: u32,\n    /// The block of its registration; 0 before version 2.\n    pub since: BlockNumber,",
    },
    Line {
        file: "pallets/providers/src/records.rs",
        found: "leaf,",
        instead: "leaf,\n            since: <T::BlockNumberProvider as sp_runtime::traits::BlockNumberProvider>::current_block_number(),",
    },
    Line {
        file: "pallets/providers/src/migrations/mod.rs",
        found: "pub const PALLET_ID: &[u8; b\"pallet-noema-providers\".len()] = b\"pallet-noema-providers\";",
        instead: "pub const PALLET_ID: &[u8; b\"pallet-noema-providers\".len()] = b\"pallet-noema-providers\";\n\npub mod v2;",
    },
    Line {
        file: "runtime/src/migrations.rs",
        found: "pub type MultiBlock = (",
        instead: "pub type MultiBlock = (\n    pallet_noema_providers::migrations::v2::AddSince<crate::Runtime>,\n    pallet_noema_ping::MayFail<crate::Runtime>,",
    },
];

/// The changes, and how often each found its place.
#[derive(Debug)]
struct Edits {
    release: Release,
    members: usize,
    name: usize,
    dependency: usize,
    spec_version: usize,
    constant: usize,
    pallet: usize,
    migration: [usize; MIGRATION.len()],
}

impl Edits {
    fn of(release: Release) -> Self {
        Self {
            release,
            members: 0,
            name: 0,
            dependency: 0,
            spec_version: 0,
            constant: 0,
            pallet: 0,
            migration: [0; MIGRATION.len()],
        }
    }

    fn apply(&mut self, path: &Path, text: &str) -> Result<String, String> {
        let text = self.migrate(path, text);
        if path == Path::new("Cargo.toml") {
            self.members += 1;
            return reduce_members(&text);
        }
        if path == Path::new("runtime/Cargo.toml") {
            let text = self.rename(&text);
            return Ok(self.depend(&text));
        }
        if path.starts_with("runtime/src") && path.extension().is_some_and(|e| e == "rs") {
            let text = self.raise_spec_version(&text)?;
            let text = self.change_constant(&text);
            return Ok(self.plug_pallet_in(&text));
        }
        Ok(text)
    }

    fn migrate(&mut self, path: &Path, text: &str) -> String {
        let mut text = text.to_owned();
        for (line, made) in MIGRATION.iter().zip(&mut self.migration) {
            if path == Path::new(line.file) {
                text = each_line(&text, |found| {
                    (found.trim() == line.found).then(|| {
                        *made += 1;
                        let indent = &found[..found.len() - found.trim_start().len()];
                        format!("{indent}{}", line.instead)
                    })
                });
            }
        }
        text
    }

    /// Another package name: the WASM builder names its directories by it.
    fn rename(&mut self, text: &str) -> String {
        let package = self.release.package();
        each_line(text, |line| {
            (line.trim() == "name = \"noema-runtime\"").then(|| {
                self.name += 1;
                format!("name = \"{package}\"")
            })
        })
    }

    fn depend(&mut self, text: &str) -> String {
        each_line(text, |line| {
            (line.trim() == "[dependencies]").then(|| {
                self.dependency += 1;
                format!("{line}\npallet-noema-ping = {{ path = \"../pallets/ping\", default-features = false }}")
            })
        })
    }

    fn raise_spec_version(&mut self, text: &str) -> Result<String, String> {
        let mut failure = None;
        let ahead = self.release.ahead();
        let text = each_line(text, |line| {
            let (before, after) = line.split_once("spec_version:")?;
            if before.trim_start().starts_with("//") || !before.trim().is_empty() {
                return None;
            }
            let (number, rest) = after.split_once(',')?;
            match number.trim().replace('_', "").parse::<u32>() {
                Ok(version) => {
                    self.spec_version += 1;
                    Some(format!(
                        "{before}spec_version: {},{rest}",
                        version.saturating_add(ahead)
                    ))
                }
                Err(_) => {
                    failure = Some(format!(
                        "expected a number after spec_version, found `{}`",
                        number.trim()
                    ));
                    None
                }
            }
        });
        failure.map_or(Ok(text), Err)
    }

    fn change_constant(&mut self, text: &str) -> String {
        each_line(text, |line| {
            let rest = line.trim_start().strip_prefix("pub const ")?;
            let after = rest.strip_prefix(CHANGED_CONSTANT)?;
            let (kind, value) = after.strip_prefix(':')?.split_once('=')?;
            value.trim_end().strip_suffix(';')?;
            self.constant += 1;
            let indent = &line[..line.len() - line.trim_start().len()];
            Some(format!(
                "{indent}pub const {CHANGED_CONSTANT}:{kind}= {CHANGED_VALUE};"
            ))
        })
    }

    /// The pallet stands last in the runtime's module and is configured at the end of the same file.
    fn plug_pallet_in(&mut self, text: &str) -> String {
        let before = self.pallet;
        let mut changed = each_line(text, |line| {
            line.trim_start().starts_with("pub type System = frame_system").then(|| {
                self.pallet += 1;
                let indent = &line[..line.len() - line.trim_start().len()];
                format!(
                    "{line}\n\n{indent}#[runtime::pallet_index({PING_INDEX})]\n{indent}pub type {PING_PALLET} = pallet_noema_ping;"
                )
            })
        });
        if self.pallet > before {
            changed.push_str("\nimpl pallet_noema_ping::Config for Runtime {}\n");
        }
        changed
    }

    fn all_made(&self) -> Result<(), String> {
        let made = [
            ("the list of members in Cargo.toml", self.members),
            (
                "`name = \"noema-runtime\"` in runtime/Cargo.toml",
                self.name,
            ),
            ("`[dependencies]` in runtime/Cargo.toml", self.dependency),
            ("`spec_version: NUMBER,` in runtime/src", self.spec_version),
            (
                "`pub const ProveWindow: ... = ...;` in runtime/src",
                self.constant,
            ),
            (
                "`pub type System = frame_system` in runtime/src",
                self.pallet,
            ),
        ];
        let migration = MIGRATION
            .iter()
            .zip(self.migration)
            .map(|(line, times)| (format!("`{}` in {}", line.found, line.file), times));
        let made = made.map(|(place, times)| (place.to_owned(), times));
        for (place, times) in made.into_iter().chain(migration) {
            if times != 1 {
                return Err(format!(
                    "expected {place} exactly once, found it {times} times"
                ));
            }
        }
        Ok(())
    }
}

/// Keeps only the members that the runtime is made of: the others are not in the copy.
fn reduce_members(text: &str) -> Result<String, String> {
    let missing = || "expected `members = [` ... `]` in Cargo.toml".to_owned();
    let (before, rest) = text.split_once("members = [").ok_or_else(missing)?;
    let (list, after) = rest.split_once(']').ok_or_else(missing)?;
    let kept: Vec<_> = list
        .split(',')
        .map(|member| member.trim().trim_matches('"'))
        .filter(|member| {
            ["primitives/", "pallets/"]
                .iter()
                .any(|room| member.starts_with(room))
                || ["runtime", MODELS].contains(member)
        })
        .chain(["pallets/ping"])
        .map(|member| format!("\n  \"{member}\","))
        .collect();
    Ok(format!("{before}members = [{}\n]{after}", kept.concat()))
}

/// Replaces the lines for which `change` has something else.
fn each_line(text: &str, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let mut changed = String::with_capacity(text.len());
    for line in text.lines() {
        match change(line) {
            Some(other) => changed.push_str(&other),
            None => changed.push_str(line),
        }
        changed.push('\n');
    }
    changed
}

/// The files below `rooms` that git knows or would add, as they are in the work tree.
fn sources_of(checkout: &Path, rooms: &[&str]) -> Result<Vec<PathBuf>, String> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(rooms)
        .current_dir(checkout)
        .output()
        .map_err(|e| format!("cannot run git: {e}"))?;
    if !listed.status.success() {
        return Err(format!(
            "git ls-files failed: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        ));
    }
    let names =
        String::from_utf8(listed.stdout).map_err(|e| format!("a file name is not UTF-8: {e}"))?;
    // A file deleted in the work tree is still listed until the deletion is committed.
    Ok(names
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|name| checkout.join(name).is_file())
        .collect())
}

fn read_dated(path: &Path) -> Result<(Vec<u8>, SystemTime), String> {
    let read = || Ok((fs::read(path)?, fs::metadata(path)?.modified()?));
    read().map_err(|e: io::Error| format!("cannot read {}: {e}", path.display()))
}

fn write_dated(path: &Path, bytes: &[u8], date: SystemTime) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let unchanged = fs::read(path).is_ok_and(|found| found == bytes);
    if unchanged && fs::metadata(path)?.modified()? == date {
        return Ok(());
    }
    fs::write(path, bytes)?;
    fs::File::options()
        .write(true)
        .open(path)?
        .set_modified(date)
}

/// Removes what an earlier derivation left and this one did not write.
fn remove_others(copy: &Path, below: &Path, written: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(below)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(copy, &path, written)?;
        } else if path
            .strip_prefix(copy)
            .is_ok_and(|relative| !written.contains(relative))
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap()
            .to_path_buf()
    }

    #[test]
    fn this_tree_can_be_derived_twice_with_the_same_result() {
        let copy = tempfile::tempdir().unwrap();
        let dated = SystemTime::now();
        derive(Release::Next, &checkout(), copy.path(), dated).unwrap();
        let manifest = fs::read_to_string(copy.path().join("runtime/Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"noema-runtime-next\""));
        assert!(manifest.contains("pallet-noema-ping"));
        let root = fs::read_to_string(copy.path().join("Cargo.toml")).unwrap();
        assert!(root.contains("\"pallets/ping\"") && !root.contains("\"node\","));
        assert!(copy.path().join("pallets/ping/src/lib.rs").is_file());
        let migration = "pallets/providers/src/migrations/v2.rs";
        assert!(copy.path().join(migration).is_file());

        let dates = |name: &str| {
            fs::metadata(copy.path().join(name))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = (
            dates("Cargo.toml"),
            dates("runtime/Cargo.toml"),
            dates("pallets/ping/src/lib.rs"),
        );
        fs::write(copy.path().join("runtime/src/left_over.rs"), "").unwrap();
        derive(Release::Next, &checkout(), copy.path(), dated).unwrap();
        assert!(!copy.path().join("runtime/src/left_over.rs").exists());
        assert_eq!(
            before,
            (
                dates("Cargo.toml"),
                dates("runtime/Cargo.toml"),
                dates("pallets/ping/src/lib.rs")
            )
        );
    }

    #[test]
    fn each_change_is_made_where_it_belongs() {
        let mut edits = Edits::of(Release::Next);
        let path = Path::new("runtime/src/lib.rs");
        let text = "    spec_version: 1_00,\n        pub const ProveWindow: BlockNumber = 60;\n    pub type System = frame_system;\n";
        let changed = edits.apply(path, text).unwrap();
        assert!(changed.contains("    spec_version: 101,\n"));
        assert!(changed.contains("        pub const ProveWindow: BlockNumber = 90;\n"));
        assert!(changed.contains(
            "    #[runtime::pallet_index(250)]\n    pub type Ping = pallet_noema_ping;\n"
        ));
        assert!(changed.ends_with("impl pallet_noema_ping::Config for Runtime {}\n"));
    }

    #[test]
    fn a_place_that_is_missing_or_double_is_named() {
        let mut edits = Edits {
            members: 1,
            name: 1,
            dependency: 1,
            spec_version: 1,
            constant: 0,
            pallet: 1,
            migration: [1; MIGRATION.len()],
            release: Release::Next,
        };
        assert!(edits.all_made().unwrap_err().contains("ProveWindow"));
        edits.constant = 1;
        edits.all_made().unwrap();
        edits.spec_version = 2;
        assert!(edits.all_made().unwrap_err().contains("found it 2 times"));
        edits.spec_version = 1;
        edits.migration[1] = 0;
        assert!(edits.all_made().unwrap_err().contains("pub leaf: u32,"));
    }

    #[test]
    fn the_later_release_has_the_higher_version() {
        let text = "    spec_version: 100,\n";
        for (release, expected) in [(Release::Next, "101"), (Release::Later, "102")] {
            let raised = Edits::of(release).raise_spec_version(text).unwrap();
            assert!(raised.contains(expected), "{raised}");
        }
    }

    #[test]
    fn a_version_that_is_not_a_number_is_an_error() {
        let error = Edits::of(Release::Next)
            .raise_spec_version("  spec_version: SPEC,\n")
            .unwrap_err();
        assert!(error.contains("SPEC"), "{error}");
    }
}
