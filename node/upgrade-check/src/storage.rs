//! What an upgrade does to the storage: entries, storage versions, values left behind.

use std::collections::{BTreeMap, BTreeSet};

use sp_core::storage::well_known_keys;
use sp_crypto_hashing::twox_128;

use crate::{
    metadata::{storage_version, under, Entry, Metadata},
    report::{ChangeKind, Report, StorageChange, Writes},
    state::{Values, CHILD_PREFIX},
    types::{compare, Difference},
};

/// What the storage was, what it is, and what the migrations wrote to.
pub(crate) struct Before<'a> {
    pub(crate) metadata: &'a Metadata,
    pub(crate) values: &'a Values,
}

/// See [`Before`].
pub(crate) struct After<'a> {
    pub(crate) metadata: &'a Metadata,
    pub(crate) values: &'a Values,
    pub(crate) touched: &'a BTreeSet<Vec<u8>>,
}

/// Compares storage before and after the migrations and says what nobody took care of.
pub(crate) fn compare_storage(before: &Before<'_>, after: &After<'_>, report: &mut Report) {
    let versions = versions(before, after);
    for old in before.metadata.entries() {
        let prefix = old.prefix();
        let new = after.metadata.entries().find(|new| new.prefix() == prefix);
        let (kind, what) =
            match new.map(|new| difference(before.metadata, &old, after.metadata, &new)) {
                Some(Difference::None) => continue,
                Some(Difference::Wider(what)) => (ChangeKind::Widened, what),
                Some(Difference::Changed(what)) => (ChangeKind::Changed, what),
                None => (ChangeKind::Removed, String::new()),
            };
        let values = under(before.values, &prefix).count();
        let untouched = under(before.values, &prefix)
            .filter(|(key, _)| after.values.contains_key(*key) && !after.touched.contains(*key))
            .count();
        let (pallet, entry) = (old.pallet, old.name());
        if untouched > 0 && kind == ChangeKind::Changed {
            let version = match versions.get(pallet) {
                Some((from, to)) if from == to => {
                    let version = from.map_or_else(|| "none".to_owned(), |v| v.to_string());
                    format!("; the pallet's storage version stayed what it was ({version})")
                }
                _ => String::new(),
            };
            report.warn(
                "no_migration",
                format!(
                    "the storage of {pallet}.{entry} changed ({what}), but no migration touched {untouched} of its {values} values{version}"
                ),
            );
        }
        if untouched > 0 && kind == ChangeKind::Removed {
            report.warn(
                "left_behind",
                format!(
                    "the new runtime does not know {pallet}.{entry}, but {untouched} of its {values} values stay in the state for ever"
                ),
            );
        }
        report.storage.push(StorageChange {
            pallet: pallet.to_owned(),
            entry: entry.to_owned(),
            kind,
            what,
            values,
            untouched,
        });
    }
    let known: BTreeSet<_> = before.metadata.entries().map(|old| old.prefix()).collect();
    for new in after.metadata.entries() {
        let prefix = new.prefix();
        if !known.contains(&prefix) {
            report.storage.push(StorageChange {
                pallet: new.pallet.to_owned(),
                entry: new.name().to_owned(),
                kind: ChangeKind::Added,
                what: String::new(),
                values: under(before.values, &prefix).count(),
                untouched: 0,
            });
        }
    }
    report.storage_versions = versions
        .into_iter()
        .filter(|(_, (from, to))| from != to)
        .collect();
}

/// How keys and values of an entry differ.
fn difference(
    old_metadata: &Metadata,
    old: &Entry<'_>,
    new_metadata: &Metadata,
    new: &Entry<'_>,
) -> Difference {
    let (old_types, new_types) = (old_metadata.types(), new_metadata.types());
    let (Some(old_key), Some(new_key)) = (old.key_parts(old_types), new.key_parts(new_types))
    else {
        return Difference::Changed("the metadata does not say what its keys are made of".into());
    };
    if old_key.len() != new_key.len() {
        return Difference::Changed(format!(
            "its keys had {} parts and have {}",
            old_key.len(),
            new_key.len()
        ));
    }
    let mut wider = Vec::new();
    let mut add = |what: &str, difference| match difference {
        Difference::None => None,
        Difference::Wider(more) => {
            wider.push(more);
            None
        }
        Difference::Changed(change) => Some(Difference::Changed(format!("{what}: {change}"))),
    };
    for (&(old_hasher, old_type), &(new_hasher, new_type)) in old_key.iter().zip(&new_key) {
        if old_hasher != new_hasher {
            return Difference::Changed(format!(
                "its keys were hashed by {old_hasher:?} and are by {new_hasher:?}"
            ));
        }
        let key = compare(old_types, old_type, new_types, new_type);
        if let Some(changed) = add("key", key) {
            return changed;
        }
    }
    let value = compare(old_types, old.value(), new_types, new.value());
    if let Some(changed) = add("value", value) {
        return changed;
    }
    if wider.is_empty() {
        Difference::None
    } else {
        Difference::Wider(wider.join(", "))
    }
}

/// The storage version of every pallet, before and after.
fn versions(
    before: &Before<'_>,
    after: &After<'_>,
) -> BTreeMap<String, (Option<u16>, Option<u16>)> {
    let pallets = before.metadata.pallets().chain(after.metadata.pallets());
    pallets
        .map(|pallet| {
            let from = storage_version(before.values, pallet);
            let to = storage_version(after.values, pallet);
            (pallet.to_owned(), (from, to))
        })
        .collect()
}

/// Counts changed keys (and whether they are there now) by the pallet that they belong to.
pub(crate) fn by_pallet<'a>(
    changed: impl IntoIterator<Item = (&'a Vec<u8>, &'a bool)>,
    metadata: &[&Metadata],
) -> BTreeMap<String, Writes> {
    let names: BTreeMap<[u8; 16], &str> = metadata
        .iter()
        .flat_map(|metadata| metadata.pallets())
        .map(|pallet| (twox_128(pallet.as_bytes()), pallet))
        .collect();
    let mut counted = BTreeMap::<String, Writes>::new();
    for (key, is_there) in changed {
        let owner = key
            .first_chunk::<16>()
            .and_then(|prefix| names.get(prefix).copied())
            .unwrap_or(if key.starts_with(CHILD_PREFIX) {
                "child tries"
            } else if [well_known_keys::CODE, well_known_keys::PENDING_CODE].contains(&&key[..]) {
                "code"
            } else {
                "no known pallet"
            });
        let writes = counted.entry(owner.to_owned()).or_default();
        if *is_there {
            writes.written += 1;
        } else {
            writes.removed += 1;
        }
    }
    counted
}
