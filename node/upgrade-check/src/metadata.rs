//! What a runtime says of its storage, calls and constants.

use std::ops::Bound;

use codec::Decode;
use frame_metadata::{
    v14::{
        PalletMetadata, RuntimeMetadataV14, StorageEntryMetadata, StorageEntryType, StorageHasher,
    },
    RuntimeMetadata, RuntimeMetadataPrefixed,
};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef};
use sp_crypto_hashing::twox_128;

use crate::state::Values;

/// Name under which FRAME keeps the storage version of each pallet.
const STORAGE_VERSION: &[u8] = b":__STORAGE_VERSION__:";

/// The metadata of one runtime.
pub(crate) struct Metadata {
    inner: RuntimeMetadataV14,
}

/// One storage entry.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) pallet: &'a str,
    storage: &'a str,
    inner: &'a StorageEntryMetadata<PortableForm>,
}

/// The parts of a map's key: how each is hashed, and its type.
pub(crate) type KeyParts<'a> = Vec<(&'a StorageHasher, u32)>;

impl Metadata {
    /// Reads what `Metadata_metadata` answers, which every FRAME runtime does in version 14.
    pub(crate) fn decode(answer: &[u8]) -> Result<Self, String> {
        let opaque = Vec::<u8>::decode(&mut &answer[..]).map_err(|e| e.to_string())?;
        match RuntimeMetadataPrefixed::decode(&mut &opaque[..]) {
            Ok(RuntimeMetadataPrefixed(_, RuntimeMetadata::V14(inner))) => Ok(Self { inner }),
            Ok(RuntimeMetadataPrefixed(_, other)) => Err(format!(
                "expected metadata of version 14, found {}",
                other.version()
            )),
            Err(e) => Err(e.to_string()),
        }
    }

    pub(crate) fn types(&self) -> &PortableRegistry {
        &self.inner.types
    }

    /// The version of transactions that signers of this runtime write.
    pub(crate) fn extrinsic_version(&self) -> u8 {
        self.inner.extrinsic.version
    }

    fn pallet(&self, name: &str) -> Option<&PalletMetadata<PortableForm>> {
        self.inner.pallets.iter().find(|pallet| pallet.name == name)
    }

    pub(crate) fn pallets(&self) -> impl Iterator<Item = &str> {
        self.inner.pallets.iter().map(|pallet| pallet.name.as_str())
    }

    /// All storage entries of all pallets.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.inner.pallets.iter().flat_map(|pallet| {
            pallet.storage.iter().flat_map(move |storage| {
                storage.entries.iter().map(move |inner| Entry {
                    pallet: &pallet.name,
                    storage: &storage.prefix,
                    inner,
                })
            })
        })
    }

    pub(crate) fn entry(&self, pallet: &str, name: &str) -> Option<Entry<'_>> {
        self.entries()
            .find(|entry| entry.pallet == pallet && entry.name() == name)
    }

    /// The bytes of a constant.
    pub(crate) fn constant(&self, pallet: &str, name: &str) -> Option<&[u8]> {
        let constants = &self.pallet(pallet)?.constants;
        let found = constants.iter().find(|constant| constant.name == name)?;
        Some(&found.value)
    }

    /// Pallet and call index of a call.
    pub(crate) fn call(&self, pallet: &str, name: &str) -> Option<[u8; 2]> {
        let pallet = self.pallet(pallet)?;
        let calls = self.types().resolve(pallet.calls.as_ref()?.ty.id)?;
        let TypeDef::Variant(calls) = &calls.type_def else {
            return None;
        };
        let call = calls.variants.iter().find(|call| call.name == name)?;
        Some([pallet.index, call.index])
    }

    /// The name of an error, with the runtime's explanation.
    pub(crate) fn error(&self, pallet: u8, error: u8) -> Option<String> {
        let pallet = self.inner.pallets.iter().find(|p| p.index == pallet)?;
        let errors = self.types().resolve(pallet.error.as_ref()?.ty.id)?;
        let TypeDef::Variant(errors) = &errors.type_def else {
            return None;
        };
        let error = errors.variants.iter().find(|e| e.index == error)?;
        let name = format!("{}.{}", pallet.name, error.name);
        let docs = error.docs.join(" ");
        Some(match docs.trim() {
            "" => name,
            docs => format!("{name}: {docs}"),
        })
    }

    /// The pallet that runs migrations over several blocks: the one that keeps a cursor and what it has done before.
    pub(crate) fn migrations_pallet(&self) -> Option<&str> {
        self.pallets().find(|pallet| {
            ["Cursor", "Historic"]
                .iter()
                .all(|entry| self.entry(pallet, entry).is_some())
        })
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn name(&self) -> &'a str {
        &self.inner.name
    }

    /// What every key of the entry begins with.
    pub(crate) fn prefix(&self) -> Vec<u8> {
        key(self.storage, self.name())
    }

    /// Type of the value.
    pub(crate) fn value(&self) -> u32 {
        match &self.inner.ty {
            StorageEntryType::Plain(value) | StorageEntryType::Map { value, .. } => value.id,
        }
    }

    /// The parts of a key; none for a single value. `None` if hashers and types do not match.
    pub(crate) fn key_parts(&self, types: &PortableRegistry) -> Option<KeyParts<'a>> {
        let StorageEntryType::Map { hashers, key, .. } = &self.inner.ty else {
            return Some(Vec::new());
        };
        let ids = match (hashers.len(), &types.resolve(key.id)?.type_def) {
            (1, _) => vec![key.id],
            (_, TypeDef::Tuple(parts)) => parts.fields.iter().map(|part| part.id).collect(),
            _ => return None,
        };
        (ids.len() == hashers.len()).then(|| hashers.iter().zip(ids).collect())
    }
}

/// Key of a single value, or what the keys of a map begin with.
pub(crate) fn key(storage: &str, entry: &str) -> Vec<u8> {
    [twox_128(storage.as_bytes()), twox_128(entry.as_bytes())].concat()
}

/// The storage version that stands in the state for a pallet.
pub(crate) fn storage_version(values: &Values, pallet: &str) -> Option<u16> {
    let key = [twox_128(pallet.as_bytes()), twox_128(STORAGE_VERSION)].concat();
    u16::decode(&mut &values.get(&key)?[..]).ok()
}

/// What in `values` begins with `prefix`.
pub(crate) fn under<'a>(
    values: &'a Values,
    prefix: &'a [u8],
) -> impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)> {
    values
        .range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}
