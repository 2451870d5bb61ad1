//! Whether every value in a state can be read by a runtime.

use std::collections::BTreeMap;

use frame_metadata::v14::StorageHasher;
use scale_decode::visitor::{decode_with_visitor, IgnoreVisitor};
use scale_info::PortableRegistry;
use sp_crypto_hashing::blake2_256;

use crate::{
    metadata::{under, Entry, Metadata},
    state::Values,
};

/// A key or value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) pallet: String,
    pub(crate) entry: String,
    pub(crate) reason: String,
    /// Hash of the value, to see whether it was touched.
    pub(crate) value: [u8; 32],
}

/// What cannot be read, by key; and how many values there are.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) unreadable: BTreeMap<Vec<u8>, Unreadable>,
    pub(crate) values: usize,
}

/// Reads every key and value of every entry of `metadata`.
pub(crate) fn read_all(metadata: &Metadata, values: &Values) -> Reading {
    let mut reading = Reading::default();
    for entry in metadata.entries() {
        let prefix = entry.prefix();
        for (key, value) in under(values, &prefix) {
            reading.values += 1;
            if let Err(reason) = read(metadata.types(), &entry, &key[prefix.len()..], value) {
                let unreadable = Unreadable {
                    pallet: entry.pallet.to_owned(),
                    entry: entry.name().to_owned(),
                    reason,
                    value: blake2_256(value),
                };
                reading.unreadable.insert(key.clone(), unreadable);
            }
        }
    }
    reading
}

/// Reads one key, of which `key` is what follows the entry's prefix, and its value.
fn read(
    types: &PortableRegistry,
    entry: &Entry<'_>,
    mut key: &[u8],
    mut value: &[u8],
) -> Result<(), String> {
    let parts = entry
        .key_parts(types)
        .ok_or("the metadata does not say what its keys are made of")?;
    for (hasher, ty) in parts {
        let (hash, readable) = match hasher {
            StorageHasher::Identity => (0, true),
            StorageHasher::Twox64Concat => (8, true),
            StorageHasher::Blake2_128Concat => (16, true),
            StorageHasher::Blake2_128 | StorageHasher::Twox128 => (16, false),
            StorageHasher::Blake2_256 | StorageHasher::Twox256 => (32, false),
        };
        key = key.get(hash..).ok_or("the key is too short")?;
        if readable {
            read_one(types, ty, &mut key).map_err(|e| format!("the key: {e}"))?;
        }
    }
    if !key.is_empty() {
        return Err(format!("the key has {} bytes too many", key.len()));
    }
    read_one(types, entry.value(), &mut value)?;
    if !value.is_empty() {
        return Err(format!("the value has {} bytes too many", value.len()));
    }
    Ok(())
}

fn read_one(types: &PortableRegistry, ty: u32, bytes: &mut &[u8]) -> Result<(), String> {
    decode_with_visitor(bytes, ty, types, IgnoreVisitor::<PortableRegistry>::new())
        .map_err(|e| e.to_string())
}
