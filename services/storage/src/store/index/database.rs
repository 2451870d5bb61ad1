//! The database of the index: opening it, its tables, and whose it is.

use std::path::Path;

use codec::{Decode, Encode};
use noema_chain_client::{AccountId, Hash};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use super::{
    corrupted, index_error, slots::SLOTS, transact, StoreError, StoreIdentity, Work, DAMAGED,
    FILES, HELD, LAYOUT_VERSION, META, SEGMENTS,
};

pub(super) fn open_database(path: &Path, cache: usize) -> Result<Database, StoreError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache);
    builder.create(path).map_err(index_error)
}

pub(super) fn closed() -> StoreError {
    StoreError::Index(
        "it is closed after an I/O error; it is opened again at the next write".into(),
    )
}

pub(super) fn make_tables(transaction: &WriteTransaction) -> Work<()> {
    transaction.open_table(FILES)?;
    transaction.open_table(SEGMENTS)?;
    transaction.open_table(HELD)?;
    transaction.open_table(DAMAGED)?;
    transaction.open_table(SLOTS)?;
    transaction.open_table(META)?;
    Ok(())
}

/// Whose an index is, if it says so.
pub(super) fn owner_of(database: &Database) -> Result<Option<StoreIdentity>, StoreError> {
    let found = database
        .begin_read()
        .map_err(redb::Error::from)
        .and_then(|transaction| {
            let found = match transaction.open_table(META) {
                Ok(meta) => meta.get("identity")?.map(|bytes| bytes.value().to_vec()),
                Err(redb::TableError::TableDoesNotExist(_)) => None,
                Err(error) => return Err(error.into()),
            };
            Ok(found)
        })
        .map_err(index_error)?;
    found.map(|bytes| decode_owner(&bytes)).transpose()
}

fn decode_owner(bytes: &[u8]) -> Result<StoreIdentity, StoreError> {
    let (version, genesis, provider) = <(u32, [u8; 32], [u8; 32])>::decode(&mut &bytes[..])
        .map_err(|_| index_error(corrupted("the owner's record is unreadable")))?;
    if version != LAYOUT_VERSION {
        return Err(StoreError::OtherVersion {
            expected: LAYOUT_VERSION,
            found: version,
        });
    }
    Ok(StoreIdentity {
        genesis: Hash(genesis),
        provider: AccountId(provider),
    })
}

/// Makes the tables, and notes or checks whose they are.
pub(super) fn prepare(database: &Database, identity: &StoreIdentity) -> Result<(), StoreError> {
    let found = transact(database, |transaction, _| {
        make_tables(transaction)?;
        let mut meta = transaction.open_table(META)?;
        let found = meta.get("identity")?.map(|bytes| bytes.value().to_vec());
        if found.is_none() {
            let ours = (LAYOUT_VERSION, identity.genesis.0, identity.provider.0).encode();
            meta.insert("identity", &ours[..])?;
        }
        Ok(found)
    });
    let (found, _) = found.map_err(index_error)?;
    let Some(found) = found else { return Ok(()) };
    let StoreIdentity { genesis, provider } = decode_owner(&found)?;
    if genesis != identity.genesis {
        return Err(StoreError::OtherChain {
            expected: identity.genesis,
            found: genesis,
        });
    }
    if provider != identity.provider {
        return Err(StoreError::OtherProvider {
            expected: identity.provider,
            found: provider,
        });
    }
    Ok(())
}
