//! How much state a node keeps, and the opening of its database.
//!
//! The SDK keeps the state of the last 256 finalised blocks. At one block per second that is four minutes: a wallet or an
//! indexer that asks about a block of five minutes ago fails. The SDK also returns to 256 whenever the flag is left out
//! at a later start, which silently deletes what a larger `--state-pruning` had kept. Hence the defaults here.

use crate::service::FullBackend;
use noema_core::{time, BlockNumber};
use sc_service::{
    config::{Configuration, DatabaseSource, PruningMode},
    ChainType, Error as ServiceError,
};
use std::sync::Arc;

/// Finalised blocks whose state is kept unless `--state-pruning` says otherwise: four hours.
pub(crate) const STATE_HISTORY: BlockNumber = 4 * time::HOURS;

/// The same with RocksDB, which holds the whole window in memory: a quarter of an hour.
pub(crate) const STATE_HISTORY_ROCKSDB: BlockNumber = 15 * time::MINUTES;

/// The state pruning modes to open a database with, best first.
///
/// A mode that the operator asked for stands alone. Without one, the default of a new database comes first: everything on
/// a development chain (so that the `archive_v1` methods are there), else a window. A database remembers whether it is an
/// archive and refuses any other kind of mode, so the other kinds follow, for databases created with the flag.
fn candidates(
    requested: Option<PruningMode>,
    chain_type: &ChainType,
    database: &DatabaseSource,
) -> Vec<PruningMode> {
    if let Some(mode) = requested {
        return vec![mode];
    }
    let window = match database {
        DatabaseSource::ParityDb { .. } | DatabaseSource::Auto { .. } => STATE_HISTORY,
        _ => STATE_HISTORY_ROCKSDB,
    };
    let window = PruningMode::blocks_pruning(window);
    match chain_type {
        ChainType::Development => {
            vec![
                PruningMode::ArchiveCanonical,
                PruningMode::ArchiveAll,
                window,
            ]
        }
        _ => vec![
            window,
            PruningMode::ArchiveCanonical,
            PruningMode::ArchiveAll,
        ],
    }
}

/// Opens the database and writes the pruning mode in use into `config`, where the RPC server looks for it.
///
/// # Errors
/// When the database cannot be opened, or was created with another kind of pruning than the operator now asks for.
pub(crate) fn open_backend(config: &mut Configuration) -> Result<Arc<FullBackend>, ServiceError> {
    let modes = candidates(
        config.state_pruning.take(),
        &config.chain_spec.chain_type(),
        &config.database,
    );
    let mut refused = None;
    for mode in modes {
        config.state_pruning = Some(mode);
        match sc_service::new_db_backend(config.db_config()) {
            Ok(backend) => return Ok(backend),
            // The kind of pruning is not the one that the database was created with.
            Err(error @ sp_blockchain::Error::StateDatabase(_)) => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(refused.map_or_else(
        || ServiceError::Other("there is no pruning mode to open the database with".into()),
        ServiceError::from,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parity_db() -> DatabaseSource {
        DatabaseSource::ParityDb { path: "db".into() }
    }

    #[test]
    fn the_operators_mode_stands_alone() {
        let requested = PruningMode::blocks_pruning(1_000);
        for chain_type in [ChainType::Development, ChainType::Live] {
            assert_eq!(
                candidates(Some(requested.clone()), &chain_type, &parity_db()),
                vec![requested.clone()],
            );
        }
    }

    #[test]
    fn a_development_chain_is_an_archive_first() {
        let modes = candidates(None, &ChainType::Development, &parity_db());
        assert!(modes.first().is_some_and(PruningMode::is_archive));
    }

    #[test]
    fn other_chains_keep_four_hours_and_accept_archives() {
        for chain_type in [ChainType::Local, ChainType::Live] {
            let modes = candidates(None, &chain_type, &parity_db());
            assert_eq!(modes.first(), Some(&PruningMode::blocks_pruning(14_400)));
            assert!(modes.contains(&PruningMode::ArchiveAll));
            assert!(modes.contains(&PruningMode::ArchiveCanonical));
        }
    }
}
