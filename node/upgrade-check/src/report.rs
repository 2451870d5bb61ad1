//! What a check found, for people and for programs.

use std::{collections::BTreeMap, fmt};

use noema_core::Hash;
use serde::Serialize;

/// Everything that a check found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether the upgrade may go on: there is no error, and no warning if warnings count.
    pub passed: bool,
    /// The state that was used.
    pub state: StateFacts,
    /// BLAKE2b-256 of the new code as it was given: what governance authorises.
    pub code_hash: Hash,
    /// Its length in bytes.
    pub code_size: usize,
    /// The runtime of the state.
    pub from: Option<Version>,
    /// The runtime that was checked.
    pub to: Option<Version>,
    /// Blocks that the new runtime executed, in order.
    pub blocks: Vec<BlockFacts>,
    /// How many of them passed until all migrations were done; 1 if none goes over several blocks.
    pub migration_blocks: Option<u32>,
    /// What the blocks until then wrote, by pallet.
    pub writes: BTreeMap<String, Writes>,
    /// Storage entries that are not as they were.
    pub storage: Vec<StorageChange>,
    /// Pallets whose storage version was raised: before and after.
    pub storage_versions: BTreeMap<String, (Option<u16>, Option<u16>)>,
    /// Values that the new runtime can read.
    pub readable: usize,
    /// Events of migrations and everything else that is not about a transaction.
    pub events: Vec<String>,
    /// Checks of the runtime's own that passed.
    pub own_checks: Vec<String>,
    /// What forbids the upgrade.
    pub errors: Vec<Finding>,
    /// What should be understood before the upgrade is proposed.
    pub warnings: Vec<Finding>,
}

/// The state that an upgrade was rehearsed on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateFacts {
    /// Hash of the chain's first block.
    pub genesis: Hash,
    /// Number of the block.
    pub number: u32,
    /// Its hash.
    pub hash: Hash,
    /// Values in the main trie and in child tries.
    pub values: usize,
    /// Bytes of keys and values in the main trie.
    pub bytes: usize,
}

/// The version of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Name of the chain's specification.
    pub spec_name: String,
    /// What grows with each upgrade.
    pub spec_version: u32,
    /// What grows when transactions are encoded in another way.
    pub transaction_version: u32,
    /// Which rules of the SDK about state and upgrades it follows.
    pub system_version: u8,
}

/// A block that the new runtime executed.
#[derive(Clone, Debug, Serialize)]
pub struct BlockFacts {
    /// Its number.
    pub number: u32,
    /// Whether migrations were under way, so that it could take inherents only.
    pub migrating: bool,
    /// Its weight (time of execution), in picoseconds.
    pub weight: u64,
    /// The same in parts of what a block may use.
    pub used: f64,
    /// How long executing it took here, in milliseconds.
    pub millis: u64,
    /// Keys written with another value than before.
    pub written: usize,
    /// Keys removed.
    pub removed: usize,
    /// Keys of child tries written or removed.
    pub child_writes: usize,
}

/// What was written of a pallet's storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Writes {
    /// Keys with a value other than before.
    pub written: usize,
    /// Keys that are gone.
    pub removed: usize,
}

/// How a storage entry differs from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// The new runtime does not know it.
    Removed,
    /// Its keys or values are encoded in another way.
    Changed,
    /// Values of before stay valid; there are new variants.
    Widened,
}

/// A storage entry that is not as it was.
#[derive(Clone, Debug, Serialize)]
pub struct StorageChange {
    /// The pallet.
    pub pallet: String,
    /// The entry.
    pub entry: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// Where in the type, and what.
    pub what: String,
    /// Values before the upgrade.
    pub values: usize,
    /// Those of them that stand there after it and that no migration wrote to.
    pub untouched: usize,
}

/// An error or a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// For programs; stays the same when the wording changes.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Report {
    pub(crate) fn error(&mut self, code: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.errors.push(Finding { code, message });
    }

    pub(crate) fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.warnings.push(Finding { code, message });
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.spec_name, self.spec_version)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Widened => "widened",
        })
    }
}

/// Lines for people, the verdict last.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = &self.state;
        writeln!(
            f,
            "state       block {} ({:?}): {} values, {} bytes",
            state.number, state.hash, state.values, state.bytes
        )?;
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            writeln!(f, "runtime     {from} -> {to}")?;
        }
        writeln!(
            f,
            "code        {:?}, {} bytes",
            self.code_hash, self.code_size
        )?;
        for block in &self.blocks {
            writeln!(
                f,
                "block       {}: {:.1} % of a block's weight, {} ms here, {} keys written, {} removed{}",
                block.number,
                block.used * 100.0,
                block.millis,
                block.written,
                block.removed,
                if block.migrating { ", migrating" } else { "" }
            )?;
        }
        for (pallet, writes) in &self.writes {
            writeln!(
                f,
                "writes      {pallet}: {} written, {} removed",
                writes.written, writes.removed
            )?;
        }
        for change in &self.storage {
            writeln!(
                f,
                "storage     {}.{} {}{}{}",
                change.pallet,
                change.entry,
                change.kind,
                if change.what.is_empty() { "" } else { ": " },
                change.what
            )?;
        }
        for (pallet, (before, after)) in &self.storage_versions {
            let shown = |v: &Option<u16>| v.map_or_else(|| "none".to_owned(), |v| v.to_string());
            writeln!(
                f,
                "version     {pallet}: {} -> {}",
                shown(before),
                shown(after)
            )?;
        }
        for event in &self.events {
            writeln!(f, "event       {event}")?;
        }
        if self.readable > 0 {
            writeln!(f, "readable    {} values", self.readable)?;
        }
        for check in &self.own_checks {
            writeln!(f, "passed      {check}")?;
        }
        for finding in &self.warnings {
            writeln!(f, "WARNING     {}", finding.message)?;
        }
        for finding in &self.errors {
            writeln!(f, "ERROR       {}", finding.message)?;
        }
        let blocks = self.migration_blocks;
        match (self.passed, blocks) {
            (true, Some(1)) => writeln!(f, "result      passed: done within one block"),
            (true, Some(n)) => writeln!(f, "result      passed: migrations take {n} blocks"),
            (true, None) => writeln!(f, "result      passed"),
            (false, _) => writeln!(
                f,
                "result      FAILED: {} errors, {} warnings",
                self.errors.len(),
                self.warnings.len()
            ),
        }
    }
}
